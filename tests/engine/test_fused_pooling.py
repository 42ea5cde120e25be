"""Max pooling before bias and activation, against Keras's own order."""

import keras
import numpy as np
import pytest
from keras import layers

from engine.training.fused import describe, fused
from tests.fused_pairs import Build, agree

RNG = np.random.default_rng(4)
IMAGES = RNG.normal(size=(9, 7, 6, 2)).astype(np.float32)
SERIES = IMAGES[..., 0]
CLIPS = RNG.normal(size=(9, 4, 5, 4, 1)).astype(np.float32)


def _of(x: np.ndarray, *before: layers.Layer) -> Build:
    def build() -> keras.Model:
        again = [it.from_config(it.get_config()) for it in before]
        answer = layers.Dense(3, activation="softmax")
        return keras.Sequential([keras.Input(x.shape[1:]), *again, layers.Flatten(), answer])

    return build


@pytest.mark.parametrize("activation", ["relu", "tanh", "sigmoid", "elu", "softplus", "linear"])
@pytest.mark.parametrize("options", [{}, {"use_bias": False}], ids=["bias", "no-bias"])
def test_a_convolution_s_own_activation(activation: str, options: dict[str, object]) -> None:
    convolution = layers.Conv2D(4, 2, activation=activation, **options)
    agree(_of(IMAGES, convolution, layers.MaxPooling2D()), IMAGES)


@pytest.mark.parametrize(
    "pooling",
    [
        layers.MaxPooling2D(padding="same"),
        layers.MaxPooling2D(3, strides=2),
        layers.MaxPooling2D((3, 1)),
    ],
    ids=["padded", "overlapping", "tall"],
)
def test_every_way_of_pooling(pooling: layers.Layer) -> None:
    agree(_of(IMAGES, layers.Conv2D(4, 2, activation="relu"), pooling), IMAGES)


def test_an_activation_behind_what_does_not_rise() -> None:
    convolution = layers.Conv2D(4, 2, use_bias=False)  # whose gradient would be mere rounding
    normalised = [convolution, layers.BatchNormalization(), layers.Activation("relu")]
    agree(_of(IMAGES, *normalised, layers.MaxPooling2D()), IMAGES)


def test_pooling_over_time_and_in_space_and_time() -> None:
    agree(_of(SERIES, layers.Activation("tanh"), layers.MaxPooling1D()), SERIES)
    agree(_of(CLIPS, layers.Conv3D(3, 2, activation="relu"), layers.MaxPooling3D()), CLIPS)


def test_what_is_pooled_and_read_by_another_layer_too() -> None:
    def build() -> keras.Model:
        inputs = keras.Input(IMAGES.shape[1:])
        found = layers.Conv2D(4, 2, activation="relu", activity_regularizer="l2")(inputs)
        both = [layers.MaxPooling2D()(found), layers.AveragePooling2D(2)(found)]
        again = layers.MaxPooling2D(3)(found)
        flat = [layers.Flatten()(it) for it in [*both, again]]
        return keras.Model(inputs, layers.Dense(3, activation="softmax")(keras.ops.hstack(flat)))

    agree(build, IMAGES)


def test_compiled_with_xla() -> None:
    convolution = layers.Conv2D(4, 2, activation="relu")
    agree(_of(IMAGES, convolution, layers.MaxPooling2D()), IMAGES, jit_compile=True)


@pytest.mark.parametrize(
    "before",
    [
        (layers.Conv2D(4, 2, activation="gelu"), layers.MaxPooling2D()),
        (layers.Conv2D(4, 2, activation="relu"), layers.MaxPooling2D(2, strides=1)),
        (layers.Conv2D(4, 2, activation="relu"), layers.AveragePooling2D(2)),
        (layers.Conv2D(4, 2, activation="relu"), layers.Dropout(0.1), layers.MaxPooling2D()),
        (layers.Conv2D(4, 2), layers.BatchNormalization(), layers.MaxPooling2D()),
    ],
    ids=["falls", "overlaps-fully", "average", "dropout", "normalised"],
)
def test_what_is_left_to_keras(before: tuple[layers.Layer, ...]) -> None:
    model = _of(IMAGES, *before)()
    model.compile("sgd", "sparse_categorical_crossentropy")

    assert not describe(model)
    with fused(model):
        assert not any("call" in vars(layer) for layer in model.layers)


def test_half_precision_is_pooled_first_too() -> None:
    model = _of(IMAGES, layers.Conv2D(4, 2, activation="relu"), layers.MaxPooling2D())()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        half = _of(
            IMAGES,
            layers.Conv2D(4, 2, activation="relu", dtype="mixed_bfloat16"),
            layers.MaxPooling2D(dtype="mixed_bfloat16"),
        )()
    finally:
        keras.config.set_dtype_policy("float32")
    for it in (model, half):
        it.compile("sgd", "sparse_categorical_crossentropy")
        expected = it(IMAGES, training=True)
        with fused(it):
            found = it(IMAGES, training=True)
        assert found.dtype == expected.dtype
        np.testing.assert_allclose(found, expected, rtol=1e-2, atol=1e-2)


def test_it_says_so() -> None:
    model = _of(IMAGES, layers.Conv2D(4, 2, activation="relu"), layers.MaxPooling2D())()
    model.compile("adam", "sparse_categorical_crossentropy")

    assert describe(model) == (
        "Max pooling comes before bias and activation, and weights are updated in one operation "
        "each"
    )
    model.compile("sgd", "sparse_categorical_crossentropy")
    assert describe(model) == "Max pooling comes before bias and activation"
