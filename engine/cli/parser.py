"""What can be written on the command line: commands, their options, and help for each."""

from __future__ import annotations

import argparse
import difflib
import re
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn, TypeAlias

from engine.cli.commands import (
    deleted_runs,
    download,
    listings,
    models,
    rates,
    training,
    upkeep,
)
from engine.cli.commands.output import Output
from engine.cli.commands.plugins import list_plugins
from engine.runs.record import KEPT_DAYS
from engine.runs.store import RunStore
from engine.runs.workspace import ENVIRONMENT_VARIABLE
from engine.spec.signature import Task
from engine.training.cluster.workers import TRUST

EXIT_USAGE = 2
VERSION_FLAG = "--version"
_VERSION_HELP = "say which version of Descent this is, and of what it stands on"
_JSON_HELP = "write JSON, one object a line"

WithStore = Callable[[argparse.Namespace, RunStore, Output], int]
WithoutStore = Callable[[argparse.Namespace, Output], int]


def build_parser() -> argparse.ArgumentParser:
    """Builds the parser of all commands."""
    parser = _Parser(
        description="Trains neural networks on this machine. Without a command, opens the window.",
        epilog="Example: train --data iris --model mlp --epochs 20",
    )
    parser.add_argument(VERSION_FLAG, action="store_true", help=_VERSION_HELP)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_train(commands)
    _add_rates(commands)
    _add_run_commands(commands)
    _add_data_commands(commands)
    _add_model_commands(commands)
    _add(
        commands,
        "devices",
        "say what this machine computes with",
        without_store=listings.show_devices,
    )
    _add_workspace_commands(commands)
    plugins = _add(commands, "plugins", "list what other packages add", without_store=list_plugins)
    plugins.add_argument(
        "--again", action="store_true", help="check those, too, that were found sound"
    )
    return parser


def version_parser() -> argparse.ArgumentParser:
    """Builds the parser of what may follow ``--version``, which stands in place of a command."""
    parser = _Parser(description=_sentence(_VERSION_HELP))
    parser.add_argument("--json", action="store_true", help=_JSON_HELP)
    parser.prog += f" {VERSION_FLAG}"
    return parser


def _add_workspace_commands(commands: Commands) -> None:
    group = _add_group(commands, "workspace", "the folder that holds the runs")
    check = _add(
        group, "check", "look for damage in database and files", without_store=upkeep.check
    )
    _add_workspace(check)
    check.add_argument(
        "--repair",
        action="store_true",
        help="find the runs again; what is damaged is set aside, never deleted",
    )


def _add_data_commands(commands: Commands) -> None:
    data = _add_group(commands, "data", "the data to train on")
    _add(data, "list", "list the datasets in the box", without_store=listings.list_data)
    inspect = _add(data, "inspect", "say what is in a dataset", without_store=listings.inspect_data)
    inspect.add_argument(
        "data", metavar="NAME|PATH", help="a dataset's name, or a file or folder of your own"
    )
    _add_target(inspect)
    _add_set(inspect)

    fetch = _add(
        data,
        "download",
        "download a data set of Keras's into Keras's cache",
        without_store=download.download,
        acts=True,
    )
    fetch.add_argument("dataset", metavar="NAME", help="a data set's name, such as mnist")
    fetch.add_argument("--yes", action="store_true", help="do not ask")


def _add_model_commands(commands: Commands) -> None:
    architectures = _add_group(commands, "models", "the models to train")
    _add_workspace(
        _add(architectures, "list", "list the models", without_store=listings.list_models)
    )
    describe = _add(
        architectures,
        "describe",
        "explain a model; with --data, list its layers",
        without_store=listings.describe_model,
    )
    describe.add_argument(
        "model", metavar="NAME|FILE.json", help="a model's name, or a model of your own"
    )
    _add_data(describe)
    _add_set(describe)
    _add_workspace(describe)
    shown = describe.add_mutually_exclusive_group()
    shown.add_argument("--code", action="store_true", help="print it as Keras code")
    shown.add_argument("--graph", action="store_true", help="print its layers as JSON")


class _Parser(argparse.ArgumentParser):
    """Refuses in the words of the program; takes no abbreviations, which would break scripts."""

    def __init__(
        self,
        *,
        prog: str | None = None,
        description: str | None = None,
        epilog: str | None = None,
    ) -> None:
        super().__init__(prog=prog, description=description, epilog=epilog, allow_abbrev=False)

    def error(self, message: str) -> NoReturn:
        """Says what is wrong and where help is, and ends with code 2."""
        hint = f"See: {self.prog} --help"
        Output(as_json=False).note(f"Error: {_sentence(message)}", f"  {_nearest(message)}{hint}")
        self.exit(EXIT_USAGE)


def _sentence(message: str) -> str:
    return message[:1].upper() + message[1:].rstrip(".") + "."


def _nearest(message: str) -> str:
    """The command that was probably meant."""
    received = re.search(r"invalid choice: '([^']*)' \(choose from (.*)\)", message)
    if not received:
        return ""
    choices = re.findall(r"[\w-]+", received[2])
    nearest = difflib.get_close_matches(received[1], choices, n=1, cutoff=0.5)
    return f"Did you mean '{nearest[0]}'? " if nearest else ""


Commands: TypeAlias = "argparse._SubParsersAction[_Parser]"  # it has no public name


def _add(
    commands: Commands,
    name: str,
    help: str,
    with_store: WithStore | None = None,
    without_store: WithoutStore | None = None,
    acts: bool = False,
) -> argparse.ArgumentParser:
    """Adds a command; one that `acts` has done its work even where it could not print."""
    command = commands.add_parser(name, help=help, description=f"{_sentence(help)}")
    command.set_defaults(with_store=with_store, without_store=without_store, acts=acts)
    command.add_argument("--json", action="store_true", help=_JSON_HELP)
    if with_store is not None:
        _add_workspace(command)
    return command


def _add_workspace(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--workspace",
        type=_folder,
        metavar="DIR",
        help="folder that holds the runs and your own models "
        f"(default: ${ENVIRONMENT_VARIABLE}, else the user's data directory)",
    )


def _add_group(commands: Commands, name: str, help: str) -> Commands:
    group = commands.add_parser(name, help=help, description=f"{_sentence(help)}")
    return group.add_subparsers(title="commands", metavar="COMMAND", required=True)


def _add_train(commands: Commands) -> None:
    train = _add(
        commands,
        "train",
        "train a model and keep the run",
        with_store=training.train,
        acts=True,
    )
    _add_data(train)
    train.add_argument(
        "--model",
        metavar="NAME|FILE.json",
        help="a model's name, or a model of your own; default: what the data recommends",
    )
    _add_set(train)
    # Read as text, so that all wrong values are refused together, each with its field.
    train.add_argument("--epochs", metavar="N")
    train.add_argument("--batch-size", metavar="N")
    train.add_argument("--learning-rate", metavar="X")
    train.add_argument("--seed", metavar="N", help="same seed, same run (default: 0)")
    train.add_argument("--validation-split", metavar="X", help="share kept aside while training")
    train.add_argument("--test-split", metavar="X", help="share kept aside for the end")
    train.add_argument("--spec", metavar="FILE.json", help="start from this specification")
    train.add_argument("--name", metavar="NAME", help="what to call the run")
    train.add_argument(
        "--estimate",
        action="store_true",
        help="only say what it would take of time and memory, from a few measured steps",
    )
    _add_workers(train)


def _add_rates(commands: Commands) -> None:
    tried = _add(
        commands,
        "rates",
        "try learning rates from small to large, and suggest one",
        without_store=rates.find_rate,
    )
    _add_data(tried)
    tried.add_argument(
        "--model",
        metavar="NAME|FILE.json",
        help="a model's name, or a model of your own; default: what the data recommends",
    )
    _add_set(tried)
    tried.add_argument("--batch-size", metavar="N")
    tried.add_argument("--seed", metavar="N", help="same seed, same losses (default: 0)")
    tried.add_argument("--spec", metavar="FILE.json", help="start from this specification")
    _add_workspace(tried)


def _add_run_commands(commands: Commands) -> None:
    resume = _add(
        commands,
        "resume",
        "go on with a run that was stopped or interrupted",
        with_store=training.resume,
        acts=True,
    )
    _add_run(resume)
    resume.add_argument(
        "--from-start",
        action="store_true",
        help="begin it again as a new run, which names this one; for one whose checkpoints are "
        "damaged",
    )
    resume.add_argument(
        "--accept-changed-data",
        action="store_true",
        help="go on although the data is no longer what the run was trained on",
    )
    resume.add_argument("--epochs", metavar="N", help="in all; more than it has extend the run")
    resume.add_argument("--batch-size", metavar="N")
    resume.add_argument("--learning-rate", metavar="X")
    _add_set(resume)
    _add_workers(resume)
    evaluate = _add(
        commands, "evaluate", "evaluate a run on its test part", with_store=models.evaluate
    )
    _add_run(evaluate)
    evaluate.add_argument(
        "--part",
        choices=("test", "validation", "train"),
        help="on another part of its data (default: test)",
    )
    _add_predict(commands)
    runs = _add_group(commands, "runs", "the runs so far")
    listed = _add(runs, "list", "list all runs", with_store=listings.list_runs)
    listed.add_argument(
        "--deleted",
        action="store_true",
        help=f"list the deleted runs instead; each can be brought back for {KEPT_DAYS} days",
    )
    _add_run(_add(runs, "show", "show everything about a run", with_store=listings.show_run))
    restored = _add(
        runs, "restore", "bring a deleted run back", with_store=deleted_runs.restore, acts=True
    )
    _add_run(restored)


def _add_predict(commands: Commands) -> None:
    predict = _add(commands, "predict", "predict with a run's model", with_store=models.predict)
    _add_run(predict)
    predict.add_argument(
        "input",
        nargs="+",
        metavar="INPUT",
        help="a table, or a row such as 5.1,3.5,,0.2 (gaps allowed); a text; an image, sound, "
        "video or NumPy file; with --to a folder, too",
    )
    predict.add_argument(
        "--to",
        metavar="FILE.csv",
        type=_folder,
        help="predict for a whole folder or table, and write its columns with the predictions to "
        "a CSV file",
    )


def _add_workers(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--workers",
        metavar="HOST:PORT,…",
        help="share each batch among several machines: the address of each, worker 0 first",
    )
    command.add_argument("--index", metavar="N", help="which of the workers this one is, from 0")
    command.add_argument(
        TRUST,
        action="store_true",
        help="needed with --workers: whoever reaches the port that it opens can read and write "
        "any file as you",
    )


def _add_run(command: argparse.ArgumentParser) -> None:
    command.add_argument("run", metavar="RUN", help="a run's id, its beginning, or its name")


def _add_data(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--data", metavar="NAME|PATH", help="a dataset's name, or a file or folder of your own"
    )
    _add_target(command)


def _add_target(command: argparse.ArgumentParser) -> None:
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


def _add_set(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--set",
        action="append",
        metavar="key=value",
        help="any setting, such as units=64,32 or training.optimizer=adam; may be repeated",
    )


def _folder(text: str) -> Path:
    try:
        return Path(text).expanduser().absolute()
    except RuntimeError as error:  # the home directory of an unknown user
        raise argparse.ArgumentTypeError(f"'{text}' cannot be used. Received: {error}") from None
