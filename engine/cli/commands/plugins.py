"""The command `plugins`: what other packages add, and what became of each."""

from __future__ import annotations

import contextlib
import sys
from argparse import Namespace
from collections.abc import Iterator, Sequence

from engine.cli.commands.output import Output, table
from engine.plugins.loading import PLUGINS
from engine.plugins.record import PluginRecord, PluginState


def list_plugins(arguments: Namespace, output: Output) -> int:
    """Lists all plug-ins; checks those that are new, and those that were left out once more."""
    from engine.plugins.discovery import declared
    from engine.plugins.verdicts import recall
    from engine.service.plugin_checks import check_all

    found: list[PluginRecord] = []
    for record in declared():
        known = recall(record)
        is_ambiguous = record.state is PluginState.REFUSED
        is_settled = known.state is PluginState.READY and not arguments.again
        if not is_ambiguous and not is_settled:
            _announce(record, output)
            (known,) = check_all([record])
        found.append(record if is_ambiguous else known)
    if output.as_json:
        output.object({"plugins": [_values(record) for record in found]})
        return 0
    if not found:
        output.lines("No installed package brings a plug-in. How to write one: .github/PLUGINS.md")
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

    def check(records: Sequence[PluginRecord]) -> Iterator[PluginRecord]:
        from engine.service.plugin_checks import check_all

        for record in records:
            _announce(record, output)
            yield from check_all([record])

    PLUGINS.check_with(check)
    try:
        yield
    finally:
        PLUGINS.check_with(None)


def _announce(record: PluginRecord, output: Output) -> None:
    """Says what takes some seconds, once for each version of a package."""
    if not output.as_json:
        sys.stderr.write(f"Checking {record.words}…\n")


def _values(record: PluginRecord) -> dict[str, object]:
    return {name: value for name, value in record.to_dict().items() if name != "details"}
