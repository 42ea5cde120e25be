"""Evidence: everything the rules may look at of a run, gathered by whoever asks them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from engine.events.insights import GradientFlow
from engine.events.run_events import EpochEnded
from engine.inference.advice.losses import StepLosses
from engine.inference.evaluation.analysis import BaselineScore
from engine.inference.evaluation.predictions import Predictions
from engine.spec.run_spec import RunSpec
from engine.spec.signature import Output, Task

Floats = npt.NDArray[np.float64]
_NONE: Floats = np.zeros(0)


@dataclass(frozen=True, eq=False)
class Targets:
    """What the targets of the training part are.

    Attributes:
        n: How many there are.
        class_names: Classes or labels in index order.
        counts: Examples of each class, or with each label, (classes,).
        means: Of each number that is predicted, in its unit, (n_values,).
        spreads: Standard deviation of each, (n_values,).
        chance_loss: The training loss of whoever always says the commonest class with its share,
            or the mean; NaN where the loss is none that can be compared with.
    """

    n: int
    class_names: tuple[str, ...] = ()
    counts: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    means: Floats = field(default_factory=_NONE.copy)
    spreads: Floats = field(default_factory=_NONE.copy)
    chance_loss: float = float("nan")

    @property
    def commonest(self) -> int:
        """The index of the commonest class."""
        return int(self.counts.argmax())

    @property
    def commonest_share(self) -> float:
        """Its share; NaN where there are no classes."""
        total = self.counts.sum()
        return float(self.counts.max() / total) if total else float("nan")


@dataclass(frozen=True, eq=False)
class LayerLook:
    """The layers that learn, looked at once, with the weights at the end of the training.

    Attributes:
        layers: Their names, from input to output.
        gradient_norms: L2 norm of the gradients of the loss over the examples, (layers,).
        weight_norms: L2 norm of the weights, (layers,).
        dead_units: Share of units that answered 0 to every example, (layers,); NaN where units
            are not of a sort that can die.
        moved: How far the weights came from where the training began, in norms of where they
            began, (layers,); NaN where that is not known.
        n_examples: How many were looked at.
    """

    layers: tuple[str, ...]
    gradient_norms: Floats
    weight_norms: Floats
    dead_units: Floats
    moved: Floats
    n_examples: int

    @property
    def usual_move(self) -> float:
        """The median of `moved`; NaN where none is known, as after a resume."""
        known = self.moved[np.isfinite(self.moved)]
        return float(np.median(known)) if len(known) else float("nan")


@dataclass(frozen=True)
class NotFinite:
    """The step that ended a training.

    Attributes:
        step: From 1.
        epoch: From 1.
        loss: What it was instead of a number.
        is_ordinary: The examples of its batch hold ordinary numbers: the weights grew.
    """

    step: int
    epoch: int
    loss: str
    is_ordinary: bool


@dataclass(frozen=True, eq=False)
class Evidence:
    """What is known of a run; what is not known is left out, and rules that need it say nothing.

    Attributes:
        spec: With every open choice closed.
        task: What is predicted.
        output: What a prediction consists of.
        epochs: Complete ones, in order.
        losses: Of the steps.
        flow: What was measured of the gradients while it was trained, by step.
        look: The layers at the end.
        targets: Of the training part.
        test, validation: What the kept model says of each example of the part.
        baselines: What simple models reach on the test part; None: not fitted.
        main_metric: By what they are compared.
        epochs_planned: Epochs asked for.
        ended_early: A rule ended it, or nothing is left to be gained.
        is_running: It is under way: what is said is of now.
        not_finite: What ended it.
    """

    spec: RunSpec
    task: Task
    output: Output
    epochs: tuple[EpochEnded, ...] = ()
    losses: StepLosses = field(default_factory=StepLosses)
    flow: Sequence[GradientFlow] = ()
    look: LayerLook | None = None
    targets: Targets | None = None
    test: Predictions | None = None
    validation: Predictions | None = None
    baselines: tuple[BaselineScore, ...] | None = None
    main_metric: str = ""
    epochs_planned: int = 0
    ended_early: bool = False
    is_running: bool = False
    not_finite: NotFinite | None = None

    # ---- curves

    def curve(self, name: str) -> Floats:
        """A metric after each epoch, by Keras's name, (epochs,); NaN where it was not measured."""
        return np.array([epoch.metrics.get(name, np.nan) for epoch in self.epochs], np.float64)

    @cached_property
    def train_losses(self) -> Floats:
        """Mean training loss of each epoch, (epochs,)."""
        return self.curve("loss")

    @cached_property
    def watched(self) -> Floats:
        """The loss by which epochs are compared, (epochs,): of validation where there is one."""
        found = self.curve("val_loss")
        return self.train_losses if np.isnan(found).all() else found

    @property
    def watches_validation(self) -> bool:
        """There is a validation part."""
        return bool(self.epochs) and "val_loss" in self.epochs[-1].metrics

    @property
    def n_epochs(self) -> int:
        """Complete ones."""
        return len(self.epochs)

    def number_of(self, place: int) -> int:
        """The number of an epoch, from 1, by its place in `epochs`."""
        return self.epochs[place].epoch

    @property
    def keeps_best(self) -> bool:
        """The weights of the epoch with the lowest loss are kept, not those of the last."""
        return self.spec.training.keep == "best"

    @cached_property
    def kept(self) -> int:
        """The place of the epoch whose weights are kept."""
        if not self.keeps_best or np.isnan(self.watched).all():
            return self.n_epochs - 1
        return int(np.nanargmin(self.watched))

    @property
    def accuracy_name(self) -> str:
        """Keras's name of the share that is right; empty where there is none."""
        match self.output:
            case Output.CLASSES | Output.TOKENS:
                name = "accuracy"
            case Output.LABELS:
                name = "binary_accuracy"
            case _:
                return ""
        return name if self.epochs and name in self.epochs[-1].metrics else ""

    @property
    def chance_loss(self) -> float:
        """See `Targets.chance_loss`; NaN: not known."""
        return self.targets.chance_loss if self.targets is not None else float("nan")

    # ---- predictions

    @cached_property
    def judged(self) -> Predictions | None:
        """By what the model is judged: its test part, or its validation part without one."""
        for part in (self.test, self.validation):
            if part is not None and len(part):
                return part
        return None

    @cached_property
    def pooled(self) -> Predictions | None:
        """Test and validation part together, where neither is kept in groups; else None.

        The weights were chosen by the latter, which flatters it a little: what is not better there
        is not better.
        """
        test, more = self.test, self.validation
        if test is None or more is None or not len(test) or not len(more):
            return None
        if test.groups is not None or more.groups is not None:
            return None
        rows, truth, outputs = (
            np.concatenate([getattr(test, name), getattr(more, name)])
            for name in ("rows", "truth", "outputs")
        )
        return replace(test, rows=rows, truth=truth, outputs=outputs, names=(), n_all=0)

    @property
    def n_test(self) -> int:
        """Examples of the test part."""
        return self.test.n_all or len(self.test) if self.test is not None else 0

    def ends(self, first: int, last: int) -> tuple[int, int]:
        """A stretch of epochs by their numbers, from places in `epochs`."""
        return self.number_of(first), self.number_of(last)
