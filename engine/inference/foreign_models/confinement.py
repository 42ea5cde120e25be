"""What a process that opens a foreign file may not do; it can be given up by nobody afterwards.

| | Linux | macOS | Windows |
|---|---|---|---|
| memory | `RLIMIT_AS`, and the parent watches | the parent watches | the parent watches |
| time | `RLIMIT_CPU`, and the parent's clock | the same | the parent's clock |
| size of files written | `RLIMIT_FSIZE` | the same | not limited |
| network | an empty namespace, where the system allows | refused to Python's code | the same |
| other programs, files outside | refused to Python's code | the same | the same |

What is refused to Python's code (PEP 578) is not refused to machine code that a file would bring
to run in a library. Against that stand the checks before: nothing reaches such a library but plain
numbers, and layers by name. Imports nothing that begins a thread: a namespace is entered alone.

Run as a script, with the standard library alone, it runs another one under these limits:
``confinement.py FOLDER MEMORY SECONDS FILE_BYTES SCRIPT …``.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import runpy
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

_NEW_USER, _NEW_NETWORK = 0x10000000, 0x40000000
_FORBIDDEN: Final = (
    "socket.", "subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork",
    "os.startfile", "pty.", "ftplib.", "urllib.", "smtplib.", "http.", "winreg.", "webbrowser.",
)  # fmt: skip
_CHANGES: Final = frozenset(
    ("os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.truncate",
     "os.chmod", "os.chown", "shutil.rmtree", "shutil.move")
)  # fmt: skip


class Forbidden(PermissionError):
    """Something that a confined process may not do; libraries of good will go on without it."""


def confine(folder: Path, memory: int, seconds: int, file_bytes: int) -> str:
    """Takes from this process what it needs not; to be called first, and once.

    Args:
        folder: Where it may write.
        memory: Bytes of addresses, at most; of the process as it then is.
        seconds: Of the processor.
        file_bytes: Of each file that it writes.

    Returns:
        What keeps it from the network: ``namespace``, or ``interpreter``.
    """
    network = "namespace" if _leave_network() else "interpreter"
    limit(memory, seconds, file_bytes)
    sys.addaudithook(_guard(folder))
    return network


def limit(memory: int, seconds: int, file_bytes: int) -> None:
    """Sets limits of the system, where it has them; they can be raised up to the hard ones."""
    with contextlib.suppress(ImportError):
        import resource

        for what, amount in (
            (resource.RLIMIT_AS, memory),
            (resource.RLIMIT_CPU, seconds),
            (resource.RLIMIT_FSIZE, file_bytes),
            (resource.RLIMIT_CORE, 0),
        ):
            _, hard = resource.getrlimit(what)
            wanted = amount if hard == resource.RLIM_INFINITY else min(amount, hard)
            with contextlib.suppress(OSError, ValueError):
                resource.setrlimit(what, (wanted, hard))


def _leave_network() -> bool:
    """Goes where there is no network at all; Linux alone, where a person may do so."""
    if sys.platform != "linux":
        return False
    try:
        return int(ctypes.CDLL(None, use_errno=True).unshare(_NEW_USER | _NEW_NETWORK)) == 0
    except (OSError, AttributeError):
        return False


def _guard(folder: Path) -> Callable[[str, tuple[Any, ...]], None]:
    own = os.path.realpath(folder)

    def guard(event: str, arguments: tuple[Any, ...]) -> None:
        if event.startswith(_FORBIDDEN):
            raise Forbidden(f"it asked for {event}")
        if event == "open":
            path, mode, flags = arguments
            writes = any(sign in (mode or "") for sign in "wax+") or bool(
                (flags or 0) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
            )
            if writes and not _is_below(path, own):
                raise Forbidden(f"it asked to write {path!r}")
        elif event in _CHANGES and not _is_below(_whole(arguments), own):
            raise Forbidden(f"it asked for {event} of {arguments[0]!r}")

    return guard


def _whole(arguments: tuple[Any, ...]) -> Any:
    """The path of an event, which may be told from an open folder, as `shutil.rmtree` does."""
    path, place = arguments[0], arguments[-1]
    if not isinstance(place, int) or place < 0:
        return path
    try:
        return Path(f"/proc/self/fd/{place}").readlink() / os.fsdecode(path)
    except OSError:
        return path


def _is_below(path: Any, folder: str) -> bool:
    if isinstance(path, int):
        return True  # a file that is open already
    try:
        text = os.path.realpath(os.fsdecode(path))
    except (TypeError, ValueError):
        return False
    return text == os.devnull or text == folder or text.startswith(folder + os.sep)


def _run_confined(folder: Path, limits: list[int], words: list[str]) -> None:
    """Runs a script, given with its arguments, as if it were run itself."""
    tempfile.tempdir = str(folder)
    sys.dont_write_bytecode = True
    os.environ |= {"TMPDIR": str(folder), "HOME": str(folder), "KERAS_HOME": str(folder)}
    confine(folder, *limits)
    sys.argv = words
    runpy.run_path(words[0], run_name="__main__")


if __name__ == "__main__":
    _run_confined(Path(sys.argv[1]), [int(it) for it in sys.argv[2:5]], sys.argv[5:])
