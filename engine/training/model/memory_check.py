"""Whether a model fits into memory, found before anything is started. Imported by workers only."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import keras

from engine.errors import DescentError
from engine.events.messages import LayerInfo
from engine.graph.analysis import analyse, count_weights, layers_of
from engine.graph.memory import Need, need_of, refuse_too_large
from engine.graph.unallocated import unallocated
from engine.spec.run_spec import RunSpec
from engine.spec.signature import Signature
from engine.training.model.building import build
from engine.training.prepared_data import PreparedData

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Counted:
    """What a training takes of memory, as it was counted.

    Attributes:
        spec: Of the training.
        layers: Of its model.
        need: What it takes.
    """

    spec: RunSpec
    layers: tuple[LayerInfo, ...]
    need: Need

    def check(self) -> None:
        """Compares it with what there is now.

        Raises:
            SpecError: It takes more.
        """
        refuse_too_large(self.spec, self.layers, self.need)


def check_memory(prepared: PreparedData) -> None:
    """Builds the model of a training without memory for its weights, and counts.

    Raises:
        SpecError: Training takes more memory than there is.
    """
    counted = count_memory(prepared)
    if counted is not None:
        counted.check()


def count_memory(prepared: PreparedData) -> Counted | None:
    """Builds the model of a training without memory for its weights, and counts.

    Returns:
        What it takes; None where that cannot be told.

    Raises:
        SpecError: There is no such model.
    """
    spec, signature = _without_weights(prepared.spec), prepared.signature
    keras.backend.clear_session(free_memory=False)
    try:
        with unallocated():
            network = build(spec, signature)
        n_rows = len(prepared.parts.train) + len(prepared.parts.validation)
        return _counted(spec, signature, network, n_rows)
    except DescentError:
        raise
    except Exception:
        # Whatever cannot be built is told by the training itself, with all its details.
        logger.exception("The memory of a model could not be estimated.")
        return None
    finally:
        keras.backend.clear_session(free_memory=False)


def checked_need(spec: RunSpec, signature: Signature, network: keras.Model, n_rows: int) -> Need:
    """What training a network takes.

    Args:
        spec: A resolved one.
        signature: Of the data.
        network: Built; its weights need not have memory.
        n_rows: Examples for training and validation.

    Raises:
        SpecError: It is more than there is.
    """
    counted = _counted(spec, signature, network, n_rows)
    counted.check()
    return counted.need


def _counted(spec: RunSpec, signature: Signature, network: keras.Model, n_rows: int) -> Counted:
    analyses = analyse(network)
    need = need_of(
        spec,
        count_weights(network),
        count_weights(network, trainable=True),
        sum(item.kept_bytes for item in analyses.values()),
        signature,
        n_rows,
    )
    return Counted(spec, tuple(layers_of(analyses)), need)


def _without_weights(spec: RunSpec) -> RunSpec:
    """The same model from nothing: weights that were learnt before have the same shapes."""
    parameters = spec.model.parameters
    if parameters.get("weights") in (None, "none"):
        return spec
    model = spec.model.model_copy(update={"parameters": {**parameters, "weights": "none"}})
    return spec.model_copy(update={"model": model})
