"""The archive of a foreign `.keras` file: its members, looked at and copied to files of our own."""

from __future__ import annotations

import re
import stat
import struct
import zipfile
from pathlib import Path
from typing import Any, Final

from engine.files.bounded import DAMAGED, open_archive, open_plain, parse_object, reason_of
from engine.inference.foreign_models.refusal import Refused, told

CONFIG: Final = "config.json"
METADATA: Final = "metadata.json"
WEIGHTS: Final = "model.weights.h5"
ASSETS: Final = "assets/"

MAX_FILE: Final = 4 << 30
MAX_CONFIG: Final = 16 << 20
MAX_ASSETS: Final = 64 << 20
MAX_MEMBERS: Final = 1_000
_MAX_NAME: Final = 400
_MAX_UNPACKED: Final = 16
_LEAST_UNPACKED: Final = 64 << 20
_ZIP: Final = b"PK\x03\x04"
_HDF5: Final = b"\x89HDF\r\n\x1a\n"
_NAME: Final = re.compile(r"[A-Za-z0-9_][\w.-]*(/[A-Za-z0-9_][\w.-]*)*")
_ENCRYPTED: Final = 0x1 | 0x40 | 0x2000
_END: Final = 22
"""Bytes of the record at the end of an archive without a comment."""
_COPY_BYTES: Final = 1 << 20


def unpack(path: Path, folder: Path) -> dict[str, Any]:
    """Copies what a foreign model may consist of into an empty folder.

    Args:
        path: The file; it is read as bytes alone.
        folder: Receives the weights and the words of vocabularies, each under the name it has in
            the archive, which is one that cannot lead out of the folder.

    Returns:
        The configuration, no deeper than `engine.files.bounded` reads.

    Raises:
        Refused: It is no archive, or one that Keras would not have written.
    """
    try:
        _check_beginning(path)
        size = path.stat().st_size
        with open_archive(path, max(_LEAST_UNPACKED, _MAX_UNPACKED * size)) as archive:
            _check_ends(archive, size)
            members = archive.infolist()
            _check_members(members)
            config = _config(archive)
            for info in members:
                if info.filename not in (CONFIG, METADATA) and not info.is_dir():
                    _copy(archive, info, folder / info.filename)
            return config
    except DAMAGED as error:
        raise Refused("the archive", f"it cannot be read ({reason_of(error)})") from None


def _check_beginning(path: Path) -> None:
    with open_plain(path) as file:
        begin = file.read(8)
        file.seek(0, 2)
        size = file.tell()
    if size > MAX_FILE:
        raise Refused("the file", f"it is longer than {MAX_FILE:,} bytes")
    if begin == _HDF5:
        raise Refused(
            "the file",
            "it is of Keras's older format, HDF5; saved with model.save('NAME.keras') it can be "
            "brought in",
        )
    if begin[:4] != _ZIP:
        raise Refused("the file", "it does not begin as an archive of Keras does")


def _check_ends(archive: zipfile.ZipFile, size: int) -> None:
    """Makes sure that nothing stands around the archive, which another program would read."""
    if archive.comment:
        raise Refused("the archive", "it has a comment, as none of Keras has")
    if min((info.header_offset for info in archive.infolist()), default=0) != 0:
        raise Refused("the archive", "something else stands before its first member")
    assert archive.fp is not None
    archive.fp.seek(size - _END)
    if archive.fp.read(4) != b"PK\x05\x06":
        raise Refused("the archive", "something else stands behind its end")


def _check_members(members: list[zipfile.ZipInfo]) -> None:
    if len(members) > MAX_MEMBERS:
        raise Refused("the archive", f"it has {len(members):,} members")
    seen: set[str] = set()
    for info in members:
        name = info.filename
        part = f"member {told(name)}"
        if info.orig_filename != name or len(name) > _MAX_NAME:
            raise Refused(part, "its name is none that Keras writes")
        if not _NAME.fullmatch(name.removesuffix("/")) or ".." in name:
            raise Refused(part, "its name could lead out of the archive")
        if name.casefold() in seen:
            raise Refused(part, "it is there twice")
        seen.add(name.casefold())
        if info.flag_bits & _ENCRYPTED:
            raise Refused(part, "it is encrypted")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise Refused(part, "it is packed in a way that Keras does not use")
        kind = stat.S_IFMT(info.external_attr >> 16)
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise Refused(part, "it is a link or a device, not a file")
        _check_place(info, part)
    for needed in (CONFIG, WEIGHTS):
        if needed not in seen:
            raise Refused("the archive", f"'{needed}' is missing")
    assets = sum(info.file_size for info in members if info.filename.startswith(ASSETS))
    if assets > MAX_ASSETS:
        raise Refused("the archive", f"its vocabularies have {assets:,} bytes")


def _check_place(info: zipfile.ZipInfo, part: str) -> None:
    """Which files Keras writes: three of its own, and the vocabularies of layers."""
    name = info.filename
    if info.is_dir():
        if name != ASSETS and not name.startswith(ASSETS):
            raise Refused(part, "Keras writes no such folder")
        return
    if name in (CONFIG, METADATA, WEIGHTS):
        return
    if not (name.startswith(ASSETS) and name.endswith("/vocabulary.txt")):
        raise Refused(part, "Keras writes no such file into a model")


def _config(archive: zipfile.ZipFile) -> dict[str, Any]:
    for name in (CONFIG, METADATA):
        if name in archive.namelist() and archive.getinfo(name).file_size > MAX_CONFIG:
            raise Refused(name, f"it is longer than {MAX_CONFIG:,} bytes")
    try:
        return parse_object(archive.read(CONFIG))
    except ValueError as error:
        raise Refused(CONFIG, reason_of(error)) from None


def _copy(archive: zipfile.ZipFile, info: zipfile.ZipInfo, to: Path) -> None:
    """Unpacks a member, whose checksum is compared, and no more of it than it promises."""
    to.parent.mkdir(parents=True, exist_ok=True)
    with archive.open(info) as source, to.open("xb") as target:
        left = info.file_size
        while block := source.read(min(_COPY_BYTES, left + 1)):
            left -= len(block)
            if left < 0:
                raise Refused(f"member {told(info.filename)}", "it is longer than it promises")
            target.write(block)
    if info.filename.startswith(ASSETS):
        _check_words(to, info.filename)


def _check_words(path: Path, name: str) -> None:
    try:
        path.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        raise Refused(f"member {told(name)}", "it is no text in UTF-8") from None


def write_archive(path: Path, config: bytes, metadata: bytes, folder: Path) -> None:
    """Packs a model anew, as Keras does: nothing of the foreign archive but what was unpacked.

    Args:
        path: Where.
        config, metadata: Of the model, as JSON.
        folder: Holds what `unpack` copied.
    """
    with zipfile.ZipFile(path, "x") as archive:
        archive.writestr(METADATA, metadata)
        archive.writestr(CONFIG, config)
        for item in sorted(folder.rglob("*")):
            if item.is_file():
                archive.write(item, item.relative_to(folder).as_posix())


def hdf5_begins(path: Path) -> bool:
    """Whether a file begins as HDF5, with nothing before it."""
    with open_plain(path) as file:
        return file.read(8) == _HDF5


def hdf5_size(path: Path) -> int:
    """Where HDF5's own header says that the file ends; 0: it does not say so plainly.

    See "III.A. Disk Format: Level 0A" of the HDF5 file format specification, version 3.
    """
    with open_plain(path) as file:
        head = file.read(64)
    if len(head) < 64:
        return 0
    if head[8] in (0, 1):
        offset = 24 + (4 if head[8] else 0) + 16
        return int(struct.unpack_from("<Q", head, offset)[0])
    return int(struct.unpack_from("<Q", head, 28)[0])
