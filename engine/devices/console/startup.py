"""The first moment of the program, and the signals that end it, in words whatever happens.

Needs nothing but the standard library, and little of that: what happens before it is imported is
out of reach.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Final

SIGNAL_BASE: Final = 128
"""A signal that ended the program is told by this plus its number: 130 for Ctrl-C."""
EXIT_FAILED: Final = 1

_ADDRESS_SPACE: Final = 768 << 20
"""What Python, NumPy and its threads reserve before anything is done."""
_NAMES: Final = ("SIGINT", "SIGTERM", "SIGHUP")
_WORDS: Final = {
    "SIGINT": "Interrupted.",
    "SIGTERM": "Ended on request (SIGTERM).",
    "SIGHUP": "Ended, as the terminal was closed (SIGHUP).",
}


class Ended(KeyboardInterrupt):
    """A signal asked the program to end.

    Attributes:
        number: Of the signal.
    """

    def __init__(self, number: int = signal.SIGINT) -> None:
        super().__init__(number)
        self.number = number


def start(program: Callable[[], int]) -> int:
    """Runs the program; returns its exit code.

    Until it takes care of signals itself, they end the process at once: nothing was begun, and an
    exception in the middle of an import would be told by whoever was importing.
    """
    for number in ending_signals():
        signal.signal(number, _end_now)
    try:
        from engine.devices.console.streams import protect_standard_streams

        protect_standard_streams()
        problem = _limit_problem()
        if problem:
            sys.stderr.write(f"Error: {problem}\n  Allow more, such as: ulimit -v unlimited\n")
            return 2
        return program()
    except KeyboardInterrupt as error:
        sys.stderr.write(ending_words(error) + "\n")
        return ending_code(error)
    except (MemoryError, ImportError, OSError) as error:
        # Before a command or a window could say so: a library that finds no memory to be loaded,
        # or is not whole.
        sys.stderr.write(
            f"Error: Descent cannot be started. Received: {type(error).__name__}: {error}.\n"
            "  Memory may have run out, or the installation is not whole: see README.md.\n"
        )
        return EXIT_FAILED


def ending_signals() -> list[int]:
    """The signals that ask a program to end; nohup has it ignore the end of its terminal."""
    numbers = [getattr(signal, name) for name in _NAMES if hasattr(signal, name)]
    hangup = getattr(signal, "SIGHUP", None)
    is_kept = hangup is not None and signal.getsignal(hangup) is signal.SIG_IGN
    return [number for number in numbers if not (is_kept and number == hangup)]


@contextlib.contextmanager
def raising_signals() -> Iterator[None]:
    """Within it such a signal raises `Ended` in the main thread, where files can be put away."""
    before = {number: signal.signal(number, _raise) for number in ending_signals()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def held_back() -> Iterator[None]:
    """Within it this thread starts processes that such a signal does not end.

    Ctrl-C and the end of a terminal reach every process that belongs to it, those too that are
    still importing. They take it back with `ignore_terminal`.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _of_terminal())
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def ignore_terminal() -> None:
    """Leaves Ctrl-C and the end of the terminal to the parent, which then asks this process."""
    for number in _of_terminal():
        signal.signal(number, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _of_terminal())


def interruption(error: BaseException | None) -> KeyboardInterrupt | None:
    """The interruption that an error is, or came of: imports may have made another of it."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        if isinstance(error, KeyboardInterrupt):
            return error
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return None


def ending_words(error: KeyboardInterrupt) -> str:
    """What ended the program, as a sentence."""
    return _WORDS[signal.Signals(getattr(error, "number", signal.SIGINT)).name]


def ending_code(error: KeyboardInterrupt) -> int:
    """The exit code of a program that was ended so."""
    return SIGNAL_BASE + int(getattr(error, "number", signal.SIGINT))


def memory_limit() -> int | None:
    """Bytes of address space that this process may have (``ulimit -v``); None: no limit."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    soft, _ = resource.getrlimit(resource.RLIMIT_AS)
    return None if soft == resource.RLIM_INFINITY else int(soft)


def _limit_problem() -> str:
    limit = memory_limit()
    if limit is None or limit >= _ADDRESS_SPACE:
        return ""
    return (
        f"The memory of this process is limited to {limit >> 20} MB, and Descent needs about "
        f"{_ADDRESS_SPACE >> 20} MB to start."
    )


def _of_terminal() -> set[int]:
    return {getattr(signal, name) for name in ("SIGINT", "SIGHUP") if hasattr(signal, name)}


def _raise(number: int, frame: FrameType | None) -> None:
    raise Ended(number)


def _end_now(number: int, frame: FrameType | None) -> None:
    with contextlib.suppress(OSError):
        os.write(2, f"{_WORDS[signal.Signals(number).name]}\n".encode())
    os._exit(SIGNAL_BASE + number)
