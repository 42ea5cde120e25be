"""TrainedModel: what a training leaves, evaluated on the test part and saved with its contract.

Imported by workers only.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from engine.datasets.base import AnyArray, IndexArray
from engine.inference.contract import Contract
from engine.inference.decoding import predictor
from engine.inference.evaluation.analysing import analyse
from engine.inference.evaluation.anomalies import evaluate_part
from engine.inference.evaluation.evaluation import Evaluation
from engine.inference.evaluation.predictions import Predictions
from engine.inference.kept_results import forget_results
from engine.inference.serving import ServedModel
from engine.preprocessing.score_threshold import choose_threshold
from engine.preprocessing.targets import AnomalyTargets, LabelTargets, TargetTransform
from engine.training.prepared_data import PreparedData
from engine.training.run_place import RunPlace
from engine.training.steps.feed import BLOCK_BYTES
from engine.training.steps.input_pipeline import row_bytes
from engine.training.steps.loop import StepLoop

# Thresholds are learnt from at most this many examples, drawn evenly.
_MAX_SCORED = 50_000
# Of more outputs a run is not made to wait for what is said of them.
_MAX_ANALYSED = 50_000

logger = logging.getLogger(__name__)


class TrainedModel:
    """The model of a training, with the weights it has now.

    Args:
        loop: Trains it, and predicts.
        prepared: Spec, data, parts and scaling.
        place: Where it is saved.

    Attributes:
        predictions: What it says of each example, by part, once it is evaluated.
    """

    def __init__(self, loop: StepLoop, prepared: PreparedData, place: RunPlace) -> None:
        self._loop = loop
        self._prepared = prepared
        self._place = place
        self.predictions: dict[str, Predictions] = {}

    def learn_threshold(self) -> None:
        """Learns from which output on something is said, where that is asked.

        What counts as unusual is told by the scores of usual examples, and of those that are known
        to be unusual; which labels an example has, by the probabilities of the validation part. To
        be called once the weights are final.
        """
        prepared = self._prepared
        targets: TargetTransform = prepared.preprocessing.targets
        if isinstance(targets, AnomalyTargets):
            parts = prepared.parts
            learnt, held_out, known = (
                self._predicted(_some(rows)) if len(rows) else np.zeros(0)
                for rows in (parts.train, parts.validation, parts.unusual)
            )
            share = prepared.spec.anomaly.threshold
            targets = targets.learnt(choose_threshold(learnt, held_out, known, share))
        elif isinstance(targets, LabelTargets) and len(prepared.parts.validation):
            rows = _some(prepared.parts.validation)
            targets = targets.learnt(self._predicted(rows), prepared.examples.y[rows])
        else:
            return
        preprocessing = replace(prepared.preprocessing, targets=targets)
        self._prepared = replace(prepared, preprocessing=preprocessing)

    def save(self) -> None:
        """Writes the model with its contract.

        Raises:
            WorkspaceError: It cannot be written.
        """
        prepared = self._prepared
        contract = Contract.of(prepared.examples, prepared.preprocessing, self._beam_width)
        self._place.write(forget_results)  # of the model before, where the run went on
        self._place.write(ServedModel(self._loop.model, contract).save)

    def evaluate(self, loss: Callable[[], float]) -> Evaluation | None:
        """Evaluates it on the test part, and writes what was found.

        Args:
            loss: Returns the loss over the test part; asked where there is one.

        Returns:
            Metrics, the loss among them, and what they are made of; None without a test part.

        Raises:
            WorkspaceError: It cannot be written.
        """
        prepared, rows = self._prepared, self._prepared.parts.test
        self._keep_predictions("validation", prepared.parts.validation)
        if not len(rows):
            return None
        outputs = self._keep_predictions("test", rows)
        found = evaluate_part("test", rows, outputs, prepared.examples, prepared.preprocessing)
        found = found.with_metrics({**found.metrics, "loss": loss()})
        self._place.write(found.save)
        self._keep_analysis()
        return found

    def _keep_analysis(self) -> None:
        """Writes what can be said of the test part at once; the rest is for whoever asks for it.

        What fails here takes nothing from the run.
        """
        test, validation = self.predictions["test"], self.predictions.get("validation")
        if test.outputs.size > _MAX_ANALYSED:
            return
        try:
            self._place.write(analyse(test, validation).save)
        except Exception:
            logger.exception("The result could not be analysed")

    def _keep_predictions(self, part: str, rows: IndexArray) -> AnyArray:
        """Predicts for a part, and writes down what is said of each example; (n, …)."""
        if not len(rows):
            return np.zeros((0, 1))
        prepared, outputs = self._prepared, self._predicted(rows)
        kept = Predictions.of(part, rows, outputs, prepared.examples, prepared.preprocessing)
        self._place.write(kept.save)
        self.predictions[part] = kept
        return outputs

    def _predicted(self, rows: IndexArray) -> AnyArray:
        """Predictions for some of the examples in the target's own terms, (n, …)."""
        prepared, preprocessing = self._prepared, self._prepared.preprocessing
        predict = predictor(
            self._loop.model,
            prepared.signature,
            preprocessing,
            self._loop.predict,
            self._beam_width,
        )
        size = max(1, BLOCK_BYTES // row_bytes(prepared.signature))
        return np.concatenate(
            [
                predict(preprocessing.transform_x(prepared.examples.x[some]))
                for some in np.split(rows, range(size, len(rows), size))
            ]
        )

    @property
    def _beam_width(self) -> int:
        return int(self._prepared.spec.model.parameters.get("beam_width", 1))


def _some(rows: IndexArray) -> IndexArray:
    """At most so many of the rows as thresholds are learnt from, drawn evenly."""
    if len(rows) <= _MAX_SCORED:
        return rows
    return rows[np.linspace(0, len(rows) - 1, _MAX_SCORED).astype(np.int64)]
