"""Opens a foreign model file in a process of its own, and takes from that no more than it must."""

from __future__ import annotations

import contextlib
import multiprocessing
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Final

import psutil

from engine.datasets.base import Progress, silent
from engine.errors import DescentError, SpecError
from engine.files.bounded import DAMAGED, MAX_DEPTH, check_plain, member, parse_object, reason_of
from engine.graph.checking import checked_graph
from engine.graph.foreign import foreign_parts
from engine.graph.layer_graph import LayerGraph
from engine.service.importing import loading

HINT: Final = "Bring in a file that Keras saved, of Keras's own layers alone."
_MAX_ANSWER: Final = 32 << 20
_LOOKING_S: Final = 60.0
_LOADING_S: Final = 600.0
_LOOKING_BYTES: Final = 500 << 20
_LOADING_BYTES: Final = 3 << 30
_BY_FILE: Final = 20
"""Bytes of memory for each of the file: it is unpacked, read, and put together twice."""
_POLL_S: Final = 0.05


class ForeignModelError(DescentError):
    """A model file that others wrote is not opened.

    Attributes:
        peak_bytes: Memory that the process held at most which looked at it, as far as was seen.
    """

    peak_bytes: int = 0


@dataclass(frozen=True)
class OpenedModel:
    """A foreign model, taken apart.

    Attributes:
        graph: Its layers.
        title: Its own name.
        content: A `.keras` file of the same layers and weights, written here.
        input_shape, output_shape: Without the batch axis; None where it is open.
        n_weights: How many there are.
        is_own: Descent saved the file.
        network: What kept the process from the network; see `confinement`.
        peak_bytes: Memory that its process held at most, as far as it was seen.
    """

    graph: LayerGraph
    title: str
    content: bytes
    input_shape: tuple[int | None, ...]
    output_shape: tuple[int | None, ...]
    n_weights: int
    is_own: bool
    network: str
    peak_bytes: int


def open_foreign(path: Path, progress: Progress = silent) -> OpenedModel:
    """Opens a model file that others wrote.

    Args:
        path: The file.
        progress: Told how far it is.

    Raises:
        ForeignModelError: What it holds may not be in a model, or cannot be read; in one sentence.
        Cancelled: Someone asked to stop.
    """
    try:
        check_plain(path)
        if not path.is_file():
            raise ForeignModelError(
                f"There is no file '{path}'.", "Check the path; SavedModel folders are not opened."
            )
    except OSError as error:
        raise ForeignModelError(f"'{path}' cannot be read: {reason_of(error)}.") from None
    with tempfile.TemporaryDirectory(prefix="descent-foreign-") as name:
        folder = Path(name)
        answer, peak = _asked(path.resolve(), folder, progress)
        refused = answer.get("refused")
        if refused is not None:
            told = ForeignModelError(f"'{path.name}' is not opened: {str(refused)[:1000]}", HINT)
            told.peak_bytes = peak
            raise told
        try:
            return _opened(answer, folder / loading.MODEL, peak)
        except (*DAMAGED, SpecError) as wrong:
            raise ForeignModelError(
                f"'{path.name}' is not opened: what it holds is no model that Descent can build "
                f"({reason_of(wrong)}).",
                HINT,
            ) from None


def _opened(answer: dict[str, Any], model: Path, peak: int) -> OpenedModel:
    graph = checked_graph(member(answer, "graph", dict))
    foreign = next(foreign_parts(answer["graph"]), None)
    if foreign is not None:
        raise ValueError(f"it holds {foreign}")
    return OpenedModel(
        graph,
        member(answer, "title", str),
        model.read_bytes(),
        tuple(member(answer, "input_shape", list)),
        tuple(member(answer, "output_shape", list)),
        member(answer, "n_weights", int),
        member(answer, "is_own", bool),
        member(answer, "network", str),
        peak,
    )


def _asked(path: Path, folder: Path, progress: Progress) -> tuple[dict[str, Any], int]:
    """What the process says, and the memory it took."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    memory = (6 << 30) + _BY_FILE * path.stat().st_size
    process = context.Process(target=loading.main, args=(theirs, path, folder, memory), daemon=True)
    process.start()
    theirs.close()
    with _ended(process), contextlib.closing(ours):
        return _Watch(process, ours, path.stat().st_size, progress).answer()


@contextmanager
def _ended(process: BaseProcess) -> Iterator[None]:
    try:
        yield
    finally:
        process.kill()
        process.join()
        process.close()


class _Watch:
    """Waits for a process, and sees to it that it takes neither too long nor too much memory."""

    def __init__(
        self, process: BaseProcess, pipe: Connection, size: int, progress: Progress
    ) -> None:
        self._process = process
        self._pipe = pipe
        self._progress = progress
        self._most = _LOOKING_BYTES
        self._size = size
        self._until = time.monotonic() + _LOOKING_S
        self._peak = 0

    def answer(self) -> tuple[dict[str, Any], int]:
        """What it says in the end; ``refused`` where it says nothing any more.

        Raises:
            Cancelled: Someone asked to stop.
        """
        stage = ("Looking at the file", 0, 2)
        while True:
            self._progress(*stage)
            self._look()
            refused = ""
            if self._peak > self._most:
                refused = f"the file: it takes more than {self._most >> 20:,} MB of memory"
            elif time.monotonic() > self._until:
                refused = "the file: it takes too long"
            if refused:
                return {"refused": f"{refused}."}, self._peak
            if not self._pipe.poll(_POLL_S):
                continue
            try:
                said = self._pipe.recv_bytes(_MAX_ANSWER)
            except (EOFError, OSError):
                return {"refused": self._last_words()}, self._peak
            self._look()
            if said == loading.LOADING:
                stage = ("Loading the model", 1, 2)
                self._most = _LOADING_BYTES + _BY_FILE * self._size
                self._until = time.monotonic() + _LOADING_S
                continue
            answer = self._parsed(said)
            return answer, self._peak

    def _parsed(self, said: bytes) -> dict[str, Any]:
        try:
            answer = parse_object(said, 2 * MAX_DEPTH)
            self._peak = max(self._peak, member({"peak": 0, **answer}, "peak", int))
            return answer
        except (ValueError, TypeError):
            return {"refused": "the model: the process that loaded it answered something else."}

    def _last_words(self) -> str:
        self._process.join(5)
        code = self._process.exitcode
        return f"the file: the process that looked at it ended (exit code {code})."

    def _look(self) -> None:
        with contextlib.suppress(psutil.Error):
            memory = psutil.Process(self._process.pid).memory_info()
            self._peak = max(self._peak, memory.rss)
