"""How layers read as a list: each with its depth in blocks, and where it takes its input; no Qt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.graph.layer_graph import LayerGraph, LayerNode, source_of


@dataclass(frozen=True)
class OutlineRow:
    """One layer in the list.

    Attributes:
        node: The layer.
        depth: How many blocks it is inside of: a block is what lies between a layer whose output
            goes several ways and the one where they meet again.
        sources: Layers it takes its inputs from, where that is not simply the row above.
        is_unused: Nothing takes its output, and it is not the model's.
    """

    node: LayerNode
    depth: int
    sources: tuple[str, ...]
    is_unused: bool


def outline(graph: LayerGraph) -> tuple[OutlineRow, ...]:
    """Returns the rows of a graph, in its order; a graph with mistakes has rows as well."""
    nodes = graph.nodes
    place = {node.name: row for row, node in enumerate(nodes)}
    sources = [
        [place[name] for name in map(source_of, node.inputs) if place.get(name, row) < row]
        for row, node in enumerate(nodes)
    ]
    depths = _depths(sources)
    used = {source_of(name) for node in nodes for name in node.inputs}
    rows = []
    for row, node in enumerate(nodes):
        is_plain = row > 0 and node.inputs == (nodes[row - 1].name,)
        is_unused = node.name not in used and row + 1 < len(nodes)
        rows.append(OutlineRow(node, depths[row], () if is_plain else node.inputs, is_unused))
    return tuple(rows)


def _depths(sources: Sequence[Sequence[int]]) -> list[int]:
    """Counts the blocks around each layer."""
    forks = _dominators(sources)
    depths = [0] * len(sources)
    for merge, inputs in enumerate(sources):
        if len(set(inputs)) < 2:
            continue
        # What lies between the fork and the merge: everything that leads to the merge, back to
        # the last layer that all of it has come through.
        inside: set[int] = set()
        waiting = list(inputs)
        while waiting:
            row = waiting.pop()
            if row > forks[merge] and row not in inside:
                inside.add(row)
                waiting.extend(sources[row])
        for row in inside:
            depths[row] += 1
    return depths


def _dominators(sources: Sequence[Sequence[int]]) -> list[int]:
    """The nearest layer that every way to each layer leads through; -1: none.

    After Cooper, Harvey and Kennedy, "A simple, fast dominance algorithm" (2001); one pass is
    enough where each layer comes after its inputs.
    """
    nearest: list[int] = []
    for inputs in sources:
        meeting = inputs[0] if inputs else -1
        for other in inputs[1:]:
            while meeting != other:
                if meeting > other:
                    meeting = nearest[meeting]
                else:
                    other = nearest[other]
        nearest.append(meeting)
    return nearest
