"""The picture of a network, layer by layer."""
