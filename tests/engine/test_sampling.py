"""Convolutions of single points with a stride: the same numbers, without a stride."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from engine.training.model.sampling import sampling_first


@pytest.mark.parametrize("side", [7, 8])
@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(
    ("layer", "strides", "is_changed"),
    [
        (keras.layers.Conv1D, 2, True),
        (keras.layers.Conv2D, (2, 3), True),
        (keras.layers.Conv3D, 2, True),
        (keras.layers.Conv2D, 1, False),
    ],
)
def test_the_same_is_computed(layer, strides, is_changed, padding, side):
    n_axes = int(layer.__name__[4])
    made = layer(3, 1, strides=strides, padding=padding)
    draw = np.random.default_rng(0)
    x = tf.constant(draw.random((2, *(side,) * n_axes, 4), np.float32))
    expected = made(x).numpy()
    with sampling_first():
        graph = tf.function(lambda x: made(x)).get_concrete_function(x)
        found = made(x).numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    kinds = [operation.type for operation in graph.graph.get_operations()]
    assert ("StridedSlice" in kinds) is is_changed
    convolution = next(it for it in graph.graph.get_operations() if "Conv" in it.type)
    assert set(convolution.get_attr("strides")) == {1}


def test_larger_kernels_keep_their_stride_and_all_is_as_before_at_the_end():
    before = keras.src.backend.nn.conv
    made = keras.layers.Conv2D(3, 3, strides=2)
    x = tf.zeros((1, 8, 8, 2))
    made(x)
    with sampling_first():
        graph = tf.function(lambda x: made(x)).get_concrete_function(x)
    convolution = next(it for it in graph.graph.get_operations() if it.type == "Conv2D")
    assert list(convolution.get_attr("strides")) == [1, 2, 2, 1]
    assert keras.src.backend.nn.conv is before
