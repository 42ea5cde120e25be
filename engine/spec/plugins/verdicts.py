"""Verdicts: what the check found, kept in the cache folder, one small file a plug-in."""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, Final

from engine.errors import WorkspaceError
from engine.files import atomic_write, cache_folder
from engine.files.bounded import DAMAGED, read_object
from engine.spec.plugins.discovery import fingerprint
from engine.spec.plugins.record import PluginRecord

logger = logging.getLogger(__name__)

CHECK_VERSION: Final = 1
"""Rises when the check asks for more than before, so that what passed is checked anew."""
# What a verdict depends on beside the plug-in itself.
_PACKAGES: Final = ("descent", "keras", "tensorflow")


def recall(record: PluginRecord) -> PluginRecord:
    """Returns a plug-in as the check found it, or as it was where it is not checked yet."""
    try:
        values = read_object(_path(record))
        if values["mark"] != _mark(record):
            return record
        found = PluginRecord.from_dict(values["record"])
    except DAMAGED:
        return record
    # Of the file only the verdict is believed.
    return replace(
        record,
        state=found.state,
        title=found.title,
        reason=found.reason,
        hint=found.hint,
        details=found.details,
        loads_keras=found.loads_keras,
    )


def keep(record: PluginRecord) -> None:
    """Writes a verdict down; where that is not possible, the plug-in is checked again next time."""
    path = _path(record)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        atomic_write(path, json.dumps({"mark": _mark(record), "record": record.to_dict()}))
    except (OSError, WorkspaceError) as error:
        logger.warning("What was found of %s cannot be kept: %s", record.words, error)


def stamp() -> tuple[tuple[str, int], ...]:
    """Returns what changes whenever a verdict is written."""
    with contextlib.suppress(OSError), os.scandir(_folder()) as entries:
        return tuple(sorted((entry.name, entry.stat().st_mtime_ns) for entry in entries))
    return ()


def _folder() -> Path:
    return cache_folder() / "plugins"


def _path(record: PluginRecord) -> Path:
    # Environments of Python share the cache folder, and may hold different versions.
    words = "\0".join((sys.prefix, record.group, record.package.lower(), record.name))
    return _folder() / f"{hashlib.sha256(words.encode()).hexdigest()[:32]}.json"


def _mark(record: PluginRecord) -> dict[str, Any]:
    """What a verdict holds for: these files, with these versions."""
    return {
        "check": CHECK_VERSION,
        "target": record.target,
        "version": record.version,
        "files": fingerprint(record),
        "python": sys.version,
        "packages": _versions(),
    }


@cache
def _versions() -> dict[str, str]:
    from engine.devices.versions import installed_version

    return {name: version for name in _PACKAGES if (version := installed_version(name))}
