"""Thawing: layers that were kept as they are learn too, once some epochs are over.

Imported by workers only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from engine.spec.training_spec import StartSpec
from engine.training.model.transfer import Kept
from engine.training.progress import Progress
from engine.training.rates import LearningRate
from engine.training.rules import Rules
from engine.training.steps.loop import StepLoop


class Thawing:
    """Lets layers learn, once, at the beginning of an epoch; as Keras's guide to fine-tuning does.

    The model is compiled again, so the optimizer begins anew for all weights: what it remembers of
    the head's gradients is of no use for the others.

    Args:
        loop: Trains the model.
        kept: What does not learn until then.
        start: When, and at what rate from there on.
        compile_again: Compiles the model as before.
        followers: Called after it, in order: what measures or watches the steps.

    Attributes:
        reason: What happens, in words.
    """

    def __init__(
        self,
        loop: StepLoop,
        kept: Kept,
        start: StartSpec,
        compile_again: Callable[[], None],
        followers: Sequence[Callable[[], None]] = (),
    ) -> None:
        self._loop = loop
        self._kept = kept
        self._after = start.thaw_after
        self._share = start.thaw_rate
        self._compile_again = compile_again
        self._followers = followers
        self.reason = kept.thaw_words

    def is_due(self, progress: Progress) -> bool:
        """Whether it is to happen before the next step; asked at the beginning of an epoch."""
        return self._after is not None and progress.epoch > self._after and not progress.thawed

    def thaw(self, progress: Progress, rate: LearningRate, rules: Rules) -> None:
        """Lets them learn from now on.

        Args:
            progress: Keeps that it has happened.
            rate: Is smaller from now on.
            rules: Wait anew for an improvement.
        """

        def change() -> None:
            self._kept.thaw()
            self._compile_again()

        self._loop.renew(change)
        rate.thaw(self._share)
        rules.begin_anew()
        progress.thawed = True
        for follow in self._followers:
            follow()
