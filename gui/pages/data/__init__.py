"""The Data page, and what only it shows."""
