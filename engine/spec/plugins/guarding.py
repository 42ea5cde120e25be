"""What a plug-in does is done under guard: its failures become words that name it."""

from __future__ import annotations

import contextlib
import sys
import threading
import traceback
from collections.abc import Iterator
from pathlib import Path

from engine.devices.out_of_memory import is_out_of_memory
from engine.errors import DescentError, PluginError
from engine.spec.plugins.record import PluginRecord


@contextlib.contextmanager
def guarded(record: PluginRecord, doing: str) -> Iterator[None]:
    """Turns what a plug-in raises, were it `SystemExit`, into a `PluginError`.

    What it says itself, as a `DescentError`, and that memory ran out, passes through. What it
    prints goes to standard error: on standard output stands what programs read.

    Args:
        record: The plug-in.
        doing: What it does, such as ``building the network``.

    Raises:
        PluginError: It raised something.
    """
    is_main = threading.current_thread() is threading.main_thread()  # streams are the process's
    try:
        with contextlib.redirect_stdout(sys.stderr) if is_main else contextlib.nullcontext():
            yield
    except DescentError:
        raise
    except (Exception, SystemExit) as error:
        if is_out_of_memory(error):
            raise
        raise failure(record, doing, error) from error


def take_declared(guard: object, plugin: object, base: type) -> None:
    """Gives a guard the attributes that the base class of a plug-in declares."""
    for name in base.__annotations__:
        setattr(guard, name, getattr(plugin, name))


def failure(record: PluginRecord, doing: str, error: BaseException) -> PluginError:
    """Words for what a plug-in raised; call it while handling the error."""
    words = record.words
    return PluginError(
        f"{words[0].upper()}{words[1:]} failed while {doing}. Received: {error_words(error)}.",
        "The mistake is in that package: tell its authors. Everything else works without it.",
        traceback.format_exc(),
    )


def error_words(error: BaseException) -> str:
    """An exception in a few words, and the line of the file that raised it."""
    said = str(error).strip().splitlines()
    words = type(error).__name__ + (f": {said[0][:200].rstrip('.')}" if said else "")
    frames = traceback.extract_tb(error.__traceback__)
    return (
        f"{words} ({Path(frames[-1].filename).name}, line {frames[-1].lineno})" if frames else words
    )
