"""Finds what installed packages declare, without importing any of it."""

from __future__ import annotations

import hashlib
import importlib.util
import logging
import os
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from engine.spec.plugins.record import Group, PluginRecord, PluginState

if TYPE_CHECKING:
    from importlib.metadata import Distribution

logger = logging.getLogger(__name__)

MAX_FILES: Final = 2_000
_METADATA: Final = (".dist-info", ".egg-info")
_GROUPS: Final = {group.value: group for group in Group}


def declared() -> tuple[PluginRecord, ...]:
    """Returns every plug-in of the installed packages, unchecked, by package and name.

    Those of one group that share a name are refused, as nobody could say which is meant.
    """
    found: dict[tuple[str, str, str], PluginRecord] = {}
    for distribution in _distributions():
        try:
            package, version = distribution.name, distribution.version
            points = list(distribution.entry_points)
        except Exception as error:  # whatever is wrong with the files of a package
            logger.warning("What a package declares cannot be read: %s", error)
            continue
        for point in points:
            group = _GROUPS.get(point.group)
            if group is not None:
                record = PluginRecord(group, point.name, point.value, package, version)
                # Of a package that is there twice, Python takes the first.
                found.setdefault((group, point.name, package.lower()), record)
    records = sorted(found.values(), key=lambda item: (item.package, item.group, item.name))
    return tuple(_without_doubles(records))


def fingerprint(record: PluginRecord) -> str:
    """Returns a mark of the files a plug-in is made of, which changes when one of them does.

    Of a package of thousands of files, the first are looked at.
    """
    digest = hashlib.sha256()
    for path in _files(record.target.partition(":")[0].partition(".")[0].strip()):
        try:
            state = path.stat()
        except OSError:
            continue
        digest.update(f"{path}\0{state.st_mtime_ns}\0{state.st_size}\0".encode())
    return digest.hexdigest()


def _distributions() -> Iterator[Distribution]:
    """The packages that declare something of ours.

    Asking `importlib.metadata` for all entry points takes ten times as long, at every start.
    """
    for folder in dict.fromkeys(sys.path):
        try:
            entries = list(os.scandir(folder or "."))
        except OSError:  # an archive, or a folder that is no more
            continue
        for entry in entries:
            if entry.name.endswith(_METADATA) and _declares(Path(entry.path)):
                from importlib.metadata import PathDistribution

                yield PathDistribution(Path(entry.path))


def _declares(metadata: Path) -> bool:
    try:
        text = (metadata / "entry_points.txt").read_bytes()
    except OSError:
        return False
    return any(group.value.encode() in text for group in Group)


def _without_doubles(records: list[PluginRecord]) -> Iterator[PluginRecord]:
    counts = Counter(record.key for record in records)
    for record in records:
        if counts[record.key] == 1:
            yield record
            continue
        packages = [other.package for other in records if other.key == record.key]
        yield replace(
            record,
            state=PluginState.REFUSED,
            reason=f"Several packages use this name: {', '.join(packages)}.",
            hint="Uninstall all but one of them, or ask their authors for another name.",
        )


def _files(module: str) -> Iterator[Path]:
    """The Python files of a top-level module, found without importing it."""
    try:
        spec = importlib.util.find_spec(module) if module else None
    except (ImportError, ValueError, AttributeError):
        spec = None
    if spec is None:
        return
    if not spec.submodule_search_locations:
        if spec.origin is not None:
            yield Path(spec.origin)
        return
    count = 0
    for location in spec.submodule_search_locations:
        for folder, folders, names in os.walk(location):
            folders[:] = sorted(name for name in folders if name != "__pycache__")
            for name in sorted(names):
                if name.endswith(".py"):
                    yield Path(folder, name)
                    count += 1
                    if count >= MAX_FILES:
                        return
