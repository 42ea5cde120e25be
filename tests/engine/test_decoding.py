"""Decoding against loops written by hand, and what a translator learns from and is judged by."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from engine.datasets.base import Examples
from engine.inference.decoding import Decoder, is_autoregressive, predictor, taught, written
from engine.preprocessing import Preprocessing
from engine.spec.run_spec import PreprocessingSpec, RunSpec
from engine.spec.signature import Kind, Signature, Task
from engine.training.defaults import resolve
from engine.training.model.building import build, compile_model
from engine.training.plan import Plan
from engine.training.steps.loop import DeviceData, StepLoop

PAIRS = Signature(Kind.TEXT, Task.TRANSLATION, (4,), 6, n_tokens=9, target_length=5)


def _spec(name, **parameters):
    values = {"data": {"source": "any"}, "model": {"name": name, "parameters": parameters}}
    return resolve(RunSpec.from_dict(values), PAIRS)


@pytest.fixture(scope="module")
def network():
    small = {"embedding": 8, "layers": 1, "heads": 2, "key_size": 4, "feed_forward": 8}
    network = build(_spec("transformer_translator", **small), PAIRS)
    rng = np.random.default_rng(2)
    for weight in network.weights:  # so that texts differ, in their length too
        values = np.ones(weight.shape) if "gamma" in weight.path else np.zeros(weight.shape)
        weight.assign(rng.normal(size=weight.shape) if len(weight.shape) > 1 else values)
    return network


@pytest.fixture(scope="module")
def ask(network):
    """The probabilities of what follows some tokens, one call for one text."""
    compiled = tf.function(lambda x: network(x, training=False), reduce_retracing=True)

    def chances(source, tokens):
        target = np.zeros((1, PAIRS.target_length), np.int32)
        target[0, : len(tokens)] = tokens
        return compiled(tf.constant(taught(source[None], target, PAIRS))).numpy()[0, len(tokens)]

    return chances


@pytest.fixture(scope="module")
def source():
    source = np.random.default_rng(1).integers(2, 9, (24, 4)).astype(np.int32)
    source[::3, 2:] = 0
    return source


def _greedy(ask, source):
    tokens, score = [], 0.0
    while len(tokens) < PAIRS.target_length:
        chances = ask(source, tokens)
        tokens.append(int(chances.argmax()))
        score += np.log(chances.max())
        if tokens[-1] == 0:
            break
    return tokens + [0] * (PAIRS.target_length - len(tokens)), score


def _beam(ask, source, width):
    beams = [([], 0.0)]
    for _ in range(PAIRS.target_length):
        longer = []
        for tokens, score in beams:
            if tokens and tokens[-1] == 0:
                longer.append((tokens, score))
                continue
            chances = ask(source, tokens)
            longer += [([*tokens, token], score + np.log(c)) for token, c in enumerate(chances)]
        beams = sorted(longer, key=lambda item: -item[1])[:width]
    tokens, score = beams[0]
    return tokens + [0] * (PAIRS.target_length - len(tokens)), score


def test_greedy_takes_the_likeliest_token_each_time(network, source, ask):
    ids, scores = Decoder(network, PAIRS).decode(source)
    expected = [_greedy(ask, row) for row in source]
    assert ids.tolist() == [tokens for tokens, _ in expected]
    np.testing.assert_allclose(scores, [score for _, score in expected], rtol=1e-4)
    ends = {row.index(0) if 0 in row else 5 for row in ids.tolist()}
    assert len(ends) > 1  # texts of several lengths, or the end was not tested


def test_a_beam_follows_several_beginnings_and_is_never_less_likely(network, source, ask):
    _, plain = Decoder(network, PAIRS).decode(source)
    ids, scores = Decoder(network, PAIRS, 3).decode(source)
    for row, found, score, greedy in zip(source, ids.tolist(), scores, plain, strict=True):
        tokens, likely = _beam(ask, row, 3)
        if likely > greedy:
            assert found == tokens
        np.testing.assert_allclose(score, max(likely, greedy), rtol=1e-4)
    assert (scores >= plain).all()
    assert (scores > plain + 1e-3).any()


def test_beams_wider_than_the_vocabulary_are_all_there_is(network, source):
    ids, scores = Decoder(network, PAIRS, 32).decode(source[:3])
    assert ids.shape == (3, 5)
    assert np.isfinite(scores).all()


def test_many_texts_are_decoded_as_few(network, source):
    many = np.tile(source, (20, 1))
    ids, _ = Decoder(network, PAIRS).decode(many)
    assert ids.tolist() == Decoder(network, PAIRS).decode(source)[0].tolist() * 20
    assert Decoder(network, PAIRS).decode(source[:0])[0].shape == (0, 5)


def test_layers_alone_write_what_the_decoder_writes(network, source, tmp_path):
    inputs = keras.Input((4,), dtype="int32")
    keras.Model(inputs, written(network, inputs, PAIRS)).save(tmp_path / "model.keras")
    outputs = keras.saving.load_model(tmp_path / "model.keras").predict(source, verbose=0)
    ids = outputs.argmax(axis=-1)
    ids[np.cumprod(ids != 0, axis=1) == 0] = 0
    assert ids.tolist() == Decoder(network, PAIRS).decode(source)[0].tolist()


def test_a_network_learns_from_the_target_shifted_by_one():
    source = np.array([[3, 4, 0, 0]], np.int32)
    target = np.array([[2, 5, 3, 0, 0]], np.int32)
    assert taught(source, target, PAIRS).tolist() == [[3, 4, 0, 0, 6, 2, 5, 3, 0]]


def test_only_networks_that_take_the_target_are_asked_token_by_token(network):
    assert is_autoregressive(network, PAIRS)
    assert not is_autoregressive(build(_spec("gru_translator", units=4), PAIRS), PAIRS)


def test_predictions_are_texts_that_no_target_was_shown_for(network):
    texts = np.array(["ab", "ba", "aab", "c"], object)
    examples = Examples(
        x=texts, y=np.array(["xy", "yx", "xxyzw", "z"], object), kind=Kind.TEXT,
        task=Task.TRANSLATION,
    )  # fmt: skip
    fitted = Preprocessing.fit(examples, np.arange(4), PreprocessingSpec())
    signature = fitted.signature(examples)
    made = build(
        resolve(RunSpec.from_dict({"data": {"source": "any"},
                                   "model": {"name": "transformer_translator"}}), signature),
        signature,
    )  # fmt: skip
    predict = predictor(made, signature, fitted, _not_to_be_asked)
    prepared = fitted.transform_x(texts)
    ids, _ = Decoder(made, signature).decode(prepared)
    expected = [fitted.targets.tokenizer.decode(row) for row in ids]
    assert predict(prepared).tolist() == expected


def _not_to_be_asked(_):
    raise AssertionError("The network was asked once for the whole text.")


class TestPadding:
    """Positions behind the end of a text count neither in the loss nor in the accuracy."""

    target = np.array([[2, 3, 0, 0, 0], [2, 2, 2, 2, 2]], np.int32)
    counted = np.array([[1, 1, 1, 0, 0], [1, 1, 1, 1, 1]], np.float32)

    def _weights(self):
        targets = Examples(
            x=np.array(["a", "b"], object), y=np.array(["ab", "aaaaa"], object), kind=Kind.TEXT,
            task=Task.TRANSLATION,
        )  # fmt: skip
        fitted = Preprocessing.fit(targets, np.arange(2), PreprocessingSpec())
        ids = fitted.transform_y(targets.y)
        return fitted.targets.counted(ids)

    def _plain(self):
        keras.utils.set_random_seed(3)
        layers = [keras.layers.Embedding(9, 8), keras.layers.Dense(6, activation="softmax")]
        return keras.Sequential([keras.Input((5,), dtype="int32"), *layers])

    def test_a_text_counts_to_its_end(self):
        assert self._weights().tolist() == self.counted.tolist()

    def test_loss_and_accuracy_are_means_over_what_counts(self):
        spec = _spec("gru_translator", units=4, embedding=4)
        network = build(spec, PAIRS)
        compile_model(network, spec, PAIRS, Plan())
        source = np.array([[3, 4, 5, 0], [4, 4, 3, 2]], np.int32)
        data = DeviceData.place(source, self.target, self.counted)
        loop = StepLoop(network, data)
        loop.reset_metrics()
        loop.test(data, np.array([[0, 1]], np.int32))
        outputs = network(source, training=False).numpy()
        right = outputs.argmax(axis=-1) == self.target
        chance = np.take_along_axis(outputs, self.target[..., None], axis=-1)[..., 0]
        where = self.counted.astype(bool)
        results = loop.results()
        assert results["accuracy"] == pytest.approx(right[where].mean())
        assert results["loss"] == pytest.approx(-np.log(chance[where]).mean(), rel=1e-5)

    def test_a_step_equals_that_of_fit_bit_by_bit(self):
        spec = _spec("gru_translator")  # for how it is compiled
        x = np.array([[3, 4, 5, 0, 1], [4, 4, 3, 2, 2]], np.int32)
        data = DeviceData.place(x, self.target, self.counted)
        ours, theirs = (self._plain() for _ in range(2))
        for network in (ours, theirs):
            compile_model(network, spec, PAIRS, Plan())
        loop = StepLoop(ours, data)
        loop.reset_metrics()
        loop.train(data, np.array([[0, 1], [1, 0]], np.int32))
        order = [0, 1, 1, 0]
        theirs.fit(
            x[order], self.target[order], sample_weight=self.counted[order], batch_size=2,
            shuffle=False, verbose=0,
        )  # fmt: skip
        for mine, his in zip(ours.get_weights(), theirs.get_weights(), strict=True):
            np.testing.assert_array_equal(mine, his)
