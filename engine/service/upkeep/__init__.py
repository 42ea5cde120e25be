"""Upkeep of a workspace: what of it is damaged, and how it is made good again."""
