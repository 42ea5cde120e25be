"""Mixed precision: layers that compute in 16 bits, around them outputs and weights of 32.

Imported by workers only.
"""

from __future__ import annotations

import keras


def use_full_outputs(network: keras.Model) -> None:
    """Has the layers that give a network's outputs compute in 32 bits.

    Probabilities of 16 bits are coarse, and small ones are 0; see Keras's guide on mixed precision.
    """
    for output in keras.tree.flatten(network.outputs):
        _compute_in_full(output)


def _compute_in_full(tensor: keras.KerasTensor) -> None:
    operation, node, _ = tensor._keras_history
    if isinstance(operation, keras.Model):
        use_full_outputs(operation)
    elif isinstance(operation, keras.layers.Layer):
        _set_policy(operation, "float32")
    else:  # a bare operation computes in what it is given
        for given in operation._inbound_nodes[node].input_tensors:
            _compute_in_full(given)


def use_bfloat16(network: keras.Model) -> None:
    """Has the layers of a network of 32 bits compute in bfloat16 from now on, but for its outputs.

    What normalises computes in 32 bits by itself. Of bfloat16 the range is that of 32 bits, so no
    loss has to be scaled.
    """
    _set_policy(network, "mixed_bfloat16")
    use_full_outputs(network)


def use_full_precision(network: keras.Model) -> bool:
    """Has a whole network compute in 32 bits from now on, once it is trained.

    Predictions are then those of any machine, and whoever opens the saved model needs no GPU.
    What was traced before goes on as it was.

    Returns:
        Whether it computed otherwise before.
    """
    if network.dtype_policy.name == "float32":
        return False
    _set_policy(network, "float32")
    return True


def _set_policy(layer: keras.layers.Layer, policy: str) -> None:
    for inner in layer._flatten_layers(include_self=True, recursive=True):
        inner.dtype_policy = policy
