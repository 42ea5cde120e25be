"""The command `verify`: an exported model against its proof, by its runtime alone."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from engine.cli.commands.output import Output
from engine.inference.export.proof import FILE_NAME, asked
from engine.inference.export.standalone.verify import words


def verify(arguments: Namespace, output: Output) -> int:
    """Asks the model of an export, and says whether it is as it was handed over."""
    path: Path = arguments.path
    folder = path.parent if path.is_file() or _is_inside(path) else path
    found = asked(folder, "--measure", is_foreign=True)
    is_sound = not found["problems"]
    output.event("verified", path=str(path), **{**found, "is_sound": is_sound})
    output.lines(*words({**found, "is_sound": is_sound}))
    return 0 if is_sound else 1


def _is_inside(path: Path) -> bool:
    """It is the folder of a SavedModel, whose proof lies beside it."""
    return not (path / FILE_NAME).exists() and (path.parent / FILE_NAME).exists()
