"""Readers make rows of the bytes of an upload. They use no models, no database and no settings."""
