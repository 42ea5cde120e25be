"""Multiply-adds against counts by hand and TensorFlow's profiler; fields against gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from engine.graph.analysis import analyse
from engine.graph.unallocated import unallocated

layers = keras.layers


def macs_of(model: keras.Model) -> int:
    return sum(item.n_macs for item in analyse(model).values())


def of_one(layer: Any, *shapes: tuple[int, ...], call: Callable[..., Any] | None = None) -> int:
    inputs = [keras.Input(shape) for shape in shapes]
    model = keras.Model(inputs, call(layer, *inputs) if call else layer(*inputs))
    return macs_of(model)


BY_HAND = [
    (layers.Dense(7), (5,), 5 * 7),
    (layers.Dense(7), (3, 5), 3 * 5 * 7),
    (layers.EinsumDense("abc,cde->abde", (None, 2, 4)), (3, 5), 3 * 5 * 2 * 4),
    (layers.Conv1D(4, 3, padding="same"), (10, 2), 10 * 3 * 2 * 4),
    (layers.Conv1D(4, 3, strides=2), (11, 2), 5 * 3 * 2 * 4),
    (layers.Conv2D(8, 3), (6, 7, 4), 4 * 5 * 9 * 4 * 8),
    (layers.Conv2D(8, 3, groups=2), (6, 7, 4), 4 * 5 * 9 * 2 * 8),
    (layers.Conv3D(2, (1, 2, 3)), (4, 4, 4, 3), 4 * 3 * 2 * 6 * 3 * 2),
    (layers.DepthwiseConv2D(3, depth_multiplier=2), (6, 6, 4), 16 * 9 * 4 * 2),
    (layers.SeparableConv2D(5, 3), (6, 6, 4), 16 * (9 * 4 + 4 * 5)),
    (layers.SeparableConv1D(5, 3), (6, 4), 4 * (3 * 4 + 4 * 5)),
    (layers.Conv2DTranspose(5, 3, strides=2), (6, 6, 4), 36 * 9 * 4 * 5),
    (layers.SimpleRNN(6), (10, 3), 10 * (3 * 6 + 6 * 6)),
    (layers.LSTM(6), (10, 3), 10 * 4 * (3 * 6 + 6 * 6)),
    (layers.GRU(6, return_sequences=True), (10, 3), 10 * 3 * (3 * 6 + 6 * 6)),
    (layers.Bidirectional(layers.LSTM(6)), (10, 3), 2 * 10 * 4 * (3 * 6 + 6 * 6)),
    (layers.RNN([layers.GRUCell(4), layers.LSTMCell(2)]), (5, 3), 5 * (3 * 28 + 4 * 2 * 6)),
    (layers.TimeDistributed(layers.Conv2D(2, 3)), (4, 5, 5, 1), 4 * 9 * 9 * 2),
    (layers.ConvLSTM1D(2, 3, padding="same"), (4, 5, 1), 4 * 5 * 3 * 8 * (1 + 2)),
    (layers.Embedding(100, 8), (10,), 0),
    (layers.MaxPooling2D(), (8, 8, 3), 0),
    (layers.BatchNormalization(), (8, 8, 3), 0),
    (layers.Dropout(0.5), (8,), 0),
]


@pytest.mark.parametrize(("layer", "shape", "expected"), BY_HAND, ids=lambda v: type(v).__name__)
def test_multiply_adds_are_those_counted_by_hand(
    layer: Any, shape: tuple[int, ...], expected: int
) -> None:
    assert of_one(layer, shape) == expected


def test_attention_counts_projections_scores_and_sums() -> None:
    # 4 heads of 8, on 6 queries and 10 keys of 12 numbers.
    layer = layers.MultiHeadAttention(4, 8, value_dim=5)
    projections = 6 * 12 * 32 + 10 * 12 * 32 + 10 * 12 * 20 + 6 * 20 * 12
    products = 4 * 6 * 10 * (8 + 5)
    assert of_one(layer, (6, 12), (10, 12)) == projections + products


def test_attention_takes_its_arguments_by_name_as_well() -> None:
    positional = of_one(layers.MultiHeadAttention(2, 4), (6, 8), (9, 8))
    named = of_one(
        layers.MultiHeadAttention(2, 4),
        (6, 8),
        (9, 8),
        call=lambda layer, q, v: layer(query=q, value=v, key=v),
    )
    assert named == positional


def test_dot_product_attention_counts_both_products() -> None:
    count = of_one(layers.Attention(), (6, 8), (9, 8), call=lambda layer, q, v: layer([q, v]))
    assert count == 6 * 9 * (8 + 8)


def test_a_layer_called_twice_counts_twice_and_has_its_weights_once() -> None:
    given = keras.Input((4,))
    shared = layers.Dense(4, name="shared")
    found = analyse(keras.Model(given, shared(shared(given))))
    assert [(name, item.n_macs, item.n_parameters) for name, item in found.items()][1:] == [
        ("shared", 16, 20),
        ("shared_1", 16, 0),
    ]


def test_a_model_within_a_model_is_taken_apart() -> None:
    inner = keras.Sequential([keras.Input((6, 6, 1)), layers.Conv2D(2, 3, name="inside")])
    given = keras.Input((6, 6, 1))
    found = analyse(keras.Model(given, layers.Flatten()(inner(given))))
    assert found["inside"].n_macs == 16 * 9 * 2
    assert found["inside"].receptive_field == (3, 3)


def profiled_flops(model: keras.Model) -> int:
    """What TensorFlow's profiler counts: 2 for each multiply-add."""
    from tensorflow.python.profiler import model_analyzer, option_builder

    shape = (1, *model.input_shape[1:])
    call = tf.function(lambda x: model(x)).get_concrete_function(tf.TensorSpec(shape))
    options = option_builder.ProfileOptionBuilder(
        option_builder.ProfileOptionBuilder.float_operation()
    )
    graph = call.graph
    options = options.with_empty_output().build()
    with graph.as_default():
        return int(model_analyzer.profile(graph, options=options).total_float_ops)


def dense_model() -> keras.Model:
    return keras.Sequential(
        [keras.Input((20,)), layers.Dense(300, use_bias=False), layers.Dense(7, use_bias=False)]
    )


def conv_model() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((16, 16, 3)),
            layers.Conv2D(8, 3, use_bias=False),
            layers.Conv2D(4, 5, strides=2, padding="same", use_bias=False),
            layers.DepthwiseConv2D(3, use_bias=False),
            layers.Flatten(),
            layers.Dense(5, use_bias=False),
        ]
    )


@pytest.mark.parametrize("make", [dense_model, conv_model])
def test_multiply_adds_are_half_of_what_the_profiler_counts(
    make: Callable[[], keras.Model],
) -> None:
    model = make()
    assert macs_of(model) * 2 == profiled_flops(model)


def test_known_networks_have_the_published_number() -> None:
    # Howard et al. 2017 give 569 million for MobileNet; Keras's own count of weights the other.
    with unallocated():
        model = keras.applications.MobileNet(weights=None)
    found = analyse(model)
    assert sum(item.n_macs for item in found.values()) == pytest.approx(569e6, rel=0.001)
    assert sum(item.n_parameters for item in found.values()) == 4_253_864


def test_activations_are_bytes_of_one_example() -> None:
    given = keras.Input((4, 5), dtype="int32")
    model = keras.Model(given, layers.Embedding(9, 3, name="words")(given))
    assert analyse(model)["words"].activation_bytes == 4 * 5 * 3 * 4


# ---- what is seen


def branches() -> keras.Model:
    given = keras.Input((25, 25, 2))
    left = layers.Conv2D(2, 3, padding="same")(given)
    left = layers.Conv2D(2, 3, dilation_rate=2, padding="same")(left)
    right = layers.Conv2D(2, 1)(given)
    joined = layers.Add()([left, right])
    pooled = layers.AveragePooling2D(2)(joined)
    return keras.Model(given, layers.Conv2D(2, (3, 1), padding="same")(pooled))


def sequential(shape: tuple[int, ...], *stack: Any) -> Callable[[], keras.Model]:
    return lambda: keras.Sequential([keras.Input(shape), *stack])


def squeeze_and_excite() -> keras.Model:
    given = keras.Input((9, 9, 2))
    seen = layers.Conv2D(2, 3, padding="same")(given)
    gate = layers.Dense(2, activation="sigmoid")(layers.GlobalAveragePooling2D()(seen))
    return keras.Model(given, layers.Multiply()([seen, layers.Reshape((1, 1, 2))(gate)]))


MODELS: dict[str, Callable[[], keras.Model]] = {
    "branches": branches,
    "gate": squeeze_and_excite,
    "valid": sequential((21, 21, 1), layers.Conv2D(2, 5), layers.Conv2D(2, 3, strides=2)),
    "causal": sequential(
        (30, 2),
        layers.Conv1D(2, 3, padding="causal"),
        layers.Conv1D(2, 3, padding="causal", dilation_rate=4),
    ),
    "transposed": sequential(
        (12, 12, 1), layers.Conv2D(2, 3, padding="same"), layers.Conv2DTranspose(2, 4, strides=2)
    ),
    "upsampled": sequential(
        (12, 12, 1), layers.UpSampling2D(2), layers.Conv2D(2, 3, padding="same")
    ),
    "flattened": sequential((8, 8, 1), layers.Conv2D(2, 3), layers.Flatten(), layers.Dense(3)),
    "pooled": sequential((9, 9, 1), layers.Conv2D(2, 3), layers.GlobalAveragePooling2D()),
    "merged": sequential(
        (12, 6, 1), layers.Conv2D(2, 3, padding="same"), layers.Reshape((12, 12)), layers.Dense(2)
    ),
    "permuted": sequential(
        (7, 5, 1), layers.Permute((2, 1, 3)), layers.Conv2D(1, (3, 1), padding="same")
    ),
    "recurrent": sequential((12, 2), layers.LSTM(3)),
    "framewise": sequential(
        (5, 8, 8, 1), layers.TimeDistributed(layers.Conv2D(1, 3)), layers.Conv3D(1, (2, 1, 1))
    ),
    "normalised": sequential((9, 4), layers.LayerNormalization(), layers.Conv1D(2, 2)),
}


def seen_by_gradient(model: keras.Model) -> tuple[int, ...]:
    """How many positions along each axis move the output that sees most."""
    rng = np.random.default_rng(3)
    x = tf.Variable(rng.normal(size=(1, *model.input_shape[1:])).astype(np.float32))
    shape = model.output_shape[1:]
    # The middle lies off the edges; the last place of a sequence has all of the past.
    middle = [size // 2 for size in shape[:-1]]
    spots = [(*(at + shift for at in middle), ...) for shift in (0, -1)]
    spots += [(shape[0] - 1, ...)] if len(shape) == 2 else []
    most = [0] * (len(model.input_shape) - 2)
    for spot in spots:
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(model(x)[(0, *spot)] ** 2)
        moved = np.abs(tape.gradient(y, x).numpy()[0]) > 0
        for axis in range(moved.ndim - 1):
            others = tuple(item for item in range(moved.ndim) if item != axis)
            places = np.flatnonzero(moved.any(axis=others))
            most[axis] = max(most[axis], int(places[-1] - places[0] + 1))
    return tuple(most)


@pytest.mark.parametrize("name", MODELS)
def test_what_a_value_sees_is_what_moves_it(name: str) -> None:
    keras.utils.set_random_seed(1)
    model = MODELS[name]()
    assert list(analyse(model).values())[-1].receptive_field == seen_by_gradient(model)


def test_attention_and_recurrent_layers_see_all_of_a_text() -> None:
    given = keras.Input((11,), dtype="int32")
    words = layers.Embedding(9, 4, mask_zero=True, name="words")(given)
    seen = layers.MultiHeadAttention(2, 2, name="attention")(words, words)
    model = keras.Model(given, layers.GRU(3, name="gru")(seen))
    found = analyse(model)
    assert [found[name].receptive_field for name in ("words", "attention", "gru")] == [
        (1,),
        (11,),
        (11,),
    ]


def test_features_of_a_table_have_no_order() -> None:
    assert {item.receptive_field for item in analyse(dense_model()).values()} == {()}
