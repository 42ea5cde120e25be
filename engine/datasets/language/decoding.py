"""Text files of any encoding: told by their first bytes and by trying, never garbled in silence."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

from engine.errors import DatasetError

FALLBACK = "cp1252"
FALLBACK_NAME = "Western European (Windows-1252)"
MAX_CHARACTERS = 100_000
"""One text is cut at so many characters; a novel has some hundred thousands."""

EncodingName = Literal[
    "auto",
    "utf-8",
    "utf-16",
    "windows-1252",
    "iso-8859-1",
    "iso-8859-15",
    "windows-1250",
    "windows-1251",
    "windows-1253",
    "koi8-r",
    "mac-roman",
    "shift_jis",
    "gb18030",
    "big5",
    "euc-kr",
]

_HEAD = 4_096
_BLOCK = 1 << 20
# The longest first: UTF-32 little endian begins as UTF-16 does.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\r\f\v\b\x1b\x1a"))
_MAX_CONTROLS = 0.02


@dataclass(frozen=True)
class Decoded:
    """A text as it was read.

    Attributes:
        text: Of a whole file without blanks around it.
        encoding: By Python's name.
        is_cut: It was longer than `MAX_CHARACTERS`.
    """

    text: str
    encoding: str
    is_cut: bool = False


def read_text(path: Path, encoding: str = "auto") -> Decoded:
    """Reads one text from a file, and no more of it than is kept.

    Raises:
        DatasetError: It holds no text, or is not of this encoding. The message does not name the
            file, as it is listed after the name.
        OSError: It cannot be opened.
    """
    with path.open("rb") as file:
        data = file.read(4 * MAX_CHARACTERS + 4)
    is_whole = len(data) <= 4 * MAX_CHARACTERS
    used = guess_encoding(data, is_whole) if encoding == "auto" else encoding
    decoder = codecs.getincrementaldecoder(used)("replace" if used == FALLBACK else "strict")
    try:
        text = decoder.decode(data, is_whole)
    except UnicodeDecodeError as error:
        raise DatasetError(_not_of(used, error)) from None
    # Line ends as Python's text files have them.
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "").strip()
    if not text:
        raise DatasetError("is empty")
    return Decoded(text[:MAX_CHARACTERS], used, not is_whole or len(text) > MAX_CHARACTERS)


def encoding_of(path: Path, wanted: str = "auto") -> str:
    """Tells the encoding of a file by reading all of it, a piece at a time.

    Args:
        path: The file.
        wanted: The encoding it must be of, or ``auto``.

    Raises:
        DatasetError: It holds no text, or not of this encoding; the message does not name the
            file.
        OSError: It cannot be opened.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD)
        used = guess_encoding(head, is_whole=len(head) < _HEAD) if wanted == "auto" else wanted
        if used == FALLBACK:
            return used
        decoder = codecs.getincrementaldecoder(used)()
        block = head
        try:
            while block:
                decoder.decode(block)
                block = file.read(_BLOCK)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError as error:
            if wanted == "auto" and used == "utf-8":
                return FALLBACK
            raise DatasetError(_not_of(used, error)) from None
    return used


def read_lines(path: Path, encoding: str) -> Iterator[tuple[int, Decoded]]:
    """Yields each line as it is with its number, from 1 on; empty ones, too.

    Args:
        path: The file.
        encoding: As `encoding_of` tells it.

    Raises:
        DatasetError: It is not of this encoding; the message does not name the file.
        OSError: It cannot be opened.
    """
    errors = "replace" if encoding == FALLBACK else "strict"
    number = 0
    with path.open(encoding=encoding, errors=errors) as file:
        try:
            while line := file.readline(MAX_CHARACTERS + 1):
                number += 1
                is_cut = len(line) > MAX_CHARACTERS and not line.endswith("\n")
                if is_cut:
                    _finish_line(file)
                text = line.rstrip("\n").replace("\0", "").removeprefix("\ufeff")
                yield number, Decoded(text[:MAX_CHARACTERS], encoding, is_cut)
        except UnicodeDecodeError as error:
            raise DatasetError(f"after line {number}: {_not_of(encoding, error)}") from None


def _finish_line(file: IO[str]) -> None:
    while (rest := file.readline(_BLOCK)) and not rest.endswith("\n"):
        pass


def guess_encoding(head: bytes, is_whole: bool) -> str:
    """Returns the encoding that the beginning of a file speaks for.

    Raises:
        DatasetError: It is no text.
    """
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    if b"\0" in head:
        return _without_mark(head)
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head, is_whole)
        encoding = "utf-8"
    except UnicodeDecodeError:
        encoding = FALLBACK
    n_controls = len(head) - len(head.translate(None, _CONTROLS))
    if n_controls > _MAX_CONTROLS * len(head):
        raise DatasetError("is no text, but holds other data")
    return encoding


def _without_mark(head: bytes) -> str:
    """UTF-16 whose mark is missing has zeros in every other place, where it is Latin."""
    if len(head) < 4:
        raise DatasetError("is no text, but holds other data")
    pairs = len(head) // 2
    even, odd = head[::2].count(0) / pairs, head[1::2].count(0) / pairs
    if odd > 0.7 and even < 0.05:
        return "utf-16-le"
    if even > 0.7 and odd < 0.05:
        return "utf-16-be"
    raise DatasetError("is no text, but holds other data")


def _not_of(encoding: str, error: UnicodeDecodeError) -> str:
    received = error.object[error.start : error.start + 4].hex(" ")
    return f"is not {encoding.upper()} text. Received: bytes {received}"
