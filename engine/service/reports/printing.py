"""Prints a report as PDF: Qt does, in a process of its own, as the engine knows no Qt."""

from __future__ import annotations

import logging
import os
import subprocess
from pathlib import Path
from typing import Final

import engine
from engine.devices.clean_python import module_command
from engine.errors import DescentError
from engine.service.reports.document import Document
from engine.service.reports.packing import packed

logger = logging.getLogger(__name__)

PRINTER: Final = "gui.printing"
"""The program of the window's side that lays pages out: a report in, a PDF out; no display."""
_PATIENCE_S: Final = 300
_BEGIN: Final = b"%PDF-"
_ROOT: Final = str(Path(engine.__file__).resolve().parents[1])


def print_document(document: Document) -> bytes:
    """Prints a report.

    Returns:
        The PDF.

    Raises:
        DescentError: There is nothing to print with, or it failed.
    """
    # Found as this process finds it, whatever folder it stands in; a worker may start it, too.
    paths = os.pathsep.join(filter(None, (_ROOT, os.environ.get("PYTHONPATH", ""))))
    try:
        ended = subprocess.run(
            module_command(PRINTER),
            input=packed(document),
            capture_output=True,
            timeout=_PATIENCE_S,
            env={**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": paths},
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise _failed(f"It took more than {_PATIENCE_S} seconds.") from None
    except OSError as error:
        raise _failed(f"Received: {error}.") from error
    if ended.returncode == 0 and ended.stdout.startswith(_BEGIN):
        return ended.stdout
    said = ended.stderr.decode("utf-8", "replace").strip().splitlines()
    logger.error("A report cannot be printed: %s", "\n".join(said[-20:]))
    raise _failed(f"Received: {said[-1] if said else f'exit code {ended.returncode}'}.")


def _failed(reason: str) -> DescentError:
    return DescentError(
        f"The report cannot be printed. {reason}",
        "Export it as HTML, and print that in a browser.",
    )
