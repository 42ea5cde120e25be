"""Bringing in models that others saved: looked at and loaded where they can do no harm."""
