"""The editor of layers: building a network of one's own without code."""
