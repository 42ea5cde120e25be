"""Laying reports out on pages. Used by a process of its own, which needs no display."""
