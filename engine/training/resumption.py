"""Resumption: how a run goes on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.training.checkpoint import Checkpoint


@dataclass(frozen=True)
class Resumption:
    """How a run goes on.

    Attributes:
        checkpoint: Its last whole checkpoint; None: it begins anew, having none.
        changes: Settings that are others from here on: by path, what they were and are.
        reason: Why, in words.
        notice: What people should know of it: that a checkpoint was damaged, and what is trained
            again; empty where all is as usual.
        other_data: How the data differs from what it was trained on, in a sentence, which somebody
            accepted; empty: it does not.
    """

    checkpoint: Checkpoint | None
    changes: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)
    reason: str = ""
    notice: str = ""
    other_data: str = ""

    @property
    def epochs_done(self) -> int:
        """Epochs that are kept of what the run did before."""
        return 0 if self.checkpoint is None else len(self.checkpoint.progress.history)
