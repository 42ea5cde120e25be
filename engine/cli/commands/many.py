"""The command `predict --to`: a whole folder or table, with a bar, into a CSV file."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from engine.cli.commands.output import Output
from engine.cli.commands.waiting import waiting
from engine.errors import DatasetError
from engine.runs.store import RunStore
from engine.spec.formatting import percent_text


def predict_many(arguments: Namespace, store: RunStore, output: Output) -> int:
    """Predicts for a folder or a table, and writes it to a file.

    Raises:
        DescentError: It cannot be done; nothing is written.
    """
    if len(arguments.input) > 1:
        raise DatasetError(
            "With --to, one folder or table is predicted for. "
            f"Received: {len(arguments.input)} inputs.",
            "Put the files in a folder, or the rows in a table.",
        )
    from engine.service.results.predicting import predict_many as predicted
    from engine.service.results.tried_run import TRIED

    run = TRIED.get(arguments.run, store)
    with waiting(output) as progress:
        done = predicted(run, Path(arguments.input[0]).expanduser(), arguments.to, progress)
    output.event(
        "predicted",
        run=run.record.id,
        to=done.to,
        n_predicted=done.n_predicted,
        n_failed=done.n_failed,
        n_unfamiliar=done.n_unfamiliar,
        n_true=done.n_true,
        n_right=done.n_right,
        problems=list(done.problems),
    )
    output.lines(f"{done.n_predicted:,} predictions are in {done.to}")
    if done.n_right is not None:
        share = percent_text(done.n_right / done.n_true, 1)
        output.lines(f"{done.n_right:,} of {done.n_true:,} with a known class are right ({share})")
    if done.n_unfamiliar:
        output.lines(f"{done.n_unfamiliar:,} hold something unfamiliar; see its column")
    if done.n_failed:
        output.lines(f"{done.n_failed:,} could not be predicted for; see the column of problems")
    output.lines(*(f"  {problem}" for problem in done.problems))
    return 0
