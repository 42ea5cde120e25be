"""What plug-ins a run was made with, kept in its folder, so that a missing one can be named."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from engine.devices.clean_python import is_packaged
from engine.errors import PluginError
from engine.files import atomic_write
from engine.files.bounded import DAMAGED, read_object
from engine.spec.plugins.loading import PLUGINS, Plugins
from engine.spec.plugins.record import Group, PluginRecord

FILE_NAME: Final = "plugins.json"


def save_used(names: Iterable[tuple[Group, str]], folder: Path, plugins: Plugins = PLUGINS) -> None:
    """Writes down which of these names come from plug-ins; nothing where none does.

    Args:
        names: Data, format, model and augmentations of a run.
        folder: The run's.

    Raises:
        WorkspaceError: It cannot be written.
    """
    used = [record.to_dict() for record in _used(names, plugins)]
    if used:
        atomic_write(folder / FILE_NAME, json.dumps({"plugins": used}, indent=1))


def suspects(names: Iterable[tuple[Group, str]], plugins: Plugins = PLUGINS) -> str:
    """A sentence that names the plug-ins of a run that failed unexpectedly; empty without any."""
    used = [record.words for record in _used(names, plugins)]
    return f"It uses {', '.join(used)}, which may be the cause." if used else ""


def check_used(run: str, folder: Path, plugins: Plugins = PLUGINS) -> None:
    """Makes sure that the plug-ins of a run are there.

    Args:
        run: What it is called.
        folder: Its folder.

    Raises:
        PluginError: One is not.
    """
    for record in _read(folder):
        if record.name in plugins.objects(record.group):
            continue
        now = plugins.record(record.group, record.name)
        if now is not None:
            reason, hint = now.reason or now.why_missing, now.hint
        else:
            reason = f"The package '{record.package}' is not installed here."
            hint = (
                "Plug-ins need a Descent that was installed with Python"
                if is_packaged()
                else f"Install it: python -m pip install {record.package}"
            )
        raise PluginError(
            f"The run '{run}' needs {record.words}, which cannot be used. {reason}",
            f"{hint.rstrip('.')}. What was recorded can be looked at without it.",
        )


def _used(names: Iterable[tuple[Group, str]], plugins: Plugins) -> list[PluginRecord]:
    found = (plugins.objects(group).get(name) for group, name in names)
    return [loaded[0] for loaded in found if loaded is not None]


def _read(folder: Path) -> list[PluginRecord]:
    try:
        values = read_object(folder / FILE_NAME)
        return [PluginRecord.from_dict(item) for item in values["plugins"]]
    except DAMAGED:
        return []  # the name that is missing is told by whoever looks it up
