"""The process in which one plug-in is imported and checked; its verdict goes through a pipe."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import traceback
from dataclasses import replace
from enum import StrEnum
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

from engine.errors import PluginError
from engine.plugins.guarding import error_words
from engine.plugins.loading import make
from engine.plugins.record import PluginRecord, PluginState
from engine.service.plugin_checks.contracts import check_contract
from engine.service.plugin_checks.refusal import Refusal

HEAVY: Final = ("tensorflow", "keras", "torch", "jax")
"""What a window's process must never load."""
NICENESS: Final = 10


class Stage(StrEnum):
    """How far a check is."""

    STARTING = "starting"
    IMPORTING = "importing"
    CHECKING = "checking"

    @property
    def words(self) -> str:
        """What is being done, as the beginning of a sentence."""
        return {
            Stage.STARTING: "Starting a process for the check",
            Stage.IMPORTING: "Importing it",
            Stage.CHECKING: "Trying it out",
        }[self]


def main(connection: Connection, record: PluginRecord, log: Path) -> None:
    """Checks a plug-in. The target of the spawned process, which is killed once it has spoken.

    Args:
        connection: Stages and the verdict go out.
        record: The plug-in, unchecked.
        log: Where everything that is printed goes.
    """
    _redirect_output(log)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends us
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    # A training may be using the GPU; a check needs none.
    os.environ |= {"CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "2"}
    stage = Stage.IMPORTING
    connection.send(stage.value)
    before = _heavy()
    try:
        plugin = make(record)
        loaded = sorted(_heavy() - before)
        record = replace(record, loads_keras=bool(loaded))
        if loaded:
            raise Refusal(
                f"Importing it loads {' and '.join(loaded)}, which the window must never do.",
                "Import that inside build or change, not at the top of a module.",
            )
        stage = Stage.CHECKING
        connection.send(stage.value)
        title = check_contract(plugin, record)
        verdict = replace(record, state=PluginState.READY, title=title)
    except Refusal as refusal:
        verdict = _refused(record, refusal.reason, refusal.hint)
    except PluginError as error:
        verdict = _refused(record, error.message, error.hint, error.details)
    except BaseException as error:
        verdict = _refused(
            record,
            f"{stage.words} failed. Received: {error_words(error)}.",
            "The details say where. If a package is missing, install it.",
            traceback.format_exc(),
        )
    connection.send(verdict)
    connection.close()
    os._exit(0)  # no thread of a plug-in's holds this up


def _refused(record: PluginRecord, reason: str, hint: str, details: str = "") -> PluginRecord:
    return replace(record, state=PluginState.REFUSED, reason=reason, hint=hint, details=details)


def _heavy() -> set[str]:
    return set(HEAVY) & sys.modules.keys()


def _redirect_output(log: Path) -> None:
    with contextlib.suppress(OSError):
        target = os.open(log, os.O_WRONLY | os.O_CREAT, 0o600)
        for stream in (1, 2):
            os.dup2(target, stream)
        os.close(target)
    sys.stdout = sys.stderr = open(2, "w", buffering=1, encoding="utf-8", closefd=False)  # noqa: SIM115
