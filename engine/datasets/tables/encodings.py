"""Finds how a text file writes its letters."""

from __future__ import annotations

import codecs
from pathlib import Path

from engine.errors import DatasetError

FALLBACK = "windows-1252"
_SAMPLE_BYTES = 1 << 16
_BLOCK_BYTES = 1 << 22
# Below this share of letters beyond ASCII a text is Western: accents, not another alphabet.
_OTHER_ALPHABET = 0.3
_CANDIDATES = ["cp1251", "cp1253", "shift_jis", "gb18030", "big5", "euc_kr", "cp1252"]
_NAMES = {
    "cp1251": "windows-1251",
    "cp1253": "windows-1253",
    "euc_kr": "euc-kr",
    "cp1252": FALLBACK,
    "cp949": "euc-kr",
}


def encoding_name(encoding: str) -> str:
    """What people read."""
    plain = {"windows-1252": "Windows-1252", "shift_jis": "Shift JIS", "mac-roman": "Mac Roman"}
    return plain.get(encoding, encoding.upper())


def find_encoding(path: Path) -> str:
    """Returns a file's encoding, by the names of `TableParameters.encoding`.

    UTF-8 where the whole file is; UTF-16 by its mark or its zeros; else a guess.

    Raises:
        DatasetError: The file cannot be read, or is no text.
    """
    try:
        with path.open("rb") as file:
            head = file.read(_SAMPLE_BYTES)
            marked = _marked(head)
            if marked is not None:
                return marked
            if b"\0" in head[:4096]:
                raise DatasetError(
                    f"'{path.name}' is not a text file.",
                    "Save the table as CSV, in UTF-8, and open that.",
                )
            file.seek(0)
            decoder = codecs.getincrementaldecoder("utf-8")()
            while block := file.read(_BLOCK_BYTES):
                decoder.decode(block)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return _guess(head)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise DatasetError(
            f"'{path}' cannot be opened: {reason}.", "Check the file and its permissions."
        ) from error
    return "utf-8"


def _marked(head: bytes) -> str | None:
    if head[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return "utf-16"
    start = head[:64]
    # Without a mark: plain letters and delimiters have a zero in every other byte.
    for zeros, letters, name in ((1, 0, "utf-16-le"), (0, 1, "utf-16-be")):
        is_wide = len(start) >= 8 and start[zeros::2].count(0) > len(start) // 3
        if is_wide and 0 not in start[letters::2]:
            return name
    return None


def _guess(head: bytes) -> str:
    """Another alphabet where letters beyond ASCII are many; else Western European."""
    letters = [byte for byte in head if byte > 127 or chr(byte).isalpha()]
    beyond = sum(byte > 127 for byte in letters)
    if beyond < _OTHER_ALPHABET * len(letters):
        return FALLBACK
    from charset_normalizer import from_bytes

    best = from_bytes(head, cp_isolation=_CANDIDATES).best()
    if best is None:
        return FALLBACK
    return _NAMES.get(best.encoding, best.encoding)
