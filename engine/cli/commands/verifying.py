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
    is_folder = path.is_dir() and (path / FILE_NAME).exists()
    folder = path if is_folder else path.parent
    found = asked(folder, "--measure", is_foreign=True)
    is_sound = not found["problems"]
    output.event("verified", path=str(path), **{**found, "is_sound": is_sound})
    output.lines(*words({**found, "is_sound": is_sound}))
    return 0 if is_sound else 1
