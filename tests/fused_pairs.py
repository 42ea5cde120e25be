"""A model trained with fused layers and one with Keras's own, which must end alike."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from engine.training.fused import describe, fused

CLASSES = np.array([0, 2, 1, 0, 0, 2, 1, 1, 2])
"""Of nine examples."""
STEPS = 3
Build = Callable[[], keras.Model]


def trained(
    build: Build, x: np.ndarray, is_fused: bool, optimizer: str | keras.Optimizer, **options: object
) -> keras.Model:
    """A model after three steps; those of a fused one are traced at once, as the engine does it."""
    keras.utils.set_random_seed(5)
    model = build()
    for number, variable in enumerate(model.trainable_variables):  # so that biases count, too
        variable.assign_add(0.1 * keras.random.normal(variable.shape, seed=number))
    if isinstance(optimizer, keras.Optimizer):
        optimizer = optimizer.from_config(optimizer.get_config())
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.optimizer.build(model.trainable_variables)
    model.compute_metrics(x[:1], CLASSES[:1], model(x[:1]))
    xla = bool(options.get("jit_compile"))

    if not is_fused:
        for _ in range(STEPS):  # Keras's own need no graph, which takes longer than its steps
            model.train_step((tf.constant(x), tf.constant(CLASSES[: len(x)])))
        return model

    def chunk(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
        def body(index: tf.Tensor) -> tf.Tensor:
            model.train_step((x, y))
            return (index + 1,)

        return tf.while_loop(lambda index: index < STEPS, body, (0,))[0]

    with fused(model):
        shape = x.shape if xla else (None, *x.shape[1:])
        graph = tf.function(
            chunk,
            input_signature=[
                tf.TensorSpec(shape, x.dtype),
                tf.TensorSpec(shape[:1], CLASSES.dtype),
            ],
            autograph=False,
            **options,
        ).get_concrete_function()
    graph(tf.constant(x), tf.constant(CLASSES[: len(x)]))
    return model


def agree(build: Build, x: np.ndarray, optimizer: object = None, **options: object) -> None:
    """Both end with the same weights: differences are small beside what was learnt."""
    optimizer = optimizer or keras.optimizers.SGD(0.5)
    plain = trained(build, x, False, optimizer)
    other = trained(build, x, True, optimizer, **options)
    assert describe(other)
    for ours, theirs in zip(other.variables, plain.variables, strict=True):
        np.testing.assert_allclose(
            ours.numpy(), theirs.numpy(), rtol=1e-5, atol=2e-6, err_msg=ours.path
        )
