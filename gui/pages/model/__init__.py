"""The Model page, and what only it shows."""
