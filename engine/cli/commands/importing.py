"""The command `runs import`: a run that another Descent exported is taken in."""

from __future__ import annotations

from argparse import Namespace

from engine.cli.commands.output import Output
from engine.cli.commands.waiting import waiting
from engine.runs.store import RunStore
from engine.service.exchange.importing import import_run


def import_(arguments: Namespace, store: RunStore, output: Output) -> int:
    """Brings a run in; says whether it was here already."""
    with waiting(output) as progress:
        done = import_run(arguments.file, store, progress)
    if output.as_json:
        output.object({**done.record.to_dict(), "is_new": done.is_new, "notes": done.notes})
        return 0
    record = done.record
    said = "was brought in" if done.is_new else "is here already"
    output.lines(f"The run '{record.name}' ({record.id}) {said}.", *done.notes)
    return 0
