"""Whether a model fits into memory, found before anything is started. Imported by workers only."""

from __future__ import annotations

import logging

import keras

from engine.errors import DescentError
from engine.graph.analysis import analyse, count_weights, layers_of
from engine.graph.memory import Need, need_of, refuse_too_large
from engine.graph.unallocated import unallocated
from engine.material import Material
from engine.problem import Signature
from engine.spec import RunSpec
from engine.training.building import build

logger = logging.getLogger(__name__)


def check_memory(material: Material) -> None:
    """Builds the model of a training without memory for its weights, and counts.

    Raises:
        SpecError: Training takes more memory than there is.
    """
    spec, signature = _without_weights(material.spec), material.signature
    keras.backend.clear_session(free_memory=False)
    try:
        with unallocated():
            network = build(spec, signature)
        n_rows = len(material.parts.train) + len(material.parts.validation)
        checked_need(spec, signature, network, n_rows)
    except DescentError:
        raise
    except Exception:
        # Whatever cannot be built is told by the training itself, with all its details.
        logger.exception("The memory of a model could not be estimated.")
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
    analyses = analyse(network)
    need = need_of(
        spec,
        count_weights(network),
        count_weights(network, trainable=True),
        sum(item.kept_bytes for item in analyses.values()),
        signature,
        n_rows,
    )
    refuse_too_large(spec, layers_of(analyses), need)
    return need


def _without_weights(spec: RunSpec) -> RunSpec:
    """The same model from nothing: weights that were learnt before have the same shapes."""
    parameters = spec.model.parameters
    if parameters.get("weights") in (None, "none"):
        return spec
    model = spec.model.model_copy(update={"parameters": {**parameters, "weights": "none"}})
    return spec.model_copy(update={"model": model})
