"""A run as one file that another Descent takes in: written, checked, and brought in."""
