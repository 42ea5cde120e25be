"""How texts become numbers of tokens, in plain code."""

from __future__ import annotations

from typing import Final

from engine.preprocessing.targets import TokenTargets
from engine.preprocessing.text import TextInputs
from engine.preprocessing.tokens import Tokenizer
from engine.service.results.exporting.script.subject import Subject

_NEEDS: Final = ("import unicodedata", "from collections import Counter", "import numpy as np")
_CUT: Final = {
    "character": '''\
def cut(text):
    """Cuts a text into its letters; signs that make one letter are put together."""
    return list(unicodedata.normalize("NFC", text))''',
    "letter": '''\
def small(sign):
    """A small letter; one space for all kinds of space."""
    folded = " " if sign.isspace() else sign.lower()
    return folded if len(folded) == 1 else sign


def cut(text):
    """Cuts a text into small letters."""
    return [small(sign) for sign in unicodedata.normalize("NFC", text)]


def separates(sign):
    """Whether a sign stands between words."""
    is_of_word = sign.isalnum() or sign in "_\\u200c\\u200d"
    return not is_of_word and unicodedata.category(sign)[0] != "M"''',
    "word": '''\
def cut(text):
    """Cuts a text into words, in small letters, and into the signs between them."""
    return re.findall(r"\\w+|[^\\w\\s]", unicodedata.normalize("NFC", text).casefold())''',
    "word with marks": '''\
# Vowel signs and other marks belong to their word, though Python's \\w leaves them out.
SIGNS = map(chr, [*range(0x300, 0x20000), *range(0xE0100, 0xE01F0)])
MARKS = "".join(it for it in SIGNS if unicodedata.category(it)[0] == "M" or it in "\\u200c\\u200d")
WORD = re.compile(rf"\\w[\\w{MARKS}]*|[^\\w\\s]")


def cut(text):
    """Cuts a text into words, in small letters, and into the signs between them."""
    return WORD.findall(unicodedata.normalize("NFC", text).casefold())''',
    "exact": '''\
# A token holds the space before it, so that texts can be put together again; digits stand alone.
SIGNS = map(chr, [*range(0x300, 0x20000), *range(0xE0100, 0xE01F0)])
MARKS = "".join(it for it in SIGNS if unicodedata.category(it)[0] == "M" or it in "\\u200c\\u200d")
TOKEN = re.compile(rf" ?(?:\\d|[^\\W\\d](?:[^\\W\\d]|[{MARKS}])*|[^\\w\\s])")


def cut(text):
    """Cuts a text into words with the space before them, digits, and other signs."""
    return TOKEN.findall(" ".join(unicodedata.normalize("NFC", text).split()))''',
}
_ENCODE: Final = '''\
def encode(texts, vocabulary, length):
    """Numbers of tokens, (n, length): 0 is padding, 1 what the vocabulary lacks."""
    number_of = {token: number for number, token in enumerate(vocabulary, 2)}
    ids = np.zeros((len(texts), length), "int32")
    for row, text in enumerate(texts):
        found = [number_of.get(token, 1) for token in cut(text)[:length]]
        ids[row, : len(found)] = found
    return ids'''


def text_code(
    subject: Subject, inputs: TextInputs, is_literal: bool
) -> tuple[str, tuple[str, ...]]:
    """Statements that make ``x`` of texts.

    Args:
        subject: The run.
        inputs: Their fitted preparation.
        is_literal: Words keep the marks of scripts that have some.
    """
    tokenizer = inputs.tokenizer
    kind = _kind(tokenizer)
    if kind == "word" and is_literal:
        kind = "word with marks"
    length = _length(subject, tokenizer)
    code = (
        f"{_CUT[kind]}\n\n\n{_ENCODE}\n\n\n"
        "# The vocabulary is learnt from the training part, the most frequent tokens first.\n"
        "cuts = [cut(text) for text in x[train]]\n"
        f"{_vocabulary('vocabulary', tokenizer, subject.spec.preprocessing.vocabulary)}\n"
        f"x = encode(x, vocabulary, {length})"
    )
    return code, _needs(kind)


def token_code(subject: Subject, targets: TokenTargets) -> tuple[str, tuple[str, ...]]:
    """Statements that make ``y`` of texts that are to be written."""
    tokenizer = targets.tokenizer
    kind = _kind(tokenizer)
    inputs = subject.prepared.preprocessing.inputs
    is_known = isinstance(inputs, TextInputs) and _kind(inputs.tokenizer) == kind
    before = "" if is_known else f"{_CUT[kind]}\n\n\n{_ENCODE}\n\n\n"
    if isinstance(inputs, TextInputs) and not is_known:
        before = before.replace("def cut(", "def cut_target(").replace(
            "cut(text)", "cut_target(text)"
        )
        before = before.replace("def encode(", "def encode_target(")
    cut = "cut_target" if "cut_target" in before else "cut"
    encode = "encode_target" if "cut_target" in before else "encode"
    most = None if targets.blank_first else subject.spec.preprocessing.vocabulary
    code = (
        f"{before}# What is to be written has its own vocabulary, and room for the longest.\n"
        f"cuts = [{cut}(text) for text in y[train]]\n"
        f"{_vocabulary('y_vocabulary', tokenizer, most)}\n"
        f"answers, y = y, {encode}(y, y_vocabulary, max(map(len, cuts)))"
    )
    return code, _needs(kind)


def _kind(tokenizer: Tokenizer) -> str:
    if tokenizer.unit != "word":
        return tokenizer.unit
    return "exact" if tokenizer.exact else "word"


def _needs(kind: str) -> tuple[str, ...]:
    return ("import re", *_NEEDS) if kind.startswith(("word", "exact")) else _NEEDS


def _length(subject: Subject, tokenizer: Tokenizer) -> str:
    if subject.spec.preprocessing.length is not None:
        return str(tokenizer.length)
    share = 0.99 if tokenizer.unit == "letter" else 0.95
    most = 16_000 if tokenizer.unit == "letter" else 1_000
    if tokenizer.length == most:
        return str(most)
    return f"int(np.ceil(np.quantile([len(it) for it in cuts], {share})))"


def _vocabulary(name: str, tokenizer: Tokenizer, most: int | None) -> str:
    lines = ["counts = Counter(token for tokens in cuts for token in tokens)"]
    by = "(-counts[token], token)"
    cut_off = "" if most is None or len(tokenizer.vocabulary) < most else f"[:{most}]"
    lines.append(f"{name} = sorted(counts, key=lambda token: {by}){cut_off}")
    if tokenizer.unit == "letter":
        lines += [
            "# The space first, then what stands between words, then letters.",
            f'others = sorted(set({name}) - {{" "}}, key=lambda sign: (not separates(sign), sign))',
            f'{name} = [" ", *others]',
        ]
    return "\n".join(lines)


__all__ = ["text_code", "token_code"]
