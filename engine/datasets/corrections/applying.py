"""Data with its corrections: other labels, and examples that are in no part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from engine.datasets.base import Examples, IndexArray
from engine.datasets.corrections.log import (
    CORRECT,
    EXCLUDE,
    Correction,
    CorrectionLog,
    describe,
    known,
)
from engine.datasets.corrections.marks import (
    ContentMarks,
    can_be_corrected,
    label_value,
    target_of,
    value_words,
)
from engine.datasets.split import Parts
from engine.errors import DatasetError
from engine.events.findings import MAX_NAMES, DataFinding, Remedy, Trouble
from engine.spec.run_spec import DataSpec
from engine.spec.signature import Output

_HINT = "Bring the data back as it was, or leave data.corrections out."


def corrected(
    examples: Examples, parts: Parts, data: DataSpec, source: str
) -> tuple[Examples, Parts]:
    """Applies the corrections that a spec names, after the data was divided: parts stay the same.

    Labels of the test part are changed only where that was said blind.

    Args:
        examples: As they are in the data.
        parts: How they were divided.
        data: Of the spec.
        source: Name or path of the data as the dataset has it.

    Raises:
        DatasetError: The corrections cannot be read, or the data is no longer that which they are
            of.
    """
    if data.corrections is None:
        return examples, parts
    log = CorrectionLog.load(Path(data.corrections).expanduser())
    if not can_be_corrected(examples):
        raise DatasetError(
            "This data has no labels that could be corrected.", "Leave data.corrections out."
        )
    entries = _present(log.in_effect, examples, source)
    is_test = np.isin([entry.row for entry in entries], parts.test)
    used = [it for it, test in zip(entries, is_test, strict=True) if it.is_blind or not test]
    y = _corrected_targets(examples, used)
    gone = np.array([it.row for it in used if it.action == EXCLUDE], np.int64)
    finding = _finding(used, len(entries) - len(used), data.corrections)
    facts = (*examples.facts, ("Corrections", describe(used) or "none"))
    changed = replace(examples, y=y, findings=(*examples.findings, finding), facts=facts)
    return changed, _without(parts, gone)


def _present(entries: Sequence[Correction], examples: Examples, source: str) -> list[Correction]:
    """The corrections by the rows that the examples have now, each made sure to be of its example.

    Raises:
        DatasetError: One is gone, or is another example than it was.
    """
    marks = ContentMarks(examples, source)
    places = _places(entries, examples)
    found = []
    for entry in entries:
        row = places.get(entry.name)
        if row is None:
            raise DatasetError(
                f"'{entry.name}', whose label was corrected, is no longer in the data.", _HINT
            )
        standing = label_value(examples, examples.y[row])
        if known(standing) != known(entry.before):
            raise DatasetError(
                f"The label of '{entry.name}' has changed since it was corrected. It was "
                f"'{value_words(entry.before)}'. Received: '{value_words(standing)}'.",
                _HINT,
            )
        if _mark(marks, entry.name, row) != entry.mark:
            raise DatasetError(
                f"'{entry.name}' is another example than that whose label was corrected.", _HINT
            )
        found.append(replace(entry, row=row))
    return found


def _mark(marks: ContentMarks, name: str, row: int) -> str:
    try:
        return marks.of(row)
    except OSError as error:
        raise DatasetError(f"'{name}' cannot be read: {error}.", _HINT) from error


def _places(entries: Sequence[Correction], examples: Examples) -> dict[str, int]:
    """Where the examples are now, by name; files may have come before them."""
    n = examples.n_samples
    places = {
        it.name: it.row for it in entries if it.row < n and examples.name_of(it.row) == it.name
    }
    missing = {it.name for it in entries} - places.keys()
    if missing and examples.names:
        places |= {name: row for row, name in enumerate(examples.names) if name in missing}
    return places


def _corrected_targets(examples: Examples, entries: Sequence[Correction]) -> IndexArray:
    y = np.array(examples.y)
    for entry in entries:
        if entry.action != CORRECT or entry.label is None:
            continue
        try:
            y[entry.row] = target_of(examples, entry.label)
        except (ValueError, TypeError) as error:
            raise DatasetError(
                f"The corrected label of '{entry.name}' is none of this data: {error}.", _HINT
            ) from error
    if examples.output is Output.CLASSES and len(np.unique(y)) < 2 <= len(np.unique(examples.y)):
        raise DatasetError("With its corrections the data has one class only.", _HINT)
    return y


def _without(parts: Parts, gone: IndexArray) -> Parts:
    if not len(gone):
        return parts
    train, validation, test = (part[~np.isin(part, gone)] for part in parts.all)
    if not len(train):
        raise DatasetError("The corrections leave nothing to learn from.", _HINT)
    return replace(parts, train=train, validation=validation, test=test)


def _finding(used: Sequence[Correction], n_unused: int, path: str) -> DataFinding:
    names = [
        f"{it.name}: {value_words(it.before)} → {value_words(it.label)}"
        if it.label is not None
        else f"{it.name}: {value_words(it.before)}, left out"
        for it in used[:MAX_NAMES]
    ]
    text = f"{(describe(used) or 'Nothing corrected').capitalize()}, as '{Path(path).name}' says."
    if n_unused:
        text += (
            f" {n_unused:,} of the test part {'is' if n_unused == 1 else 'are'} not used: what a "
            "model thinks of them was known when they were corrected."
        )
    remedy = Remedy("Use the data as it is", {"data.corrections": None})
    return DataFinding(Trouble.UNDERSTOOD, "", text, tuple(names), len(used), (remedy,))
