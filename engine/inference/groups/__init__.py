"""Groups of examples in which a model is worse than elsewhere, found among many and named."""
