"""Integrated gradients: slopes along the way from nothing to the example.

Imported by workers only.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from engine.datasets.base import AnyArray
from engine.inference.explaining.base import (
    Case,
    Contributions,
    Effort,
    Method,
    over_last_axis,
)
from engine.inference.explaining.baselines import empty_like
from engine.inference.explaining.readouts import Readout
from engine.inference.explaining.subject import Subject
from engine.preprocessing.scaling import FloatArray
from engine.spec.signature import Kind, Output

N_STEPS, N_ROUGH = 12, 6
"""Stretches of the way at first, and where another explanation is all it is compared with."""
MOST_STEPS = 400
PARTS = 4
"""A stretch that is not straight enough becomes so many."""
SHARE_MISSED = 0.01
"""Of the difference that the sum may miss; the least is a thousandth of the larger number."""
_LEAST_MISSED = 1e-3

Slopes = Callable[[FloatArray], AnyArray]
Numbers = Callable[[FloatArray], FloatArray]


class IntegratedGradients(Method):
    """Sundararajan, Taly and Yan 2017, https://arxiv.org/abs/1703.01365.

    The contributions sum to the difference between the number for the example and for nothing
    (completeness). The way is cut where that is not so yet, so that few steps do. Of texts the way
    leads through the embedding, from padding to the text.
    """

    name = "integrated_gradients"
    title = "Integrated gradients"
    reading = "Sundararajan, Taly and Yan 2017, Axiomatic Attribution for Deep Networks"
    summary = (
        "How much of the difference from an example with nothing in it comes from each part; the "
        "parts sum to the whole."
    )

    def fits(self, subject: Subject) -> bool:
        kind = subject.signature.kind
        if kind is Kind.TEXT:
            return subject.embedding is not None
        return kind is not Kind.TABLE

    def rank(self, subject: Subject) -> int:
        # Slopes through every step of what is heard or written take seconds to be traced; to cover
        # the input, or to leave a word out, takes none.
        writes = subject.signature.output is Output.TOKENS
        return int(subject.has_loops and (writes or subject.signature.kind is Kind.AUDIO))

    def explain(
        self, subject: Subject, case: Case, readout: Readout, effort: Effort
    ) -> Contributions:
        if case.signature.kind is Kind.TEXT:
            return _of_text(subject, case, readout, effort)
        empty, what = empty_like(case)
        way = case.prepared - empty

        def at(shares: FloatArray) -> AnyArray:
            along = shares.reshape(-1, *[1] * (way.ndim - 1)).astype(way.dtype)
            return np.asarray(empty + along * way)

        def slopes(shares: FloatArray) -> AnyArray:
            return subject.slopes(at(shares), readout) * way

        def numbers(shares: FloatArray) -> FloatArray:
            return subject.values(at(shares), readout)

        found, baseline, tolerance = integrated(slopes, numbers, effort)
        is_series = case.signature.kind is Kind.SERIES
        values = found.astype(np.float64) if is_series else over_last_axis(found)
        return Contributions(values, baseline, what, tolerance)


def _of_text(subject: Subject, case: Case, readout: Readout, effort: Effort) -> Contributions:
    def slopes(shares: FloatArray) -> AnyArray:
        return subject.token_slopes(case.prepared, shares, readout)

    def numbers(shares: FloatArray) -> FloatArray:
        return subject.token_numbers(case.prepared, shares, readout)

    found, baseline, tolerance = integrated(slopes, numbers, effort)
    return Contributions(found.astype(np.float64), baseline, "no text", tolerance)


def integrated(slopes: Slopes, numbers: Numbers, effort: Effort) -> tuple[FloatArray, float, float]:
    """Integrates slopes from 0 to 1, with more steps where a stretch misses its difference.

    Args:
        slopes: Along the way at shares of it, (n, …).
        numbers: What the slopes are of, at shares, (n,).
        effort: How long it may take.

    Returns:
        The integral of the slopes, (…), the number at 0, and how far the integral's sum may be
        from the difference of the numbers at 1 and 0.
    """
    edges = np.linspace(0.0, 1.0, (N_ROUGH if effort.is_rough else N_STEPS) + 1)
    heights = numbers(edges)
    first, last = float(heights[0]), float(heights[-1])
    tolerance = max(
        SHARE_MISSED * abs(last - first), _LEAST_MISSED * max(abs(last), abs(first), 1e-6)
    )
    low, high, rises = edges[:-1], edges[1:], np.diff(heights)
    total: FloatArray | float = 0.0
    missed, n_steps = 0.0, 0
    while True:
        middle = slopes((low + high) / 2)
        widths = (high - low).reshape(-1, *[1] * (middle.ndim - 1))
        pieces = middle.astype(np.float64) * widths
        misses = pieces.reshape(len(pieces), -1).sum(axis=1) - rises
        n_steps += len(low)
        bent = np.zeros(len(low), bool)
        if not effort.is_rough and abs(missed + misses.sum()) > tolerance:
            bent = _worst(misses, tolerance, min(MOST_STEPS, effort.affordable(n_steps)) - n_steps)
        total = total + pieces[~bent].sum(axis=0)
        missed += float(misses[~bent].sum())
        if not bent.any():
            return np.asarray(total, np.float64), first, tolerance
        shares = np.linspace(0.0, 1.0, PARTS + 1)
        ends = low[bent, None] + (high - low)[bent, None] * shares
        heights = numbers(ends.ravel()).reshape(ends.shape)
        low, high = ends[:, :-1].ravel(), ends[:, 1:].ravel()
        rises = np.diff(heights, axis=1).ravel()


def _worst(misses: FloatArray, tolerance: float, n_left: int) -> npt.NDArray[np.bool_]:
    """Which stretches to cut: those that miss most of their difference, as many as may be."""
    bent = np.abs(misses) > tolerance / (2 * N_STEPS)
    chosen = np.argsort(-np.abs(misses))[: max(0, n_left // PARTS)]
    return bent & np.isin(np.arange(len(misses)), chosen)
