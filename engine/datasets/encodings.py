"""How a text file writes its letters: one answer for tables, texts, pairs and lists of files.

A mark at the beginning tells it, or zeros between the letters, or that all of the file is UTF-8.
What is left is guessed from the words that hold letters beyond ASCII, and people are told so.
"""

from __future__ import annotations

import codecs
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from engine.datasets.encoding_guess import SAMPLE_BYTES, WESTERN, Evidence, guess_name
from engine.errors import DatasetError
from engine.events.findings import DataFinding, Remedy, Trouble

EncodingName = Literal[
    "auto",
    "utf-8",
    "utf-16",
    "utf-32",
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
ONE_BYTE = (
    "utf-8",
    "windows-1252",
    "iso-8859-1",
    "iso-8859-15",
    "windows-1250",
    "windows-1251",
    "windows-1253",
    "koi8-r",
    "mac-roman",
)
"""Encodings in which the byte of an ASCII letter is never part of another letter."""

_HEAD_BYTES = 1 << 12
_BLOCK_BYTES = 1 << 22
# The longest first: UTF-32 little endian begins as UTF-16 does.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Besides white space, a text may hold backspaces, escapes, and what separates cells elsewhere.
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\r\f\v\b\x1a\x1b\x01\x1c\x1d\x1e\x1f"))
_MAX_CONTROLS = 0.02
# Two letters of ASCII are one of Chinese in UTF-16; of true Chinese, fewer look like two of ASCII.
_MAX_ASCII_PAIRS = 0.6
_ASCII_TEXT = frozenset(b"\t\n\r" + bytes(range(32, 127)))
_TITLES = {
    "windows-1252": "Western European (Windows-1252)",
    "windows-1250": "Central European (Windows-1250)",
    "windows-1251": "Cyrillic (Windows-1251)",
    "koi8-r": "Cyrillic (KOI8-R)",
    "windows-1253": "Greek (Windows-1253)",
    "shift_jis": "Japanese (Shift JIS)",
    "gb18030": "Chinese (GB18030)",
    "big5": "traditional Chinese (Big5)",
    "euc-kr": "Korean (EUC-KR)",
}
_OTHERS = {
    WESTERN: ("windows-1250", "windows-1251"),
    "windows-1251": ("koi8-r", WESTERN),
    "koi8-r": ("windows-1251", WESTERN),
    "gb18030": ("big5", WESTERN),
    "big5": ("gb18030", WESTERN),
    "euc-kr": ("gb18030", WESTERN),
    "shift_jis": ("gb18030", WESTERN),
}


@dataclass(frozen=True)
class Encoding:
    """How a file writes its letters.

    Attributes:
        name: As people choose it, by `EncodingName`; of UTF-16 and UTF-32 without a mark with the
            order of their bytes, such as ``utf-16-le``.
        is_guess: Nothing in the file tells it for sure.
    """

    name: str
    is_guess: bool = False

    @property
    def codec(self) -> str:
        """Python's name of it; a mark at the beginning is no part of the text."""
        return "utf-8-sig" if self.name == "utf-8" else self.name

    @property
    def errors(self) -> str:
        """What becomes of bytes without a meaning: of a guess they are shown as such."""
        return "replace" if self.is_guess else "strict"

    @property
    def shown(self) -> str:
        """What people read of it: ``UTF-8``."""
        plain = {"windows-1252": "Windows-1252", "shift_jis": "Shift JIS", "mac-roman": "Mac Roman"}
        return plain.get(self.name, self.name.upper())

    @property
    def title(self) -> str:
        """Its name with whose letters it writes: ``Cyrillic (Windows-1251)``."""
        return _TITLES.get(self.name, self.shown)


Guess = Callable[[Evidence], Encoding]
"""Asked where nothing tells the encoding of a text."""


def guess_encoding(evidence: Evidence) -> Encoding:
    """The likeliest encoding."""
    return Encoding(guess_name(evidence), is_guess=True)


def encoding_of(
    data: bytes, is_whole: bool, wanted: str = "auto", guess: Guess = guess_encoding
) -> Encoding:
    """Returns the encoding of a text.

    Args:
        data: The text, or its beginning.
        is_whole: It is all of the text.
        wanted: What someone said, by `EncodingName`.
        guess: Asked where nothing tells it.

    Raises:
        DatasetError: It is no text. The message does not name the file: it is listed after the
            name.
    """
    return _decide(data[:_HEAD_BYTES], lambda: iter([data]), is_whole, wanted, guess)


def find_encoding(path: Path, wanted: str = "auto", guess: Guess = guess_encoding) -> Encoding:
    """Returns the encoding of a file, by all that is in it; see `encoding_of`.

    Raises:
        DatasetError: It is no text.
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)

        def blocks() -> Iterator[bytes]:
            file.seek(0)
            yield from iter(lambda: file.read(_BLOCK_BYTES), b"")

        return _decide(head, blocks, True, wanted, guess)


def evidence_in(path: Path) -> Evidence:
    """What speaks for an encoding in the beginning of a file; nothing where its encoding is told.

    Raises:
        DatasetError: It is no text.
        OSError: It cannot be read.
    """
    found = Evidence()

    def keep(evidence: Evidence) -> Encoding:
        nonlocal found
        found = evidence
        return guess_encoding(evidence)

    with path.open("rb") as file:
        data = file.read(SAMPLE_BYTES)
    encoding_of(data, len(data) < SAMPLE_BYTES, guess=keep)
    return found


def beginning(path: Path, n_bytes: int) -> str:
    """The beginning of a file, as far as it is text; bytes without a meaning are left out.

    Raises:
        DatasetError: It is no text.
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        data = file.read(n_bytes)
    return data.decode(encoding_of(data, len(data) < n_bytes).codec, "ignore")


def verify(path: Path, encoding: Encoding) -> None:
    """Makes sure that all of a file is of an encoding.

    Raises:
        DatasetError: It is not; the message does not name the file.
        OSError: It cannot be read.
    """
    decoder = codecs.getincrementaldecoder(encoding.codec)(encoding.errors)
    with path.open("rb") as file:
        try:
            for block in iter(lambda: file.read(_BLOCK_BYTES), b""):
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeError as error:
            raise not_of(encoding, error) from None


def not_of(encoding: Encoding, error: UnicodeError) -> DatasetError:
    """The error of a text that is not of its encoding, without the file's name."""
    received = "no mark of it at the beginning"
    if isinstance(error, UnicodeDecodeError):
        received = f"bytes {error.object[error.start : error.start + 4].hex(' ')}"
    return DatasetError(f"is not {encoding.shown} text. Received: {received}")


def guess_finding(file_name: str, encoding: Encoding) -> tuple[DataFinding, ...]:
    """Says that an encoding was guessed, and offers others; nothing where it was told."""
    if not encoding.is_guess:
        return ()
    text = (
        f"'{file_name}' is not UTF-8; it was read as {encoding.title}. If letters look wrong, "
        "choose another encoding, or save it as UTF-8."
    )
    remedies = tuple(
        Remedy(f"Read it as {Encoding(name).title}", {"data.parameters.encoding": name})
        for name in _OTHERS.get(encoding.name, (WESTERN,))
    )
    return (DataFinding(Trouble.UNDERSTOOD, "", text, remedies=remedies),)


def _decide(
    head: bytes, blocks: Callable[[], Iterable[bytes]], is_whole: bool, wanted: str, guess: Guess
) -> Encoding:
    marked = next((name for mark, name in _MARKS if head.startswith(mark)), None)
    if wanted in ("utf-16", "utf-32") and wanted != marked:
        return Encoding(_without_mark(head, wanted) or wanted)
    if wanted != "auto":
        return Encoding(wanted)
    if marked is not None:
        return Encoding(marked)
    n_controls = len(head) - len(head.translate(None, _CONTROLS))
    if 0 in head or n_controls > _MAX_CONTROLS * len(head):
        found = _without_mark(head, "utf-32") or _without_mark(head, "utf-16")
        if found is None:
            raise DatasetError("is no text, but holds other data")
        return Encoding(found)
    if _is_utf8(blocks(), is_whole):
        return Encoding("utf-8")
    evidence = Evidence()
    evidence.add(blocks(), is_whole)
    return guess(evidence)


def _is_utf8(blocks: Iterable[bytes], is_whole: bool) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for block in blocks:
            decoder.decode(block)
        decoder.decode(b"", is_whole)
    except UnicodeDecodeError:
        return False
    return True


def _without_mark(head: bytes, width: str) -> str | None:
    """The order of bytes in which UTF-16 or UTF-32 without a mark is a text; None: in neither.

    Where both orders could be, it is the one with fewer different upper bytes: the letters of a
    text are neighbours.
    """
    n_bytes = 2 if width == "utf-16" else 4
    is_cut = len(head) < _HEAD_BYTES and len(head) % n_bytes > 0
    if is_cut or len(head) < 2 * n_bytes or (n_bytes == 2 and _is_ascii_mostly(head)):
        return None
    able = []
    for order, upper in (("le", n_bytes - 1), ("be", 0)):
        name = f"{width}-{order}"
        with suppress(UnicodeDecodeError):
            if _is_text(codecs.getincrementaldecoder(name)().decode(head)):
                able.append((len(set(head[upper::n_bytes])), name))
    return min(able)[1] if able else None


def _is_ascii_mostly(head: bytes) -> bool:
    pairs = list(zip(head[::2], head[1::2], strict=False))
    n_ascii = sum(one in _ASCII_TEXT and other in _ASCII_TEXT for one, other in pairs)
    return n_ascii > _MAX_ASCII_PAIRS * len(pairs)


def _is_text(text: str) -> bool:
    """Hardly any sign is a control, has no meaning, or is of private use."""
    n_odd = sum(
        unicodedata.category(sign) in ("Cc", "Cn", "Co", "Cs") and not sign.isspace()
        for sign in text
    )
    return "\0" not in text and n_odd <= _MAX_CONTROLS * len(text)
