"""Tokenizer: what is cut, kept and read back."""

import unicodedata

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.datasets.base import Examples
from engine.preprocessing import Preprocessing
from engine.preprocessing.cutting import cut
from engine.preprocessing.tokens import (
    FIRST_TOKEN,
    MAX_AUTO_LENGTH,
    PADDING,
    UNKNOWN,
    UNKNOWN_SIGN,
    Tokenizer,
)
from engine.spec.run_spec import PreprocessingSpec
from engine.spec.signature import Kind, Task

TEXTS = st.lists(st.text(max_size=40), min_size=1, max_size=8)


def objects(*texts):
    found = np.empty(len(texts), object)
    found[:] = texts
    return found


@settings(deadline=None)
@given(TEXTS)
def test_characters_come_back_as_they_were(texts):
    tokenizer = Tokenizer.fit(objects(*texts), "character", keep_all=True)
    ids = tokenizer.encode(objects(*texts))
    composed = [unicodedata.normalize("NFC", text) for text in texts]
    assert [tokenizer.decode(row) for row in ids] == composed


@settings(deadline=None)
@given(TEXTS)
def test_exact_words_come_back_but_for_the_kind_of_blanks(texts):
    tokenizer = Tokenizer.fit(objects(*texts), "word", keep_all=True, exact=True)
    ids = tokenizer.encode(objects(*texts))
    expected = [" ".join(unicodedata.normalize("NFC", text).split()) for text in texts]
    assert [tokenizer.decode(row) for row in ids] == expected


@settings(deadline=None)
@given(TEXTS, st.sampled_from(["word", "character"]), st.booleans(), st.integers(1, 12))
def test_ids_are_those_of_the_tokens_one_by_one(texts, unit, exact, length):
    tokenizer = Tokenizer.fit(objects(*texts), unit, 5, length, exact=exact)
    ids = tokenizer.encode(objects(*texts))
    assert ids.shape == (len(texts), length)
    assert ids.dtype == np.int32
    numbers = {token: FIRST_TOKEN + place for place, token in enumerate(tokenizer.vocabulary)}
    for row, text in zip(ids, texts, strict=True):
        found = [numbers.get(token, UNKNOWN) for token in cut(text, unit, exact)][:length]
        assert row.tolist() == found + [PADDING] * (length - len(found))


@settings(deadline=None)
@given(TEXTS, st.sampled_from(["word", "character"]), st.booleans())
def test_survives_being_saved(texts, unit, exact):
    tokenizer = Tokenizer.fit(objects(*texts), unit, exact=exact)
    again = Tokenizer.from_dict(tokenizer.to_dict())
    assert again == tokenizer
    np.testing.assert_array_equal(again.encode(objects(*texts)), tokenizer.encode(objects(*texts)))


def test_a_tokenizer_saved_before_exact_words_is_read():
    values = {"unit": "word", "vocabulary": ["a"], "length": 3}
    assert not Tokenizer.from_dict(values).exact


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Don't stop, B2B 1984!", ["don", "'", "t", "stop", ",", "b2b", "1984", "!"]),
        ("हिन्दी भाषा", ["हिन्दी", "भाषा"]),
        ("Straße", ["strasse"]),
        ("日本語です。", ["日本語です", "。"]),
        ("  \n\t ", []),
    ],
)
def test_words_of_many_scripts_are_cut(text, words):
    assert cut(text, "word") == words


def test_exact_words_keep_case_and_spaces_and_cut_numbers_into_digits():
    assert cut("Am  12. März", "word", exact=True) == ["Am", " 1", "2", ".", " März"]


def test_letters_written_of_two_signs_are_the_same_as_those_of_one():
    assert cut("e\u0301", "character") == cut("é", "character") == ["é"]


@pytest.mark.parametrize(
    ("texts", "unit"),
    [
        (("Abel", "Baker", "van Dyk"), "character"),
        (("a good film", "dull"), "character"),
        (("a good film", "what a bore", "fine"), "word"),
        (("今日は良い天気です", "映画は退屈だった"), "character"),
    ],
)
def test_auto_takes_characters_where_most_texts_have_no_spaces(texts, unit):
    assert Tokenizer.fit(objects(*texts)).unit == unit


def test_the_most_frequent_tokens_are_kept_and_ties_are_alphabetical():
    tokenizer = Tokenizer.fit(objects("b b c a", "c d"), "word", vocabulary=3)
    assert tokenizer.vocabulary == ("b", "c", "a")
    assert tokenizer.encode(objects("d b")).tolist()[0][:2] == [UNKNOWN, FIRST_TOKEN]
    assert tokenizer.decode(np.array([UNKNOWN, 2, PADDING, 3])) == f"{UNKNOWN_SIGN} b"


def test_length_is_enough_for_95_of_100_and_no_book_fills_the_memory():
    texts = objects(*["a b"] * 96, *["a " * 50] * 4)
    assert Tokenizer.fit(texts, "word").length == 2
    assert Tokenizer.fit(texts, "word", keep_all=True).length == 50
    assert Tokenizer.fit(objects("a " * 5_000), "word").length == MAX_AUTO_LENGTH
    assert Tokenizer.fit(objects("a " * 5_000), "word", length=4_000).length == 4_000


def test_only_the_beginning_of_a_long_text_is_cut_with_the_same_ids():
    rare = "x" * 100
    long = f"{rare} {rare} b " + "a " * 2_000
    tokenizer = Tokenizer.fit(objects(long), "word", length=5)
    expected = [tokenizer.vocabulary.index(t) + FIRST_TOKEN for t in cut(long, "word")[:5]]
    assert tokenizer.encode(objects(long)).tolist() == [expected]


def test_the_vocabulary_is_of_the_training_part_alone():
    x = objects(*"abcdefgh")
    examples = Examples(x, np.arange(8) % 2, Kind.TEXT, Task.CLASSIFICATION, class_names=("0", "1"))
    fitted = Preprocessing.fit(examples, np.arange(4), PreprocessingSpec())
    assert fitted.inputs.tokenizer.vocabulary == ("a", "b", "c", "d")
    assert fitted.transform_x(x)[:, 0].tolist() == [2, 3, 4, 5, 1, 1, 1, 1]
    assert ("Cut into", "characters") in fitted.facts


def test_translation_is_read_back_in_its_own_case():
    x, y = objects("zwei und zwei", "das Haus"), objects("Two and two", "The house, then")
    examples = Examples(x, y, Kind.TEXT, Task.TRANSLATION)
    fitted = Preprocessing.fit(examples, np.arange(2), PreprocessingSpec())
    outputs = np.eye(fitted.targets.tokenizer.n_tokens)[fitted.transform_y(y)]
    assert fitted.restore_y(outputs).tolist() == y.tolist()
    signature = fitted.signature(examples)
    assert (signature.target_length, signature.n_tokens) == (4, fitted.inputs.n_tokens)
