"""Reusable parts of the window, one file each."""
