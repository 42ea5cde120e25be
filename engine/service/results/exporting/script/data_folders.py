"""Reading the person's own pictures, sounds and texts, where plain code gives the same bits."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from engine.datasets.formats import FileDataset
from engine.datasets.tables.delimited import DelimitedFile
from engine.datasets.tables.table_opening import open_source
from engine.files import atomic_write
from engine.service.results.exporting.script.data_arrays import TITLE
from engine.service.results.exporting.script.document import Section, listed, repr_of
from engine.service.results.exporting.script.subject import Subject
from engine.spec.signature import Kind, Output

_NUMPY: Final = "import numpy as np"
_IMAGE: Final = '''\
def read(path):
    """A picture, (height, width, channels), from 0 to 255."""
    image = Image.open(path).convert("{mode}")
    return np.asarray(image).reshape({shape})'''
_RESIZED: Final = '''\
def read(path):
    """A picture, (height, width, channels), from 0 to 255, as large as all are."""
    image = Image.open(path)
    image.draft(None, ({twice_width}, {twice_height}))  # a JPEG is not unpacked to its last detail
    image = ImageOps.exif_transpose(image).convert("{mode}")
    if image.size != ({width}, {height}):
        image = image.resize(({width}, {height}), Image.Resampling.BILINEAR{box})
    return np.asarray(image).reshape({shape})'''
_CROP: Final = '''\
def middle(width, height):
    """What is kept of a picture of another shape: its middle."""
    scale = min(width / {width}, height / {height})
    cut_x, cut_y = width - scale * {width}, height - scale * {height}
    return cut_x / 2, cut_y / 2, width - cut_x / 2, height - cut_y / 2'''
_SOUND: Final = '''\
def read(path):
    """The beginning of a recording, ({n_samples},); a shorter one ends in silence."""
    wave, _ = soundfile.read(path, dtype="int16")
    return np.pad(wave[:{n_samples}], (0, max(0, {n_samples} - len(wave))))'''


def from_own_files(subject: Subject, path: Path) -> Iterator[Section]:
    """Ways to read the files of a folder, or the texts of a table, the most readable first.

    Args:
        subject: The run.
        path: Where the list of files is written, where folders alone do not say what is what.

    Raises:
        OSError: It cannot be written.
    """
    dataset, examples = subject.prepared.dataset, subject.examples
    if not isinstance(dataset, FileDataset) or examples.weights is not None:
        return
    if examples.kind is Kind.TEXT and dataset.path.is_file():
        yield from _texts(subject, dataset.path)
    readers = _readers(subject)
    if not readers or not dataset.path.is_dir() or not examples.names:
        return
    files = [dataset.path / name for name in examples.names]
    if not all(file.is_file() for file in files):
        return
    for reader, needs in readers:
        if examples.output is Output.CLASSES:
            yield _section(_by_folder(subject, dataset.path), reader, needs)
        if examples.output is not Output.LABELS:
            yield _section(_by_list(subject, dataset.path, path), reader, needs)


def _section(listing: tuple[str, tuple[str, ...]], reader: str, needs: tuple[str, ...]) -> Section:
    head, more = listing
    code = f"{head}\n\n\n{reader}\n\n\nx = np.stack([read(file) for file in files])"
    return Section(TITLE, code, (_NUMPY, *needs, *more))


def _by_folder(subject: Subject, folder: Path) -> tuple[str, tuple[str, ...]]:
    """Files whose folder is their class."""
    suffixes = sorted({Path(name).suffix.lower() for name in subject.examples.names})
    chosen = f"path.suffix.lower() in {listed(suffixes)}"
    lines = [
        f"DATA = Path({repr_of(str(folder))})  # a folder for each class",
        f"CLASSES = {listed(subject.examples.class_names, 10)}",
        f'files = sorted(path for path in DATA.rglob("*") if {chosen})',
        'y = np.array([CLASSES.index(file.parent.name) for file in files], "int64")',
    ]
    return "\n".join(lines), ("from pathlib import Path",)


def _by_list(subject: Subject, folder: Path, path: Path) -> tuple[str, tuple[str, ...]]:
    """Files that a list names, with what is to be learnt of each."""
    examples = subject.examples
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["file", "target"])
    names = examples.class_names
    for name, value in zip(examples.names, examples.y.tolist(), strict=True):
        rows.writerow([name, names[value] if names else value])
    atomic_write(path, text.getvalue())
    target = 'files_of_data["target"]'
    lines = [
        f"DATA = Path({repr_of(str(folder))})",
        "# Which files there are, and what is to be learnt of each.",
        f'files_of_data = pd.read_csv(HERE / "{path.name}", dtype=str, keep_default_na=False)',
        'files = [DATA / name for name in files_of_data["file"]]',
    ]
    if examples.output is Output.CLASSES:
        lines.append(f"CLASSES = {listed(names, 10)}")
        lines.append(f'y = pd.Categorical({target}, categories=CLASSES).codes.astype("int64")')
    elif examples.output is Output.NUMBERS:
        lines.append(f"y = np.array([float(value) for value in {target}])")
    else:
        lines.append(f"y = {target}.to_numpy(object)")
    return "\n".join(lines), ("from pathlib import Path", "import pandas as pd")


def _readers(subject: Subject) -> list[tuple[str, tuple[str, ...]]]:
    """Functions that read a file, with what they need."""
    examples = subject.examples
    shape = tuple(examples.x.shape[1:])
    if examples.kind is Kind.AUDIO:
        return [(_SOUND.format(n_samples=shape[0]), ("import soundfile",))]
    if examples.kind is not Kind.IMAGE:
        return []
    height, width, channels = shape
    values = {
        "mode": "L" if channels == 1 else "RGB",
        "shape": shape,
        "height": height,
        "width": width,
        "twice_height": 2 * height,
        "twice_width": 2 * width,
    }
    plain = _IMAGE.format(**values), ("from PIL import Image",)
    way = examples.reading.get("resize", "stretch")
    resized = _RESIZED.format(box=", middle(*image.size)" if way == "crop" else "", **values)
    if way == "crop":
        resized = f"{_CROP.format(**values)}\n\n\n{resized}"
    more = [(resized, ("from PIL import Image, ImageOps",))] if way != "pad" else []
    return [plain, *more]


def _texts(subject: Subject, path: Path) -> Iterator[Section]:
    """A table with a column of texts, and one of what is to be learnt."""
    examples = subject.examples
    if examples.output not in (Output.CLASSES, Output.NUMBERS):
        return
    try:
        source = open_source(path)
    except Exception:  # it is no table
        return
    if not isinstance(source, DelimitedFile) or not source.has_header:
        return
    target = examples.target_name
    others = [name for name in source.names if name != target]
    separator = "" if source.delimiter == "," else f", sep={repr_of(source.delimiter)}"
    for text in others if target in source.names else []:
        lines = [
            f"DATA = {repr_of(str(path))}",
            f"table = pd.read_csv(DATA{separator}, dtype=str, keep_default_na=False)",
            f"x = table[{repr_of(text)}].str.strip().to_numpy(object)",
        ]
        if examples.output is Output.CLASSES:
            lines.append(f"CLASSES = {listed(examples.class_names, 10)}")
            codes = f"pd.Categorical(table[{repr_of(target)}], categories=CLASSES).codes"
            lines.append(f'y = {codes}.astype("int64")')
        else:
            lines.append(f"y = table[{repr_of(target)}].to_numpy(float)")
        yield Section(TITLE, "\n".join(lines), ("import pandas as pd",))
