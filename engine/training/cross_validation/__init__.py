"""Predictions out of sample for all of the data: quick models, each taught without one fold."""
