"""Training by several processes, on one machine or more, that learn the same weights in step."""
