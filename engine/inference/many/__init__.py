"""Predictions for a whole folder or table, a block at a time, and the file they are written to."""
