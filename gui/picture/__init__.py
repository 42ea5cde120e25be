"""The picture of a network: its layers as a graph."""
