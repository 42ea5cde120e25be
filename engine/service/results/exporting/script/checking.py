"""The proof: a clean process reads, divides, prepares and builds, and what it has is compared."""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
from pathlib import Path
from typing import IO, Final

from engine.datasets.base import Progress
from engine.devices.clean_python import input_command
from engine.files.bounded import parse_object
from engine.service.results.exporting.script.document import Document
from engine.service.results.exporting.script.network import TITLE as NETWORK
from engine.service.results.exporting.script.network import state_of
from engine.service.results.exporting.script.subject import NotWritten, Subject

DOING: Final = "Checking it in a process of its own"
_ASKED_EVERY_S: Final = 0.2
_MOST_SAID: Final = 16 << 20
_TELL: Final = """

import hashlib as _hashlib
import json as _json

import numpy as _np


def _digest(values):
    array = _np.ascontiguousarray(values)
    told = _hashlib.sha256(f"{array.dtype.str} {array.shape}".encode())
    told.update(array.tobytes())
    return told.hexdigest()


print("\\n" + _json.dumps({
    **{name: _digest(globals()[name]) for name in %s},
    "model": {
        f"{layer.name}/{place}": _digest(_np.asarray(variable))
        for layer in model.layers
        for place, variable in enumerate(layer.variables)
    },
}))
"""


def check_apart(document: Document, subject: Subject, to: Path, progress: Progress) -> None:
    """Runs all up to the training in a process that knows nothing of Descent.

    Raises:
        NotWritten: It fails, or has something else than Descent.
        Cancelled: Someone asked to stop; the process is ended.
    """
    last = next(n for n, it in enumerate(document.sections, 1) if it.title == NETWORK)
    text = document.script(document.sections[:last])
    names = list(subject.wanted)
    code = f"__file__ = {str(to)!r}\n{text}{_TELL % names}"
    found = parse_object(_answer_of(code, progress).strip().splitlines()[-1])
    wrong = [name for name, value in subject.wanted.items() if found.get(name) != value]
    if found["model"] != state_of(subject.network):
        wrong.append("model")
    if wrong:
        raise NotWritten(f"In a process of its own the script has another {', '.join(wrong)}.")


def _answer_of(code: str, progress: Progress) -> str:
    """What code prints in a process of its own.

    Raises:
        NotWritten: It fails.
        Cancelled: Someone asked to stop.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            input_command(), stdin=subprocess.PIPE, stdout=out, stderr=errors
        )
        try:
            assert process.stdin is not None
            with contextlib.suppress(BrokenPipeError):  # it ended early, and says why
                process.stdin.write(code.encode("utf-8", "surrogatepass"))
                process.stdin.close()
            while process.poll() is None:
                progress(DOING, 3, 4)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(_ASKED_EVERY_S)
        finally:
            process.kill()
            process.wait()
        said = [_read(file) for file in (out, errors)]
    if process.returncode:
        last = said[1].strip().splitlines()[-1:] or ["it ended without a word"]
        raise NotWritten(f"The script fails in a process of its own: {last[0]}")
    return said[0]


def _read(file: IO[bytes]) -> str:
    """The end of what was printed."""
    file.seek(0, 2)
    file.seek(max(0, file.tell() - _MOST_SAID))
    return file.read(_MOST_SAID).decode("utf-8", "replace")
