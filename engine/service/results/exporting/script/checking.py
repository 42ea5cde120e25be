"""The proof: a clean process reads, divides, prepares and builds, and what it has is compared."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Final

from engine.service.results.exporting.script.document import Document
from engine.service.results.exporting.script.network import TITLE as NETWORK
from engine.service.results.exporting.script.network import state_of
from engine.service.results.exporting.script.subject import NotWritten, Subject

_TIMEOUT_S: Final = 3600
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


def check_apart(document: Document, subject: Subject, to: Path) -> None:
    """Runs all up to the training in a process that knows nothing of Descent.

    Raises:
        NotWritten: It fails, or has something else than Descent.
    """
    if getattr(sys, "frozen", False):  # a bundle has no Python of its own to start
        return
    last = next(n for n, it in enumerate(document.sections, 1) if it.title == NETWORK)
    text = document.script(document.sections[:last])
    names = list(subject.wanted)
    code = f"__file__ = {str(to)!r}\n{text}{_TELL % names}"
    done = subprocess.run(
        [sys.executable, "-I", "-"],
        input=code,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=_TIMEOUT_S,
        check=False,
    )
    if done.returncode:
        last_line = done.stderr.strip().splitlines()[-1:] or ["it ended without a word"]
        raise NotWritten(f"The script fails in a process of its own: {last_line[0]}")
    found = json.loads(done.stdout.strip().splitlines()[-1])
    wrong = [name for name, value in subject.wanted.items() if found.get(name) != value]
    if found["model"] != state_of(subject.network):
        wrong.append("model")
    if wrong:
        raise NotWritten(f"In a process of its own the script has another {', '.join(wrong)}.")
