"""Programs that XLA compiled are kept, so that a model that was ever compiled is fast at once.

TensorFlow writes and reads them by itself, in a folder that is named before it is imported. What
lies there is executed: the folder is the user's alone, a program is used only while it is what was
written, and others go. Without TensorFlow.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import re
import shutil
import stat
import time
from collections.abc import Iterable, Iterator, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from engine.devices.versions import versions
from engine.errors import DescentError
from engine.files import atomic_write, cache_folder
from engine.files.bounded import DAMAGED, read_object

LIMIT_BYTES: Final = 500 << 20
"""All programs together; those that were used longest ago go first."""
_LEAST_FREE: Final = 200 << 20
"""With less on the disk nothing is kept: a program that cannot be written is not used either."""
_FLAGS: Final = "TF_XLA_FLAGS"
_FOLDER: Final = "xla-programs"
_KEY: Final = re.compile("[0-9a-f]{16}")
_DIGEST: Final = ".sha256.json"
_BLOCK: Final = 1 << 20
_UNFINISHED_S: Final = 600.0
"""A temporary file of TensorFlow's that is older than this belongs to a process that died."""


@dataclass(frozen=True)
class CompiledPrograms:
    """The folder of compiled programs of these versions on this processor.

    Attributes:
        folder: Where they are; None: none are kept.
        reason: Why not, as a sentence.
    """

    folder: Path | None = None
    reason: str = ""

    def check(self) -> frozenset[str]:
        """Takes away what is not as it was written, and what is too much; returns what is left.

        To be called before TensorFlow reads any; others may do the same meanwhile.
        """
        if self.folder is None:
            return frozenset()
        with contextlib.suppress(OSError):
            for path in self.folder.parent.iterdir():  # of other versions
                if path != self.folder and _KEY.fullmatch(path.name):
                    shutil.rmtree(path, ignore_errors=True)
        sound = [path for path in self._programs() if _is_as_written(path)]
        for path in self._programs():
            if path not in sound:
                _remove(path)
        kept, n_bytes = set(), 0
        for path in sorted(sound, key=_age):
            n_bytes += _size(path)
            if n_bytes > LIMIT_BYTES:
                _remove(path)
            else:
                kept.add(path.name)
        self._remove_unfinished()
        return frozenset(kept)

    def note(self, before: frozenset[str]) -> tuple[str, ...]:
        """Writes down what the programs are that have come since `check` returned `before`.

        Returns:
            Their names.
        """
        new = [path for path in self._programs() if path.name not in before]
        for path in new:
            with contextlib.suppress(OSError, DescentError):
                atomic_write(_digest_of(path), f'{{"sha256": "{_sha256(path)}"}}\n')
        return tuple(path.name for path in new)

    def note_use(self, names: Iterable[str]) -> None:
        """Remembers that these are wanted again, so that they go last."""
        if self.folder is None:
            return
        for name in names:
            with contextlib.suppress(OSError):  # it went meanwhile
                os.utime(self.folder / name)

    def forget(self) -> None:
        """Takes all of them away."""
        for path in self._programs():
            _remove(path)

    def _programs(self) -> list[Path]:
        if self.folder is None:
            return []
        with contextlib.suppress(OSError):
            return sorted(self.folder.glob("*.pb"))
        return []

    def _remove_unfinished(self) -> None:
        assert self.folder is not None
        with contextlib.suppress(OSError):
            for path in self.folder.iterdir():
                is_ours = path.name.endswith((".pb", _DIGEST, ".json"))
                if not is_ours and time.time() - path.lstat().st_mtime > _UNFINISHED_S:
                    _remove(path)


_kept = CompiledPrograms()  # until something is found out: whoever imports TensorFlow by himself


def compiled_programs() -> CompiledPrograms:
    """What this process keeps, as `keep_compiled_programs` found."""
    return _kept


def not_kept() -> str:
    """Why this process keeps none, as a sentence for people; empty: it does, or was not asked."""
    return f"Compiled programs are not kept: {_kept.reason}" if _kept.reason else ""


def keep_compiled_programs(environment: MutableMapping[str, str] | None = None) -> None:
    """Has TensorFlow keep what it compiles. To be called before it is imported.

    Args:
        environment: Environment variables; those of the process by default.
    """
    global _kept  # as TensorFlow's own choice is: once for a process
    variables = os.environ if environment is None else environment
    flags = variables.get(_FLAGS, "")
    folder = cache_folder() / _FOLDER / _key()
    ours = (
        f'--tf_xla_persistent_cache_directory="{folder}" --tf_xla_persistent_cache_device_types=CPU'
    )
    if "persistent_cache" in flags and ours not in flags:  # else a process of ours began this one
        _kept = CompiledPrograms(reason=f"{_FLAGS} names another place for them.")
        return
    reason = _unusable(folder)
    if reason:
        _kept = CompiledPrograms(reason=reason)
        return
    if ours not in flags:
        variables[_FLAGS] = f"{flags} {ours}".strip()
    _kept = CompiledPrograms(folder)


def _key() -> str:
    """The folder's name: what was compiled by other versions, or for another processor, is not."""
    said = [*versions().items(), platform.machine(), platform.processor(), *_processor()]
    return hashlib.sha256(repr(said).encode()).hexdigest()[:16]


def _processor() -> Iterator[str]:
    """What this processor can do, where the system says so."""
    with contextlib.suppress(OSError):
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
        for name in ("model name", "flags", "Features"):
            found = re.search(rf"^{name}\s*:(.*)$", text, re.MULTILINE)
            if found:
                yield found.group(1).strip()


def _unusable(folder: Path) -> str:
    """Why nothing can be kept there; empty: it can, and the folder is there."""
    if '"' in str(folder) or "\n" in str(folder):
        return f"{folder} has a quotation mark in its name."
    try:
        for path in (folder.parent, folder):
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            facts = path.lstat()
            if not stat.S_ISDIR(facts.st_mode):
                return f"{path} is a link to elsewhere."
            if hasattr(os, "getuid"):
                if facts.st_uid != os.getuid():
                    return f"{path} belongs to somebody else."
                if facts.st_mode & 0o077:
                    path.chmod(0o700)
        if not os.access(folder, os.W_OK | os.X_OK):
            return f"{folder} cannot be written to."
        free = shutil.disk_usage(folder).free
    except OSError as error:
        return f"{folder} cannot be used: {error.strerror or error}."
    if free < _LEAST_FREE:
        return f"Only {free >> 20} MB are free where {folder} lies."
    return ""


def _is_as_written(path: Path) -> bool:
    try:
        facts = path.lstat()
        is_ours = not hasattr(os, "getuid") or facts.st_uid == os.getuid()
        if not stat.S_ISREG(facts.st_mode) or not is_ours or facts.st_size > LIMIT_BYTES:
            return False
        return bool(read_object(_digest_of(path)).get("sha256") == _sha256(path))
    except DAMAGED:
        return False


def _sha256(path: Path) -> str:
    digest = hashlib.sha256(path.name.encode())  # one under another's name is another
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _digest_of(path: Path) -> Path:
    return path.with_name(path.name + _DIGEST)


def _remove(path: Path) -> None:
    for it in (path, _digest_of(path)):
        with contextlib.suppress(OSError):
            it.unlink()


def _age(path: Path) -> float:
    with contextlib.suppress(OSError):
        return time.time() - path.lstat().st_mtime
    return 0.0


def _size(path: Path) -> int:
    with contextlib.suppress(OSError):
        return path.lstat().st_size
    return 0
