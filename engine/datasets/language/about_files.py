"""Files such as readme.txt beside texts: they tell of the data, or are a class of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from engine.datasets.files import FoundFile
from engine.events.findings import MAX_NAMES, DataFinding, Remedy, Trouble

# What such files are called; the first are seldom anything else, the others are words, too.
_DESCRIPTIONS = ("readme", "license", "licence", "changelog")
_WORDS = ("about", "notice", "authors", "copying")
_BLOCK = 1 << 16
# A class has about as many texts as others; a description is shorter.
_LIKE_OTHERS = 0.5


def is_description(path: Path) -> bool:
    """Whether a file, by its name alone, may tell of the data and hold none of it."""
    return path.stem.lower() in (*_DESCRIPTIONS, *_WORDS)


def without_descriptions(
    files: Sequence[FoundFile], choice: Literal["auto", "keep", "drop"], exclude: Sequence[str]
) -> tuple[tuple[FoundFile, ...], tuple[DataFinding, ...]]:
    """Leaves out the files that tell of the data.

    In the folder of a class a file is one of its texts. Beside others it is a class where every
    part has it; or, named with an ordinary word, where there would be fewer than two classes
    without it, or it has about as many lines as the others.

    Args:
        files: All text files.
        choice: As `TextParameters.about`.
        exclude: What is left out already; remedies keep it.

    Returns:
        The other files, and what was decided, with the other reading.
    """
    asked = [file for file in files if is_description(file.path)]
    if not asked or choice == "keep":
        return tuple(files), ()
    kept = [] if choice == "drop" else list(_classes(files, asked))
    dropped = [file for file in asked if file not in kept]
    findings = []
    if kept and choice == "auto":
        findings.append(_kept(kept, exclude))
    if dropped:
        names = tuple(file.name for file in dropped)
        text = f"Taken for descriptions and left out: {', '.join(names[:5])}."
        remedy = Remedy("Take them for texts", {"data.parameters.about": "keep"})
        findings.append(
            DataFinding(Trouble.LEFT_OUT, "", text, names[:MAX_NAMES], len(names), (remedy,))
        )
    return tuple(file for file in files if file not in dropped), tuple(findings)


def _classes(files: Sequence[FoundFile], asked: Sequence[FoundFile]) -> Iterator[FoundFile]:
    others = [file for file in files if file not in asked]
    names = {file.class_name or file.path.stem for file in others}
    parts = {file.part for file in others}
    in_parts = Counter(file.path.stem.lower() for file in asked if not file.class_name)
    n_lines = [_lines(file.path) for file in others if not file.class_name]
    for file in asked:
        stem = file.path.stem.lower()
        if file.class_name:
            yield file
        elif not n_lines:
            continue  # beside folders of classes
        elif (len(parts) > 1 and in_parts[stem] == len(parts)) or (
            stem in _WORDS
            and (len(names) < 2 or _lines(file.path) >= max(2.0, _LIKE_OTHERS * np.median(n_lines)))
        ):
            yield file


def _lines(path: Path) -> int:
    """How many lines end in a file; 0 where it cannot be read, which is told elsewhere."""
    count = 0
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                count += block.count(b"\n")
    except OSError:
        return 0
    return count


def _kept(kept: Sequence[FoundFile], exclude: Sequence[str]) -> DataFinding:
    names = tuple(file.name for file in kept)
    text = f"Taken for texts, though descriptions may be named so: {', '.join(names[:5])}."
    remedy = Remedy("Leave them out", {"data.exclude": (*exclude, *names)})
    return DataFinding(Trouble.UNDERSTOOD, "", text, names[:MAX_NAMES], len(names), (remedy,))
