"""The page on which a model is tried: draw, type, drop, record, and see what it says."""
