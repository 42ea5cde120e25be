"""On what a run was trained: versions and machine, kept in its folder.

A run that goes on elsewhere, or after an update, has several, each with the epoch it begins after.
"""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import psutil

from engine.devices.machine import look_at_machine
from engine.devices.sampler import cpu_model
from engine.devices.versions import package_versions
from engine.files import atomic_write
from engine.files.bounded import DAMAGED, member, read_json
from engine.spec.formatting import bytes_text

FILE_NAME: Final = "environment.json"
_MAX_KEPT: Final = 100


@dataclass(frozen=True)
class Environment:
    """On what something is computed.

    Attributes:
        versions: Of Descent and of what it stands on, by name.
        machine: Its system, processor, cores and memory, and graphics processors where there are
            any; in words, by name.
        epochs_done: Epochs of the run that were done before.
    """

    versions: Mapping[str, str]
    machine: Mapping[str, str]
    epochs_done: int = 0


def environment_now() -> Environment:
    """This process's versions and this machine; no name of a person or a computer is in it."""
    logical = os.cpu_count() or 1
    machine = {
        "system": f"{platform.system()} {platform.release()}, {platform.machine()}",
        "processor": cpu_model(),
        "cores": f"{psutil.cpu_count(logical=False) or logical} ({logical})",
        "memory": bytes_text(psutil.virtual_memory().total),
    }
    graphics = [gpu.name for gpu in look_at_machine().gpus]
    if graphics:
        machine["graphics"] = ", ".join(graphics)
    return Environment(package_versions(), machine)


def note_environment(folder: Path, epochs_done: int = 0) -> None:
    """Writes into the folder of a run on what it is trained from now on.

    Args:
        folder: The run's.
        epochs_done: Epochs that are kept of what it did before.

    Raises:
        WorkspaceError: It cannot be written.
    """
    now = replace(environment_now(), epochs_done=epochs_done)
    # What came after the checkpoint that it goes on from is trained anew.
    kept = [it for it in environments_of(folder) if it.epochs_done < epochs_done]
    if not kept or replace(kept[-1], epochs_done=epochs_done) != now:
        kept = [*kept, now][-_MAX_KEPT:]
    atomic_write(folder / FILE_NAME, json.dumps([asdict(it) for it in kept], indent=1))


def environments_of(folder: Path) -> tuple[Environment, ...]:
    """On what a run was trained, the earliest first; empty: that was not kept, or is damaged."""
    try:
        values = read_json(folder / FILE_NAME)
        return tuple(_environment(it) for it in values[:_MAX_KEPT])
    except DAMAGED:
        return ()


def _environment(values: dict[str, Any]) -> Environment:
    epochs_done = member(values, "epochs_done", int)
    if epochs_done < 0:
        raise ValueError("it begins before its first epoch")
    return Environment(_words(values, "versions"), _words(values, "machine"), epochs_done)


def _words(values: dict[str, Any], name: str) -> dict[str, str]:
    found: dict[str, str] = member(values, name, dict)
    if not all(isinstance(it, str) for it in found.values()):
        raise ValueError(f"'{name}' holds something else than words")
    return found
