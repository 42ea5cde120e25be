"""The command `models import`: a model that another program saved becomes one of one's own."""

from __future__ import annotations

from argparse import Namespace

from engine.cli.commands.output import Output
from engine.cli.commands.own_models import library
from engine.cli.commands.waiting import waiting
from engine.spec.formatting import shape_text

_TEACH = "Train it further, or only its last layer:"


def import_model(arguments: Namespace, output: Output) -> int:
    """Looks at a model file, loads it where it can do no harm, and keeps it."""
    from engine.service.importing.bringing import bring_in

    with waiting(output) as progress:
        kept, opened = bring_in(
            arguments.file, library(arguments.workspace), arguments.name or "", progress
        )
    output.event(
        "model_imported",
        name=kept.name,
        n_layers=len(kept.graph.nodes),
        n_weights=opened.n_weights,
        input_shape=opened.input_shape,
        output_shape=opened.output_shape,
        by_descent=opened.is_own,
        network=opened.network,
    )
    taken, given = shape_text(opened.input_shape), shape_text(opened.output_shape)
    output.lines(
        f"Kept as '{kept.name}': {len(kept.graph.nodes)} layers, {opened.n_weights:,} weights, "
        f"from {taken} to {given}.",
        f"{_TEACH}",
        f"  train --data … --model {kept.name}  [--set start.freeze=body]",
        "As it is, on data of that shape:",
        f"  train --data … --model {kept.name} --set start.freeze=everything",
    )
    return 0
