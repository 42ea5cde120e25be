"""The command that says which version this is."""

from __future__ import annotations

from engine.cli.commands.output import Output
from engine.devices.versions import version_lines, versions


def show_versions(output: Output) -> int:
    """Says Descent's version, and those of what it stands on."""
    if output.as_json:
        output.object({name.lower(): version for name, version in versions().items()})
        return 0
    output.lines(*version_lines())
    return 0
