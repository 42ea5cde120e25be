"""The command `plugins`: what other packages add, and what became of each."""

from __future__ import annotations

import contextlib
from argparse import Namespace
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final

from engine.cli.commands.output import Output, table
from engine.devices.clean_python import is_packaged
from engine.spec.plugins.discovery import declared
from engine.spec.plugins.loading import PLUGINS, recalled
from engine.spec.plugins.record import PluginRecord, PluginState

_NONE: Final = "No installed package brings a plug-in. engine/api.py says how to write one."
_NONE_IN_PACKAGE: Final = (
    "Plug-ins are packages of Python. They need a Descent that was installed with Python; this one "
    "has all it needs inside."
)


def list_plugins(arguments: Namespace, output: Output) -> int:
    """Lists all plug-ins; checks those that are new, and those that were left out once more."""
    found = []
    again = []
    for record in declared():
        known = recalled(record)
        is_judged = record.state is PluginState.REFUSED  # by its name, which others have, too
        if is_judged or (known.state is PluginState.READY and not arguments.again):
            found.append(known)
        else:
            again.append(record)
    found += _checked(again, output)
    found.sort(key=lambda item: (item.package, item.group, item.name))
    if output.as_json:
        output.object({"plugins": [_values(record) for record in found]})
        return 0
    if not found:
        output.lines(_NONE_IN_PACKAGE if is_packaged() else _NONE)
        return 0
    rows = [
        (item.name, item.group.word, f"{item.package} {item.version}", item.state.value, item.title)
        for item in found
    ]
    output.lines(*table(("name", "adds", "package", "state", "title"), rows))
    for record in found:
        if record.state is PluginState.REFUSED:
            output.lines("", f"{record.name}: {record.reason}", f"  {record.hint}")
    return 0


@contextlib.contextmanager
def checked_plugins(output: Output) -> Iterator[None]:
    """Has plug-ins that are new checked when the command first asks for one, and says so."""
    PLUGINS.check_with(partial(_checked, output=output))
    try:
        yield
    finally:
        PLUGINS.check_with(None)


def _checked(records: Sequence[PluginRecord], output: Output) -> list[PluginRecord]:
    """Checks plug-ins, and says so: it takes some seconds, once for each version of a package."""
    if not records:
        return []
    from engine.service.plugin_checks import check_all

    if not output.as_json:
        names = ", ".join(f"'{record.name}'" for record in records)
        packages = ", ".join(dict.fromkeys(record.package for record in records))
        output.note(f"Checking the plug-ins {names} of {packages}…")
    return list(check_all(records))


def _values(record: PluginRecord) -> dict[str, object]:
    return {name: value for name, value in record.to_dict().items() if name != "details"}
