"""The process in which a foreign model is looked at and loaded; what it found goes through a pipe.

It sends bytes of JSON, never pickles: whoever took it over could send nothing that runs elsewhere.
Nothing above imports what begins a thread; see `engine.inference.foreign_models.confinement`.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

from engine.inference.foreign_models.confinement import confine, limit

LOADING: Final = b"loading"
"""Said between looking and loading, which needs TensorFlow, its memory and its time."""
LOOKING_BYTES: Final = 1 << 30
LOOKING_S: Final = 60
LOADING_S: Final = 300
MODEL: Final = "model.keras"


def main(connection: Connection, path: Path, folder: Path, memory: int) -> None:
    """Looks at a file, loads it and saves it anew. The target of the spawned process.

    Args:
        connection: Out go `LOADING`, and once an object with ``refused``, or with what was found.
        path: The foreign file.
        folder: An empty one, for everything that is written; ``model.keras`` is the model.
        memory: Bytes of addresses that loading may take.
    """
    _prepare(folder)
    network = confine(folder, LOOKING_BYTES, LOOKING_S, path.stat().st_size * 20 + (64 << 20))
    try:
        found = {"network": network, **_opened(connection, path, folder, memory)}
    except Exception as error:
        found = {"refused": _words(error)}
    connection.send_bytes(json.dumps({**found, "peak": _peak_bytes()}).encode())
    connection.close()
    os._exit(0)


def _prepare(folder: Path) -> None:
    """Keeps what is printed, and what libraries would look for, away from the person's own."""
    with contextlib.suppress(OSError):
        log = os.open(folder / "log.txt", os.O_WRONLY | os.O_CREAT, 0o600)
        for stream in (1, 2):
            os.dup2(log, stream)
        os.close(log)
    home = folder / "home"
    home.mkdir()
    tempfile.tempdir = str(folder)
    sys.dont_write_bytecode = True
    os.environ |= {
        "HDF5_PLUGIN_PRELOAD": "::",  # no program that unpacks is taken from anywhere
        "HDF5_USE_FILE_LOCKING": "FALSE",
        "KERAS_HOME": str(home),
        "TMPDIR": str(folder),
        "OPENBLAS_NUM_THREADS": "1",
        "CUDA_VISIBLE_DEVICES": "-1",
        "TF_CPP_MIN_LOG_LEVEL": "2",
        "TF_NUM_INTRAOP_THREADS": "1",
        "TF_NUM_INTEROP_THREADS": "1",
    }


def _peak_bytes() -> int:
    """Memory that this process has held at most; 0 where the system does not say."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        # What `getrusage` says, Linux carries over from the process that started this one.
        status = Path("/proc/self/status").read_text("ascii", "replace")
        return int(status.partition("VmHWM:")[2].split()[0]) << 10
    with contextlib.suppress(ImportError):
        import resource

        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most if sys.platform == "darwin" else most << 10
    return 0


def _words(error: BaseException) -> str:
    from engine.inference.foreign_models.refusal import Refused

    if isinstance(error, Refused):
        return str(error)
    if isinstance(error, MemoryError):
        return "the file: it needs more memory than a model of its size does."
    first = str(error).split("\n", 1)[0].strip().rstrip(".")[:300]
    return f"the model: Keras cannot make it ({first or type(error).__name__})."


def _opened(connection: Connection, path: Path, folder: Path, memory: int) -> dict[str, Any]:
    from engine.inference.foreign_models.archive import write_archive
    from engine.inference.foreign_models.looking import look

    parts = folder / "parts"
    parts.mkdir()
    config, n_stored = look(path, parts)
    clean = folder / "clean.keras"
    write_archive(clean, json.dumps(config).encode(), b"{}", parts)
    connection.send_bytes(LOADING)
    with contextlib.suppress(OSError, AttributeError):
        os.nice(5)  # from here on it may take long, for which nobody else should have to wait
    limit(memory, LOADING_S, path.stat().st_size * 20 + (64 << 20))
    from engine.inference.foreign_models.taking import take

    return take(clean, config, n_stored, folder / MODEL)
