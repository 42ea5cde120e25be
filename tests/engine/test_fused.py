"""Fused layers against Keras's own: gradients and weights to rounding, and nothing left behind."""

from collections.abc import Callable

import keras
import numpy as np
import pytest
from keras import layers

from engine.training.fused import (
    describe,
    fused,
    is_mostly_recurrent,
    scanning,
)
from tests.fused_pairs import Build, agree, trained

TIME, FEATURES, WORDS = 6, 5, 7
RNG = np.random.default_rng(3)
SERIES = RNG.normal(size=(9, TIME, FEATURES)).astype(np.float32)
TOKENS = RNG.integers(0, WORDS, (9, TIME)).astype(np.int32)
TOKENS[0] = 0  # nothing to read at all
TOKENS[1, :2] = 0


def _answer(read: keras.KerasTensor) -> keras.KerasTensor:
    if len(read.shape) > 2:  # no layer, which would warn that the mask ends here
        read = keras.ops.reshape(read, (-1, read.shape[1] * read.shape[2]))
    return layers.Dense(3, activation="softmax")(read)


def _of_series(read: Callable[[keras.KerasTensor], keras.KerasTensor], time: int = TIME) -> Build:
    def build() -> keras.Model:
        inputs = keras.Input((time, FEATURES))
        return keras.Model(inputs, _answer(read(inputs)))

    return build


def _of_tokens(
    read: Callable[[keras.KerasTensor, keras.KerasTensor], keras.KerasTensor],
    mask_zero: bool = False,
) -> Build:
    """`read` is given the embedded tokens and the mask."""

    def build() -> keras.Model:
        tokens = keras.Input((TIME,), dtype="int32")
        embedded = layers.Embedding(WORDS, FEATURES, mask_zero=mask_zero)(tokens)
        return keras.Model(tokens, _answer(read(embedded, keras.ops.not_equal(tokens, 0))))

    return build


RECURRENT = (layers.LSTM, layers.GRU, layers.SimpleRNN)


@pytest.mark.parametrize("kind", RECURRENT)
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"go_backwards": True, "return_sequences": True},
        {"use_bias": False, "unroll": True},
    ],
    ids=str,
)
def test_a_recurrent_layer_learns_as_keras_does(kind: type, options: dict[str, object]) -> None:
    agree(_of_series(lambda inputs: kind(4, **options)(inputs)), SERIES)


@pytest.mark.parametrize("kind", RECURRENT)
@pytest.mark.parametrize(
    ("return_sequences", "go_backwards", "mask_zero"),
    [(False, False, True), (False, True, False), (True, False, False), (True, True, True)],
)
def test_masked_steps_are_passed_over(
    kind: type, return_sequences: bool, go_backwards: bool, mask_zero: bool
) -> None:
    layer = {"return_sequences": return_sequences, "go_backwards": go_backwards}

    def read(embedded: keras.KerasTensor, mask: keras.KerasTensor) -> keras.KerasTensor:
        found = kind(4, **layer)(embedded) if mask_zero else kind(4, **layer)(embedded, mask=mask)
        return layers.Activation("linear")(found)

    agree(_of_tokens(read, mask_zero), TOKENS)


@pytest.mark.parametrize(("kind", "return_sequences"), [(layers.LSTM, True), (layers.GRU, False)])
def test_both_directions_with_a_mask(kind: type, return_sequences: bool) -> None:
    def read(embedded: keras.KerasTensor, mask: keras.KerasTensor) -> keras.KerasTensor:
        layer = kind(4, return_sequences=return_sequences)
        return layers.Bidirectional(layer)(embedded, mask=mask)

    agree(_of_tokens(read), TOKENS)


@pytest.mark.parametrize(
    ("kind", "masked"), [(layers.LSTM, True), (layers.GRU, False), (layers.GRU, True)]
)
def test_states_are_handed_on_as_a_translator_does(kind: type, masked: bool) -> None:
    def read(embedded: keras.KerasTensor, mask: keras.KerasTensor) -> keras.KerasTensor:
        mask = mask if masked else None
        _, *state = kind(4, return_state=True)(embedded, mask=mask)
        decoder = kind(4, return_sequences=True, return_state=True)
        outputs, *_ = decoder(embedded, initial_state=state, mask=mask)
        return outputs

    agree(_of_tokens(read), TOKENS)


@pytest.mark.parametrize(
    ("kind", "masked"), [(layers.LSTM, True), (layers.GRU, False), (layers.SimpleRNN, True)]
)
def test_long_sequences_go_through_a_loop(
    kind: type, masked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scanning, "UNROLL_LIMIT", 2)

    def read(embedded: keras.KerasTensor, mask: keras.KerasTensor) -> keras.KerasTensor:
        return kind(4, return_sequences=True)(embedded, mask=mask if masked else None)

    agree(_of_tokens(read), TOKENS)


@pytest.mark.parametrize("n_examples", [1, 2])
def test_a_batch_too_small_to_be_divided(n_examples: int) -> None:
    agree(_of_series(lambda inputs: layers.LSTM(4)(inputs)), SERIES[:n_examples])


@pytest.mark.parametrize("kind", RECURRENT)
def test_a_recurrent_layer_compiled_with_xla(kind: type) -> None:
    build = _of_tokens(lambda embedded, mask: kind(4)(embedded, mask=mask))
    agree(build, TOKENS, jit_compile=True)


def test_stacked_recurrent_layers_with_adam_from_one_table() -> None:
    # Each token occurs more than once; Keras's Adam squares the gradient of each by itself.
    def read(embedded: keras.KerasTensor, mask: keras.KerasTensor) -> keras.KerasTensor:
        both = layers.LSTM(4, return_sequences=True)(embedded)
        return layers.Concatenate()([layers.GRU(3)(both), layers.LSTM(2)(embedded)])

    agree(_of_tokens(read), TOKENS, "adam")


@pytest.mark.parametrize(
    ("options", "pooled"),
    [
        ({}, False),
        ({"value_dim": 3}, False),
        ({"use_bias": False}, True),
        ({"output_shape": 6}, True),
    ],
    ids=str,
)
def test_self_attention_learns_as_keras_does(options: dict[str, object], pooled: bool) -> None:
    def read(inputs: keras.KerasTensor, _: object = None) -> keras.KerasTensor:
        found = layers.MultiHeadAttention(2, 4, **options)(inputs, inputs)
        return layers.GlobalAveragePooling1D()(found) if pooled else found

    agree(_of_series(read), SERIES)
    agree(_of_tokens(read), TOKENS)


@pytest.mark.parametrize("mask_zero", [False, True])
@pytest.mark.parametrize("causal", [False, True])
def test_attention_with_masks(mask_zero: bool, causal: bool) -> None:
    def read(embedded: keras.KerasTensor, mask: keras.KerasTensor) -> keras.KerasTensor:
        found = layers.MultiHeadAttention(2, 4)(
            embedded,
            embedded,
            attention_mask=None if mask_zero else keras.ops.expand_dims(mask, 1),
            use_causal_mask=causal,
        )
        return layers.GlobalAveragePooling1D()(layers.Add()([embedded, found]))

    agree(_of_tokens(read, mask_zero), TOKENS)


def test_causal_attention_without_another_mask() -> None:
    attention = layers.MultiHeadAttention
    agree(_of_series(lambda it: attention(2, 4)(it, it, use_causal_mask=True)), SERIES)


@pytest.mark.parametrize("with_key", [False, True])
def test_attention_of_one_thing_to_another(with_key: bool) -> None:
    def read(inputs: keras.KerasTensor) -> keras.KerasTensor:
        others = layers.Dense(4, activation="tanh")(inputs)[:, 1:]
        key = layers.Dense(3)(others) if with_key else None
        return layers.MultiHeadAttention(2, 4)(inputs, others, key)

    agree(_of_series(read), SERIES)


def test_what_is_pooled_and_what_is_not_of_one_attention() -> None:
    def read(inputs: keras.KerasTensor) -> keras.KerasTensor:
        found = layers.MultiHeadAttention(2, 4)(inputs, inputs)
        pooled = layers.GlobalAveragePooling1D()(found)
        return layers.Concatenate()([pooled, layers.Flatten()(found)])

    agree(_of_series(read), SERIES)


def test_attention_compiled_with_xla() -> None:
    def read(embedded: keras.KerasTensor, _: object) -> keras.KerasTensor:
        found = layers.MultiHeadAttention(2, 4)(embedded, embedded)
        return layers.GlobalAveragePooling1D()(found)

    agree(_of_tokens(read), TOKENS, jit_compile=True)


@pytest.mark.parametrize(
    "optimizer",
    [
        keras.optimizers.Adam(0.05),
        keras.optimizers.AdamW(0.05, weight_decay=0.1),
        keras.optimizers.Adam(0.05, clipnorm=0.1),
        keras.optimizers.Adam(0.05, global_clipnorm=0.1, beta_1=0.8, epsilon=1e-3),
        keras.optimizers.Adam(0.05, gradient_accumulation_steps=2),
        keras.optimizers.Adam(0.05, use_ema=True),
        keras.optimizers.Adam(keras.optimizers.schedules.ExponentialDecay(0.1, 1, 0.5)),
    ],
    ids=lambda it: f"{it.name}-{it.clipnorm or it.global_clipnorm or it.use_ema}",
)
def test_an_update_in_one_operation(optimizer: keras.Optimizer) -> None:
    def read(inputs: keras.KerasTensor) -> keras.KerasTensor:
        return layers.BatchNormalization()(layers.Dense(8, activation="relu")(inputs))

    agree(_of_series(read), SERIES, optimizer)


def test_the_update_of_a_table_of_tokens_is_keras_s_own() -> None:
    agree(_of_tokens(lambda embedded, _: embedded), TOKENS, "adam")


def test_dropout_draws_the_same_masks() -> None:
    def read(inputs: keras.KerasTensor) -> keras.KerasTensor:
        dropped = layers.Dropout(0.5, seed=1)(inputs)
        return layers.Dropout(0.3, seed=2)(layers.LSTM(4)(dropped))

    agree(_of_series(read), SERIES)


@pytest.mark.parametrize(
    "layer",
    [
        layers.LSTM(4, activation="relu"),
        layers.LSTM(4, recurrent_activation="hard_sigmoid"),
        layers.LSTM(4, dropout=0.2),
        layers.LSTM(4, recurrent_dropout=0.2),
        layers.GRU(4, reset_after=False),
        layers.SimpleRNN(4, activation="linear"),
        layers.RNN(layers.LSTMCell(4)),
        layers.LSTM(4, dtype="mixed_bfloat16"),
    ],
    ids=lambda it: it.name,
)
def test_what_is_not_supported_exactly_is_left_to_keras(layer: layers.Layer) -> None:
    model = keras.Sequential([keras.Input((TIME, FEATURES)), layer, layers.Dense(1)])
    model.compile("sgd", "mean_squared_error")

    assert describe(model) == ""
    with fused(model):
        assert "inner_loop" not in vars(layer)


@pytest.mark.parametrize(
    "options", [{"dropout": 0.2}, {"use_gate": True}, {"dtype": "mixed_bfloat16"}], ids=str
)
def test_attention_that_is_left_to_keras(options: dict[str, object]) -> None:
    inputs = keras.Input((TIME, FEATURES))
    layer = layers.MultiHeadAttention(2, 4, **options)
    model = keras.Model(inputs, layers.Dense(1)(layer(inputs, inputs)))
    model.compile("sgd", "mean_squared_error")

    assert describe(model) == ""


def test_attention_that_gives_its_scores_is_computed_by_keras() -> None:
    def read(inputs: keras.KerasTensor) -> keras.KerasTensor:
        found, scores = layers.MultiHeadAttention(2, 4)(
            inputs, inputs, return_attention_scores=True
        )
        return layers.Concatenate()([layers.Flatten()(found), layers.Flatten()(scores)])

    agree(_of_series(read), SERIES)


def test_nothing_is_left_behind(tmp_path: object) -> None:
    def read(embedded: keras.KerasTensor, mask: keras.KerasTensor) -> keras.KerasTensor:
        read = layers.LSTM(4, return_sequences=True)(embedded, mask=mask)
        found = layers.MultiHeadAttention(2, 4)(read, read)
        return layers.GlobalAveragePooling1D()(found)

    model = trained(_of_tokens(read), TOKENS, True, "adam")

    owners = [*model._flatten_layers(), model.optimizer]
    assert not any({"call", "inner_loop", "update_step"} & vars(it).keys() for it in owners)
    path = f"{tmp_path}/model.keras"
    model.save(path)
    again = keras.models.load_model(path)
    np.testing.assert_array_equal(
        again.predict(TOKENS, verbose=0), model.predict(TOKENS, verbose=0)
    )


def test_an_error_leaves_nothing_behind() -> None:
    model = _of_series(layers.LSTM(4))()
    model.compile("adam", "mean_squared_error")

    with pytest.raises(RuntimeError), fused(model):
        raise RuntimeError

    assert "update_step" not in vars(model.optimizer)


def test_it_says_what_it_does() -> None:
    model = _of_series(layers.LSTM(4))()
    model.compile("adam", "mean_squared_error")

    assert describe(model) == (
        "Recurrent layers are computed in fewer, larger products, and weights are updated in one "
        "operation each"
    )


@pytest.mark.parametrize(
    ("read", "expected"),
    [
        (lambda inputs: layers.Bidirectional(layers.GRU(4))(inputs), True),
        (lambda inputs: layers.LSTM(4)(layers.Conv1D(4, 3)(inputs)), False),
        (lambda inputs: layers.Flatten()(inputs), False),
        (lambda inputs: layers.LSTM(4, dropout=0.5)(inputs), False),
    ],
    ids=("recurrent", "convolutions before it", "dense", "recurrent, left to Keras"),
)
def test_which_graphs_are_mostly_recurrent(read, expected) -> None:
    assert is_mostly_recurrent(_of_series(read)()) is expected
