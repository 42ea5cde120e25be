"""Proof: a model that was written is asked in a clean process, and answers as the run's does.

`proof.json` lies beside the model with the questions, the answers and what may lie between, so that
`verify.py` repeats the proof wherever the model goes.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import platform
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from engine.datasets.base import AnyArray
from engine.devices.clean_python import script_command, source_of
from engine.devices.versions import installed_version
from engine.errors import WorkspaceError
from engine.files.bounded import DAMAGED, member, parse_object, read_object, reason_of
from engine.inference.export.card import FILE_NAME as CARD
from engine.inference.export.composing import FILE_NAME as PREDICT
from engine.inference.export.composing import predict_code, verify_code
from engine.inference.export.references import packed
from engine.inference.export.standalone.verify import seal_of
from engine.inference.foreign_models import confinement
from engine.inference.foreign_models.looking import look
from engine.inference.foreign_models.refusal import Refused
from engine.inference.foreign_models.saved_model import look_at_saved_model
from engine.spec.formatting import shorten

logger = logging.getLogger(__name__)

FILE_NAME: Final = "proof.json"
VERIFY: Final = "verify.py"
_MOST_SECONDS: Final = 600
_LOOK_S: Final = 0.2
_FOREIGN_BYTES: Final = 6 << 30
_BY_FILE: Final = 20
"""Bytes of addresses that a foreign model may take, and further ones for each of its files'."""
_WRITTEN_BYTES: Final = 1 << 30
_STREAMS: Final = ("output", "errors")
_TOOLS: Final = ("tensorflow", "keras", "numpy", "tf2onnx", "onnx", "onnxruntime", "ai-edge-litert")


@dataclass(frozen=True)
class Limits:
    """What may lie between the answers of a format and those of the run's model.

    Attributes:
        difference: The largest, in units of the range of the answers.
        same: The least share of examples with the same class or text.
    """

    difference: float
    same: float


LIMITS: Final = {
    "litert_float16": Limits(2e-2, 0.98),
    "litert_int8": Limits(0.25, 0.9),
}
EXACT: Final = Limits(1e-5, 1.0)
TOLD_BELOW: Final = 0.98
"""A share of same answers below it is told."""
_NAMED: Final = ("names", "thresholds", "threshold", "scale", "offset", "vocabulary")


def make_proof(
    folder: Path, card: Mapping[str, Any], inputs: Any, expected: AnyArray, n_usual: int
) -> dict[str, Any]:
    """Writes `proof.json` and `verify.py` into the folder of an export.

    Args:
        folder: All files of the export lie there already.
        card: Of the model.
        inputs: Examples, as code outside gives them.
        expected: What the run's model says of them, (n, …).
        n_usual: How many of them, from the first on, are of the data: the range of the answers is
            theirs.

    Returns:
        What was written.
    """
    (folder / VERIFY).write_text(verify_code(), "utf-8")
    names = sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and path.name != FILE_NAME
    )
    proof = {
        "schema": 1,
        "files": {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names},
        "versions": _versions(),
        "limits": _limits(card, expected, n_usual),
        "names": {key: card["output"][key] for key in _NAMED if key in card["output"]},
        "inputs": packed(inputs),
        "outputs": packed(expected),
    }
    return save_proof(folder, proof)


def save_proof(folder: Path, proof: dict[str, Any]) -> dict[str, Any]:
    """Writes `proof.json` with its seal."""
    sealed = {**proof, "seal": seal_of(proof)}
    (folder / FILE_NAME).write_text(json.dumps(sealed, indent=1), "utf-8")
    return sealed


def _limits(card: Mapping[str, Any], expected: AnyArray, n_usual: int) -> dict[str, Any]:
    limits = LIMITS.get(card["format"], EXACT)
    kind = card["output"]["type"]
    found: dict[str, Any] = {
        "difference": limits.difference,
        "same": limits.same,
        # Numbers of 8 bits end where those end that were learnt from.
        "counted": n_usual if card["format"] == "litert_int8" and n_usual else len(expected),
        "classes": kind == "classes",
        "relative": kind in ("numbers", "anomaly"),
    }
    if kind == "tokens":
        return {**found, "range": [1.0], "even": 0.0}
    usual = np.asarray(expected[: max(1, n_usual)], np.float64)
    if kind in ("classes", "labels"):
        span = np.array([max(np.ptp(usual), 1e-3)])
    else:
        span = np.ptp(usual, axis=0)
        span = np.where(span > 0.0, span, np.abs(usual).max(axis=0) + 1e-9)
    even = EXACT.difference * float(span.max())
    return {**found, "range": span.tolist(), "even": even}


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version(), "machine": platform.machine()}
    return found | {name: version for name in _TOOLS if (version := installed_version(name))}


def asked(
    folder: Path,
    *options: str,
    threads: int = 1,
    watch: Callable[[], None] = lambda: None,
    is_foreign: bool = False,
) -> dict[str, Any]:
    """Asks the model in a folder, in a process that has its runtime alone.

    The code that asks is ours, never what lies in the folder: that may come from anywhere.

    Args:
        folder: An export.
        options: Further ones of `verify.py`, such as ``--measure``.
        threads: How many the runtime may use.
        watch: Called now and then; may raise to end it.
        is_foreign: It may come from anywhere: it is looked at before it is opened, and asked in a
            process that is confined.

    Returns:
        What `verify.py` found: ``problems``, ``checked``, ``largest_difference``, ``same``, …

    Raises:
        WorkspaceError: It is no export, or its card cannot be read.
    """
    card = read_card(folder)
    if is_foreign and (problem := _refusal(card, folder)):
        return {"problems": [problem]}
    with tempfile.TemporaryDirectory() as aside:
        code = Path(aside)
        (code / PREDICT).write_text(predict_code(card), "utf-8")
        (code / VERIFY).write_text(verify_code(), "utf-8")
        words = [str(folder.resolve()), "--code", aside, "--json", *options]
        script = code / VERIFY
        if is_foreign:
            words = [*_limits_in(code, folder), str(script), *words]
            script = _confining(code)
        command = script_command(script, *words, "--threads", str(threads))
        ended = _run(command, code, watch)
        said, errors = ((code / name).read_bytes() for name in _STREAMS)
    if ended is None:
        return {"problems": [f"It did not answer within {_MOST_SECONDS} seconds."]}
    try:
        return parse_object(said)
    except ValueError:
        lines = errors.decode("utf-8", "replace").strip().splitlines()
        logger.info("A proof ended with %s: %s", ended, "\n".join(lines[-20:]))
        reason = lines[-1] if lines else f"its process ended with {ended}"
        return {"problems": [f"It cannot be asked: {reason}"]}


def _refusal(card: Mapping[str, Any], folder: Path) -> str:
    """Why a model of somebody's is not opened; empty: nothing speaks against it."""
    file = card["file"]
    if file != Path(file).name:  # what is looked at here is what is opened there
        return f"It is not opened: model.json names {shorten(file)}, which lies elsewhere."
    with tempfile.TemporaryDirectory() as aside:
        try:
            if card["format"] == "keras":
                look(folder / file, Path(aside))
            elif card["format"] == "saved_model":
                look_at_saved_model(folder / file)
        except Refused as error:
            return f"It is not opened: {error}"
        except (OSError, ValueError) as error:
            return f"It cannot be opened: {reason_of(error)}."
    return ""


def _confining(code: Path) -> Path:
    """Writes the script that runs another one under limits."""
    script = code / "confinement.py"
    script.write_text(source_of(confinement.__file__).read_text("utf-8"), "utf-8")
    return script


def _limits_in(code: Path, folder: Path) -> list[str]:
    """What it takes before the other's words: where may be written, and how much may be taken."""
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    memory = _FOREIGN_BYTES + _BY_FILE * size
    return [str(code), str(memory), str(_MOST_SECONDS), str(_WRITTEN_BYTES)]


def _run(command: list[str], folder: Path, watch: Callable[[], None]) -> int | None:
    """Runs a command in a folder, where it also writes; None: it took too long."""
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONIOENCODING": "utf-8"}
    output, errors = (folder / name for name in _STREAMS)
    with output.open("wb") as out, errors.open("wb") as err:
        process = subprocess.Popen(
            command,
            stdout=out,
            stderr=err,
            cwd=folder,
            env={**os.environ, **quiet},
        )
        ends = time.monotonic() + _MOST_SECONDS
        try:
            while time.monotonic() < ends:
                watch()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    return process.wait(_LOOK_S)
            return None
        finally:
            process.kill()
            process.wait()


def read_card(folder: Path) -> dict[str, Any]:
    """The card of an export.

    Raises:
        WorkspaceError: There is none, or it is damaged.
    """
    try:
        card = read_object(folder / CARD)
        for name, kind in (
            ("format", str),
            ("file", str),
            ("kind", str),
            ("output", dict),
            ("prepare", dict),
        ):
            member(card, name, kind)
    except FileNotFoundError:
        raise WorkspaceError(
            f"'{folder}' is no export of Descent: it has no '{CARD}'.",
            "Give the folder of an exported model, or its file.",
        ) from None
    except DAMAGED as error:
        raise WorkspaceError(
            f"'{folder / CARD}' cannot be read ({reason_of(error)}).", "Export the model again."
        ) from error
    return card
