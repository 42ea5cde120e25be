"""Runs on disk: one SQLite database for what is listed, one folder per run for its files."""
