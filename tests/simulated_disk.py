"""SimulatedDisk: records what a program writes, and rebuilds what a power cut would have left.

A disk keeps only what it was told to keep: the content of a file since its last `fsync`, a name in
a directory since the last `fsync` of that directory. Everything later may be there, be missing, or
be torn, each by itself. SQLite's files are written by its own code, out of sight of Python; they
are copied after each commit, which is durable (`synchronous=FULL` is checked), and between two
commits any 512-byte sector may be the old or the new one, as in SQLite's own tests
(https://www.sqlite.org/testing.html, "crash testing").
"""

from __future__ import annotations

import os
import random
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.runs.database import Database
from engine.runs.places import DATABASE

SECTOR = 512
LOG_PAGES = 30
"""Pages after which the log is taken into the database: few, so that this happens often."""
_FULL = 2
_HOOKED = ("rename", "replace", "mkdir", "unlink", "remove", "rmdir")

Names = dict[str, int]
SqliteFiles = dict[str, bytes]


@dataclass(frozen=True)
class Moment:
    """The disk at one moment.

    Attributes:
        names: Of each directory, by what may be found after a power cut: what was flushed last,
            then each state since.
        flushed: Content of each file at its last flush.
        content: Content of each file as the program sees it.
        before: SQLite's files after the last commit.
        after: SQLite's files after the next commit, which may be under way.
        known: What was acknowledged so far.
    """

    names: dict[int, tuple[Names, ...]]
    flushed: dict[int, bytes]
    content: dict[int, bytes]
    before: SqliteFiles
    known: dict[str, Any]
    after: SqliteFiles = field(default_factory=dict)


class SimulatedDisk:
    """Follows one folder.

    Args:
        root: The folder; it exists.

    Attributes:
        moments: Every moment at which something happened, in order.
        known: What the program has said so far; changed by `acknowledge`.
    """

    def __init__(self, root: Path) -> None:
        self.moments: list[Moment] = []
        self.known: dict[str, Any] = {}
        self._root = root
        self._lock = threading.RLock()
        self._ids: dict[int, int] = {}  # by inode, which is used again once its file is gone
        self._next_id = 0
        self._directories: set[int] = set()
        self._names: dict[int, list[Names]] = {}
        self._flushed: dict[int, bytes] = {}
        self._content: dict[int, bytes] = {}
        self._stamps: dict[int, tuple[int, int]] = {}
        self._paths: dict[int, Path] = {}
        self._sqlite = _sqlite_files(root)
        self._scan()
        for identity in list(self._paths):
            self._flush(identity)
        self._note()

    # ---- while the program runs

    @contextmanager
    def recording(self, patch: Callable[[Any, str, Any], None]) -> Iterator[None]:
        """Follows what is done.

        Args:
            patch: Replaces an attribute until the block, or the test, ends.
        """
        for name in _HOOKED:
            patch(os, name, self._hook(getattr(os, name)))
        patch(os, "fsync", self._hook_fsync(os.fsync))
        patch(Database, "write", self._hook_write(Database.write))
        yield
        with self._lock:
            self._commit()

    def acknowledge(self, **known: Any) -> None:
        """Takes note of what somebody was told: from now on it must be found."""
        with self._lock:
            self.known = {**self.known, **known}
            self._note()

    def _hook(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def hooked(*arguments: Any, **named: Any) -> Any:
            with self._lock:
                done = real(*arguments, **named)
                self._scan()
                self._note()
                return done

        return hooked

    def _hook_fsync(self, real: Callable[[int], None]) -> Callable[[int], None]:
        def hooked(descriptor: int) -> None:
            with self._lock:
                self._scan()
                self._note()
                real(descriptor)
                identity = self._ids.get(os.fstat(descriptor).st_ino)
                if identity is not None:
                    self._flush(identity)
                self._note()

        return hooked

    def _hook_write(self, real: Callable[..., Any]) -> Callable[..., Any]:
        @contextmanager
        def hooked(database: Database) -> Iterator[Any]:
            with self._lock:
                with real(database) as connection:
                    assert connection.execute("PRAGMA synchronous").fetchone()[0] == _FULL
                    connection.execute(f"PRAGMA wal_autocheckpoint = {LOG_PAGES}").fetchone()
                    yield connection
                self._commit()

        return hooked

    def _commit(self) -> None:
        """A commit is done: the moments before it may see some of it."""
        now = _sqlite_files(self._root)
        for moment in self.moments:
            if not moment.after:
                moment.after.update(now)
        self._sqlite = now
        self._scan()
        self._note()

    def _flush(self, identity: int) -> None:
        if identity in self._directories:
            self._names[identity] = self._names[identity][-1:]
        else:
            self._flushed[identity] = self._content[identity]

    def _scan(self) -> None:
        """Looks at every file and directory there is."""
        seen: dict[int, int] = {}
        self._paths = {}
        self._visit(self._root, seen)
        for inode in set(self._ids) - set(seen):
            del self._ids[inode]

    def _visit(self, folder: Path, seen: dict[int, int]) -> int:
        identity = self._identity(folder, seen)
        self._directories.add(identity)
        names: Names = {}
        for path in sorted(folder.iterdir()):
            if path.name.startswith(DATABASE):
                continue
            try:
                found = path.stat()
                if stat.S_ISDIR(found.st_mode):
                    names[path.name] = self._visit(path, seen)
                else:
                    names[path.name] = child = self._identity(path, seen)
                    stamp = (found.st_mtime_ns, found.st_size)
                    if self._stamps.get(child) != stamp:
                        self._stamps[child] = stamp
                        self._content[child] = path.read_bytes()
            except FileNotFoundError:
                continue  # by another thread, in between
        history = self._names.setdefault(identity, [{}])
        if history[-1] != names:
            history.append(names)
        return identity

    def _identity(self, path: Path, seen: dict[int, int]) -> int:
        inode = path.stat().st_ino
        if inode not in self._ids:
            self._next_id += 1
            self._ids[inode] = self._next_id
        seen[inode] = self._ids[inode]
        self._paths[self._ids[inode]] = path
        return self._ids[inode]

    def _note(self) -> None:
        names = {identity: tuple(history) for identity, history in self._names.items()}
        self.moments.append(
            Moment(names, dict(self._flushed), dict(self._content), self._sqlite, self.known)
        )

    # ---- after a power cut

    def rebuild(self, moment: Moment, chance: random.Random, place: Path) -> None:
        """Writes into an empty folder what a power cut at that moment may have left."""
        self._rebuild(moment, min(moment.names), chance, place)
        for name, content in _torn_database(moment, chance).items():
            (place / name).write_bytes(content)

    def _rebuild(self, moment: Moment, identity: int, chance: random.Random, place: Path) -> None:
        for name, child in chance.choice(moment.names[identity]).items():
            if child in moment.names:
                (place / name).mkdir()
                self._rebuild(moment, child, chance, place / name)
            else:
                (place / name).write_bytes(_left_of(moment, child, chance))


def _left_of(moment: Moment, identity: int, chance: random.Random) -> bytes:
    """What may be left of a file: what was flushed, all of it, or anything in between."""
    flushed, content = moment.flushed.get(identity, b""), moment.content.get(identity, b"")
    if identity in moment.flushed and flushed == content:
        return content
    match chance.randrange(4):
        case 0:
            return flushed
        case 1:
            return content
        case 2:
            return content[: chance.randrange(len(content) + 1)]
        case _:
            return _mixed(flushed, content, chance)


def _torn_database(moment: Moment, chance: random.Random) -> SqliteFiles:
    """SQLite's files in the middle of a commit.

    What is committed is appended to the log and flushed; then, now and then, the log is taken into
    the database, which is flushed before the log is begun anew.
    """
    before, after = moment.before, moment.after or moment.before
    log = f"{DATABASE}-wal"
    if DATABASE not in before or DATABASE not in after:
        return before
    match chance.randrange(4):
        case 0:
            return before
        case 1:
            return after
        case 2 if before[DATABASE] != after[DATABASE] and log in before:
            whole = {log: _longer(before[log], after.get(log, b""))}
            return {DATABASE: _mixed(before[DATABASE], after[DATABASE], chance), **whole}
        case _:
            if log not in after:
                return before
            torn = _mixed(before.get(log, b""), after[log], chance)
            return {DATABASE: before[DATABASE], log: torn}


def _longer(before: bytes, after: bytes) -> bytes:
    """The log with everything that is taken into the database."""
    return after if after.startswith(before) else before


def _mixed(old: bytes, new: bytes, chance: random.Random) -> bytes:
    """Each sector is the old or the new one; what was appended may end anywhere."""
    length = chance.choice([len(old), len(new), chance.randint(*sorted((len(old), len(new))))])
    share = chance.random()
    sectors = []
    for start in range(0, length, SECTOR):
        source = new if chance.random() < share else old
        sectors.append(source[start : start + SECTOR].ljust(SECTOR, b"\0"))
    return b"".join(sectors)[:length]


def _sqlite_files(root: Path) -> SqliteFiles:
    found = {}
    for name in (DATABASE, f"{DATABASE}-wal"):
        path = root / name
        if path.is_file():
            found[name] = path.read_bytes()
    return found
