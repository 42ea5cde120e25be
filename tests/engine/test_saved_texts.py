"""The saved model of texts takes strings: where it agrees with our own tokens, and where not."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from engine.datasets.base import Examples
from engine.inference.contract import Contract
from engine.inference.serving import ServedModel
from engine.preprocessing import Preprocessing
from engine.preprocessing.cutting import cut
from engine.preprocessing.text import TextInputs
from engine.preprocessing.tokens import Tokenizer
from engine.spec.run_spec import PreprocessingSpec, RunSpec
from engine.spec.signature import Kind, Task
from engine.training.defaults import resolve
from engine.training.model.building import build

LEARNT = ["Émile", "中国", "a b\nc", "naïve 😀", "\ud83d half", "[UNK]"]
NEW = ["", "zzz", "中a国é", "😀 \n", "much longer than what is kept", "É"]


def _saved(inputs: TextInputs, path):
    keras.Model(*inputs.build()).save(path / "texts.keras")
    return keras.saving.load_model(path / "texts.keras")


def _strings(texts):
    return tf.constant([text.encode("utf-8", "replace") for text in texts])


def _filled(tokens, length):
    return (tokens + [""] * length)[:length]


def test_characters_are_those_of_our_own_tokens(tmp_path):
    tokenizer = Tokenizer.fit(LEARNT, "character", length=9)
    saved = _saved(TextInputs(tokenizer), tmp_path)
    texts = [*(text for text in LEARNT if "\ud83d" not in text), *NEW]
    expected = tokenizer.encode(np.array(texts, object))
    np.testing.assert_array_equal(saved(_strings(texts)), expected)
    assert saved.predict(_strings(texts), verbose=0).tolist() == expected.tolist()


def test_letters_written_of_several_signs_are_not_put_together(tmp_path):
    tokenizer = Tokenizer.fit(["é"], "character", length=3)
    saved = _saved(TextInputs(tokenizer), tmp_path)
    apart = "e\u0301"
    assert tokenizer.encode(np.array([apart], object)).tolist() == [[2, 0, 0]]
    assert saved(_strings([apart])).numpy().tolist() == [[1, 1, 0]]


@pytest.mark.parametrize("exact", [False, True])
def test_words_are_given_as_strings(tmp_path, exact):
    texts = ["A fine day, a fine night.", "Don't [UNK] 42 times!", "straße 中国"]
    tokenizer = Tokenizer.fit(texts, "word", length=8, exact=exact)
    saved = _saved(TextInputs(tokenizer), tmp_path)
    new = [*texts, "", "Another FINE text with many more words than are kept"]
    tokens = [_filled(cut(text, "word", exact), 8) for text in new]
    expected = tokenizer.encode(np.array(new, object))
    np.testing.assert_array_equal(saved(tf.constant(tokens)), expected)


def _built(model, signature):
    is_transformer = model == "transformer_translator"
    parameters = {"embedding": 8, "layers": 1, "heads": 2, "key_size": 4, "feed_forward": 8}
    spec = RunSpec.from_dict(
        {
            "data": {"source": "any"},
            "model": {"name": model, "parameters": parameters if is_transformer else {"units": 4}},
        }
    )
    return build(resolve(spec, signature), signature)


@pytest.mark.parametrize(
    ("model", "unit"), [("gru_translator", "character"), ("transformer_translator", "word")]
)
def test_a_saved_translator_writes_what_ours_writes(tmp_path, model, unit):
    x = ["ein Haus", "kein Haus", "Haus und Hof", "Hof"]
    y = ["a hut", "no hut", "a yard", "hut"]
    examples = Examples(
        x=np.array(x, object), y=np.array(y, object), kind=Kind.TEXT, task=Task.TRANSLATION
    )
    fitted = Preprocessing.fit(examples, np.arange(4), PreprocessingSpec(tokens=unit))
    signature = fitted.signature(examples)
    network = _built(model, signature)
    served = ServedModel(network, Contract.of(examples, fitted))
    served.save(tmp_path)
    expected = served.predict(examples.x)
    given = _strings(x)
    if unit == "word":
        length = signature.input_shape[0]
        given = tf.constant([_filled(cut(text, "word", exact=True), length) for text in x])
    written = keras.saving.load_model(tmp_path / "model.keras").predict(given, verbose=0)
    found = [b"".join(row).decode().lstrip() for row in written]
    assert [text.replace("[UNK]", "�") for text in found] == [
        text.replace(" �", "�") for text in expected
    ]
    assert ServedModel.load(tmp_path).predict(examples.x).tolist() == expected.tolist()


def test_a_saved_translator_of_long_texts_says_what_follows(tmp_path):
    examples = Examples(
        x=np.array(["a", "bb"], object), y=np.array(["c" * 70, "d" * 9], object),
        kind=Kind.TEXT, task=Task.TRANSLATION,
    )  # fmt: skip
    fitted = Preprocessing.fit(examples, np.arange(2), PreprocessingSpec())
    signature = fitted.signature(examples)
    network = _built("transformer_translator", signature)
    ServedModel(network, Contract.of(examples, fitted)).save(tmp_path)
    saved = keras.saving.load_model(tmp_path / "model.keras")
    so_far = np.zeros((2, 70), np.int32)
    so_far[:, 0] = signature.n_classes
    prepared = np.concatenate([fitted.transform_x(examples.x), so_far], axis=1)
    found = saved([_strings(["a", "bb"])[:, None], tf.constant(so_far)])
    np.testing.assert_array_equal(found, network(prepared, training=False))
    assert len(ServedModel.load(tmp_path).predict(examples.x)) == 2
