"""Models as graphs of layers: to be looked at, changed by hand, kept as JSON, written as code."""

from engine.graph.layer_graph import LayerGraph, LayerNode

__all__ = ["LayerGraph", "LayerNode"]
