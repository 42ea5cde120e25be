"""Measured: metrics of predictions, each with its interval, gathered one after another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from engine.datasets.base import AnyArray
from engine.inference.evaluation.analysis import LOWER_IS_BETTER, Range
from engine.inference.evaluation.intervals import (
    LEVEL,
    Floats,
    Measure,
    Resampled,
    Resampling,
    ratio,
    wilson,
)


@dataclass(eq=False)
class Measured:
    """What predictions are worth, as `measure` fills it.

    Attributes:
        resampling: Draws the examples anew; the same for all that is compared.
        metrics: By name.
        intervals: 95 % of each.
        methods: How each interval was made.
        resampled: What differences are made of: where each metric stands.
        level: How surely each interval holds; more where many are looked at.
    """

    resampling: Resampling
    metrics: dict[str, float] = field(default_factory=dict)
    intervals: dict[str, Range] = field(default_factory=dict)
    methods: dict[str, str] = field(default_factory=dict)
    resampled: dict[str, tuple[Resampled, int]] = field(default_factory=dict)
    level: float = LEVEL

    def add(
        self,
        names: Sequence[str],
        found: Resampled,
        values: Sequence[float] | None = None,
        n_counted: float | None = None,
        ranges: Sequence[Range] | None = None,
    ) -> None:
        """Adds metrics that were drawn anew.

        Args:
            names: Of each metric; empty: left out.
            found: What was drawn.
            values: The metrics themselves, where `found` has them by bins only.
            n_counted: Of shares and means of shares: of how many examples they are. Where all
                draws are alike, as when all is right, they say nothing of the doubt, and Wilson's
                interval does.
            ranges: Their intervals, where others fit better than BCa's.
        """
        bootstrap = "grouped bootstrap" if self.resampling.is_grouped else "bootstrap"
        for place, name in enumerate(names):
            if not name:
                continue
            value = float(found.value[place])
            exact = value if values is None else float(values[place])
            low, high = found.bca(place, self.level) if ranges is None else ranges[place]
            method = bootstrap
            if n_counted is not None and high - low < 1e-12:
                low, high = wilson(exact * n_counted, n_counted, self.level)
                method = "wilson"
            elif ranges is None and np.isfinite(value):
                low, high = low + exact - value, high + exact - value
            if not np.isfinite(low):
                pass
            elif n_counted is not None:
                low, high = max(0.0, low), min(1.0, high)
            elif name in LOWER_IS_BETTER:
                low = max(0.0, low)
            self.set(name, exact, (low, high), method)
            self.resampled[name] = (found, place)

    def add_rare(
        self, names: Sequence[str], found: Resampled, exact: Sequence[float], n_counted: float
    ) -> None:
        """Adds what lies from 0 to 1 and rests on few examples, as areas under curves do.

        Args:
            names: Of each.
            found: What was drawn, of areas by bins of scores.
            exact: The metrics themselves.
            n_counted: Examples of the rarer kind; of several classes or labels the middle one's.
        """
        places = range(len(names))
        ranges = [found.logit(place, exact[place], n_counted, self.level) for place in places]
        self.add(names, found, exact, n_counted, ranges)

    def add_shares(self, names: Sequence[str], hits: AnyArray, counts: AnyArray) -> None:
        """Adds shares: Wilson's interval, and where there are groups the grouped bootstrap.

        Args:
            names: Of each share.
            hits: 1 for examples that are, else 0, (n, shares).
            counts: 1 for examples that count, else 0, (n, shares).
        """
        both = np.concatenate([hits, counts], axis=1).astype(np.float64)
        self.add_share_sums(names, self.resampling.sums(both))

    def add_share_sums(self, names: Sequence[str], sums: Floats) -> None:
        """The same of hits and counts by unit, (units, 2 · shares)."""
        found = self.resampling.resampled(sums, _shares)
        totals = sums.sum(axis=0)
        if self.resampling.is_grouped:
            self.add(names, found, n_counted=float(self.resampling.n_units))
            return
        for place, name in enumerate(names):
            n_hits, n_counted = totals[place], totals[len(names) + place]
            interval = wilson(n_hits, n_counted, self.level)
            self.set(name, float(found.value[place]), interval, "wilson")
            self.resampled[name] = (found, place)

    def set(self, name: str, value: float, interval: Range, method: str) -> None:
        """Adds a metric whose interval is known."""
        self.metrics[name] = value
        self.intervals[name] = interval
        self.methods[name] = method

    def difference(self, other: Measured, name: str) -> Range | None:
        """A metric less that of another on the same units, as a 95 % interval; None: unknown."""
        if name not in self.resampled or name not in other.resampled:
            return None
        low, high = self.drawn_difference(other, name).bca(0)
        return (low, high) if np.isfinite(low) else None

    def drawn_difference(self, other: Measured, name: str) -> Resampled:
        """A metric less that of another on the same units, as both are drawn anew together."""
        (mine, at), (its, there) = self.resampled[name], other.resampled[name]
        return _only(mine, at) - _only(its, there)


def _only(found: Resampled, place: int) -> Resampled:
    kept = slice(place, place + 1)
    return Resampled(found.value[kept], found.replicates[:, kept], found.jackknife[:, kept])


def _shares(sums: Floats) -> Floats:
    hits, counts = np.split(sums, 2, axis=-1)
    return ratio(hits, counts, np.nan)


def mean_of(sums: Floats) -> Floats:
    """Means, (…, sums - 1), of sums whose last one counts the examples."""
    return ratio(sums[..., :-1], sums[..., -1:], np.nan)


__all__ = ["Measure", "Measured", "mean_of"]
