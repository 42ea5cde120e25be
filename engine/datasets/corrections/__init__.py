"""Corrected labels: a side file beside data that is never changed, and what it does to examples."""
