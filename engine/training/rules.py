"""Rules that wait for an improvement: early stopping, and smaller steps on a plateau."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.spec.run_spec import RunSpec
from engine.spec.training_spec import MOST_PATIENCE, ScheduleSpec, StoppingSpec
from engine.training.rates import LearningRate

EARLY_STOPPING = "early stopping"
PLATEAU = "plateau"


def usual_patience(epochs: int) -> int:
    """Epochs without an improvement that are waited for where nobody says how many.

    A fifth of all, but at least 10, so that short trainings go on to their last epoch. Keras's own
    callback has no such default; Prechelt 1998 ("Early Stopping, But When?") found that slower
    criteria pay a little in the error and cost several times the training.
    """
    return min(MOST_PATIENCE, max(10, math.ceil(epochs / 5)))


def stopping_of(spec: RunSpec) -> StoppingSpec:
    """When a training ends early: not before all layers learn that shall."""
    start_from = max(spec.stopping.start_from, spec.start.thaw_after or 0)
    return spec.stopping.model_copy(update={"start_from": start_from})


@dataclass(frozen=True)
class Verdict:
    """What the rules say after an epoch.

    Attributes:
        stop: Why training ends now, in words; empty to go on.
        rate_change: The learning rate until now and from now on, and why it changed, in words;
            None where it did not.
        patience: Of each rule that is switched on, by name: epochs without an improvement, and how
            many it waits.
    """

    stop: str = ""
    rate_change: tuple[float, float, str] | None = None
    patience: dict[str, tuple[int, int]] = field(default_factory=dict)


class Rules:
    """Early stopping and reduction on a plateau, as Keras's callbacks decide them.

    They follow `keras.callbacks.EarlyStopping` and `keras.callbacks.ReduceLROnPlateau` (without
    cooldown) on the validation loss, or the training loss where there is no validation part. In
    one thing they differ: a loss that is not a number is no improvement even in the first epoch,
    after which Keras would never see another.

    Args:
        stopping: When training ends early.
        schedule: What happens on a plateau.
    """

    def __init__(self, stopping: StoppingSpec, schedule: ScheduleSpec) -> None:
        self._stopping = stopping
        self._schedule = schedule
        self._early = _Waiting()
        self._plateau = _Waiting()

    def epoch_ended(self, epoch: int, metrics: Mapping[str, float], rate: LearningRate) -> Verdict:
        """Looks at the metrics of an epoch; call it once for each, in order.

        Args:
            epoch: The epoch that ended, from 1.
            metrics: By Keras's names; ``val_loss`` counts, or ``loss`` without it.
            rate: Is made smaller here on a plateau, from the next epoch on.
        """
        watched, words = _watched(metrics)
        stop = self._should_stop(epoch, watched, words)
        change = self._reduce(epoch, watched, words, rate)
        verdict = Verdict(stop, change, self._patience())
        if stop:
            self._early.waited = 0  # who goes on all the same has all patience again
        return verdict

    def would_stop(self, epoch: int, metrics: Mapping[str, float]) -> bool:
        """Looks at the metrics of an epoch for early stopping alone; changes no rate."""
        return bool(self._should_stop(epoch, *_watched(metrics)))

    def begin_anew(self) -> None:
        """Forgets what was reached so far: from here on, other weights learn."""
        self._early, self._plateau = _Waiting(), _Waiting()

    def state(self) -> dict[str, Any]:
        """Returns everything that is not in the spec, as JSON values."""
        return {EARLY_STOPPING: self._early.state(), PLATEAU: self._plateau.state()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Goes on from what `state` returned."""
        self._early = _Waiting.of(state[EARLY_STOPPING])
        self._plateau = _Waiting.of(state[PLATEAU])

    def _should_stop(self, epoch: int, watched: float, words: str) -> str:
        stopping, early = self._stopping, self._early
        if not stopping.patience or epoch <= stopping.start_from:
            return ""
        early.see(epoch, watched, stopping.min_delta)
        if early.waited < stopping.patience or epoch == 1:
            return ""
        best = (
            f"; it was {early.best:.4g} in epoch {early.best_epoch}"
            if early.best is not None
            else ""
        )
        return (
            f"Stopped early: the {words} has not improved{self._by_enough} "
            f"for {_epochs(early.waited)}{best}."
        )

    def _reduce(
        self, epoch: int, watched: float, words: str, rate: LearningRate
    ) -> tuple[float, float, str] | None:
        schedule, plateau = self._schedule, self._plateau
        if schedule.plateau_patience is None:
            return None
        plateau.see(epoch, watched, self._stopping.min_delta)
        if plateau.waited < schedule.plateau_patience:
            return None
        next_step = epoch * rate.steps_per_epoch
        before = rate.at(next_step)
        if before <= schedule.plateau_min_rate:
            return None
        rate.multiply(schedule.plateau_factor, schedule.plateau_min_rate)
        reason = (
            f"The {words} has not improved{self._by_enough} for {_epochs(plateau.waited)}, "
            "so the steps are made smaller."
        )
        plateau.waited = 0
        return before, rate.at(next_step), reason

    @property
    def _by_enough(self) -> str:
        return f" by {self._stopping.min_delta:g}" if self._stopping.min_delta else ""

    def _patience(self) -> dict[str, tuple[int, int]]:
        limits = {
            EARLY_STOPPING: (self._early, self._stopping.patience),
            PLATEAU: (self._plateau, self._schedule.plateau_patience),
        }
        return {
            name: (min(waiting.waited, limit), limit)
            for name, (waiting, limit) in limits.items()
            if limit  # 0: never
        }


class EarlyEnd:
    """Where a run that goes on to its last epoch would have been stopped early.

    Args:
        stopping: Of the run.
        patience: Epochs that would have been waited for.
    """

    def __init__(self, stopping: StoppingSpec, patience: int) -> None:
        self._rules = Rules(stopping.model_copy(update={"patience": patience}), ScheduleSpec())
        self._is_watched = not stopping.patience  # else it stops by itself
        self.epoch: int | None = None

    def epoch_ended(self, epoch: int, metrics: Mapping[str, float]) -> bool:
        """Looks at the metrics of each epoch, in order.

        Returns:
            Whether this is the epoch after which early stopping would have ended the run.
        """
        if not self._is_watched or self.epoch is not None:
            return False
        if self._rules.would_stop(epoch, metrics):
            self.epoch = epoch
        return self.epoch is not None


@dataclass
class _Waiting:
    """How long a rule has been waiting for a better loss.

    Attributes:
        best: The lowest loss that counted; None before the first.
        best_epoch: The epoch it was reached in.
        waited: Epochs since.
    """

    best: float | None = None
    best_epoch: int = 0
    waited: int = 0

    def see(self, epoch: int, loss: float, min_delta: float) -> None:
        """Takes note of a loss: better only if by more than `min_delta`."""
        if not math.isnan(loss) and (self.best is None or loss + min_delta < self.best):
            self.best, self.best_epoch, self.waited = loss, epoch, 0
        else:
            self.waited += 1

    def state(self) -> dict[str, Any]:
        # A string, for JSON has no infinity, which a loss may be.
        best = None if self.best is None else repr(self.best)
        return {"best": best, "best_epoch": self.best_epoch, "waited": self.waited}

    @classmethod
    def of(cls, state: Mapping[str, Any]) -> _Waiting:
        best = None if state["best"] is None else float(state["best"])
        return cls(best, int(state["best_epoch"]), int(state["waited"]))


def _watched(metrics: Mapping[str, float]) -> tuple[float, str]:
    """The loss that rules look at, and what it is called."""
    if "val_loss" in metrics:
        return metrics["val_loss"], "validation loss"
    return metrics["loss"], "training loss"


def _epochs(count: int) -> str:
    return "1 epoch" if count == 1 else f"{count:,} epochs"
