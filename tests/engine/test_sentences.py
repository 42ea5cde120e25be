"""Sentences in another language: taken apart, filled, and left alone where they are not known."""

import re
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.spec.sentences import (
    MAX_TEXT,
    MAX_WORK,
    Catalogue,
    Template,
    catalogue_of,
    translate,
)

PAIRS = {
    "Column '{name}' is empty and was left out.": "列“{name}”为空，已排除。",
    "{n:number} of {m:number} rows are {why:words}.": "{m} 行中有 {n} 行{why}。",
    "copies of '{name}'": "“{name}”的副本",
    "wrong": "有误",
    "The data is held in memory.": "数据驻留在内存中。",
    "Overfits: {own} here, {other} there.": "过拟合：此处 {own}，彼处 {other}。",
    "{names} and {n:number} more": "{names} 及另外 {n} 个",
    "It names {names:words}.": "列出了{names}。",
    "It is: {what:words}.": "它是：{what}。",
    "Here {what:words} is {value}.": "此处{what}为 {value}。",
    "what is right": "正确率",
    "error rate of words": "词错误率",
    "Its {metric:words} {value:number} is {low:number} better.": "{metric}为 {value}，好 {low}。",
}


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return Catalogue(PAIRS)


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("The data is held in memory.", "数据驻留在内存中。"),
        ("Column 'age' is empty and was left out.", "列“age”为空，已排除。"),
        ("3 of 1,200 rows are wrong.", "1,200 行中有 3 行有误。"),
        ("3 of 4 rows are copies of 'b'.", "4 行中有 3 行“b”的副本。"),
        ("3 of 4 rows are green.", "4 行中有 3 行 green。"),
        ("It names 'a', 'b' and 12 more.", "列出了 'a', 'b' 及另外 12 个。"),
        (
            "It names 'salt and 3 more', 'b' and 12 more.",
            "列出了 'salt and 3 more', 'b' 及另外 12 个。",
        ),
        ("It is: wrong; copies of 'a'; wrong.", "它是：有误；“a”的副本；有误。"),
        ("It is: wrong, copies of 'a' and 3.", "它是：wrong, copies of 'a' and 3。"),
        ("wrong; copies of 'a'", "有误；“a”的副本"),
        ("It is: wrong; green.", "它是：wrong; green。"),
        ("Here what is right is 3.", "此处正确率为 3。"),
        ("Its error rate of words 16.9 % is 2 better.", "词错误率为 16.9 %，好 2。"),
        ("", ""),
        ("3.5", "3.5"),
    ],
)
def test_a_sentence_is_said_with_what_is_in_its_gaps(catalogue, english, chinese):
    assert catalogue.translate(english) == chinese


def test_sentences_one_after_another_are_taken_apart(catalogue):
    text = "Overfits: 0.5 here, 2 there. The data is held in memory. 3 of 4 rows are wrong."
    said = "过拟合：此处 0.5，彼处 2。数据驻留在内存中。4 行中有 3 行有误。"
    assert catalogue.translate(text) == said


@pytest.mark.parametrize(
    "text",
    [
        "Nobody knows this sentence.",
        "wrong; green",  # a part of it is known
        "three of 4 rows are wrong.",  # no number
        "Column 'age' is empty and was left out, too.",
        "The  data is held in memory",
    ],
)
def test_what_is_not_known_stays_as_it_is(catalogue, text):
    assert catalogue.translate(text) == text


def test_an_unknown_sentence_stays_whole_among_others(catalogue):
    text = "The data is held in memory. Nobody knows, e.g. this 'The data'. 3 of 4 rows are wrong."
    said = "数据驻留在内存中。Nobody knows, e.g. this 'The data'. 4 行中有 3 行有误。"
    assert catalogue.translate(text) == said


@pytest.mark.parametrize(
    "name",
    [
        "The data is held in memory.",
        "a. The data is held in memory. b",
        "Column 'x' is empty and was left out. 3 of 4 rows are wrong.",
        "{name} {0} {n:number}",
        r"\1 \g<0> .* (?P<a>",
        "it's' ' is empty",
        "wrong",
        "\n\t\0",
        "“”。",
        "日本. Overfits: 1 here, 2 there.",
    ],
)
def test_names_are_never_translated_however_they_are(catalogue, name):
    text = f"Column '{name}' is empty and was left out."
    assert catalogue.translate(text) == f"列“{name}”为空，已排除。"


def test_no_half_of_an_unknown_sentence_is_translated(catalogue):
    text = "Unknown: 'a. The data is held in memory. b' it is."
    assert catalogue.translate(text) == text


@given(st.text(max_size=40), st.text(max_size=40))
def test_what_is_filled_in_is_found_again(first, second):
    template = Template.of("From {a} to {b}, it is.", "")
    ways = list(template.fill(f"From {first} to {second}, it is."))
    assert ways
    for found in ways:
        assert f"From {found[0]} to {found[1]}, it is." == f"From {first} to {second}, it is."


@given(st.text(max_size=300))
def test_any_text_at_all_is_borne(text):
    catalogue = Catalogue(PAIRS)
    assert isinstance(catalogue.translate(text), str)
    assert catalogue.work <= 2 * MAX_WORK


@given(st.text(alphabet="ab. \n'!\t", max_size=60))
def test_without_a_word_of_ours_every_blank_stays(text):
    assert Catalogue({}).translate(text) == text


class TestLongTexts:
    @pytest.mark.parametrize(
        "piece",
        [
            "a. ",
            "Column '",
            "3 of 4 rows are ",
            "wrong; ",
            "' and 3 more",
            " to ",
            "'. '",
            "the of in and is to was. ",
            "x; x, x and x. ",
        ],
    )
    def test_a_hostile_one_takes_bounded_work(self, catalogue, piece):
        text = piece * (MAX_TEXT // len(piece))
        for one in (catalogue, catalogue_of("zh_CN")):
            one.translate(text)
            assert 0 < one.work <= MAX_WORK + MAX_TEXT

    def test_one_of_a_megabyte_comes_back_without_a_look_at_it(self, catalogue):
        text = "The data is held in memory. " * 40_000
        assert catalogue.translate(text) == text
        assert catalogue.work == 0

    def test_work_grows_in_proportion_to_the_length(self, catalogue):
        works = []
        for n in (60, 120, 240):
            catalogue.translate("Column 'a' is empty and was left out. " * n)
            works.append(catalogue.work)
        assert works[2] < 2.2 * works[1] < 2.2 * 2.2 * works[0]


def test_the_catalogue_is_read_when_it_is_asked_for():
    """Neither the module nor English reads it."""
    code = (
        "import sys, engine.spec.sentences as it;"
        "assert it.translate('XLA is off.', 'en') == 'XLA is off.';"
        "assert not it.catalogue_of.cache_info().currsize;"
        "assert it.translate('XLA is off.', 'zh_CN') != 'XLA is off.';"
        "assert it.catalogue_of.cache_info().currsize == 1"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_language_without_a_catalogue_leaves_english():
    assert translate("XLA is off.", "fr") == "XLA is off."
    assert re.search(r"[一-鿿]", translate("XLA is off.", "zh_CN"))
