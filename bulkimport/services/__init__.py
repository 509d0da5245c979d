"""The only modules that write imports; they create and delete accounts through accounts.services."""
