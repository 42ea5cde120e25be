"""Judge: gathers what a training knows of itself, for the rules of `engine.inference.advice`.

Imported by workers only.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING

from engine.errors import TrainingError
from engine.events.verdicts import Finding
from engine.inference.advice import findings_of
from engine.inference.advice.evidence import LayerLook, NotFinite, Targets
from engine.inference.advice.watching import VerdictWatch
from engine.inference.evaluation.predictions import Predictions, finite
from engine.training.context import RunContext
from engine.training.divergence_guard import LossDiverged
from engine.training.introspection.layer_health import LayerHealth
from engine.training.prepared_data import PreparedData
from engine.training.progress import Outcome, Progress
from engine.training.steps.feed import Feed
from engine.training.target_summary import targets_of

if TYPE_CHECKING:
    import keras

logger = logging.getLogger(__name__)


class Judge:
    """Follows a training, and says at its end what it is worth.

    Whatever goes wrong in here is noted in the log; the training goes on without.

    Args:
        context: The run.
        prepared: Its data.
        done: How far it was when it began.

    Attributes:
        watch: To be told every event of the run; passes it on.
    """

    def __init__(self, context: RunContext, prepared: PreparedData, done: Progress) -> None:
        self._prepared = prepared
        self._layers: LayerHealth | None = None
        self._look: LayerLook | None = None
        try:
            targets: Targets | None = targets_of(prepared)
        except Exception:
            logger.exception("The targets cannot be summed up")
            targets = None
        self.watch = VerdictWatch(
            context.id,
            prepared.spec,
            prepared.signature,
            targets,
            done.epochs,
            context.emit,
            done.history,
        )

    def begin(self, network: keras.Model, is_new: bool) -> None:
        """The training begins, from the weights that the network has."""
        self._layers = LayerHealth(network, self._prepared, is_new)

    def renewed(self) -> None:
        """Other layers learn from now on."""
        if self._layers is not None:
            self._layers.renewed()

    def look(self, feed: Feed, step_s: float) -> None:
        """Looks at the layers, with the weights at the end of the training.

        Args:
            feed: Of the training part.
            step_s: Seconds that a step takes.
        """
        if self._layers is None:
            return
        try:
            self._look = self._layers.look(feed, step_s)
        except Exception:  # memory, most likely, or a layer that cannot be asked
            logger.exception("The layers cannot be looked at")

    def findings(
        self,
        outcome: Outcome | None,
        predictions: Mapping[str, Predictions],
        error: TrainingError | None = None,
    ) -> tuple[Finding, ...]:
        """What the run has to say of itself.

        Args:
            outcome: What came of the training; None where it failed.
            predictions: What the kept model says, by part.
            error: What ended it.
        """
        known = {part: finite(found) for part, found in predictions.items()}
        ended = None
        if isinstance(error, LossDiverged):
            ended = NotFinite(error.step, error.epoch, error.loss, error.is_ordinary)
        return findings_of(
            self.watch.evidence(
                look=self._look,
                test=known.get("test"),
                validation=known.get("validation"),
                ended_early=bool(outcome and outcome.ended),
                not_finite=ended,
            )
        )
