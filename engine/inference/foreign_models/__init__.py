"""Model files that others wrote: what may be in one, looked at before Keras sees any of it."""
