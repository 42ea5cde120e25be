"""What the folders above files mean: a part of the data, a class, or neither.

``train`` may be a part, or the class of trains: told by all folders together.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from engine.events.findings import DataFinding, Remedy, Trouble
from engine.spec.parameters import Parameters, parameter

PART_FOLDERS: dict[str, int] = {
    "train": 0,
    "training": 0,
    "val": 1,
    "valid": 1,
    "validation": 1,
    "dev": 1,
    "test": 2,
    "testing": 2,
}
"""Names of folders that say which part their files belong to: 0 training, 1 validation, 2 test."""
# Words that change nothing: training_set, test-images, seg_train.
_FILLING = r"(set|data|dataset|images?|imgs?|files?|folder|split|seg)"
_PART_NAME = re.compile(
    rf"(?:{_FILLING}[ _.-]?)?(?P<part>{'|'.join(PART_FOLDERS)})(?:[ _.-]?{_FILLING})?"
)

FolderChoice = Literal["auto", "parts", "classes", "inner"]
# Folders of one data set of masks: pictures of the same names, not classes.
_PAIRED = ({"image", "images", "img", "imgs", "photos"}, {"mask", "masks", "annotations", "gt"})
Spellings = Literal["auto", "exact"]


class SpellingParameters(Parameters):
    """Which names of classes are the same."""

    spellings: Spellings = parameter(
        "auto",
        label="Spellings of a class",
        help="'auto' takes names that differ in capitals alone, or in how accents are composed, "
        "for one class; 'exact' keeps them apart.",
        advanced=True,
    )


class FolderParameters(SpellingParameters):
    """What folders mean, where their names do not tell."""

    folders: FolderChoice = parameter(
        "auto",
        label="Folders named train, valid or test",
        help="'parts' divides the data by them, 'classes' learns them as classes. 'auto' takes "
        "them for parts where there are two of them, or where they hold folders of classes. "
        "'inner' learns the folders inside those at the top.",
        advanced=True,
    )


def part_of(folder: str) -> int:
    """The part that a folder's name says, -1 where it says none."""
    found = _PART_NAME.fullmatch(folder.lower())
    return PART_FOLDERS[found["part"]] if found else -1


@dataclass(frozen=True)
class FolderMeaning:
    """What the folders of some files mean.

    Attributes:
        parts: The part of each folder at the top that stands for one.
        aside: Folders beside parts that are none.
        like_parts: Folders named like parts that are classes.
        inner: The folders inside those at the top are the classes.
        inner_parts: They are parts.
        shared: Folders that every class has inside.
        are_pairs: Two folders seem to hold images and their masks.
        spelling: How each class is written, by how its folder is; unlike spellings alone.
    """

    parts: Mapping[str, int] = field(default_factory=dict)
    aside: frozenset[str] = frozenset()
    like_parts: tuple[str, ...] = ()
    inner: bool = False
    inner_parts: bool = False
    shared: tuple[str, ...] = ()
    are_pairs: bool = False
    spelling: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls, names: Sequence[str], choice: FolderChoice = "auto", spellings: Spellings = "auto"
    ) -> FolderMeaning:
        """Looks at the names of all files, relative to the root, with slashes."""
        below: dict[str, set[str]] = {}
        for name in names:
            top, *deeper = name.split("/")[:-1] or [""]
            below.setdefault(top, set()).update(deeper[:1])
        below.pop("", None)
        found = cls(inner=True) if choice == "inner" else cls._at_the_top(below, choice)
        if spellings == "exact":
            return found
        counts = Counter(class_name for name in names if (class_name := found.of_file(name)[0]))
        return replace(found, spelling=one_spelling(counts))

    @classmethod
    def _at_the_top(cls, below: Mapping[str, set[str]], choice: FolderChoice) -> FolderMeaning:
        """What the folders at the top mean, each with the folders in it."""
        named = {top: part_of(top) for top in sorted(below) if part_of(top) >= 0}
        others = below.keys() - named.keys()
        if choice == "classes":
            return cls()
        if choice == "auto" and not _are_parts(named, others, below):
            return cls(like_parts=tuple(named))
        if named:
            have_classes = any(below[top] for top in named)
            return cls(named, frozenset(others) if have_classes else frozenset())
        if _hold_parts(below):
            return cls(inner_parts=True)
        inside = list(below.values())
        is_shared = len(inside) > 1 and len(inside[0]) > 1 and all(f == inside[0] for f in inside)
        tops = {top.lower() for top in below}
        pairs = len(tops) == 2 and all(tops & group for group in _PAIRED)
        return cls(shared=tuple(sorted(inside[0])) if is_shared else (), are_pairs=pairs)

    def of_file(self, name: str) -> tuple[str, int]:
        """The class and the part of a file; an empty class is none."""
        folders = name.split("/")[:-1]
        if not folders or folders[0] in self.aside:
            return "", -1
        part = self.parts.get(folders[0], -1)
        while part >= 0 and folders and part_of(folders[0]) == part:
            folders = folders[1:]  # twice where an archive was unpacked into a folder of its name
        if self.inner:
            folders = folders[1:]
        if self.inner_parts and len(folders) > 1:
            part = part_of(folders[1])
        class_name = folders[0] if folders else ""
        return self.spelling.get(class_name, class_name), part

    @property
    def findings(self) -> tuple[DataFinding, ...]:
        """What was understood, where that could surprise."""
        found = []
        if self.like_parts:
            text = (
                f"Taken for classes, as they stand beside others: {', '.join(self.like_parts)}."
                if len(self.like_parts) > 1
                else f"The folder '{self.like_parts[0]}' is taken for a class, as the folders "
                "beside it are."
            )
            remedy = Remedy("Take it for a part of the data", {"data.parameters.folders": "parts"})
            found.append(DataFinding(Trouble.UNDERSTOOD, "", text, self.like_parts, 0, (remedy,)))
        if self.aside:
            aside, parts = sorted(self.aside), ", ".join(self.parts)
            text = f"Left out, as it is no part beside {parts}: {', '.join(aside[:5])}."
            remedy = Remedy("Take all for classes", {"data.parameters.folders": "classes"})
            found.append(
                DataFinding(Trouble.LEFT_OUT, "", text, tuple(aside[:100]), len(aside), (remedy,))
            )
        if self.inner_parts:
            text = "The folders inside those of the classes were taken for parts of the data."
            remedy = Remedy("Take the classes alone", {"data.parameters.folders": "classes"})
            found.append(DataFinding(Trouble.UNDERSTOOD, "", text, remedies=(remedy,)))
        if self.shared:
            text = f"Every class holds the same folders: {', '.join(self.shared[:5])}."
            remedy = Remedy("Take those for the classes", {"data.parameters.folders": "inner"})
            found.append(DataFinding(Trouble.UNDERSTOOD, "", text, self.shared[:100], 0, (remedy,)))
        if self.are_pairs:
            text = (
                "The folders seem to hold images and their masks; what is learnt is to tell one "
                "from the other."
            )
            found.append(DataFinding(Trouble.UNDERSTOOD, "", text))
        if self.spelling:
            found.append(spelling_finding(self.spelling))
        return tuple(found)


def _hold_parts(below: Mapping[str, set[str]]) -> bool:
    """Whether every class's folder holds folders of parts, and two of them."""
    parts = [{part_of(folder) for folder in folders} for folders in below.values()]
    return len(below) > 1 and all(len(kinds) > 1 and -1 not in kinds for kinds in parts)


def _are_parts(
    named: Mapping[str, int], others: Iterable[str], below: Mapping[str, set[str]]
) -> bool:
    """Whether folders named like parts are parts, told by those beside and below them."""
    beside = set(others)
    if not named or not beside or len(set(named.values())) > 1:
        return True
    inside = set().union(*(below[top] for top in named))
    beside_holds = set().union(*(below[top] for top in beside))
    return len(inside) > 1 and (len(beside) == 1 or bool(inside & beside_holds))


def one_spelling(counts: Mapping[str, int]) -> dict[str, str]:
    """One way to write each class, by every way that occurs; those written in one way are left out.

    Single letters are kept apart: ``a`` and ``A`` are classes of handwriting.

    Args:
        counts: How often each name occurs.
    """
    alike: dict[str, list[str]] = {}
    for name in counts:
        plain = " ".join(unicodedata.normalize("NFC", name).split())
        alike.setdefault(plain if len(plain) == 1 else plain.casefold(), []).append(name)
    return {
        name: max(sorted(group), key=lambda one: counts[one])
        for group in alike.values()
        if len(group) > 1
        for name in group
    }


def spelling_finding(spelling: Mapping[str, str]) -> DataFinding:
    """Says which names were taken for one class."""
    others: dict[str, list[str]] = {}
    for name, taken in sorted(spelling.items()):
        if name != taken:
            others.setdefault(taken, []).append(name)
    names = tuple(f"{', '.join(map(repr, group))}: {taken!r}" for taken, group in others.items())
    text = (
        "Taken for one class, as they differ in capitals or in how letters are composed alone: "
        f"{'; '.join(names[:5])}."
    )
    remedy = Remedy("Keep them apart", {"data.parameters.spellings": "exact"})
    return DataFinding(Trouble.UNDERSTOOD, "", text, names[:100], len(names), (remedy,))
