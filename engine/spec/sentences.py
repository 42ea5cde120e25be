"""Turns sentences that the engine made in English into another language, where they are shown.

Databases and files keep them in English. A catalogue, ``resources/languages/zh_CN.json``, holds a
template of each with gaps, and the same in the other language. Three kinds of gaps:

- ``{name}``: stays as it is: a name of a column or a class, a number.
- ``{n:number}``: the same, and matches nothing but a number.
- ``{what:words}``: words of the engine, or a list of such, which are looked up in turn; others stay
  as they are.

Work grows in proportion to the length of a text and has a bound, whatever the text holds.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from engine.files.bounded import read_object

LANGUAGES: Final = ("zh_CN",)
"""Of which there is a catalogue."""
MAX_TEXT: Final = 10_000
"""Characters; a longer text is none of ours, and stays as it is."""
MAX_WORK: Final = 2_000_000
"""Characters that are compared with templates for one text."""
FOLDER: Final = Path(__file__).resolve().parents[2] / "resources" / "languages"
_MAX_PIECES: Final = 10
"""Of a text, between full stops, that one sentence is made of."""
_LISTS: Final = {"; ": "；", ", ": "，", " and ": "和"}
_MAX_DEPTH: Final = 5
_GAP: Final = re.compile(r"\{(\w+)(?::(\w+))?\}")
_NUMBER: Final = re.compile(r"[-+\N{MINUS SIGN}]?(\d+([.,]\d+)*(e[-+]?\d+)?|inf|nan)( ?%)?")
_LETTERS: Final = re.compile(r"[^\W\d_]{2,}")
_WORDS: Final = re.compile(r"\w+")
_END: Final = re.compile(r"(?<=[.!?])\s+")
_QUOTED: Final = re.compile(r"(?<!\w)'[^']{0,200}'(?!\w)")
_CHINESE: Final = re.compile(r"[\u4e00-\u9fff]")
_LATIN: Final = re.compile(r"[-'A-Za-z0-9%±\N{MINUS SIGN}]")
_MARK: Final = re.compile(r"(?<!\w)'|'(?!\w)")
_WIDE: Final = "。，；：！？、）”"


@dataclass(frozen=True)
class Gap:
    """A gap of a template: its name, and what it holds."""

    name: str
    kind: str = ""

    def may_begin(self, text: str, place: int) -> bool:
        """Whether what stands at a place of a text could be the first of it."""
        return self.kind != "number" or _NUMBER.match(text, place) is not None

    def takes(self, text: str) -> bool:
        """Whether it may hold a text."""
        return self.kind != "number" or _NUMBER.fullmatch(text) is not None


@dataclass(frozen=True)
class Template:
    """A sentence with gaps.

    Attributes:
        literals: What stands before, between and behind the gaps; one more than these.
        gaps: In the order of the English sentence.
        said: The same in the other language, with its gaps.
        words: Words that stand in every text that matches.
    """

    literals: tuple[str, ...]
    gaps: tuple[Gap, ...]
    said: str
    words: frozenset[str]

    @classmethod
    def of(cls, english: str, said: str) -> Template:
        """Takes a line of a catalogue apart."""
        gaps = [Gap(*it.groups(default="")) for it in _GAP.finditer(english)]
        with_marks = _GAP.sub("\0", english)
        # A word that touches a gap may go on in it.
        whole = re.sub(r"\w*\0\w*", " ", with_marks)
        words = frozenset(_WORDS.findall(whole))
        return cls(tuple(with_marks.split("\0")), tuple(gaps), said, words)

    def fill(self, text: str) -> Iterator[tuple[str, ...]]:
        """What a text may hold in the gaps; nothing: it is another sentence.

        A gap ends at the first place where what follows it stands, or else at the last. Both
        ways take as long as the text, whatever it holds.
        """
        first, last = self.literals[0], self.literals[-1]
        room = len(text) - len(last)
        if not self.gaps or room < len(first):
            return
        if not text.startswith(first) or not text.endswith(last):
            return
        ways = (find(text, len(first), room) for find in (self._forward, self._backward))
        for values in dict.fromkeys(ways):
            if values is not None and all(map(Gap.takes, self.gaps, values)):
                yield values

    def _forward(self, text: str, start: int, end: int) -> tuple[str, ...] | None:
        values = []
        for literal, following in zip(self.literals[1:-1], self.gaps[1:], strict=True):
            place = text.find(literal, start, end)
            while place >= 0 and not following.may_begin(text, place + len(literal)):
                place = text.find(literal, place + 1, end)
            if place < 0:
                return None
            values.append(text[start:place])
            start = place + len(literal)
        return (*values, text[start:end])

    def _backward(self, text: str, start: int, end: int) -> tuple[str, ...] | None:
        values = []
        for literal in reversed(self.literals[1:-1]):
            place = text.rfind(literal, start, end)
            if place < 0:
                return None
            values.append(text[place + len(literal) : end])
            end = place
        return (text[start:end], *reversed(values))


@dataclass(frozen=True)
class _Said:
    """A text in the other language, and what of it is English still.

    Attributes:
        unknown: Letters in sentences that no template matches.
        torn: Gaps that hold one end of a name in quotation marks: sentences end elsewhere.
        left: Letters in gaps.
    """

    text: str
    unknown: int = 0
    torn: int = 0
    left: int = 0

    @property
    def cost(self) -> tuple[int, int, int]:
        """The less, the better."""
        return self.unknown, self.torn, self.left


class _Work:
    """One text's: counts the characters that were compared."""

    def __init__(self, names: frozenset[str]) -> None:
        self.names = names
        self.done = 0

    @property
    def is_over(self) -> bool:
        """There was more than any text of ours takes."""
        return self.done > MAX_WORK


class Catalogue:
    """The sentences of the engine in a language.

    Attributes:
        work: Characters that the text before was compared with templates over.

    Args:
        pairs: Templates in English, and in the language.
    """

    def __init__(self, pairs: Mapping[str, str]) -> None:
        self.work = 0
        self._whole = {english: said for english, said in pairs.items() if "{" not in english}
        templates = [Template.of(*pair) for pair in pairs.items() if "{" in pair[0]]
        frequency = Counter(word for it in templates for word in it.words)
        self._by_word: dict[str, list[Template]] = defaultdict(list)
        for template in templates:
            # A text is compared with those templates alone of which it holds the rarest word.
            rarest = min(sorted(template.words), key=frequency.__getitem__, default="")
            self._by_word[rarest].append(template)

    def translate(self, text: str, names: Collection[str] = ()) -> str:
        """A text in the language; a sentence that is not known stays as it is, whole.

        Args:
            text: One sentence, several, or a few words.
            names: Names from the data, which stay as they are where words of the engine could
                stand: a column may be called ``time``.
        """
        said = self._whole_text(text, names)
        if said is None or said.text.split() == text.split():
            return text  # with all its blanks
        return said.text

    def knows(self, text: str) -> bool:
        """Whether all of a text is in the catalogue."""
        said = self._whole_text(text, ())
        return said is not None and not said.unknown

    def _whole_text(self, text: str, names: Collection[str]) -> _Said | None:
        """A text in the language; None: it is none of ours, and too long to be looked at."""
        work = _Work(frozenset(names))
        said = self._best(text, work, 0) if len(text) <= MAX_TEXT else None
        self.work = work.done
        return None if work.is_over else said

    def _best(self, text: str, work: _Work, depth: int) -> _Said:
        """A text as sentences, or as a list, so that the fewest letters stay in English."""
        said = self._sentences(text, work, depth)
        return said if not said.unknown else self._list(text, work, depth) or said

    def _sentences(self, text: str, work: _Work, depth: int) -> _Said:
        ends = [0, *_ends(text), len(text)]
        best = [_Said("")]
        for j in range(1, len(ends)):
            ways = []
            for i in range(max(0, j - _MAX_PIECES), j):
                piece = text[ends[i] : ends[j]]
                said = self._sentence(piece.strip(), work, depth)
                if said is None and i == j - 1:
                    said = _Said(piece, _n_letters(piece))  # with the blanks behind it
                if said is not None:
                    ways.append(_joined(best[i], said))
            best.append(min(ways, key=lambda it: it.cost))
        return best[-1]

    def _sentence(self, text: str, work: _Work, depth: int) -> _Said | None:
        """One sentence, or a part of one; None: it is not known."""
        if work.is_over:
            return None
        work.done += len(text)
        if text in work.names or not _LETTERS.search(text):
            return _Said(text)
        if text in self._whole:
            return _Said(self._whole[text])
        if depth >= _MAX_DEPTH:
            return None
        found: list[_Said] = []
        for template in self._candidates(text):
            work.done += len(text)
            if work.is_over:
                return None
            found += [self._filled(template, it, work, depth) for it in template.fill(text)]
        return min(found, key=lambda it: it.cost, default=None)

    def _candidates(self, text: str) -> Iterator[Template]:
        for word in dict.fromkeys(("", *_WORDS.findall(text))):
            yield from self._by_word.get(word, ())

    def _list(self, text: str, work: _Work, depth: int) -> _Said | None:
        """A list of words; None: not all of them are known, or it is none."""
        for separator, other in _LISTS.items():
            parts = text.split(separator)
            found = [self._sentence(it, work, depth) for it in parts] if len(parts) > 1 else [None]
            known = [it for it in found if it is not None]
            if len(known) == len(found):
                costs = map(sum, zip(*(it.cost for it in known), strict=True))
                return _Said(other.join(it.text for it in known), *costs)
        return None

    def _filled(self, template: Template, values: Iterable[str], work: _Work, depth: int) -> _Said:
        """A template with its gaps filled."""
        said, torn, left = {}, 0, 0
        for gap, value in zip(template.gaps, values, strict=True):
            inner = self._best(value, work, depth + 1) if gap.kind == "words" else None
            if inner is None or inner.unknown:
                inner = _Said(value, 0, _is_torn(value), _n_letters(value))
            said[gap.name] = inner.text
            torn, left = torn + inner.torn, left + inner.left
        return _Said(_fill(template.said, said), 0, torn, left)


def _fill(template: str, values: Mapping[str, str]) -> str:
    """A template with what its gaps hold; blanks part Chinese from Latin letters and digits."""

    def spaced(gap: re.Match[str]) -> str:
        value = values[gap[1]]
        before, after = template[: gap.start()][-1:], template[gap.end() :][:1]
        first = " " if _CHINESE.match(before) and _LATIN.match(value[:1]) else ""
        last = " " if _CHINESE.match(after) and _LATIN.match(value[-1:]) else ""
        return f"{first}{value}{last}"

    return _GAP.sub(spaced, template)


def _ends(text: str) -> Iterator[int]:
    """Where a sentence may end: at a full stop that stands in no name."""
    quoted = [it.span() for it in _QUOTED.finditer(text)]
    place = 0
    for end in _END.finditer(text):
        while place < len(quoted) and quoted[place][1] <= end.start():
            place += 1
        is_in_name = place < len(quoted) and quoted[place][0] < end.start()
        if not is_in_name and end.end() < len(text):
            yield end.end()


def _joined(before: _Said, after: _Said) -> _Said:
    is_parted = not before.text or before.text[-1] in _WIDE or before.text[-1].isspace()
    text = before.text + ("" if is_parted or not after.text else " ") + after.text
    costs = (one + other for one, other in zip(before.cost, after.cost, strict=True))
    return _Said(text, *costs)


def _is_torn(value: str) -> bool:
    return len(_MARK.findall(value)) % 2 == 1


def _n_letters(text: str) -> int:
    return sum(map(len, _LETTERS.findall(text)))


def pairs_of(path: Path) -> dict[str, str]:
    """The lines of a catalogue, in which they stand by the rooms that say them."""
    rooms = read_object(path)
    return {english: said for lines in rooms.values() for english, said in lines.items()}


@cache
def catalogue_of(language: str) -> Catalogue:
    """The catalogue of one of `LANGUAGES`, read when it is first asked for."""
    return Catalogue(pairs_of(FOLDER / f"{language}.json"))


def translate(text: str, language: str, names: Collection[str] = ()) -> str:
    """A text that the engine made in English, in a language; in one without catalogue as it is.

    Args:
        text, names: As `Catalogue.translate` takes them.
        language: Such as ``zh_CN``.
    """
    return catalogue_of(language).translate(text, names) if language in LANGUAGES else text
