"""Recurrent networks, self-attention and Transformers for texts: masks, shapes, and refusals."""

import keras
import numpy as np
import pytest

from engine.architectures import ARCHITECTURES
from engine.architectures.attention import masked_mean
from engine.architectures.recurrent import recurrent_stack
from engine.errors import SpecError
from engine.spec.run_spec import RunSpec
from engine.spec.signature import Kind, Signature, Task
from engine.training.defaults import resolve
from engine.training.model.building import build

N_TOKENS = 20
CLASSES = Signature(Kind.TEXT, Task.CLASSIFICATION, (7,), 4, n_tokens=N_TOKENS)
PAIRS = Signature(Kind.TEXT, Task.TRANSLATION, (7,), 9, n_tokens=N_TOKENS, target_length=5)
CLASSIFIERS = ("rnn", "lstm", "gru", "self_attention", "transformer")
RECURRENT = CLASSIFIERS[:3]


def _built(name, signature, **parameters):
    spec = RunSpec.from_dict(
        {"data": {"source": "any"}, "model": {"name": name, "parameters": parameters}}
    )
    return build(resolve(spec, signature), signature)


def _texts(n=4):
    return np.random.default_rng(3).integers(1, N_TOKENS, (n, 7)).astype(np.int32)


def _widened(narrow, wide):
    """Gives a network for longer texts the weights of one for shorter; new places get noise."""
    rng = np.random.default_rng(1)
    for mine, others in zip(wide.weights, narrow.weights, strict=True):
        values = rng.normal(size=mine.shape).astype(np.float32)
        values[tuple(slice(size) for size in others.shape)] = others.numpy()
        mine.assign(values)


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_padding_does_not_change_what_is_predicted(name):
    longer = Signature(**{**vars(CLASSES), "input_shape": (15,)})
    narrow, wide = _built(name, CLASSES), _built(name, longer)
    _widened(narrow, wide)
    x = _texts()
    x[:2, 4:] = 0
    padded = np.pad(x, ((0, 0), (0, 8)))
    np.testing.assert_allclose(
        wide(padded, training=False), narrow(x, training=False), rtol=1e-4, atol=1e-6
    )


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_a_text_of_padding_alone_has_a_finite_answer(name):
    outputs = _built(name, CLASSES)(np.zeros((2, 7), np.int32), training=False).numpy()
    np.testing.assert_allclose(outputs.sum(axis=-1), 1, rtol=1e-5)


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_the_order_of_tokens_matters(name):
    network = _built(name, CLASSES)
    x = _texts(1)
    turned = network(x[:, ::-1], training=False).numpy()
    assert np.abs(turned - network(x, training=False)).max() > 1e-6


@pytest.mark.parametrize("norm_first", [True, False])
def test_source_padding_does_not_change_a_translation(norm_first):
    longer = Signature(**{**vars(PAIRS), "input_shape": (12,)})
    narrow, wide = (
        _built("transformer_translator", item, norm_first=norm_first) for item in (PAIRS, longer)
    )
    _widened(narrow, wide)
    source = _texts()
    source[:2, 4:] = 0
    target = np.random.default_rng(4).integers(1, 9, (4, 5)).astype(np.int32)
    x = np.concatenate([source, target], axis=1)
    padded = np.concatenate([np.pad(source, ((0, 0), (0, 5))), target], axis=1)
    np.testing.assert_allclose(
        wide(padded, training=False), narrow(x, training=False), rtol=1e-4, atol=1e-6
    )


def test_no_token_of_a_translation_sees_those_after_it():
    network = _built("transformer_translator", PAIRS)
    x = np.concatenate([_texts(), np.full((4, 5), 3, np.int32)], axis=1)
    changed = x.copy()
    changed[:, 7 + 3 :] = 5
    before, after = network(x, training=False).numpy(), network(changed, training=False).numpy()
    np.testing.assert_allclose(after[:, :3], before[:, :3], rtol=1e-5)
    assert np.abs(after[:, 3:] - before[:, 3:]).max() > 1e-5


@pytest.mark.parametrize("name", RECURRENT)
def test_layers_are_stacked_and_read_from_both_ends(name):
    network = _built(name, CLASSES, units=[6, 5], bidirectional=True, dropout=0.0)
    layers = [layer for layer in network.layers if isinstance(layer, keras.layers.Bidirectional)]
    assert [layer.output.shape for layer in layers] == [(None, 7, 12), (None, 10)]
    one_way = _built(name, CLASSES, units=[6], bidirectional=False)
    assert not any(isinstance(layer, keras.layers.Bidirectional) for layer in one_way.layers)


def test_the_mission_s_networks_are_the_defaults_but_for_what_makes_them_work():
    lstm = _built("lstm", CLASSES, bidirectional=False)
    assert lstm.get_layer("embedding").output.shape == (None, 7, 64)
    assert lstm.get_layer("lstm_1").units == 64
    attention = _built("self_attention", CLASSES).get_layer("attention")
    assert (attention.num_heads, attention.key_dim) == (8, 64)


def test_a_recurrent_stack_reads_numbers_without_a_mask():
    inputs = keras.Input((6, 2))
    outputs = recurrent_stack(inputs, "gru", (3, 4))
    found = keras.Model(inputs, outputs)(np.ones((2, 6, 2), np.float32))
    assert found.shape == (2, 4)


def test_the_mean_leaves_padding_out():
    values = np.array([[[1.0], [3.0], [100.0]], [[7.0], [7.0], [7.0]]], np.float32)
    mask = np.array([[True, True, False], [False] * 3])
    assert masked_mean(values, mask).numpy().tolist() == [[2.0], [0.0]]


@pytest.mark.parametrize("name", ["self_attention", "transformer", "transformer_translator"])
def test_attention_larger_than_memory_is_refused_at_its_field(name):
    signature = PAIRS if name == "transformer_translator" else CLASSES
    with pytest.raises(SpecError) as caught:
        _built(name, signature, heads=64, key_size=1024)
    (problem,) = caught.value.problems
    assert problem.field == "model.parameters.heads"
    assert "65,536" in problem.message
    long = Signature(**{**vars(signature), "input_shape": (10_000,)})
    with pytest.raises(SpecError) as caught:
        _built(name, long)
    (problem,) = caught.value.problems
    assert "text length" in problem.hint


@pytest.mark.parametrize("name", RECURRENT)
@pytest.mark.parametrize("units", [[], [0], [4] * 7, "many"])
def test_layers_that_cannot_be_are_refused_by_name(name, units):
    with pytest.raises(SpecError) as caught:
        _built(name, CLASSES, units=units)
    assert caught.value.problems[0].field.startswith("model.parameters.units")


def test_the_plainest_network_says_what_it_cannot_do():
    assert "vanish" in ARCHITECTURES["rnn"].summary
