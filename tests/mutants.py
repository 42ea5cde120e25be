"""Files that were damaged at random: what reads them must read them, or say what is wrong.

A mutant is made from a number, so that one that was found can be made again. Many are tried in a
process of their own, which is ended where one takes too long.
"""

from __future__ import annotations

import contextlib
import io
import multiprocessing
import re
import resource
import tempfile
import time
import traceback
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

import numpy as np

LONGEST_S: Final = 10.0
MOST_BYTES: Final = 1 << 30
START_S: Final = 120.0
"""For what a process imports before its first file."""
_EXTREMES: Final = (0x00, 0xFF, 0x7F, 0x80, 0x22, 0x0A, 0x2C)


# ---- what is damaged


def _rows(delimiter: str = ",", decimal: str = ".") -> str:
    lines = [delimiter.join(("id", "size", "when", "colour", "note", "price"))]
    for row in range(40):
        size = f"{row * 1.25:.2f}".replace(".", decimal)
        cells = (f"a{row:03}", size, f"2024-01-{row % 28 + 1:02}", ["red", "blue"][row % 2])
        lines.append(delimiter.join((*cells, f'"said ""{row}"""', str(row * 7 % 31))))
    return "\n".join(lines)


def _csv() -> bytes:
    return _rows().encode()


def _tsv() -> bytes:
    return _rows("\t", ",").encode("utf-16")


def _frame() -> Any:
    import pandas as pd

    return pd.read_csv(io.StringIO(_rows()))


def _parquet() -> bytes:
    return bytes(_frame().to_parquet())


def _xlsx() -> bytes:
    from tests.workbooks import write_workbook

    frame = _frame()
    rows = [list(frame.columns), *frame.to_numpy().tolist()]
    with tempfile.TemporaryDirectory() as folder:
        return write_workbook(Path(folder) / "whole.xlsx", {"Data": rows}).read_bytes()


def _npz() -> bytes:
    file = io.BytesIO()
    x = np.arange(40 * 64, dtype=np.float32).reshape(40, 8, 8)
    np.savez_compressed(file, x=x, y=np.arange(40) % 2)
    return file.getvalue()


def _image(form: str) -> bytes:
    from PIL import Image

    file = io.BytesIO()
    pixels = np.add.outer(np.arange(24), np.arange(24)).astype(np.uint8) * 4
    Image.fromarray(np.stack([pixels, pixels.T, 255 - pixels], axis=-1)).save(file, form)
    return file.getvalue()


def _wav() -> bytes:
    import soundfile

    file = io.BytesIO()
    soundfile.write(file, np.sin(np.arange(4000) / 20), 8000, format="WAV", subtype="PCM_16")
    return file.getvalue()


def _mp4() -> bytes:
    import av

    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("mpeg4", rate=8)
        stream.width = stream.height = 32
        stream.pix_fmt = "yuv420p"
        for step in range(8):
            pixels = np.full((32, 32, 3), step * 30, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode())
    return file.getvalue()


TABLES: Final[dict[str, Callable[[], bytes]]] = {
    "csv": _csv,
    "tsv": _tsv,
    "xlsx": _xlsx,
    "parquet": _parquet,
    "npz": _npz,
}
"""Read alone."""
MEDIA: Final[dict[str, Callable[[], bytes]]] = {
    "png": lambda: _image("PNG"),
    "jpg": lambda: _image("JPEG"),
    "tif": lambda: _image("TIFF"),
    "wav": _wav,
    "mp4": _mp4,
}
"""Read as one of several in folders of two classes."""
KINDS: Final = (*TABLES, *MEDIA)


# ---- how it is damaged


def mutated(data: bytes, random: np.random.Generator) -> bytes:
    """Returns a copy with one to four faults, as disks, networks and programs make them."""
    if data[:2] == b"PK" and random.random() < 0.5:
        return _mutated_archive(data, random)  # what is inside, under a right checksum
    result = bytearray(data)
    for _ in range(int(random.integers(1, 5))):
        if not result:
            break
        place = int(random.integers(len(result)))
        length = int(random.integers(1, max(2, len(result) // 8)))
        match int(random.integers(7)):
            case 0:
                result[place] ^= 1 << int(random.integers(8))
            case 1:
                result[place] = int(random.choice(_EXTREMES))
            case 2:
                result[place : place + 4] = bytes([int(random.choice(_EXTREMES))]) * 4
            case 3:
                del result[place : place + length]
            case 4:
                result[place:place] = result[place : place + length]
            case 5:
                del result[place:]
            case _:
                result[place:place] = random.bytes(length)
    return bytes(result)


def _mutated_archive(data: bytes, random: np.random.Generator) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    name = str(random.choice(sorted(contents)))
    contents[name] = mutated(contents[name], random)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    return file.getvalue()


def write_mutant(kind: str, number: int, folder: Path) -> Path:
    """Writes a mutant, and what has to lie beside it; returns what is to be opened."""
    random = np.random.default_rng([KINDS.index(kind), number])
    if kind in TABLES:
        path = folder / f"mutant.{kind}"
        path.write_bytes(mutated(TABLES[kind](), random))
        return path
    whole = MEDIA[kind]()
    for place in range(8):
        path = folder / ("left", "right")[place % 2] / f"{place}.{kind}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(mutated(whole, random) if place == 3 else whole)
    return folder


# ---- what becomes of it


@dataclass(frozen=True)
class Outcome:
    """What became of a mutant.

    Attributes:
        kind, number: Which one.
        what: ``read`` or ``refused``; or a fault, such as ``crashed``, ``died`` or ``hung``.
        seconds: How long it took.
        details: A traceback.
    """

    kind: str
    number: int
    what: str
    seconds: float = 0.0
    details: str = ""

    @property
    def is_fault(self) -> bool:
        return self.what not in ("read", "refused")


Wanted = list[tuple[str, int]]
"""Mutants by kind and number."""
TryAll = Callable[[Wanted, Connection], None]
"""Tries mutants, and sends an `Outcome` of each; picklable, as a process of its own does it."""


def tried(kinds: tuple[str, ...], numbers: range, folder: Path) -> Iterator[Outcome]:
    """Tries mutants of each kind one after the other.

    Args:
        kinds: Some of `KINDS`.
        numbers: Of the mutants.
        folder: Where they are written.
    """
    wanted = [(kind, number) for number in numbers for kind in kinds]
    return watched(wanted, partial(_try_all, folder))


def watched(wanted: Wanted, try_all: TryAll) -> Iterator[Outcome]:
    """Has mutants tried in a process of its own, which is ended where one takes too long.

    Too long on a busy machine is no fault: what takes too long is tried once more.
    """
    context = multiprocessing.get_context("spawn")
    slow: set[tuple[str, int]] = set()
    while wanted:
        ours, theirs = context.Pipe()
        process = context.Process(target=try_all, args=(wanted, theirs))
        process.start()
        theirs.close()
        n_done, patience, died = 0, START_S, "hung"
        try:
            while n_done < len(wanted) and ours.poll(patience):
                yield ours.recv()
                n_done, patience = n_done + 1, LONGEST_S
        except EOFError:
            died = "died"
        process.kill()
        process.join()
        ours.close()
        wanted = wanted[n_done:]
        if wanted and died == "hung" and wanted[0] not in slow:
            slow.add(wanted[0])
        elif wanted:
            yield Outcome(*wanted[0], died)
            wanted = wanted[1:]


def _try_all(folder: Path, wanted: Wanted, answers: Connection) -> None:
    from engine.service.execution import inspect_data

    for kind, number in wanted:
        with tempfile.TemporaryDirectory(dir=folder) as place:
            answers.send(_try_one(kind, number, Path(place), inspect_data))
    answers.close()


def _try_one(kind: str, number: int, place: Path, inspect: Callable[..., Any]) -> Outcome:
    from engine.errors import DescentError

    path = write_mutant(kind, number, place)
    before, details = time.perf_counter(), ""
    try:
        inspect({"data": {"source": str(path)}})
        what = "read"
    except DescentError:
        what = "refused"
    except BaseException:
        what, details = "crashed", traceback.format_exc()
    seconds = time.perf_counter() - before
    if peak_bytes() > MOST_BYTES:
        what = "too much memory"
    return Outcome(kind, number, what, seconds, details)


def reset_peak() -> None:
    """Forgets the most memory that was held until now, where the system can."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def peak_bytes() -> int:
    """The most memory that was held since the process began its program, or since `reset_peak`."""
    status = Path("/proc/self/status")
    if status.exists():  # what `getrusage` says may be of the process that started this one
        peak = re.search(r"^VmHWM:\s+(\d+) kB", status.read_text(), re.MULTILINE)
        if peak is not None:
            return int(peak[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
