"""Reads text files of any encoding, whole or line by line, and no more of them than is kept."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from engine.datasets.encodings import (
    Encoding,
    Guess,
    encoding_of,
    find_encoding,
    guess_encoding,
    not_of,
    verify,
)
from engine.errors import DatasetError

MAX_CHARACTERS = 100_000
"""One text is cut at so many characters; a novel has some hundred thousands."""

_BLOCK = 1 << 20


@dataclass(frozen=True)
class Decoded:
    """A text as it was read.

    Attributes:
        text: Of a whole file without blanks around it.
        encoding: What it is written in.
        is_cut: It was longer than `MAX_CHARACTERS`.
    """

    text: str
    encoding: Encoding
    is_cut: bool = False


def read_text(path: Path, wanted: str = "auto", guess: Guess = guess_encoding) -> Decoded:
    """Reads one text from a file, and no more of it than is kept.

    Args:
        path: The file.
        wanted: The encoding it must be of, or ``auto``.
        guess: Asked where nothing tells the encoding.

    Raises:
        DatasetError: It holds no text, or is not of this encoding. The message does not name the
            file, as it is listed after the name.
        OSError: It cannot be opened.
    """
    with path.open("rb") as file:
        data = file.read(4 * MAX_CHARACTERS + 4)
    is_whole = len(data) <= 4 * MAX_CHARACTERS
    used = encoding_of(data, is_whole, wanted, guess)
    try:
        text = codecs.getincrementaldecoder(used.codec)(used.errors).decode(data, is_whole)
    except UnicodeError as error:
        raise not_of(used, error) from None
    # Line ends as Python's text files have them.
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "").strip()
    if not text:
        raise DatasetError("is empty")
    return Decoded(text[:MAX_CHARACTERS], used, not is_whole or len(text) > MAX_CHARACTERS)


def checked_encoding(path: Path, wanted: str = "auto", guess: Guess = guess_encoding) -> Encoding:
    """Tells the encoding of a file, all of which is readable in it; see `read_text`.

    Raises:
        DatasetError: It holds no text, or not of this encoding; the message does not name the
            file.
        OSError: It cannot be opened.
    """
    found = find_encoding(path, wanted, guess)
    # That it is UTF-8 was told by reading all of it.
    if not found.is_guess and (wanted != "auto" or found.name != "utf-8"):
        verify(path, found)
    return found


def read_lines(path: Path, encoding: Encoding) -> Iterator[tuple[int, Decoded]]:
    """Yields each line as it is with its number, from 1 on; empty ones, too.

    Args:
        path: The file.
        encoding: As `checked_encoding` tells it.

    Raises:
        DatasetError: It is not of this encoding; the message does not name the file.
        OSError: It cannot be opened.
    """
    number = 0
    with path.open(encoding=encoding.codec, errors=encoding.errors) as file:
        try:
            while line := file.readline(MAX_CHARACTERS + 1):
                number += 1
                is_cut = len(line) > MAX_CHARACTERS and not line.endswith("\n")
                if is_cut:
                    _finish_line(file)
                text = line.rstrip("\n").replace("\0", "").removeprefix("\ufeff")
                yield number, Decoded(text[:MAX_CHARACTERS], encoding, is_cut)
        except UnicodeError as error:
            raise DatasetError(f"after line {number}: {not_of(encoding, error).message}") from None


def _finish_line(file: IO[str]) -> None:
    while (rest := file.readline(_BLOCK)) and not rest.endswith("\n"):
        pass
