"""The first moment of a package for people without Python, before anything of Descent is imported.

In a package `sys.executable` is the program itself. Whatever wants an interpreter, the worker
processes of `multiprocessing` and what `engine/devices/clean_python.py` starts, is given one here.
"""

from __future__ import annotations

import multiprocessing
import os
import runpy
import sys
import types

RUN_SCRIPT, RUN_MODULE, RUN_INPUT = "--run-script", "--run-module", "--run-input"
"""As in `engine/devices/clean_python.py`, which a clean process must not import."""


def launch(is_for_commands: bool) -> int:
    """Does what the command line asks for, in words of ours or of `multiprocessing`.

    Returns:
        The exit code.
    """
    give_back_environment()
    multiprocessing.freeze_support()
    word, *rest = [*sys.argv[1:], ""][: len(sys.argv)]
    if word == RUN_SCRIPT:
        sys.argv = sys.argv[2:]
        runpy.run_path(rest[0], run_name="__main__")
    elif word == RUN_MODULE:
        sys.argv = sys.argv[2:]
        runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
    elif word == RUN_INPUT:
        sys.argv = ["-"]
        run_input()
    else:
        import main

        return main.commands() if is_for_commands else main.window()
    return 0


def run_input() -> None:
    """Runs what stands on standard input, as a program of its own."""
    program = types.ModuleType("__main__")
    program.__dict__["__builtins__"] = __builtins__
    code = compile(sys.stdin.buffer.read(), "<stdin>", "exec", dont_inherit=True)
    sys.modules["__main__"] = program
    exec(code, program.__dict__)


def give_back_environment() -> None:
    """Lets what this program starts find the system's libraries, not the package's.

    PyInstaller's own start has put the package's folder first, for this process alone, where it
    has done its work by now. A browser that is opened from here would break over it. Processes of
    our own are told to begin as this one did.
    """
    if not sys.platform.startswith("linux"):
        return
    before = os.environ.pop("LD_LIBRARY_PATH_ORIG", None)
    if before is None:
        os.environ.pop("LD_LIBRARY_PATH", None)
    else:
        os.environ["LD_LIBRARY_PATH"] = before
    os.environ["PYINSTALLER_RESET_ENVIRONMENT"] = "1"
