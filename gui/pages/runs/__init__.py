"""The Runs page, and what only it shows."""
