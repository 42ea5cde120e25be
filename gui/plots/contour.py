"""Where a function on a grid is zero: the line segments of its contour, without a Python loop."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

# Marching squares (Lorensen and Cline, 1987, in two dimensions). Corners of a cell: 0 bottom left,
# 1 bottom right, 2 top right, 3 top left; bit n is set where corner n is positive. Edges: 0 bottom,
# 1 right, 2 top, 3 left. Up to two segments a cell, each between two edges; the two ambiguous
# cases join what keeps the positive corners apart.
_SEGMENTS: dict[int, tuple[tuple[int, int], ...]] = {
    1: ((3, 0),),
    2: ((0, 1),),
    3: ((3, 1),),
    4: ((1, 2),),
    5: ((3, 0), (1, 2)),
    6: ((0, 2),),
    7: ((3, 2),),
    8: ((2, 3),),
    9: ((2, 0),),
    10: ((0, 1), (2, 3)),
    11: ((2, 1),),
    12: ((1, 3),),
    13: ((1, 0),),
    14: ((0, 3),),
}


def zero_contour(x: Floats, y: Floats, values: Floats) -> tuple[Floats, Floats]:
    """Returns the segments along which a bilinear function is zero.

    Args:
        x, y: The grid's axes, (columns,) and (rows,).
        values: The function on the grid, (rows, columns).

    Returns:
        Coordinates of the ends, each (2 * segments,): the first and second belong together, the
        third and fourth, and so on.
    """
    positive = (values > 0).astype(np.int8)
    case = positive[:-1, :-1] + 2 * positive[:-1, 1:] + 4 * positive[1:, 1:] + 8 * positive[1:, :-1]
    parts_x: list[Floats] = []
    parts_y: list[Floats] = []
    for number, segments in _SEGMENTS.items():
        rows, columns = np.nonzero(case == number)
        if not len(rows):
            continue
        for first, second in segments:
            ends = [_crossing(x, y, values, rows, columns, edge) for edge in (first, second)]
            parts_x.append(np.stack([ends[0][0], ends[1][0]], axis=1).reshape(-1))
            parts_y.append(np.stack([ends[0][1], ends[1][1]], axis=1).reshape(-1))
    if not parts_x:
        return np.empty(0), np.empty(0)
    return np.concatenate(parts_x), np.concatenate(parts_y)


def _crossing(
    x: Floats,
    y: Floats,
    values: Floats,
    rows: npt.NDArray[np.intp],
    columns: npt.NDArray[np.intp],
    edge: int,
) -> tuple[Floats, Floats]:
    """Returns where the function is zero on an edge of some cells."""
    row_a, column_a, row_b, column_b = {
        0: (0, 0, 0, 1),
        1: (0, 1, 1, 1),
        2: (1, 0, 1, 1),
        3: (0, 0, 1, 0),
    }[edge]
    a = values[rows + row_a, columns + column_a]
    b = values[rows + row_b, columns + column_b]
    share = np.divide(a, a - b, out=np.full_like(a, 0.5), where=a != b)
    from_x, to_x = x[columns + column_a], x[columns + column_b]
    from_y, to_y = y[rows + row_a], y[rows + row_b]
    return from_x + share * (to_x - from_x), from_y + share * (to_y - from_y)
