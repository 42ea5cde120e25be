"""Memory of the worker while it trains on more and more data, against its idle size.

    python tests/benchmarks/memory.py [--kind table|images|both] [--unit N] [--sizes 1,4,16]
        [--smoke]

Makes the data in a temporary folder (the disk needs about four times its size), lets a worker load
TensorFlow, notes its resident memory, trains one epoch, and samples its memory all the while. The
figure to quote is what the peak adds to the idle size, at 1, 4 and 16 times the data: it should
stay nearly flat. With the default unit the largest table is a CSV file of 1 GB, the largest folder
holds 100,000 images.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np
import psutil
from smoke import add_smoke

TABLE_UNIT_BYTES = 64_000_000
IMAGE_UNIT = 6_250
_COLUMNS = 12
_ROWS_AT_ONCE = 50_000
_ROW_BYTES = 100
_EDGE = 32
_SAMPLE_S = 0.05


@dataclass
class Measured:
    """One training.

    Attributes:
        kind: ``table`` or ``images``.
        times: Size of the data in units.
        data_mb: Size of the data on disk.
        idle_mb: Resident memory of the worker with TensorFlow loaded.
        peak_mb: Highest resident memory until the end of the run.
        seconds: From Start to the end, reading of the data included.
        state: How the run ended.
    """

    kind: str
    times: int
    data_mb: float
    idle_mb: float
    peak_mb: float
    seconds: float
    state: str

    @property
    def added_mb(self) -> float:
        return self.peak_mb - self.idle_mb


def make_table(path: Path, n_bytes: int) -> None:
    """Writes a CSV file of about this size: numbers, a category, some gaps, a target."""
    rng = np.random.default_rng(0)
    names = np.array(["north", "east", "south", "west"])
    with path.open("w", encoding="utf-8") as file:
        file.write(",".join([*(f"x{i}" for i in range(_COLUMNS)), "region", "price"]) + "\n")
        n_rows = min(_ROWS_AT_ONCE, n_bytes // _ROW_BYTES)
        while file.tell() < n_bytes:
            x = rng.normal(size=(n_rows, _COLUMNS))
            y = x[:, 0] * 3 + x[:, 1] ** 2 + rng.normal(scale=0.1, size=n_rows)
            cells = np.char.mod("%.5f", x).astype(object)
            cells[rng.random(cells.shape) < 0.01] = ""
            regions = names[rng.integers(0, 4, n_rows)]
            for row, region, price in zip(cells, regions, y, strict=True):
                file.write(",".join(row) + f",{region},{price:.5f}\n")


def make_images(folder: Path, n_images: int) -> None:
    """Writes small PNG files, in one folder per class."""
    from PIL import Image

    rng = np.random.default_rng(0)
    for label in ("dark", "light"):
        (folder / label).mkdir(parents=True)
    for number in range(n_images):
        label = ("dark", "light")[number % 2]
        pixels = rng.integers(0, 160, (_EDGE, _EDGE, 3)) + 90 * (number % 2)
        image = Image.fromarray(pixels.astype(np.uint8))
        image.save(folder / label / f"{number:06}.png", compress_level=1)


def measure(kind: str, times: int, unit: int, folder: Path) -> Measured:
    """Makes data of one size and trains on it in a worker of its own."""
    from engine.events.commands import Train, WarmUp
    from engine.service.session import Session

    data: dict[str, object] = {"source": str(folder / "data")}
    training: dict[str, object] = {"epochs": 1, "batch_size": 256}
    if kind == "table":
        data["source"] = str(folder / "data.csv")
        data["target"] = "price"
        make_table(folder / "data.csv", unit * times)
        size = (folder / "data.csv").stat().st_size
    else:
        make_images(folder / "data", unit * times)
        size = sum(path.stat().st_size for path in (folder / "data").rglob("*.png"))
    os.environ["DESCENT_CACHE"] = str(folder / "cache")
    session = Session(folder / "workspace")
    try:
        list(session.run(WarmUp()))
        assert session.pid is not None
        watch = _Watch(session.pid)
        started = time.perf_counter()
        with watch:
            ended = list(session.run(Train({"data": data, "training": training})))[-1]
        seconds = time.perf_counter() - started
    finally:
        session.close()
    state = getattr(ended, "state", None)
    notified = str(state.value if state else f"rejected: {getattr(ended, 'message', '')}")
    if notified not in ("finished",):
        notified += f" {getattr(ended, 'reason', '')}"
    return Measured(kind, times, size / 1e6, watch.idle_mb, watch.peak_mb, seconds, notified)


class _Watch:
    """Samples the resident memory of a process."""

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self.idle_mb = self.peak_mb = self._now()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._sample)

    def _now(self) -> float:
        return self._process.memory_info().rss / 1e6

    def _sample(self) -> None:
        while not self._ended.wait(_SAMPLE_S):
            try:
                self.peak_mb = max(self.peak_mb, self._now())
            except psutil.Error:
                return

    def __enter__(self) -> _Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kind", choices=["table", "images", "both"], default="both")
    parser.add_argument("--sizes", default="1,4,16")
    parser.add_argument("--unit", type=int, help="bytes of a table, or images, at size 1")
    parser.add_argument("--json", action="store_true")
    add_smoke(parser, sizes="1", unit=2_000)
    arguments = parser.parse_args()
    kinds = ["table", "images"] if arguments.kind == "both" else [arguments.kind]
    for kind in kinds:
        first: Measured | None = None
        for times in map(int, arguments.sizes.split(",")):
            unit = arguments.unit or (TABLE_UNIT_BYTES if kind == "table" else IMAGE_UNIT)
            with tempfile.TemporaryDirectory() as folder:
                found = measure(kind, times, unit, Path(folder))
            first = first or found
            if arguments.json:
                print(json.dumps({**asdict(found), "added_mb": found.added_mb}), flush=True)
                continue
            print(
                f"{kind:6} {times:3}×  data {found.data_mb:7.0f} MB  idle {found.idle_mb:5.0f} MB  "
                f"peak +{found.added_mb:5.0f} MB  ({found.added_mb / first.added_mb:.2f} of the "
                f"first)  {found.seconds:6.1f} s  {found.state}",
                flush=True,
            )


if __name__ == "__main__":
    main()
