"""What can be written on the command line: commands, their options, and help for each."""

from __future__ import annotations

import argparse
from pathlib import Path

from engine.cli.commands import (
    comparing,
    deleted_runs,
    download,
    importing,
    listings,
    model_import,
    rates,
    training,
    upkeep,
)
from engine.cli.commands.plugins import list_plugins
from engine.cli.options import (
    JSON_HELP,
    Commands,
    Parser,
    add_command,
    add_data,
    add_group,
    add_run,
    add_set,
    add_target,
    add_workspace,
    folder,
    sentence,
)
from engine.cli.result_commands import add_result_commands
from engine.inference.comparing.deciding import ROPE
from engine.runs.record import KEPT_DAYS
from engine.service.exchange.archive import SUFFIX
from engine.training.cluster.workers import TRUST

VERSION_FLAG = "--version"
_VERSION_HELP = "say which version of Descent this is, and of what it stands on"


def build_parser() -> argparse.ArgumentParser:
    """Builds the parser of all commands."""
    parser = Parser(
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
    add_command(
        commands,
        "devices",
        "say what this machine computes with",
        without_store=listings.show_devices,
    )
    _add_workspace_commands(commands)
    plugins = add_command(
        commands, "plugins", "list what other packages add", without_store=list_plugins
    )
    plugins.add_argument(
        "--again", action="store_true", help="check those, too, that were found sound"
    )
    return parser


def version_parser() -> argparse.ArgumentParser:
    """Builds the parser of what may follow ``--version``, which stands in place of a command."""
    parser = Parser(description=sentence(_VERSION_HELP))
    parser.add_argument("--json", action="store_true", help=JSON_HELP)
    parser.prog += f" {VERSION_FLAG}"
    return parser


def _add_workspace_commands(commands: Commands) -> None:
    group = add_group(commands, "workspace", "the folder that holds the runs")
    check = add_command(
        group, "check", "look for damage in database and files", without_store=upkeep.check
    )
    add_workspace(check)
    check.add_argument(
        "--repair",
        action="store_true",
        help="find the runs again; what is damaged is set aside, never deleted",
    )


def _add_data_commands(commands: Commands) -> None:
    data = add_group(commands, "data", "the data to train on")
    add_command(data, "list", "list the datasets in the box", without_store=listings.list_data)
    inspect = add_command(
        data, "inspect", "say what is in a dataset", without_store=listings.inspect_data
    )
    inspect.add_argument(
        "data", metavar="NAME|PATH", help="a dataset's name, or a file or folder of your own"
    )
    add_target(inspect)
    add_set(inspect)

    fetch = add_command(
        data,
        "download",
        "download a data set of Keras's into Keras's cache",
        without_store=download.download,
        acts=True,
    )
    fetch.add_argument("dataset", metavar="NAME", help="a data set's name, such as mnist")
    fetch.add_argument("--yes", action="store_true", help="do not ask")


def _add_model_commands(commands: Commands) -> None:
    architectures = add_group(commands, "models", "the models to train")
    add_workspace(
        add_command(architectures, "list", "list the models", without_store=listings.list_models)
    )
    brought = add_command(
        architectures,
        "import",
        "bring in a model that another program saved, with its weights",
        without_store=model_import.import_model,
        acts=True,
    )
    brought.add_argument("file", type=Path, metavar="FILE.keras", help="a file that Keras saved")
    brought.add_argument("--name", metavar="NAME", help="what to keep it as (default: the file's)")
    brought.add_argument(
        "--replace", action="store_true", help="in the place of your model of that name, if any"
    )
    add_workspace(brought)
    fetched = add_command(
        architectures,
        "download",
        "download the weights of a network of Keras's into Keras's cache",
        without_store=model_import.download_weights,
        acts=True,
    )
    fetched.add_argument("application", metavar="NAME", help="a network, such as MobileNetV3Small")
    fetched.add_argument("--yes", action="store_true", help="do not ask")
    describe = add_command(
        architectures,
        "describe",
        "explain a model; with --data, list its layers",
        without_store=listings.describe_model,
    )
    describe.add_argument(
        "model", metavar="NAME|FILE.json", help="a model's name, or a model of your own"
    )
    add_data(describe)
    add_set(describe)
    add_workspace(describe)
    shown = describe.add_mutually_exclusive_group()
    shown.add_argument("--code", action="store_true", help="print it as Keras code")
    shown.add_argument("--graph", action="store_true", help="print its layers as JSON")


def _add_train(commands: Commands) -> None:
    train = add_command(
        commands,
        "train",
        "train a model and keep the run",
        with_store=training.train,
        acts=True,
    )
    add_data(train)
    train.add_argument(
        "--model",
        metavar="NAME|FILE.json",
        help="a model's name, or a model of your own; default: what the data recommends",
    )
    add_set(train)
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
    tried = add_command(
        commands,
        "rates",
        "try learning rates from small to large, and suggest one",
        with_store=rates.find_rate,
    )
    add_data(tried)
    tried.add_argument(
        "--model",
        metavar="NAME|FILE.json",
        help="a model's name, or a model of your own; default: what the data recommends",
    )
    add_set(tried)
    tried.add_argument("--batch-size", metavar="N")
    tried.add_argument("--seed", metavar="N", help="same seed, same losses (default: 0)")
    tried.add_argument("--spec", metavar="FILE.json", help="start from this specification")


def _add_run_commands(commands: Commands) -> None:
    resume = add_command(
        commands,
        "resume",
        "go on with a run that was stopped or interrupted",
        with_store=training.resume,
        acts=True,
    )
    add_run(resume)
    resume.add_argument(
        "--from-start",
        action="store_true",
        help="begin it again as a new run, which names this one; for one whose checkpoints are "
        "damaged",
    )
    resume.add_argument(
        "--refit",
        action="store_true",
        help="train once more, as a new run, on its training and validation part together, for the "
        "epochs that were best",
    )
    resume.add_argument(
        "--accept-changed-data",
        action="store_true",
        help="go on although the data is no longer what the run was trained on",
    )
    resume.add_argument("--epochs", metavar="N", help="in all; more than it has extend the run")
    resume.add_argument("--batch-size", metavar="N")
    resume.add_argument("--learning-rate", metavar="X")
    add_set(resume)
    _add_workers(resume)
    add_result_commands(commands)
    runs = add_group(commands, "runs", "the runs so far")
    listed = add_command(runs, "list", "list all runs", with_store=listings.list_runs)
    listed.add_argument(
        "--deleted",
        action="store_true",
        help=f"list the deleted runs instead; each can be brought back for {KEPT_DAYS} days",
    )
    add_run(add_command(runs, "show", "show everything about a run", with_store=listings.show_run))
    _add_compare(runs)
    restored = add_command(
        runs, "restore", "bring a deleted run back", with_store=deleted_runs.restore, acts=True
    )
    add_run(restored)
    taken_in = add_command(
        runs,
        "import",
        "bring in a run that another Descent exported",
        with_store=importing.import_,
        acts=True,
    )
    taken_in.add_argument("file", metavar=f"FILE{SUFFIX}", type=folder, help="the file")


def _add_compare(runs: Commands) -> None:
    compared = add_command(
        runs,
        "compare",
        "say what differs between runs, and whether one of them is better",
        with_store=comparing.compare,
    )
    compared.add_argument(
        "runs",
        nargs="+",
        metavar="RUN",
        help="runs tested on the same examples; those that differ in their seed alone are taken "
        "together",
    )
    compared.add_argument(
        "--rope",
        metavar="X",
        help="what does not matter, in points of a share, or in per cent of the first one's error "
        f"(default: {100 * ROPE:g})",
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
