"""Texts in files, and pairs of texts for translation."""
