"""The process in which one plug-in is imported and checked; its verdict goes through a pipe."""

from __future__ import annotations

import contextlib
import os
import sys
import traceback
from collections.abc import Callable
from dataclasses import replace
from enum import StrEnum
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

from engine.devices.console.startup import ignore_terminal
from engine.devices.console.streams import stream_on
from engine.errors import PluginError
from engine.service.plugin_checks.contracts import check_contract
from engine.service.plugin_checks.refusal import Refusal
from engine.spec.plugins.guarding import error_words
from engine.spec.plugins.loading import make
from engine.spec.plugins.record import PluginRecord, PluginState

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


def main(connection: Connection, records: list[PluginRecord], log: Path) -> None:
    """Checks plug-ins. The target of the spawned process, which is killed once it has spoken.

    Args:
        connection: Out go stages, each with the place of the plug-in, and verdicts; None when
            there is nothing more to say.
        records: The plug-ins of one package, unchecked.
        log: Where everything that is printed goes.
    """
    _redirect_output(log)
    ignore_terminal()
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    # A training may be using the GPU; a check needs none.
    os.environ |= {"CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "2"}
    _check(connection, records)
    connection.send(None)
    connection.close()
    os._exit(0)  # no thread of a plug-in's holds this up


def _check(connection: Connection, records: list[PluginRecord]) -> None:
    plugins: dict[int, object] = {}
    for place, record in enumerate(records):  # before anything here loads Keras
        connection.send((Stage.IMPORTING.value, place))
        before = _heavy()
        found, plugin = _tried(record, Stage.IMPORTING, partial(make, record))
        loaded = sorted(_heavy() - before)
        if loaded:
            connection.send(_refused(replace(record, loads_keras=True), *_of_heavy(loaded)))
            return  # of the others it could not be told any more; they get another process
        if found.state is PluginState.REFUSED:
            connection.send(found)
        else:
            plugins[place] = plugin
    for place, plugin in plugins.items():
        record = records[place]
        connection.send((Stage.CHECKING.value, place))
        found, title = _tried(
            record,
            Stage.CHECKING,
            partial(check_contract, plugin, record),
        )
        connection.send(found if title is None else replace(found, title=str(title)))


def _tried(
    record: PluginRecord, stage: Stage, act: Callable[[], object]
) -> tuple[PluginRecord, object | None]:
    """The plug-in, refused where `act` raises anything, else ready; and what `act` returned."""
    try:
        return replace(record, state=PluginState.READY), act()
    except Refusal as refusal:
        return _refused(record, refusal.reason, refusal.hint), None
    except PluginError as error:
        return _refused(record, error.message, error.hint, error.details), None
    except BaseException as error:
        reason = f"{stage.words} failed. Received: {error_words(error)}."
        hint = "The details say where. If a package is missing, install it."
        return _refused(record, reason, hint, traceback.format_exc()), None


def _of_heavy(loaded: list[str]) -> tuple[str, str]:
    return (
        f"Importing it loads {' and '.join(loaded)}, which the window must never do.",
        "Import that inside build or change, not at the top of a module.",
    )


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
    sys.stdout = sys.stderr = stream_on(2)
