"""From a resolved spec to a compiled Keras model. Imported by workers only."""

from __future__ import annotations

import keras

from engine.architectures import ARCHITECTURES
from engine.defaults import metrics_of
from engine.problem import Signature, Task
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
    loss: str | keras.losses.Loss = str(training.loss)
    metrics = {"metrics": list(metrics_of(signature))}
    if signature.task is Task.TRANSLATION:
        # Positions behind the end of a text are weighted with 0, here and in what is watched.
        loss = keras.losses.SparseCategoricalCrossentropy(reduction="mean_with_sample_weight")
        metrics = {"weighted_metrics": list(metrics_of(signature))}
    network.compile(
        optimizer=keras.optimizers.get(
            {"class_name": training.optimizer, "config": {"learning_rate": training.learning_rate}}
        ),
        loss=loss,
        jit_compile=plan.xla,
        **metrics,
    )
