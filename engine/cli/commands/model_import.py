"""The commands `models import` and `models download`: what was learnt elsewhere is brought here."""

from __future__ import annotations

import shlex
from argparse import Namespace

from engine.architectures.keras_weights import WEIGHTS, download
from engine.cli.commands.download import ShownProgress, agreed
from engine.cli.commands.output import Output
from engine.cli.commands.own_models import library
from engine.cli.commands.waiting import waiting
from engine.errors import UnknownNameError
from engine.spec.formatting import bytes_text, shape_text

_TEACH = "Train it further, or only its last layer:"


def import_model(arguments: Namespace, output: Output) -> int:
    """Looks at a model file, loads it where it can do no harm, and keeps it."""
    from engine.service.importing.bringing import bring_in

    with waiting(output) as progress:
        kept, opened = bring_in(
            arguments.file,
            library(arguments.workspace),
            arguments.name or "",
            progress,
            arguments.replace,
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
    taken, given = (
        shape_text(side or 0 for side in shape)
        for shape in (opened.input_shape, opened.output_shape)
    )
    named = shlex.quote(kept.name)
    output.lines(
        f"Kept as '{kept.name}': {len(kept.graph.nodes)} layers, {opened.n_weights:,} weights, "
        f"from {taken} to {given}.",
        f"{_TEACH}",
        f"  train --data … --model {named}  [--set start.freeze=body]",
        "As it is, on data of that shape:",
        f"  train --data … --model {named} --set start.freeze=everything",
    )
    return 0


def download_weights(arguments: Namespace, output: Output) -> int:
    """Downloads the weights of a network of Keras's; asks first, unless told ``--yes``."""
    name = arguments.application
    if name not in WEIGHTS:
        raise UnknownNameError("network with weights", name, tuple(WEIGHTS))
    file = WEIGHTS[name]
    if file.location.is_file():
        output.lines(f"The weights of {name} are in '{file.location}' already.")
        output.event("downloaded", application=name, files=[])
        return 0
    checked = "" if file.digest else "; Keras publishes no checksum of it"
    question = (
        f"Download the weights of {name} ({bytes_text(file.n_bytes)}, licence {file.license}, "
        f"from {file.url.split('/')[2]}{checked}) into '{file.location.parent}'?"
    )
    if not arguments.yes and not agreed(question, output):
        output.lines("Nothing was downloaded.")
        return 1
    path = download(name, ShownProgress(output))
    output.lines(f"The weights of {name} are in '{path}'.")
    output.event("downloaded", application=name, files=[str(path)])
    return 0
