"""Prints a report as PDF: Qt does, in a process of its own, as the engine knows no Qt."""

from __future__ import annotations

import importlib
import logging
import multiprocessing
import os
from multiprocessing.connection import Connection
from typing import Final

from engine.errors import DescentError
from engine.service.reports.document import Document

logger = logging.getLogger(__name__)

PRINTER: Final = "gui.printing.document"
"""The module of the window's side that lays pages out; it needs no display."""
_PATIENCE_S: Final = 300.0


def print_document(document: Document) -> bytes:
    """Prints a report.

    Returns:
        The PDF.

    Raises:
        DescentError: There is nothing to print with, or it failed.
    """
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    # As the worker that it may be started by: it leaves nothing behind where that is ended.
    process = context.Process(target=_print, args=(sender, document), name="printing")
    process.start()
    sender.close()
    try:
        found = receiver.recv() if receiver.poll(_PATIENCE_S) else "It took too long."
    except EOFError:
        found = "Its process ended."
    finally:
        receiver.close()
        if process.is_alive() and not isinstance(process.exitcode, int):
            process.join(1.0)
        if process.is_alive():
            process.kill()
        process.join()
    if isinstance(found, bytes):
        return found
    raise DescentError(
        f"The report cannot be printed. {found}",
        "Export it as HTML, and print that in a browser.",
    )


def _print(sender: Connection, document: Document) -> None:
    """The target of the process: answers with the PDF, or why there is none."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    try:
        found = importlib.import_module(PRINTER).pdf_of(document)
    except Exception as error:
        logger.exception("A report cannot be printed")
        found = f"Received: {type(error).__name__}: {error}."
    sender.send(found)
    sender.close()
