"""Progress: how far a training is. With the model's variables it is all that a checkpoint needs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Progress:
    """How far a training is.

    The place in an epoch is counted in examples, not in steps, so that a run can go on with
    another batch size.

    Attributes:
        epochs: Epochs planned; may be changed while training.
        epoch: The epoch under way, from 1.
        consumed: Examples of its order that were learnt.
        step: Steps done in the whole run.
        history: Metrics of each complete epoch.
        best_epoch: The epoch, from 1, with the lowest watched loss; 0 before the first.
        best_loss: That loss.
        trained: Training metrics of the epoch under way once all its examples were learnt, while
            it is being validated; None before.
        elapsed_s: Seconds of training in the run, pauses excluded.
        epoch_s: Those of the epoch under way.
        training_s: Those of its training steps, known with `trained`.
        ended: Why a rule ended the training; empty while it goes on.
        rate: State of the learning rate.
        rules: State of the rules that wait for an improvement.
        thawed: Layers that were kept as they are learn by now.
    """

    epochs: int
    epoch: int = 1
    consumed: int = 0
    step: int = 0
    history: list[dict[str, float]] = field(default_factory=list)
    best_epoch: int = 0
    best_loss: float = math.inf
    trained: dict[str, float] | None = None
    elapsed_s: float = 0.0
    epoch_s: float = 0.0
    training_s: float = 0.0
    ended: str = ""
    rate: dict[str, Any] = field(default_factory=dict)
    rules: dict[str, Any] = field(default_factory=dict)
    thawed: bool = False

    @property
    def is_over(self) -> bool:
        """There is nothing left to train."""
        return bool(self.ended) or self.epoch > self.epochs

    def next_epoch(self) -> None:
        """Begins another epoch."""
        self.epoch += 1
        self.consumed = 0
        self.trained = None
        self.epoch_s = self.training_s = 0.0

    def to_dict(self) -> dict[str, Any]:
        """Returns its values, which share nothing that changes with it but the history.

        The history only grows; `n_history` says how much of it belongs to this moment, so that
        ten thousand epochs need not be copied at each.
        """
        return {**vars(self), "n_history": len(self.history)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Progress:
        """Reads what `to_dict` gave, after its way through JSON.

        Raises:
            KeyError, TypeError: Something is missing or unknown.
        """
        known = dict(values)
        history = known.pop("history")[: known.pop("n_history")]
        return cls(**known, history=[dict(metrics) for metrics in history])


@dataclass(frozen=True)
class Outcome:
    """What came of a training.

    Attributes:
        history: One dict of metrics per complete epoch.
        best_epoch: The epoch, from 1, with the lowest validation loss (training loss where there
            is no validation part); 0 before the first.
        step: Steps done.
        epochs: Epochs planned in the end.
        stopped: Someone stopped it before its end.
        ended: Why a rule ended it, in words; empty where none did.
    """

    history: list[dict[str, float]]
    best_epoch: int
    step: int
    epochs: int
    stopped: bool = False
    ended: str = ""

    @classmethod
    def of(cls, progress: Progress, stopped: bool) -> Outcome:
        """What came of a training that is where `progress` says."""
        return cls(
            progress.history,
            progress.best_epoch,
            progress.step,
            progress.epochs,
            stopped,
            progress.ended,
        )
