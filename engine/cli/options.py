"""What all commands have in common: how each is added, the options that several take, refusals."""

from __future__ import annotations

import argparse
import difflib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn, TypeAlias

from engine.cli.commands.output import Output
from engine.runs.store import RunStore
from engine.runs.workspace import ENVIRONMENT_VARIABLE
from engine.spec.signature import Task

EXIT_USAGE = 2
JSON_HELP = "write JSON, one object a line"
PARTS = ("test", "validation", "train")

WithStore = Callable[[argparse.Namespace, RunStore, Output], int]
WithoutStore = Callable[[argparse.Namespace, Output], int]


class Parser(argparse.ArgumentParser):
    """Refuses in the words of the program; takes no abbreviations, which would break scripts."""

    def __init__(
        self,
        *,
        prog: str | None = None,
        description: str | None = None,
        epilog: str | None = None,
    ) -> None:
        super().__init__(prog=prog, description=description, epilog=epilog, allow_abbrev=False)

    is_mixed = False
    """Options may stand between positionals of which there may be none (Python 3.11 does not)."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        if not self.is_mixed:
            return super().parse_known_args(args, namespace)
        self.is_mixed = False  # it asks this again
        try:
            return self.parse_known_intermixed_args(args, namespace)
        finally:
            self.is_mixed = True

    def error(self, message: str) -> NoReturn:
        """Says what is wrong and where help is, and ends with code 2."""
        hint = f"See: {self.prog} --help"
        Output(as_json=False).note(f"Error: {sentence(message)}", f"  {_nearest(message)}{hint}")
        self.exit(EXIT_USAGE)


def sentence(message: str) -> str:
    """Words as a sentence: a capital first, a full stop last."""
    return message[:1].upper() + message[1:].rstrip(".") + "."


def _nearest(message: str) -> str:
    """The command that was probably meant."""
    received = re.search(r"invalid choice: '([^']*)' \(choose from (.*)\)", message)
    if not received:
        return ""
    choices = re.findall(r"[\w-]+", received[2])
    nearest = difflib.get_close_matches(received[1], choices, n=1, cutoff=0.5)
    return f"Did you mean '{nearest[0]}'? " if nearest else ""


Commands: TypeAlias = "argparse._SubParsersAction[Parser]"  # it has no public name


def add_command(
    commands: Commands,
    name: str,
    help: str,
    with_store: WithStore | None = None,
    without_store: WithoutStore | None = None,
    acts: bool = False,
) -> Parser:
    """Adds a command; one that `acts` has done its work even where it could not print."""
    command = commands.add_parser(name, help=help, description=f"{sentence(help)}")
    command.set_defaults(with_store=with_store, without_store=without_store, acts=acts)
    command.add_argument("--json", action="store_true", help=JSON_HELP)
    if with_store is not None:
        add_workspace(command)
    return command


def add_workspace(command: argparse.ArgumentParser) -> None:
    """Adds the option that names the folder of the runs."""
    command.add_argument(
        "--workspace",
        type=folder,
        metavar="DIR",
        help="folder that holds the runs and your own models "
        f"(default: ${ENVIRONMENT_VARIABLE}, else the user's data directory)",
    )


def add_group(commands: Commands, name: str, help: str) -> Commands:
    """Adds a command that has commands of its own."""
    group = commands.add_parser(name, help=help, description=f"{sentence(help)}")
    return group.add_subparsers(title="commands", metavar="COMMAND", required=True)


def add_run(command: argparse.ArgumentParser) -> None:
    """Adds the argument that names a run."""
    command.add_argument("run", metavar="RUN", help="a run's id, its beginning, or its name")


def add_data(command: argparse.ArgumentParser) -> None:
    """Adds the options that name data and what is predicted of it."""
    command.add_argument(
        "--data", metavar="NAME|PATH", help="a dataset's name, or a file or folder of your own"
    )
    add_target(command)


def add_target(command: argparse.ArgumentParser) -> None:
    """Adds the options that say what is predicted, and how the data is read."""
    command.add_argument(
        "--target",
        metavar="COLUMN",
        help="the column to predict; several, parted by commas, are labels",
    )
    command.add_argument(
        "--task", choices=[task.value for task in Task], help="default: told by the target"
    )
    command.add_argument(
        "--format", metavar="NAME", help="how to read the file or folder; default: found out"
    )


def add_set(command: argparse.ArgumentParser) -> None:
    """Adds the option that changes any setting."""
    command.add_argument(
        "--set",
        action="append",
        metavar="key=value",
        help="any setting, such as units=64,32 or training.optimizer=adam; may be repeated",
    )


def folder(text: str) -> Path:
    """A path that was typed, absolute."""
    try:
        return Path(text).expanduser().absolute()
    except RuntimeError as error:  # the home directory of an unknown user
        raise argparse.ArgumentTypeError(f"'{text}' cannot be used. Received: {error}") from None
