"""Where the layers of a network stand in its picture; plain numbers, no Qt.

A layered drawing (Sugiyama, Tagawa and Toda, Methods for visual understanding of hierarchical
system structures, 1981): rows from input to output by the longest path; a line that passes a row
has a place of its own in it, so that lines never cross boxes; within a row, places are ordered by
the mean of their neighbours, then moved as near to them as the gaps allow.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

ROW_GAP: Final = 34.0
COLUMN_GAP: Final = 24.0
LANE_WIDTH: Final = 14.0
"""Room that a line takes in a row it passes."""
PORT_GAP: Final = 14.0
"""Between lines that end at one box."""

_ORDER_SWEEPS: Final = 6
_PLACE_SWEEPS: Final = 10
_STRAIGHT: Final = 1000.0
"""How much more a line between two boxes, or along a lane, pulls than one that leaves a lane."""

Point = tuple[float, float]


@dataclass(frozen=True)
class Box:
    """A layer to be placed.

    Attributes:
        width, height: In pixels.
        inputs: Positions of the boxes it takes from, all before its own.
    """

    width: float
    height: float
    inputs: tuple[int, ...] = ()


@dataclass(frozen=True)
class Line:
    """From one box to another.

    Attributes:
        source, target: Positions of the boxes.
        points: Ends of straight pieces, in pairs: from the lower edge of one box to the end of its
            row; through each row that it passes; from the beginning of the other's row to its edge.
    """

    source: int
    target: int
    points: tuple[Point, ...]


@dataclass(frozen=True)
class Layout:
    """Where everything stands.

    Attributes:
        centers: Of each box.
        rows: The row of each box, from 0.
        lines: One for each pair of boxes that are joined.
        width, height: Of the whole, which begins at 0, 0.
    """

    centers: tuple[Point, ...]
    rows: tuple[int, ...]
    lines: tuple[Line, ...]
    width: float
    height: float


def lay_out(boxes: Sequence[Box]) -> Layout:
    """Places boxes so that none overlap and no line crosses a box.

    Args:
        boxes: In an order in which each comes after its inputs.

    Raises:
        ValueError: A box takes from one that does not come before it.
    """
    for at, box in enumerate(boxes):
        if any(not 0 <= source < at for source in box.inputs):
            raise ValueError(f"Box {at} must take from boxes before it. Received: {box.inputs}")
    if not boxes:
        return Layout((), (), (), 0.0, 0.0)
    rows = _rows(boxes)
    grid = _Grid(boxes, rows)
    _order(grid)
    xs = _places(grid)
    return _drawn(boxes, rows, grid, xs)


def _rows(boxes: Sequence[Box]) -> list[int]:
    """The longest way from an input; what has no input stands right above what takes it."""
    rows = [0] * len(boxes)
    for at, box in enumerate(boxes):
        rows[at] = max((rows[source] + 1 for source in box.inputs), default=0)
    first_use: dict[int, int] = {}
    for at, box in enumerate(boxes):
        for source in box.inputs:
            first_use[source] = min(first_use.get(source, rows[at]), rows[at])
    for at, box in enumerate(boxes):
        if at and not box.inputs and at in first_use:
            rows[at] = first_use[at] - 1
    return rows


@dataclass
class _Grid:
    """Rows of places: boxes, and lanes of lines that pass. A place is a number."""

    boxes: Sequence[Box]
    box_rows: Sequence[int]
    widths: list[float] = field(default_factory=list)
    rows: list[list[int]] = field(default_factory=list)
    above: list[list[tuple[int, float]]] = field(default_factory=list)
    below: list[list[tuple[int, float]]] = field(default_factory=list)
    chains: dict[tuple[int, int], list[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.rows = [[] for _ in range(max(self.box_rows) + 1)]
        for box, row in zip(self.boxes, self.box_rows, strict=True):
            self._add(box.width, row)
        for target, box in enumerate(self.boxes):
            for source in dict.fromkeys(box.inputs):
                self._join(source, target)

    def _add(self, width: float, row: int) -> int:
        self.widths.append(width)
        self.above.append([])
        self.below.append([])
        place = len(self.widths) - 1
        self.rows[row].append(place)
        return place

    def _join(self, source: int, target: int) -> None:
        """A line, with a lane in each row that it passes."""
        passed = range(self.box_rows[source] + 1, self.box_rows[target])
        lanes = [self._add(LANE_WIDTH, row) for row in passed]
        self.chains[source, target] = lanes
        chain = [source, *lanes, target]
        for upper, lower in pairwise(chain):
            # Boxes stand below each other first; lanes give way.
            is_bend = (upper == source) is not (lower == target) and bool(lanes)
            pull = 1.0 if is_bend else _STRAIGHT
            self.below[upper].append((lower, pull))
            self.above[lower].append((upper, pull))

    def is_lane(self, place: int) -> bool:
        return place >= len(self.boxes)


def _order(grid: _Grid) -> None:
    """Orders each row by the mean place of its neighbours, down and up in turns."""
    rank = [0.0] * len(grid.widths)
    for row in grid.rows:
        # Lanes begin at the right of the boxes.
        row.sort(key=grid.is_lane)
        _number(row, rank)
    best, fewest = [list(row) for row in grid.rows], _crossings(grid, rank)
    for sweep in range(_ORDER_SWEEPS):
        if not fewest:
            break
        is_down = sweep % 2 == 0
        for row in grid.rows if is_down else reversed(grid.rows):
            near = grid.above if is_down else grid.below
            means = {place: _mean(near[place], rank, rank[place]) for place in row}
            row.sort(key=means.__getitem__)
            _number(row, rank)
        crossings = _crossings(grid, rank)
        if crossings < fewest:
            best, fewest = [list(row) for row in grid.rows], crossings
    grid.rows[:] = best


def _number(row: Sequence[int], rank: list[float]) -> None:
    for at, place in enumerate(row):
        rank[place] = at - (len(row) - 1) / 2


def _mean(near: Sequence[tuple[int, float]], at: Sequence[float], otherwise: float) -> float:
    if not near:
        return otherwise
    return sum(at[place] for place, _ in near) / len(near)


def _crossings(grid: _Grid, rank: Sequence[float]) -> int:
    """Pairs of lines that cross between neighbouring rows."""
    count = 0
    for row in grid.rows:
        ends = [end for place in row for end in sorted(rank[b] for b, _ in grid.below[place])]
        before: list[float] = []
        for end in ends:
            count += len(before) - bisect_right(before, end)
            insort(before, end)
    return count


def _places(grid: _Grid) -> list[float]:
    """The x of each place: near its neighbours, and clear of those beside it."""
    xs = [0.0] * len(grid.widths)
    for row in grid.rows:
        _settle(grid, row, dict.fromkeys(row, 0.0), dict.fromkeys(row, 1.0), xs)
    for sweep in range(_PLACE_SWEEPS):
        is_down = sweep % 2 == 0
        for row in grid.rows if is_down else reversed(grid.rows):
            wanted, weights = {}, {}
            for place in row:
                near = grid.above[place] if is_down else grid.below[place]
                near = near or (grid.below[place] if is_down else grid.above[place])
                # What is pulled straight does not heed what bends.
                most = max((pull for _, pull in near), default=1.0)
                at = [xs[other] for other, pull in near if pull == most]
                wanted[place] = sum(at) / len(at) if at else xs[place]
                weights[place] = most * max(1, len(at))
            _settle(grid, row, wanted, weights, xs)
    return xs


def _settle(
    grid: _Grid,
    row: Sequence[int],
    wanted: Mapping[int, float],
    weights: Mapping[int, float],
    xs: list[float],
) -> None:
    """Puts a row where it wants to be, by least squares, with its gaps (pooling of violators)."""
    offsets, offset = [], 0.0
    for at, place in enumerate(row):
        if at:
            offset += _gap(grid, row[at - 1], place)
        offsets.append(offset)
    blocks: list[list[float]] = []  # weight, weighted sum of what is wanted, number of places
    for place, shift in zip(row, offsets, strict=True):
        weight = weights[place]
        blocks.append([weight, weight * (wanted[place] - shift), 1])
        while len(blocks) > 1 and blocks[-2][1] / blocks[-2][0] > blocks[-1][1] / blocks[-1][0]:
            last = blocks.pop()
            blocks[-1] = [a + b for a, b in zip(blocks[-1], last, strict=True)]
    at = 0
    for weight, total, count in blocks:
        for _ in range(int(count)):
            xs[row[at]] = total / weight + offsets[at]
            at += 1


def _gap(grid: _Grid, left: int, right: int) -> float:
    between = COLUMN_GAP
    if grid.is_lane(left) and grid.is_lane(right):
        between = LANE_WIDTH / 2
    return (grid.widths[left] + grid.widths[right]) / 2 + between


def _drawn(boxes: Sequence[Box], rows: Sequence[int], grid: _Grid, xs: Sequence[float]) -> Layout:
    left = min(x - width / 2 for x, width in zip(xs, grid.widths, strict=True))
    right = max(x + width / 2 for x, width in zip(xs, grid.widths, strict=True))
    tops, top = [], 0.0
    heights = [
        max((boxes[p].height for p in row if p < len(boxes)), default=0.0) for row in grid.rows
    ]
    for height in heights:
        tops.append(top)
        top += height + ROW_GAP
    centers = [(xs[at] - left, tops[rows[at]] + heights[rows[at]] / 2) for at in range(len(boxes))]
    leaving = _ports(boxes, grid, xs, outgoing=True)
    arriving = _ports(boxes, grid, xs, outgoing=False)
    lines = []
    for (source, target), lanes in grid.chains.items():
        (x, y), row = centers[source], rows[source]
        x += leaving[source, target]
        points = [(x, y + boxes[source].height / 2), (x, tops[row] + heights[row])]
        for row, lane in enumerate(lanes, rows[source] + 1):
            x = xs[lane] - left
            points += [(x, tops[row]), (x, tops[row] + heights[row])]
        x, y = centers[target]
        x += arriving[source, target]
        points += [(x, tops[rows[target]]), (x, y - boxes[target].height / 2)]
        lines.append(Line(source, target, tuple(points)))
    return Layout(tuple(centers), tuple(rows), tuple(lines), right - left, top - ROW_GAP)


def _ports(
    boxes: Sequence[Box], grid: _Grid, xs: Sequence[float], outgoing: bool
) -> dict[tuple[int, int], float]:
    """How far from a box's middle each line ends: straight ones there, others at their side."""
    by_box: dict[int, list[tuple[float, tuple[int, int]]]] = {}
    for (source, target), lanes in grid.chains.items():
        own = source if outgoing else target
        other = (lanes[0] if outgoing else lanes[-1]) if lanes else (target if outgoing else source)
        by_box.setdefault(own, []).append((xs[other] - xs[own], (source, target)))
    ports = {}
    for own, ends in by_box.items():
        ends.sort()
        room = boxes[own].width / 2 - PORT_GAP
        left = [pair for shift, pair in ends if shift < -0.5][::-1]
        right = [pair for shift, pair in ends if shift > 0.5]
        has_middle = len(left) + len(right) < len(ends)
        for side, sign in ((left, -1), (right, 1)):
            alone = not has_middle and not (right if side is left else left)
            first = 0 if alone else 1
            step = min(PORT_GAP, room / max(1, len(side)))
            for at, pair in enumerate(side):
                ports[pair] = sign * step * (at + first)
        for shift, pair in ends:
            if abs(shift) <= 0.5:
                ports[pair] = 0.0
    return ports
