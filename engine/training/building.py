"""From a resolved spec to a compiled Keras model. Imported by workers only."""

from __future__ import annotations

import keras

from engine.architectures import ARCHITECTURES
from engine.defaults import metrics_of
from engine.problem import Signature
from engine.spec import RunSpec
from engine.training.plan import Plan


def build(spec: RunSpec, signature: Signature) -> keras.Model:
    """Builds the network of a resolved spec; the seed decides its first weights."""
    architecture = ARCHITECTURES[spec.model.chosen]
    parameters = architecture.parameters.model_validate(spec.model.parameters)
    keras.utils.set_random_seed(spec.seed)
    return architecture.build(signature, parameters)


def compile_model(network: keras.Model, spec: RunSpec, signature: Signature, plan: Plan) -> None:
    """Compiles a network as its resolved spec says."""
    training = spec.training
    network.compile(
        optimizer=keras.optimizers.get(
            {"class_name": training.optimizer, "config": {"learning_rate": training.learning_rate}}
        ),
        loss=training.loss,
        metrics=list(metrics_of(signature)),
        jit_compile=plan.xla,
    )
