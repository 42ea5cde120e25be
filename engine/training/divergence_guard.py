"""DivergenceGuard: a training whose loss is no finite number ends in the last state that was one.

Imported by workers only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from engine.errors import TrainingError
from engine.training.checkpoint import Snapshot
from engine.training.divergence import Culprit
from engine.training.order import shuffled
from engine.training.plan import ChunkLength
from engine.training.progress import Progress
from engine.training.rollback import Rollback

Examine = Callable[[npt.NDArray[np.int32]], Culprit]


class LossDiverged(TrainingError):
    """The loss is no finite number any more.

    Attributes:
        step, epoch: Which one, from 1.
        loss: What it is instead.
        is_ordinary: The examples hold ordinary numbers: it is the weights that grew.
    """

    def __init__(self, message: str, hint: str, diverged: Diverged, is_ordinary: bool) -> None:
        super().__init__(message, hint)
        self.step, self.epoch = diverged.before.step + 1, diverged.before.epoch
        self.loss = str(diverged.loss)
        self.is_ordinary = is_ordinary


@dataclass(frozen=True)
class Diverged:
    """The first step whose loss is no finite number.

    Attributes:
        loss: What it is instead.
        before: How far the training was before that step.
        batch: What the step took: places in the training part, (n,).
    """

    loss: np.float32
    before: Progress
    batch: npt.NDArray[np.int32]


class DivergenceGuard:
    """Finds the first loss that is no finite number, and goes back to before it.

    Args:
        rollback: Goes back.
        n_train: Examples of the training part.
        seed: Of the order in which they are learnt.
        examine: Says what is wrong with a batch, given its places in the training part, (n,).
    """

    def __init__(
        self, rollback: Rollback, n_train: int, seed: int, examine: Examine | None = None
    ) -> None:
        self._rollback = rollback
        self._n_train = n_train
        self._seed = seed
        self._examine = examine
        self._finite: Snapshot | None = None

    def keep(self, snapshot: Snapshot) -> None:
        """Takes a finite state; the last one that was taken is gone back to."""
        self._finite = snapshot

    def find(
        self, losses: npt.NDArray[np.float32], progress: Progress, batch_size: int
    ) -> Diverged | None:
        """Looks through the losses of a chunk.

        Args:
            losses: Of each step, (steps,).
            progress: How far the training is after them.
            batch_size: Examples in each of the steps.
        """
        bad = np.flatnonzero(~np.isfinite(losses))
        if not len(bad):
            return None
        first = int(bad[0])
        n_back = len(losses) - first
        start = progress.consumed - n_back * batch_size
        order = shuffled(self._n_train, self._seed, progress.epoch)
        before = replace(progress, step=progress.step - n_back, consumed=start)
        return Diverged(losses[first], before, order[start : start + batch_size])

    def go_back(self, diverged: Diverged, step_s: float, chunk: ChunkLength) -> Progress:
        """Restores the last finite state that can be found.

        Args:
            diverged: What is to be left behind.
            step_s: Seconds that a step takes.
            chunk: How many steps are done at once.

        Returns:
            How far the training is in that state.
        """
        assert self._finite is not None
        return self._rollback.to(self._finite, diverged.before, step_s, chunk)

    def failure(self, diverged: Diverged, kept: Progress) -> TrainingError:
        """The end of the training, in words.

        Args:
            diverged: What happened.
            kept: How far the training is in the state that was restored.
        """
        before = diverged.before
        what = f"The loss became {diverged.loss} in step {before.step + 1:,}, epoch {before.epoch}."
        if kept.step:
            last = f"The state after step {kept.step:,} is kept."
        else:
            last = "The first weights are kept, as nothing was learnt before."
        if self._examine is None:
            hint = "Try a learning rate ten times smaller."
            return LossDiverged(f"{what} {last}", hint, diverged, is_ordinary=True)
        culprit = self._examine(diverged.batch)
        text = f"{what} {culprit.words} {last}"
        return LossDiverged(text, culprit.hint, diverged, culprit.is_ordinary)
