"""From a resolved spec to a compiled Keras model. Imported by workers only."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from engine.architectures import ARCHITECTURES
from engine.errors import Problem, SpecError
from engine.spec.run_spec import RunSpec
from engine.spec.signature import Signature, Task, metrics_of
from engine.spec.training_spec import TrainingSpec
from engine.training.model.losses import SmoothedCrossentropy
from engine.training.model.metrics import WeightedAbsoluteError
from engine.training.plan import Plan
from engine.training.precision import use_full_outputs


def build(spec: RunSpec, signature: Signature, policy: str = "float32") -> keras.Model:
    """Builds the network of a resolved spec; the seed decides its first weights.

    Args:
        spec: A resolved one.
        signature: Of the data.
        policy: Keras's dtype policy: what its layers compute in. Weights and outputs are float32
            with each.
    """
    architecture = ARCHITECTURES[spec.model.chosen]
    parameters = architecture.parameters.model_validate(spec.model.parameters)
    keras.utils.set_random_seed(spec.seed)
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        network = architecture.build(signature, parameters)
    finally:
        keras.config.set_dtype_policy(before)
    if policy != "float32":
        use_full_outputs(network)
    return network


def compile_model(
    network: keras.Model,
    spec: RunSpec,
    signature: Signature,
    plan: Plan,
    error_weights: Sequence[float] = (),
) -> None:
    """Compiles a network as its resolved spec says.

    Args:
        network: Built.
        spec: A resolved one.
        signature: Of the data.
        plan: How the steps are executed.
        error_weights: As `NumberTargets.error_weights`; empty: all numbers alike.

    Raises:
        SpecError: Gradients shall be accumulated on several devices.
    """
    watched: list[Any] = list(metrics_of(signature))
    if error_weights and watched == ["mean_absolute_error"]:
        watched = [WeightedAbsoluteError(error_weights)]
    # Positions behind the end of a text are weighted with 0, here and in what is watched.
    by_position = signature.task is Task.TRANSLATION
    network.compile(
        optimizer=_optimizer(spec.training),
        loss=_loss(spec.training, by_position),
        jit_compile=plan.xla,
        **{"weighted_metrics" if by_position else "metrics": watched},
    )


def check_updates(training: TrainingSpec, n_examples: int) -> None:
    """A training must change the weights at all.

    Args:
        training: Resolved.
        n_examples: To train with.

    Raises:
        SpecError: Gradients shall be accumulated over more batches than there will be.
    """
    assert training.epochs is not None
    assert training.batch_size is not None
    n_batches = training.epochs * math.ceil(n_examples / training.batch_size)
    if n_batches and training.accumulate > n_batches:
        raise SpecError(
            [
                Problem(
                    "training.accumulate",
                    f"Weights would never change, for the training has {n_batches:,} "
                    f"{'batch' if n_batches == 1 else 'batches'} in all. "
                    f"Received: {training.accumulate}.",
                    "Accumulate over fewer batches, use a smaller batch, or train for longer.",
                )
            ]
        )


def _optimizer(training: TrainingSpec) -> keras.optimizers.Optimizer:
    config: dict[str, Any] = {
        "learning_rate": training.learning_rate,
        "global_clipnorm": training.clip_norm,
    }
    if training.weight_decay is not None:
        config["weight_decay"] = training.weight_decay
    if training.accumulate > 1:
        if tf.distribute.get_strategy().num_replicas_in_sync > 1:
            # Keras synchronises the devices inside a condition, which TensorFlow refuses.
            raise SpecError(
                [
                    Problem(
                        "training.accumulate",
                        "Gradients cannot be accumulated on several devices at once. "
                        f"Received: {training.accumulate}.",
                        "Use 1 and a larger batch, which the devices share, or one device.",
                    )
                ]
            )
        config["gradient_accumulation_steps"] = training.accumulate
    return keras.optimizers.get({"class_name": training.optimizer, "config": config})


def _loss(training: TrainingSpec, by_position: bool) -> str | keras.losses.Loss:
    reduction = "mean_with_sample_weight" if by_position else "sum_over_batch_size"
    if training.label_smoothing:
        if training.loss == "binary_crossentropy":
            return keras.losses.BinaryCrossentropy(label_smoothing=training.label_smoothing)
        return SmoothedCrossentropy(training.label_smoothing, reduction)
    if by_position:
        return keras.losses.SparseCategoricalCrossentropy(reduction=reduction)
    return str(training.loss)
