"""Readers: the bytes of an upload become rows. They know no models, no database and no settings."""
