"""The file ``.descent``: a ZIP archive of a run's files, with a manifest of what they are.

What it may hold is listed here, and nothing else is read. Whoever made it is not trusted: names,
sizes and ways to pack are looked at before a byte is unpacked, and digests while that is done.
"""

from __future__ import annotations

import hashlib
import json
import re
import stat
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final
from zipfile import ZipFile

from engine.devices.versions import package_versions
from engine.errors import WorkspaceError
from engine.files.bounded import (
    DAMAGED,
    MAX_TEXT_BYTES,
    member,
    open_archive,
    open_plain,
    parse_object,
    reason_of,
)
from engine.runs.run_folders import is_run_id

SUFFIX: Final = ".descent"
MANIFEST: Final = "manifest.json"
RUN, SPEC, HISTORY, STEPS, FLOW = (
    "run.json",
    "spec.json",
    "history.json",
    "steps.npz",
    "flow.npz",
)
MODEL, CONTRACT = "model.keras", "contract.json"
NEEDED: Final = (RUN, SPEC, HISTORY)
SCHEMA_NUMBER: Final = 1

_FORMAT: Final = "descent run"
_ALLOWED: Final = re.compile(
    r"(run|spec|history|contract|data|plugins|environment|evaluation)\.json"
    r"|model\.keras|(steps|flow)\.npz"
    r"|analysis(-(validation|train))?\.json"
    r"|predictions-(test|validation|train)\.npz"
    r"|suspects-(cross_validation|network|kept)\.json"
    r"|explanations/model\.json"
)
_MAX_BYTES: Final = 16 << 30
_MAX_MANIFEST: Final = 1 << 20
_BLOCK: Final = 1 << 20
_BEGIN: Final = b"PK\x03\x04"
_ENCRYPTED: Final = 0x1
_TIME: Final = (1980, 1, 1, 0, 0, 0)
"""Of every member: the same run gives the same file."""


@dataclass(frozen=True)
class Manifest:
    """What an archive says of itself.

    Attributes:
        run: Id of the run.
        versions: Of Descent and what it stands on, by name.
        members: SHA-256 of each file, by name.
    """

    run: str
    versions: Mapping[str, str]
    members: Mapping[str, str]


def is_allowed(name: str) -> bool:
    """Whether a file of that name may be in an archive."""
    return _ALLOWED.fullmatch(name) is not None


def refused(path: Path, reason: str) -> WorkspaceError:
    """The words for a file that is not taken in."""
    return WorkspaceError(
        f"The file '{path.name}' is not brought in: {reason}.",
        "Export the run once more where it was trained, and copy the file whole.",
    )


# ---- written


def write_archive(file: IO[bytes], run: str, files: Mapping[str, Path | bytes]) -> None:
    """Writes an archive.

    Args:
        file: Where to.
        run: Id of the run.
        files: What is in it by name: a file, or its content.

    Raises:
        OSError: It cannot be written, or one of the files cannot be read.
    """
    digests: dict[str, str] = {}
    with ZipFile(file, "w") as archive:
        for name, content in files.items():
            assert is_allowed(name), name
            digests[name] = _add(archive, name, content)
        values = {
            "format": _FORMAT,
            "schema_number": SCHEMA_NUMBER,
            "run": run,
            "versions": package_versions(),
            "members": digests,
        }
        _add(archive, MANIFEST, json.dumps(values, indent=1).encode())


def _add(archive: ZipFile, name: str, content: Path | bytes) -> str:
    info = zipfile.ZipInfo(name, _TIME)
    info.compress_type = _packing(name)
    info.external_attr = (stat.S_IFREG | 0o644) << 16
    digest = hashlib.sha256()
    with archive.open(info, "w", force_zip64=True) as target:
        if isinstance(content, bytes):
            digest.update(content)
            target.write(content)
        else:
            with content.open("rb") as source:
                while block := source.read(_BLOCK):
                    digest.update(block)
                    target.write(block)
    return digest.hexdigest()


def _packing(name: str) -> int:
    """Only text is packed: what is as long as its file says can be no bomb."""
    return zipfile.ZIP_DEFLATED if name.endswith(".json") else zipfile.ZIP_STORED


# ---- read


def unpack(path: Path, folder: Path) -> Manifest:
    """Unpacks an archive into a folder, which then holds what its manifest names.

    Args:
        path: The file.
        folder: An empty one, in which nothing is to be trusted that cannot be read.

    Raises:
        WorkspaceError: The file is none, was damaged or made to harm, or is of a newer Descent.
    """
    try:
        with open_plain(path) as file:
            if file.read(len(_BEGIN)) != _BEGIN:
                raise ValueError("it is no file that Descent exported")
        with open_archive(path, _MAX_BYTES) as archive:
            members = _checked_members(archive)
            manifest = _manifest(archive, members.pop(MANIFEST))
            _compare(set(members), set(manifest.members))
            for name, info in members.items():
                target = folder / name
                target.parent.mkdir(exist_ok=True)
                if _extract(archive, info, target) != manifest.members[name]:
                    raise ValueError(f"'{name}' in it was changed after it was written")
    except DAMAGED as error:
        raise refused(path, reason_of(error)) from error
    return manifest


def _checked_members(archive: ZipFile) -> dict[str, zipfile.ZipInfo]:
    found: dict[str, zipfile.ZipInfo] = {}
    for info in archive.infolist():
        name, mode = info.filename, info.external_attr >> 16
        if name != MANIFEST and not is_allowed(name):
            raise ValueError(f"it holds '{name[:80]}', which is no part of a run")
        if name in found:
            raise ValueError(f"it holds '{name}' twice")
        if mode and not stat.S_ISREG(mode) and stat.S_IFMT(mode):
            raise ValueError(f"'{name}' in it is no plain file")
        if info.flag_bits & _ENCRYPTED:
            raise ValueError(f"'{name}' in it is encrypted")
        if info.compress_type not in (zipfile.ZIP_STORED, _packing(name)):
            raise ValueError(f"'{name}' in it is packed in another way")
        if name.endswith(".json") and info.file_size > MAX_TEXT_BYTES:
            raise ValueError(f"'{name}' in it is longer than {MAX_TEXT_BYTES:,} bytes")
        found[name] = info
    missing = next((name for name in (MANIFEST, *NEEDED) if name not in found), "")
    if missing:
        raise ValueError(f"it has no '{missing}'")
    if (MODEL in found) != (CONTRACT in found):
        raise ValueError("of model and contract it has only one")
    return found


def _manifest(archive: ZipFile, info: zipfile.ZipInfo) -> Manifest:
    if info.file_size > _MAX_MANIFEST:
        raise ValueError("its manifest is too long")
    values = parse_object(archive.read(info))
    if values.get("format") != _FORMAT:
        raise ValueError("it is no file that Descent exported")
    schema = member(values, "schema_number", int)
    if schema > SCHEMA_NUMBER:
        raise ValueError(
            f"a newer version of Descent wrote it (schema {schema}, this one knows "
            f"{SCHEMA_NUMBER}); update Descent"
        )
    run = member(values, "run", str)
    if not is_run_id(run):
        raise ValueError("its run has no id of one")
    return Manifest(run, _texts(values, "versions"), _texts(values, "members"))


def _texts(values: Mapping[str, Any], name: str) -> dict[str, str]:
    found = member(values, name, dict)
    if not all(isinstance(item, str) for item in found.values()):
        raise TypeError(f"'{name}' of its manifest holds something other than text")
    return dict(found)


def _compare(there: set[str], named: set[str]) -> None:
    if there != named:
        name = min(there ^ named)
        where = "is not in its manifest" if name in there else "is missing in it"
        raise ValueError(f"'{name[:80]}' {where}")


def _extract(archive: ZipFile, info: zipfile.ZipInfo, target: Path) -> str:
    """Unpacks a member, whose own checksum is compared on the way; returns its SHA-256."""
    digest = hashlib.sha256()
    n_bytes = 0
    with archive.open(info) as source, target.open("xb") as file:
        while block := source.read(_BLOCK):
            n_bytes += len(block)
            if n_bytes > info.file_size:
                raise ValueError(f"'{info.filename}' in it is longer than it says")
            digest.update(block)
            file.write(block)
    return digest.hexdigest()
