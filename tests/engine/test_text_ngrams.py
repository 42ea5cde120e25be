"""Runs of letters, words and pairs of words as the network counts them, against plain Python."""

import re
from collections import Counter
from itertools import pairwise

import keras
import numpy as np
import pytest
import tensorflow as tf

from engine.architectures import ARCHITECTURES
from engine.architectures.text_ngrams import letter_runs, word_numbers
from engine.inference.explaining.sanity import last_layers
from engine.preprocessing.text import TextInputs
from engine.preprocessing.tokens import UNKNOWN, Tokenizer
from engine.spec.parameters import validate
from engine.spec.run_spec import PreprocessingSpec, RunSpec
from engine.spec.signature import Kind, Signature, Task
from engine.training.defaults import resolve

TEXTS = [
    "Good, good BOOK; not a bad_one!",
    "(good) straße Σίσυφος a",
    "",
    "a",
    " .,! ",
    "🙂🙂 ok 🙂",
    "שלום עולם",
    "हिन्दी में\tहै",
    "İstanbul ǅ K",
    "a book a book a book",
]
LONGEST = 4


def objects(texts):
    found = np.empty(len(texts), object)
    found[:] = texts
    return found


@pytest.fixture(scope="module")
def tokenizer():
    return Tokenizer.fit(objects(TEXTS), "letter", length=40)


@pytest.fixture(scope="module")
def ids(tokenizer):
    return tokenizer.encode(objects(TEXTS))


def _folded(text):
    signs = (" " if sign.isspace() else sign.lower() for sign in text)
    return "".join(low if len(low) == 1 else sign for low, sign in zip(signs, text, strict=True))


def _runs(text):
    """All runs of the text between two spaces that hold it but for one space at most."""
    framed = f"\0{_folded(text)}\0"
    found = []
    for length in range(2, LONGEST + 1):
        for start in range(len(framed) - length + 1):
            run = framed[start : start + length]
            if len(run.strip("\0")) >= length - 1:
                found.append((length, run.replace("\0", " ")))
    return found


def _words(text):
    words = re.findall(r"[\w\u0900-\u0963]+", _folded(text))
    return [*words, *pairwise(words)]


def _are_told_apart(numbers, things):
    """Each thing has one number wherever it stands, and hardly any has another's."""
    of = {}
    for row, own in zip(numbers, things, strict=True):
        counts, expected = Counter(row[row > 0].tolist()), Counter(own)
        assert counts.total() == expected.total()
        for thing, times in expected.items():
            like_it = {number for number, count in counts.items() if count >= times}
            of.setdefault(thing, like_it).intersection_update(like_it)
            assert of[thing], f"{thing} has different numbers"
    different = {number for row in numbers for number in row[row > 0].tolist()}
    assert 0.98 * len(of) <= len(different) <= len(of)


def test_runs_of_letters_have_a_number_each(ids):
    _are_told_apart(np.asarray(letter_runs(ids, LONGEST)), [_runs(text) for text in TEXTS])


def test_words_and_pairs_have_a_number_each(ids, tokenizer):
    numbers = np.asarray(word_numbers(ids, tokenizer.n_separators))
    _are_told_apart(numbers, [_words(text) for text in TEXTS])


def test_numbers_stay_in_their_table_at_the_longest_text():
    full = np.full((1, 16_000), 34_000, np.int32)
    full[0, ::3] = 2
    for numbers in (letter_runs(full, 8), word_numbers(full, 3)):
        found = np.asarray(numbers)
        assert found.min() >= 0
        assert found.max() < 2**17


def test_what_separates_words_comes_first_and_the_space_before_all(tokenizer):
    signs = tokenizer.vocabulary
    assert signs[0] == " "
    assert set(signs[: tokenizer.n_separators]) == set(" ,;!().🙂")
    assert all(sign == _folded(sign) for sign in signs)


def test_case_is_not_told_apart_and_what_is_new_is_unknown(tokenizer):
    upper, lower, new = tokenizer.encode(objects(["GOOD ΣΊ", "good σί", "€"]))
    np.testing.assert_array_equal(upper, lower)
    assert new[0] == UNKNOWN


def test_the_saved_model_reads_letters_as_we_do(tokenizer, tmp_path):
    keras.Model(*TextInputs(tokenizer).build()).save(tmp_path / "letters.keras")
    saved = keras.saving.load_model(tmp_path / "letters.keras")
    texts = [*TEXTS, "\u00a0NEW\u3000€\n", "GOOD " * 30]
    expected = tokenizer.encode(objects(texts))
    given = tf.constant([text.encode() for text in texts])
    np.testing.assert_array_equal(saved(given), expected)


def test_survives_being_stored_and_says_what_is_cut():
    tokenizer = Tokenizer.fit(objects(["a b"] * 199 + ["long " * 200_000]), "letter")
    assert tokenizer.length == 3
    assert Tokenizer.from_dict(tokenizer.to_dict()) == tokenizer
    assert ("Cut off", "0.5% of the texts are longer") in tokenizer.facts
    alone = Tokenizer.fit(objects(["long " * 200_000]), "letter")
    assert alone.length == 16_000
    assert not any(name == "Cut off" for name, _ in Tokenizer.fit(["a b"], "letter").facts)


@pytest.mark.parametrize(
    ("task", "n_classes"),
    [
        (Task.CLASSIFICATION, 2),
        (Task.CLASSIFICATION, 40),
        (Task.MULTILABEL, 3),
        (Task.REGRESSION, 0),
    ],
)
def test_odd_texts_have_finite_answers(task, n_classes, ids, tokenizer):
    signature = Signature(
        Kind.TEXT,
        task,
        ids.shape[1:],
        n_classes,
        n_tokens=tokenizer.n_tokens,
        n_separators=tokenizer.n_separators,
    )
    found = np.asarray(_built(signature)(ids, training=False))
    assert found.shape == (len(TEXTS), signature.n_outputs)
    assert np.isfinite(found).all()


def test_texts_of_one_letter_are_enough():
    signature = Signature(Kind.TEXT, Task.CLASSIFICATION, (1,), 2, n_tokens=4, n_separators=1)
    assert np.isfinite(_built(signature)(np.array([[0], [3]], np.int32))).all()


def test_letters_are_what_it_is_given_unless_somebody_says_otherwise():
    signature = Signature(Kind.TEXT, Task.CLASSIFICATION, (9,), 2, n_tokens=9, n_separators=2)
    model = {"data": {"source": "any"}, "model": {"name": "text_ngrams"}}
    assert resolve(RunSpec.from_dict(model), signature).preprocessing.tokens == "letter"
    words = RunSpec.from_dict({**model, "preprocessing": {"tokens": "word"}})
    assert resolve(words, signature).preprocessing.tokens == "word"
    assert PreprocessingSpec().decided().tokens == "auto"


def test_few_examples_are_learnt_in_small_batches_and_long_texts_few_at_once():
    architecture = ARCHITECTURES["text_ngrams"]

    def size(length, n_train):
        signature = Signature(
            Kind.TEXT, Task.CLASSIFICATION, (length,), 2, n_tokens=9, n_train=n_train
        )
        return architecture.defaults_for(signature).batch_size

    assert [size(100, n) for n in (0, 10, 1_600, 100_000)] == [128, 8, 16, 128]
    assert size(12_000, 100_000) == 16


def test_the_sanity_check_shuffles_the_weights_of_words_and_letters():
    signature = Signature(Kind.TEXT, Task.CLASSIFICATION, (9,), 2, n_tokens=9, n_separators=2)
    shuffled = {layer.name for layer in last_layers(_built(signature))}
    assert {"weights_of_words", "weights_of_letters", "output"} <= shuffled


def _built(signature):
    architecture = ARCHITECTURES["text_ngrams"]
    return architecture.build(signature, validate(architecture.parameters, {}, "model"))
