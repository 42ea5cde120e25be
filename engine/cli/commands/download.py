"""The command that downloads a data set of Keras's, once someone has said yes."""

from __future__ import annotations

import sys
from argparse import Namespace

from engine.cli.commands.output import Output
from engine.datasets import DATASETS
from engine.datasets.box.keras_data import KerasDataset
from engine.datasets.box.keras_data import download as fetch
from engine.datasets.box.keras_files import KerasFile, datasets_folder, missing
from engine.errors import DatasetError
from engine.spec.formatting import bytes_text, percent_text

_SHOWN_SHARE = 0.05


def download(arguments: Namespace, output: Output) -> int:
    """Downloads a data set into Keras's cache; asks first, unless told ``--yes``."""
    dataset = DATASETS[arguments.dataset]
    if not isinstance(dataset, KerasDataset):
        names = [item.name for item in DATASETS if isinstance(item, KerasDataset)]
        raise DatasetError(
            f"'{dataset.name}' comes with Descent and needs no download.",
            f"Data sets to download: {', '.join(names)}.",
        )
    files = missing(dataset.files)
    if not files:
        output.lines(f"{dataset.title} is in '{datasets_folder()}' already.")
        output.event("downloaded", dataset=dataset.name, files=[])
        return 0
    if not arguments.yes and not _agreed(dataset, files, output):
        output.lines("Nothing was downloaded.")
        return 1
    fetch(dataset, ShownProgress(output))
    output.lines(f"{dataset.title} is in '{datasets_folder()}'.")
    output.event("downloaded", dataset=dataset.name, files=[str(item.location) for item in files])
    return 0


def _agreed(dataset: KerasDataset, files: tuple[KerasFile, ...], output: Output) -> bool:
    size = bytes_text(sum(item.n_bytes for item in files))
    hosts = ", ".join(sorted({item.url.split("/")[2] for item in files}))
    return agreed(
        f"Download {dataset.title} ({size} from {hosts}) into '{datasets_folder()}'?", output
    )


def agreed(question: str, output: Output) -> bool:
    """Asks whether something shall be downloaded.

    Raises:
        DatasetError: There is nobody to be asked.
    """
    if sys.stdin is None or not sys.stdin.isatty():
        raise DatasetError(question, "To agree without being asked, add --yes.")
    output.ask(f"{question} [y/N] ")
    return sys.stdin.readline().strip().lower() in ("y", "yes")


class ShownProgress:
    """Writes a line each time some more is there."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._what, self._share = "", -1.0

    def __call__(self, what: str, done: int, total: int) -> None:
        share = done / total if total else 0.0
        if what != self._what or share - self._share >= _SHOWN_SHARE:
            self._what, self._share = what, share
            self._output.lines(f"{what}: {percent_text(share)}")
