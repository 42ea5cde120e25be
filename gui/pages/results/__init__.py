"""The Results page, and what only it shows."""
