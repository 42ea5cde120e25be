"""Words and numbers that sentences of several rules share."""

from __future__ import annotations

from collections.abc import Sequence

from engine.inference.advice.doubt import Interval
from engine.inference.evaluation.predictions import Predictions
from engine.spec.formatting import percent_text

_N_NAMED = 3
_SHARES = ("accuracy", "f1", "recall", "precision", "exact_match", "rate")
PARTS = {"test": "test", "validation": "validation", "train": "training"}


def share_text(share: float) -> str:
    """A share as people read it: ``33.1 %``, ``100 %``."""
    return percent_text(share, 0 if share in (0.0, 1.0) else 1)


def range_text(found: Interval) -> str:
    """The interval of a share: ``28 to 39 %``."""
    return f"{100 * found.low:.0f} to {percent_text(found.high)}"


def number_text(value: float) -> str:
    """Three figures: ``0.0312``, ``1,240``, ``4.81e+29``."""
    return f"{value:,.0f}" if 1000 <= abs(value) < 1e6 else f"{value:.3g}"


def metric_text(name: str, value: float) -> str:
    """The value of a metric: as a share where it is one, else three figures."""
    return (share_text if any(word in name for word in _SHARES) else number_text)(value)


def examples_text(part: Predictions) -> str:
    """How many there are of which part: ``300 test examples``."""
    one = "example" if len(part) == 1 else "examples"
    return f"{len(part):,} {PARTS.get(part.part, part.part)} {one}"


def epochs_text(n: int) -> str:
    """``1 epoch``, ``12 epochs``."""
    return "1 epoch" if n == 1 else f"{n:,} epochs"


def listed(names: Sequence[str]) -> str:
    """The first names, quoted, and how many more there are."""
    named = ", ".join(f"'{name}'" for name in names[:_N_NAMED])
    more = len(names) - _N_NAMED
    return f"{named} and {more:,} more" if more > 0 else named
