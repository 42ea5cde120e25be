"""The headless commands: reads the command line, calls the command, turns errors into exit codes.

0 done, 1 the run failed, 2 bad input or usage, 130 interrupted by Ctrl-C.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from engine.cli.commands.output import Output, error_lines
from engine.cli.commands.plugins import checked_plugins
from engine.cli.commands.quiet import quiet_native_code
from engine.cli.commands.versions import show_versions
from engine.cli.ending import printed, unexpected
from engine.cli.options import EXIT_USAGE
from engine.cli.parser import VERSION_FLAG, build_parser, version_parser
from engine.devices.console.startup import SIGNAL_BASE, ending_code, ending_words, raising_signals
from engine.devices.console.streams import protect_standard_streams
from engine.errors import DescentError
from engine.runs.store import RunStore
from engine.runs.workspace import default_workspace
from engine.service.hard_exit import leave

_NEGATIVE_ROW = re.compile(r"-[\d.].*,.*")


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command.

    Args:
        argv: Arguments after the program's name; those of the process by default.

    Returns:
        The exit code.
    """
    given = list(sys.argv[1:] if argv is None else argv)
    # A row that starts with a minus would be taken for an option; a space in front helps.
    given = [f" {text}" if _NEGATIVE_ROW.fullmatch(text) else text for text in given]
    try:
        if given[:1] == [VERSION_FLAG]:
            return _show_versions(given[1:])
        arguments = build_parser().parse_args(given)
    except SystemExit as ending:
        return printed(Output(as_json=False), int(ending.code or 0))
    output = Output(arguments.json)
    try:
        with checked_plugins(output):
            code = _run(arguments, output)
    except DescentError as error:
        output.note(*error_lines(error))
        return EXIT_USAGE
    except KeyboardInterrupt as error:
        output.note(ending_words(error))
        return ending_code(error)
    return printed(output, code, arguments.acts)


def _show_versions(given: Sequence[str]) -> int:
    """Answers ``--version``, which stands in the place of a command."""
    output = Output(version_parser().parse_args(given).json)
    return printed(output, show_versions(output))


def run(argv: Sequence[str] | None = None) -> int:
    """Runs one command, as a program of its own: the process may end here."""
    protect_standard_streams()
    with raising_signals():
        try:
            code = main(argv)
        except Exception as error:
            code = unexpected(error)
    return leave(code, at_once=code > SIGNAL_BASE)


def _run(arguments: argparse.Namespace, output: Output) -> int:
    if arguments.with_store is None:
        with quiet_native_code(None):
            return int(arguments.without_store(arguments, output))
    workspace: Path = arguments.workspace or default_workspace()
    with RunStore(workspace) as store, quiet_native_code(workspace / "logs" / "commands.log"):
        return int(arguments.with_store(arguments, store, output))


if __name__ == "__main__":
    sys.exit(run())
