"""Python in a process of its own, for code of ours that must not meet what is loaded here.

An installation starts its interpreter. A package for people without Python has none to start but
itself: `resources/packaging/launcher.py` in it knows the words below, and obeys them before it
imports anything of Descent.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

RUN_SCRIPT: Final = "--run-script"
RUN_MODULE: Final = "--run-module"
RUN_INPUT: Final = "--run-input"


def is_packaged() -> bool:
    """Whether this program is a package with Python inside, as PyInstaller makes them."""
    return bool(getattr(sys, "frozen", False))


def commands_program() -> str:
    """What people type before a command."""
    return "descent-cli" if is_packaged() else "main.py"


def script_command(script: Path, *arguments: str) -> list[str]:
    """The command that runs a script; where it lies, nothing is imported from.

    Args:
        script: A file of Python.
        arguments: What it finds in `sys.argv` behind its own name.
    """
    start = [RUN_SCRIPT] if is_packaged() else ["-P"]
    return [sys.executable, *start, str(script), *arguments]


def module_command(module: str) -> list[str]:
    """The command that runs a module of Descent's as a program."""
    start = [RUN_MODULE] if is_packaged() else ["-P", "-m"]
    return [sys.executable, *start, module]


def input_command() -> list[str]:
    """The command that runs what stands on its standard input, with what is installed alone."""
    return [sys.executable, *([RUN_INPUT] if is_packaged() else ["-I", "-"])]


def source_of(file: str) -> Path:
    """The source of a module: in a package it lies where the compiled one says that it does.

    Args:
        file: The `__file__` of the module.
    """
    return Path(file).with_suffix(".py")
