"""What a default is measured on: data, an error, and the baselines it is held against."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared"
sys.path.insert(0, str(ROOT))

Values = dict[str, Any]
Baselines = dict[str, float]


@dataclass(frozen=True)
class Trial:
    """Data, what is measured on its test part, and what the model is held against.

    Attributes:
        data: Name, or path.
        error: Of the metrics of a run; less is better.
        floor: Errors below it count as that: they are told apart by luck.
        baselines: Their errors, given the spec of a run, resolved.
        options: Further arguments of `main.py train`.
    """

    data: str
    error: Callable[[Values], float]
    floor: float
    baselines: Callable[[Values], Baselines]
    options: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return Path(self.data).stem
