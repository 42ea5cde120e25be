"""CorrectionLog: who said which label of some data is another one, when, and what was taken back.

A log lies in a file of its own; the data is never changed. A run refers to a version of it that
stays as it is (`CorrectionLog.freeze`), so that an old run means what it meant.
"""

from __future__ import annotations

import csv
import getpass
import hashlib
import io
import json
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from engine.datasets.corrections.marks import value_words
from engine.devices.console.escaping import cell_text
from engine.errors import DatasetError
from engine.events.review import Decision, LabelValue, Review
from engine.files import atomic_write, cannot_write
from engine.files.bounded import DAMAGED, member, read_object, reason_of, sealed_text, unsealed

SCHEMA_NUMBER = 1
FOLDER, LOG_NAME = "corrections", "log.json"
_MAX_BYTES = 64 << 20
_OWNER = "corrections"
CORRECT, EXCLUDE = "correct", "exclude"


@dataclass(frozen=True)
class Correction:
    """One example whose label is another one, or that is left out.

    Attributes:
        row: Its index in the data when it was corrected.
        name: What it is called.
        mark: The digest of its content (`ContentMarks`).
        before: The label that stands there.
        action: ``correct`` or ``exclude``.
        label: The right one, where it is corrected.
        who: Who said so.
        when: In UTC, as ISO 8601.
        is_blind: Said without knowing what a model thinks of it.
        undone: When it was taken back; empty: it holds.
    """

    row: int
    name: str
    mark: str
    before: LabelValue
    action: str
    label: LabelValue | None = None
    who: str = ""
    when: str = ""
    is_blind: bool = True
    undone: str = ""


def now() -> str:
    """The present moment as corrections are stamped."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def person() -> str:
    """Who is logged in; empty where the system does not say."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""


def log_path(workspace: Path, source: str, target: str) -> Path:
    """Where the corrections of some data lie.

    Args:
        workspace: The folder that holds the runs.
        source: Name or absolute path of the data.
        target: What is predicted, for which the labels are.
    """
    key = hashlib.blake2b(f"{source}\0{target}".encode(), digest_size=10).hexdigest()
    return workspace / FOLDER / key / LOG_NAME


@dataclass(frozen=True)
class CorrectionLog:
    """Corrections of some data, in the order in which they were made.

    Attributes:
        source: Name or path of the data.
        target: What is predicted.
        entries: Those that were taken back, too.
    """

    source: str
    target: str
    entries: tuple[Correction, ...] = ()

    @property
    def in_effect(self) -> tuple[Correction, ...]:
        """The last of each example that holds, by its row."""
        last = {entry.row: entry for entry in self.entries if not entry.undone}
        return tuple(last[row] for row in sorted(last))

    def with_entry(self, entry: Correction) -> Self:
        """Returns a log with one more correction; an older one of the example is taken back."""
        return replace(self, entries=(*self.undo(entry.row).entries, entry))

    def undo(self, row: int) -> Self:
        """Returns a log in which nothing of an example holds any more."""
        return replace(
            self,
            entries=tuple(
                replace(entry, undone=now()) if entry.row == row and not entry.undone else entry
                for entry in self.entries
            ),
        )

    def reviewed(self, review: Review, who: str, places: Collection[int] | None = None) -> Self:
        """Returns a log that says what a review says of its suspects, and no more of them.

        What was said of controls measures the reviewer; it corrects nothing.

        Args:
            review: What was said.
            who: Said it.
            places: Of which items; of the others may hold what somebody said elsewhere since.
                None: of all.
        """
        log = self
        standing = {entry.row: entry for entry in self.in_effect}
        changed = review.taken_back | {place for place, _ in review.history}
        for place, item in enumerate(review.items):
            if places is not None and place not in places:
                continue
            answer = review.answers.get(place)
            if item.is_control or (answer is None and place not in changed):
                continue  # nothing is said of it: what an earlier review said holds
            if answer is None or answer.decision not in (Decision.CORRECT, Decision.EXCLUDE):
                log = log.undo(item.row) if item.row in standing else log
                continue
            entry = Correction(
                item.row,
                item.name,
                item.mark,
                item.value,
                answer.decision.value,
                answer.label,
                who,
                answer.when,
                answer.is_blind,
            )
            if standing.get(item.row) != replace(entry, who=_who(standing, item.row, who)):
                log = log.with_entry(entry)
        return log

    # ---- on disk

    def save(self, path: Path) -> None:
        """Writes it.

        Raises:
            WorkspaceError: It cannot be written.
        """
        _make_room(path)
        atomic_write(path, self._text())

    def freeze(self, path: Path) -> Path:
        """Writes the corrections that hold to a file that is never changed again.

        Args:
            path: Where the log lies.

        Returns:
            The file, named after what it holds.

        Raises:
            WorkspaceError: It cannot be written.
        """
        frozen = replace(self, entries=self.in_effect)
        text = frozen._text()
        digest = hashlib.blake2b(text.encode(), digest_size=6).hexdigest()
        place = path.with_name(f"{describe(frozen.entries) or 'nothing'} ({digest}).json")
        if not place.exists():
            _make_room(place)
            atomic_write(place, text)
        return place

    def _text(self) -> str:
        values = {
            "schema_number": SCHEMA_NUMBER,
            "source": self.source,
            "target": self.target,
            "entries": [asdict(entry) for entry in self.entries],
        }
        return sealed_text(values, _OWNER)

    @classmethod
    def load(cls, path: Path) -> CorrectionLog:
        """Reads a log.

        Raises:
            DatasetError: There is none, it is damaged, or was written by a newer Descent.
        """
        try:
            values = unsealed(read_object(path, _MAX_BYTES), _OWNER)
            if member(values, "schema_number", int) > SCHEMA_NUMBER:
                raise DatasetError(
                    f"The corrections in '{path}' were written by a newer version of Descent. "
                    f"Received: schema {values['schema_number']}.",
                    "Update Descent.",
                )
            entries = member(values, "entries", list)
            return cls(
                member(values, "source", str),
                member(values, "target", str),
                tuple(_entry(item) for item in entries),
            )
        except FileNotFoundError:
            raise DatasetError(
                f"There are no corrections '{path}'.",
                "Name the file that holds them, or leave data.corrections out.",
            ) from None
        except DAMAGED as error:
            raise DatasetError(
                f"The corrections in '{path}' cannot be read: {reason_of(error)}.",
                "Bring the file back as it was, or leave data.corrections out.",
            ) from error

    def to_csv(self) -> str:
        """The corrections that hold as CSV; no cell is run as a formula by a spreadsheet."""
        stream = io.StringIO(newline="")
        writer = csv.writer(stream)
        writer.writerow(("index", "name", "before", "action", "label", "who", "when", "blind"))
        for it in self.in_effect:
            label = "" if it.label is None else value_words(it.label)
            texts = (it.name, value_words(it.before), it.action, label, it.who)
            cells = [cell_text(text) for text in texts]
            writer.writerow((it.row, *cells, it.when, "yes" if it.is_blind else "no"))
        return stream.getvalue()


def _make_room(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(path.parent, error) from error


def _who(standing: dict[int, Correction], row: int, who: str) -> str:
    return standing[row].who if row in standing else who


def _entry(values: Any) -> Correction:
    if not isinstance(values, dict):
        raise TypeError("an entry is no object")
    entry = Correction(**values)
    if entry.action not in (CORRECT, EXCLUDE) or not isinstance(entry.row, int):
        raise ValueError(f"there is no action '{entry.action}'")
    return entry


def describe(corrections: Iterable[Correction]) -> str:
    """How many labels are corrected and examples left out, in words; empty: none."""
    listed = list(corrections)
    n_corrected = sum(it.action == CORRECT for it in listed)
    n_left_out = len(listed) - n_corrected
    words = []
    if n_corrected:
        words.append(f"{n_corrected:,} label{'s' if n_corrected > 1 else ''} corrected")
    if n_left_out:
        words.append(f"{n_left_out:,} example{'s' if n_left_out > 1 else ''} left out")
    return ", ".join(words)


def known(values: Any) -> str:
    """A label value as text that can be compared."""
    return json.dumps(values, sort_keys=True)
