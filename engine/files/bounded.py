"""Reading what may be damaged, or made to harm: bounded in size, depth and kind, in this one place.

Every JSON text and archive that Descent reads comes through here, the header of every array through
`bounded_arrays`, and a pipe or a device in place of a file is found here before anybody opens it.
`tests/test_house.py` holds it.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import stat
import zipfile
import zlib
from collections.abc import Mapping
from io import BufferedReader
from pathlib import Path
from typing import IO, Any, Final

MAX_DEPTH: Final = 100
"""Deeper values are none of ours, and whoever walks through them runs out of stack."""
MAX_TEXT_BYTES: Final = 64 << 20
"""Longer JSON is read only where somebody says how much may be there."""
MAX_MEMBERS: Final = 10_000
"""Files in an archive."""
MAX_RATIO: Final = 1_040
"""Deflate cannot make less of a byte than a 1,032nd (zlib.net/zlib_tech.html)."""
_DIGEST: Final = "digest"

DAMAGED: Final = (
    OSError,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    AttributeError,
    RuntimeError,  # of too deep values, encrypted members, unknown ways to pack
    MemoryError,
    EOFError,
    zipfile.BadZipFile,
    zlib.error,
)
"""All that Python's readers, and code that finds other values than it wrote, say of damage."""

_SPECIAL: Final = (
    (stat.S_ISFIFO, "it is a pipe, not a file"),
    (stat.S_ISSOCK, "it is a socket, not a file"),
    (stat.S_ISCHR, "it is a device, not a file"),
    (stat.S_ISBLK, "it is a device, not a file"),
)


class SpecialFileError(OSError):
    """A pipe, a socket or a device is where a file should be; it was not opened."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(None, reason, str(path))

    def __str__(self) -> str:
        return str(self.strerror)


# ---- files


def special_reason(path: Path) -> str:
    """Why a path must not be opened, as it leads to no file; empty: it may be, or is not there."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return ""
    return next((reason for is_such, reason in _SPECIAL if is_such(mode)), "")


def check_plain(path: Path) -> None:
    """Makes sure that opening a path neither waits for somebody nor moves a machine.

    Raises:
        SpecialFileError: It is a pipe, a socket or a device.
    """
    reason = special_reason(path)
    if reason:
        raise SpecialFileError(path, reason)


def open_plain(path: Path) -> BufferedReader:
    """Opens a file to be read.

    Raises:
        SpecialFileError: It is a pipe, a socket or a device.
        OSError: It cannot be opened.
    """
    check_plain(path)
    return path.open("rb")


def read_whole(path: Path, limit: int = MAX_TEXT_BYTES) -> bytes:
    """Returns the content of a file.

    Raises:
        ValueError: It is longer than `limit` bytes.
        OSError: It cannot be read.
    """
    with open_plain(path) as file:
        size = os.fstat(file.fileno()).st_size
        # As much as is there: asking for more would take the memory for it.
        content = b"" if size > limit else file.read(size + 1)
    if max(size, len(content)) > limit:
        raise ValueError(f"it is longer than {limit:,} bytes")
    return content


# ---- JSON


def parse_json(text: str | bytes, depth: int = MAX_DEPTH) -> Any:
    """Reads JSON that is no deeper than `depth`.

    Raises:
        ValueError: It is no JSON, or deeper.
    """
    if not isinstance(text, str | bytes):  # as a database may give instead
        raise ValueError(f"it is a {type(text).__name__}, not text")
    too_deep = ValueError(f"its values are nested more than {depth} deep")
    try:
        if isinstance(text, bytes):
            text = text.decode("utf-8-sig")  # editors on Windows put a mark before the text
        value = json.loads(text)
    except RecursionError:
        raise too_deep from None
    except UnicodeDecodeError as error:
        raise ValueError(f"it is no text in UTF-8: byte {error.start:,} is not") from None
    if text.count("[") + text.count("{") > depth and _is_deeper(value, depth):
        raise too_deep
    return value


def parse_object(text: str | bytes, depth: int = MAX_DEPTH) -> dict[str, Any]:
    """Reads JSON that is an object.

    Raises:
        ValueError: It is no JSON, too deep, or something else.
    """
    value = parse_json(text, depth)
    if not isinstance(value, dict):
        raise ValueError("it holds no object")
    return value


def read_json(path: Path, limit: int = MAX_TEXT_BYTES, depth: int = MAX_DEPTH) -> Any:
    """Reads a file of JSON.

    Raises:
        ValueError: It is no JSON, too long or too deep.
        OSError: It cannot be read.
    """
    return parse_json(read_whole(path, limit), depth)


def read_object(path: Path, limit: int = MAX_TEXT_BYTES, depth: int = MAX_DEPTH) -> dict[str, Any]:
    """Reads a file that holds a JSON object.

    Raises:
        ValueError: It is no JSON, too long, too deep, or something else.
        OSError: It cannot be read.
    """
    return parse_object(read_whole(path, limit), depth)


def _is_deeper(value: Any, depth: int) -> bool:
    """Level by level, so that no stack is needed."""
    level = [value]
    for _ in range(depth):
        inner: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                inner += [it for it in item.values() if isinstance(it, dict | list)]
            elif isinstance(item, list):
                inner += [it for it in item if isinstance(it, dict | list)]
        if not inner:
            return False
        level = inner
    return True


# ---- JSON of our own, under a digest


def sealed_text(values: Mapping[str, Any], owner: str, indent: int | None = None) -> str:
    """JSON of values and a digest of them, by which a changed digit or another's file is noticed.

    Args:
        values: JSON-ready, without a key ``digest``.
        owner: Whose file it is, such as the id of a run.
        indent: As of `json.dumps`.
    """
    plain = json.loads(json.dumps(values))
    sealed = {**plain, _DIGEST: _digest_of(plain, owner)}
    return json.dumps(sealed, indent=indent)


def unsealed(values: Mapping[str, Any], owner: str) -> dict[str, Any]:
    """The values of what `sealed_text` wrote; those of older files have no digest.

    Raises:
        ValueError: They were changed, or are another owner's.
    """
    plain = {name: value for name, value in values.items() if name != _DIGEST}
    if _DIGEST in values and values[_DIGEST] != _digest_of(plain, owner):
        raise ValueError("it was changed after it was written, or belongs to something else")
    return plain


def _digest_of(values: Mapping[str, Any], owner: str) -> str:
    text = json.dumps([owner, values], sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


# ---- archives


def open_archive(source: Path | IO[bytes], limit: int) -> zipfile.ZipFile:
    """Opens a ZIP archive whose members can be what they promise to be.

    Args:
        source: The file.
        limit: How many bytes all members may have together, unpacked.

    Raises:
        ValueError: It has too many members, or they are larger than that or than they can be.
        OSError, zipfile.BadZipFile: It cannot be read, or is no archive.
    """
    if isinstance(source, Path):
        check_plain(source)
    archive = zipfile.ZipFile(source)
    try:
        _check_members(archive, limit)
    except ValueError:
        archive.close()
        raise
    return archive


def _check_members(archive: zipfile.ZipFile, limit: int) -> None:
    members = archive.infolist()
    if len(members) > MAX_MEMBERS:
        raise ValueError(f"it holds {len(members):,} files")
    assert archive.fp is not None
    there = archive.fp.seek(0, io.SEEK_END)
    packed = sum(info.compress_size for info in members)
    if packed > there:  # cut off, or members that lie over each other
        raise ValueError(f"its {there:,} bytes cannot hold the {packed:,} that it promises")
    for info in members:
        check_size(info.filename, info.file_size, info.compress_size)
    total = sum(info.file_size for info in members)
    if total > limit:
        raise ValueError(f"unpacked, it has {total:,} bytes")


def check_size(name: str, said: int, packed: int) -> None:
    """Makes sure that packed bytes can be as many as they promise.

    Raises:
        ValueError: They cannot.
    """
    if said > max(packed, 1) * MAX_RATIO:
        raise ValueError(f"{packed:,} bytes of '{name}' cannot hold the {said:,} that it promises")


# ---- values


def reason_of(error: BaseException) -> str:
    """Why something cannot be read, in words to be put after a colon, without a full stop."""
    if isinstance(error, SpecialFileError):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        return error.strerror[:1].lower() + error.strerror[1:]
    if isinstance(error, KeyError) and error.args:
        return f"'{error.args[0]}' is missing"
    if isinstance(error, MemoryError):
        return "it needs more memory than there is"
    first = str(error).split("\n", 1)[0].rstrip(".")
    return first[:200] or type(error).__name__


def member(values: Mapping[str, Any], name: str, kind: type | tuple[type, ...]) -> Any:
    """A value of an object that was read, which must be there and of a type.

    Raises:
        KeyError: It is not there.
        TypeError: It is of another type.
    """
    value = values[name]
    is_bool_as_number = isinstance(value, bool) and kind is not bool
    if not isinstance(value, kind) or is_bool_as_number:
        raise TypeError(f"'{name}' is a {type(value).__name__}")
    return value


def names_in(values: Any, what: str) -> tuple[str, ...]:
    """A list of texts that was read.

    Raises:
        TypeError: It is something else.
    """
    if not isinstance(values, list) or not all(isinstance(item, str) for item in values):
        raise TypeError(f"'{what}' is no list of names")
    return tuple(values)
