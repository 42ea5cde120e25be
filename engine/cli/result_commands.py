"""What can be written on the command line of the result of a run."""

from __future__ import annotations

from pathlib import Path

from engine.cli.commands import errors, explaining, exporting, labels, models, verifying
from engine.cli.options import PARTS, Commands, add_command, add_run, folder
from engine.service.reports.words import LANGUAGES
from engine.service.results.exporting import FORMATS


def add_result_commands(commands: Commands) -> None:
    """Adds what is asked of a run that has ended."""
    _add_evaluate(commands)
    _add_errors(commands)
    _add_predict(commands)
    _add_labels(commands)
    _add_explain(commands)
    _add_export(commands)


def _add_evaluate(commands: Commands) -> None:
    evaluate = add_command(
        commands, "evaluate", "evaluate a run on its test part", with_store=models.evaluate
    )
    add_run(evaluate)
    evaluate.add_argument(
        "--part",
        choices=PARTS,
        help="on another part of its data (default: test)",
    )


def _add_predict(commands: Commands) -> None:
    predict = add_command(
        commands, "predict", "predict with a run's model", with_store=models.predict
    )
    add_run(predict)
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
        type=folder,
        help="predict for a whole folder or table, and write its columns with the predictions to "
        "a CSV file",
    )


def _add_errors(commands: Commands) -> None:
    found = add_command(
        commands,
        "errors",
        "list the examples a run's model is wrong about, worst first",
        with_store=errors.errors,
    )
    add_run(found)
    found.add_argument(
        "--part",
        choices=PARTS,
        help="of another part of its data (default: test)",
    )
    found.add_argument(
        "--class", dest="class_name", metavar="NAME", help="only those that are of this class"
    )
    found.add_argument(
        "--sort",
        choices=("loss", "confidence"),
        default="loss",
        help="the most wrong or the surest first (default: loss)",
    )
    found.add_argument("--limit", default="20", metavar="N", help="so many (default: 20)")


def _add_labels(commands: Commands) -> None:
    checked = add_command(
        commands,
        "labels",
        "list labels of a run's data that look wrong, the worst first",
        with_store=labels.list_suspects,
    )
    add_run(checked)
    checked.add_argument("--to", type=Path, metavar="FILE.csv", help="write them as a table")
    checked.add_argument(
        "--method",
        choices=labels.METHODS,
        default=labels.METHODS[0],
        help="cross_validation: all of the data, by quick models that never saw what they judge; "
        "network: likewise, by the run's own architecture; kept: the validation and the test "
        "part, at once (default: %(default)s)",
    )
    checked.add_argument("--anew", action="store_true", help="not as they were found before")


def _add_explain(commands: Commands) -> None:
    explain = add_command(
        commands,
        "explain",
        "say why a run's model predicts what it predicts; without an input, what it looks at",
        with_store=explaining.explain,
    )
    explain.is_mixed = True
    add_run(explain)
    explaining.add_arguments(explain)


def _add_export(commands: Commands) -> None:
    exported = add_command(
        commands,
        "export",
        "take a run's result away: its model with proof, and what goes with it",
        with_store=exporting.export,
        acts=True,
    )
    add_run(exported)
    exported.add_argument(
        "--format",
        required=True,
        choices=[item.name for item in FORMATS],
        help="what to write",
    )
    exported.add_argument(
        "--to",
        required=True,
        type=folder,
        metavar="PATH",
        help="a file with the format's suffix, or a folder",
    )
    exported.add_argument(
        "--language",
        choices=LANGUAGES,
        help="of a report (default: en)",
    )
    exported.add_argument(
        "--with",
        dest="others",
        metavar="RUN",
        action="append",
        default=[],
        help="compare with this run in a report; may be repeated",
    )
    exported.add_argument(
        "--no-examples",
        action="store_true",
        help="a report holds no examples of the data (default: three, each explained)",
    )
    verified = add_command(
        commands,
        "verify",
        "check an exported model with its runtime alone",
        without_store=verifying.verify,
    )
    verified.add_argument(
        "path", type=folder, metavar="PATH", help="the folder of an export, or the model's file"
    )
