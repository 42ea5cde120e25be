"""Compares models by the same test examples, and says what is decided and what it would take."""
