"""What has changed of the data since a run was trained on it: files, and columns of tables."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from engine.datasets.content import ColumnDigests, Columns, Content
from engine.datasets.tables.table_opening import open_source
from engine.datasets.tables.table_passes import LARGE_BYTES
from engine.errors import DescentError
from engine.files.bounded import DAMAGED, member, open_plain

KIND: Final = "data_changed"
"""By which programs know the finding."""
MAX_NAMES: Final = 100
_SHOWN: Final = 5
_BLOCK: Final = 1 << 20
_COMPARED_BYTES: Final = 256 << 20
"""Data of fewer bytes is compared by content even where sizes and times are as they were."""


@dataclass(frozen=True)
class FileMark:
    """A file as it was read.

    Attributes:
        size: In bytes.
        time_ns: When it was changed.
        digest: Of its content; empty: not known.
        columns: Of a table, a digest of each column; empty: not known.
    """

    size: int
    time_ns: int
    digest: str = ""
    columns: Columns = field(default_factory=dict)

    def to_values(self) -> list[Any]:
        """Returns JSON-ready values."""
        return [self.size, self.time_ns, self.digest, dict(self.columns)]

    @classmethod
    def from_values(cls, values: list[Any]) -> FileMark:
        """Rebuilds what `to_values` returned; raises ValueError or TypeError for others."""
        size, time_ns, digest, columns = values
        named = {"size": size, "time": time_ns, "digest": digest, "columns": columns}
        return cls(
            member(named, "size", int),
            member(named, "time", int),
            member(named, "digest", str),
            member(named, "columns", dict),
        )


Marks = Mapping[str, FileMark]
"""The files of some data by name."""


def names_of(content: Content, source: str) -> dict[str, Path]:
    """The files of data by the names that they have in its folder."""
    root = Path(source)
    root = root if root.is_dir() else root.parent
    named = {}
    for path in content.files:
        is_below = path.is_relative_to(root)
        named[path.relative_to(root).as_posix() if is_below else str(path)] = path
    return named


def seen(path: Path) -> FileMark | None:
    """Size and time of a file; None where there is none."""
    try:
        state = path.stat()
    except OSError:
        return None
    return FileMark(state.st_size, state.st_mtime_ns)


def content_digest(path: Path, is_over: Callable[[], bool] = lambda: False) -> str:
    """A digest of a file's content; empty where it cannot be read, or is no longer wanted."""
    digest = hashlib.blake2b(digest_size=16)
    try:
        with open_plain(path) as file:
            while block := file.read(_BLOCK):
                if is_over():
                    return ""
                digest.update(block)
    except OSError:
        return ""
    return digest.hexdigest()


def column_digests(path: Path, content: Content) -> Columns:
    """Digests of the columns of a table; empty where it is none, or too large to read again."""
    if path in content.columns:
        return content.columns[path]
    try:
        if path not in content.tables or path.stat().st_size > LARGE_BYTES:
            return {}
        digests = ColumnDigests()
        for chunk in open_source(path, content.tables[path]).chunks():
            digests.add(chunk.cells)
        return digests.digests()
    except (DescentError, *DAMAGED):  # whoever trains on it says why
        return {}


@dataclass(frozen=True)
class DataChange:
    """What is another than it was.

    Attributes:
        changed: Files with other content.
        added, removed: Files that were not there, and that are not there.
        renamed: Files with the same content under another name: the old and the new one.
        columns: Of tables that changed, the columns that did, by file; where that is known.
        unknown: Why it is not known what changed, in a sentence; empty: it is known.
    """

    changed: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    renamed: tuple[tuple[str, str], ...] = ()
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unknown: str = ""

    def __bool__(self) -> bool:
        return bool(self.changed or self.added or self.removed or self.renamed or self.unknown)

    @property
    def text(self) -> str:
        """What changed, in a sentence."""
        if self.unknown:
            return self.unknown
        renamed = [f"{old} → {new}" for old, new in self.renamed]
        parts = [
            _part(names, verb)
            for names, verb in (
                ([self._with_columns(name) for name in self.changed], "changed"),
                (self.added, "added"),
                (self.removed, "removed"),
                (renamed, "renamed"),
            )
            if names
        ]
        first, *others = parts
        first = first.replace(":", " since this run was trained:", 1)
        return f"{'; '.join([first, *others])}."

    def to_finding(self) -> dict[str, Any]:
        """The finding as JSON values: its kind, what it says, and on what ground."""
        names: dict[str, list[Any]] = {
            "changed": list(self.changed),
            "added": list(self.added),
            "removed": list(self.removed),
            "renamed": [list(pair) for pair in self.renamed],
        }
        evidence: dict[str, Any] = {key: listed[:MAX_NAMES] for key, listed in names.items()}
        evidence["counts"] = {key: len(listed) for key, listed in names.items()}
        evidence["columns"] = {name: list(columns) for name, columns in self.columns.items()}
        return {"kind": KIND, "text": self.text, "evidence": evidence}

    def _with_columns(self, name: str) -> str:
        columns = self.columns.get(name, ())
        if not columns:
            return name
        word = "column" if len(columns) == 1 else "columns"
        quoted = [f"'{column}'" for column in columns]
        return f"{name} ({word} {_listed(quoted)})"


def _part(names: Iterable[str], verb: str) -> str:
    listed = list(names)
    files = "1 file" if len(listed) == 1 else f"{len(listed):,} files"
    was = "" if verb == "changed" else "was " if len(listed) == 1 else "were "
    return f"{files} {was}{verb}: {_listed(listed)}"


def _listed(names: list[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more:,} more" if more > 0 else "")


def compare(before: Marks, named: Mapping[str, Path], content: Content) -> DataChange:
    """Compares the files of data with how they were.

    A file that was only touched has not changed; neither has a table that is written in another
    way and has the same cells.

    Args:
        before: As they were.
        named: The files there are now, by name; those that are no longer there may be left out.
        content: What is known of them.
    """
    now = {name: mark for name, path in named.items() if (mark := seen(path)) is not None}
    is_small = sum(mark.size for mark in now.values()) <= _COMPARED_BYTES
    changed, columns = [], {}
    for name in sorted(before.keys() & now.keys()):
        old, new, path = before[name], now[name], named[name]
        is_alike = (old.size, old.time_ns) == (new.size, new.time_ns)
        others = _other_columns(old.columns, content.columns.get(path, {}))
        if is_alike and not others and not (is_small and old.digest):
            continue
        if old.digest and old.size == new.size and content_digest(path) == old.digest:
            continue
        others = _other_columns(old.columns, column_digests(path, content))
        if others is None:
            continue  # the same cells, written in another way
        changed.append(name)
        if others:
            columns[name] = others
    added, removed = sorted(now.keys() - before.keys()), sorted(before.keys() - now.keys())
    renamed = _renamed(before, removed, named, now, added)
    gone, new_names = {old for old, _ in renamed}, {new for _, new in renamed}
    return DataChange(
        tuple(changed),
        tuple(name for name in added if name not in new_names),
        tuple(name for name in removed if name not in gone),
        renamed,
        columns,
    )


def _other_columns(old: Columns, new: Columns) -> tuple[str, ...] | None:
    """The columns that are others; empty: not known; None: none of them."""
    if not old or not new:
        return ()
    if old == new and list(old) == list(new):
        return None
    names = [name for name in dict.fromkeys((*old, *new)) if old.get(name) != new.get(name)]
    return tuple(names) or None


def _renamed(
    before: Marks,
    removed: list[str],
    named: Mapping[str, Path],
    now: Marks,
    added: list[str],
) -> tuple[tuple[str, str], ...]:
    """Files that are gone and are there under another name."""
    waiting: dict[tuple[int, str], list[str]] = {}
    for name in removed:
        if before[name].digest:
            waiting.setdefault((before[name].size, before[name].digest), []).append(name)
    sizes = {size for size, _ in waiting}
    found = []
    for name in added:
        if now[name].size in sizes:
            same = waiting.get((now[name].size, content_digest(named[name])), [])
            if same:
                found.append((same.pop(0), name))
    return tuple(found)


def is_untouched(before: Marks, source: str) -> bool:
    """Whether every file has the size and the time that it had; nothing is read."""
    root = Path(source)
    root = root if root.is_dir() else root.parent
    for name, mark in before.items():
        found = seen(Path(os.path.join(root, name)))  # noqa: PTH118  (an absolute one stays so)
        if found is None or (found.size, found.time_ns) != (mark.size, mark.time_ns):
            return False
    return True
