"""Passwords to hand over: batches of generated passwords, one-time links that show them, and sheets to print."""
