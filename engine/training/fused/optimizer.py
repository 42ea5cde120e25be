"""Adam's update of a variable in one operation instead of a dozen. For workers only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf


def is_supported(optimizer: Any) -> bool:
    """Whether this module computes exactly what the optimizer does for dense gradients."""
    return type(optimizer) in (keras.optimizers.Adam, keras.optimizers.AdamW) and not (
        optimizer.amsgrad
    )


def update_step(optimizer: Any) -> Callable[[Any, Any, Any], None]:
    """What may stand in for `optimizer.update_step`."""
    original = optimizer.update_step

    def run(gradient: Any, variable: Any, learning_rate: Any) -> None:
        reference = variable.value if isinstance(variable, keras.Variable) else variable
        # Keras squares the gradient of each occurrence of a token by itself.
        is_dense = isinstance(gradient, tf.Tensor)
        if not is_dense or reference.dtype != tf.float32 or not _is_resource(reference):
            original(gradient, variable, learning_rate)
            return
        # No variable but a tensor where gradients are accumulated.
        step = tf.cast(tf.convert_to_tensor(optimizer.iterations) + 1, tf.float32)
        index = optimizer._get_variable_index(variable)
        beta_1, beta_2 = tf.constant(optimizer.beta_1), tf.constant(optimizer.beta_2)
        tf.raw_ops.ResourceApplyAdam(
            var=reference.handle,
            m=optimizer._momentums[index].value.handle,
            v=optimizer._velocities[index].value.handle,
            beta1_power=tf.pow(beta_1, step),
            beta2_power=tf.pow(beta_2, step),
            lr=tf.cast(learning_rate, tf.float32),
            beta1=beta_1,
            beta2=beta_2,
            epsilon=tf.constant(optimizer.epsilon),
            grad=tf.cast(gradient, tf.float32),
        )

    return run


def _is_resource(variable: Any) -> bool:
    """A plain variable of one device, as the operation wants it."""
    return isinstance(variable, tf.Variable) and not isinstance(
        variable, tf.distribute.DistributedValues
    )
