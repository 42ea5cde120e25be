"""Reading what is no table: from Keras, or from a copy of what was read.

Each section leaves ``x``, the inputs as they were read, and ``y``.
"""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any, Final

import numpy as np

from engine.files import atomic_write
from engine.service.results.exporting.script.document import Section
from engine.service.results.exporting.script.subject import NotWritten, Subject
from engine.spec.signature import Kind, Output

TITLE: Final = "Reading the data"
MOST_BYTES: Final = 2 << 30
_DIGITS: Final = """\
# Small pictures of 8 × 8 pixels, enlarged to 28 × 28.
images, y = load_digits(return_X_y=True)
images = images.reshape(-1, 8, 8)
large = ndimage.zoom(images, (1, 3.5, 3.5), order=1, mode="nearest", grid_mode=True)
x = np.rint(large * (255.0 / 16.0)).astype("uint8")[..., np.newaxis]
y = y.astype("int64")"""
_IN_KERAS: Final = ("mnist", "fashion_mnist", "cifar10", "cifar100")


def from_library(subject: Subject) -> Section | None:
    """Data that comes with scikit-learn, or that Keras has downloaded."""
    name = subject.spec.data.source
    if name == "digits":
        needs = (
            "import numpy as np",
            "from scipy import ndimage",
            "from sklearn.datasets import load_digits",
        )
        return Section(TITLE, _DIGITS, needs)
    if name not in _IN_KERAS:
        return None
    gray = name.endswith("mnist")
    code = (
        f"(x, y), (x_last, y_last) = keras.datasets.{name}.load_data()\n"
        f"x = np.concatenate([x, x_last]){'[..., np.newaxis]' if gray else ''}\n"
        'y = np.concatenate([y, y_last]).reshape(-1).astype("int64")'
    )
    return Section(TITLE, code, ("import keras", "import numpy as np"))


def from_copy(subject: Subject, path: Path) -> Section:
    """Writes the data as it was read beside the script, and reads it there.

    Args:
        subject: The run.
        path: The file; its suffix is chosen here.

    Raises:
        NotWritten: It is too much to be copied.
        OSError: It cannot be written.
    """
    if subject.raw_bytes > MOST_BYTES:
        raise NotWritten("The data is too much to lie as a copy beside a script.")
    if subject.examples.kind is Kind.TEXT:
        return _texts(subject, path.with_suffix(".jsonl"))
    arrays: dict[str, Any] = {"x": subject.x}
    y = subject.examples.y
    lines = [
        "# The data as Descent read it: x before it is prepared, and what is to be learnt.",
        f'data = np.load(HERE / "{path.with_suffix(".npz").name}")',
        'x, y = data["x"], data["y"]',
    ]
    if subject.examples.output is Output.TOKENS:
        y = np.array([str(text) for text in y])
        lines[-1] = 'x, y = data["x"], data["y"].astype(object)'
    arrays["y"] = y
    if subject.examples.weights is not None:
        arrays["weights"] = subject.examples.weights
        lines.append('weights = data["weights"]')
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    atomic_write(path.with_suffix(".npz"), buffer.getvalue())
    return Section(TITLE, "\n".join(lines), ("import numpy as np",))


def _texts(subject: Subject, path: Path) -> Section:
    """Texts as JSON, a line each: it holds whatever signs they have."""
    examples = subject.examples
    y = examples.y.tolist()
    rows = [json.dumps([str(text), y[place]]) for place, text in enumerate(subject.x)]
    atomic_write(path, "".join(f"{row}\n" for row in rows))
    dtype = {Output.CLASSES: "int64", Output.LABELS: "uint8", Output.NUMBERS: "float64"}
    kept = f'"{dtype[examples.output]}"' if examples.output in dtype else "object"
    code = (
        "# The texts as Descent read them, each with what is to be learnt of it.\n"
        f'lines = (HERE / "{path.name}").read_text("utf-8").splitlines()\n'
        "pairs = [json.loads(line) for line in lines]\n"
        "x = np.array([text for text, _ in pairs], dtype=object)\n"
        f"y = np.array([answer for _, answer in pairs], dtype={kept})"
    )
    if examples.weights is not None:
        raise NotWritten("Weights of texts cannot be copied.")
    return Section(TITLE, code, ("import json", "import numpy as np"))


def is_read(subject: Subject, names: dict[str, Any]) -> bool:
    """Whether a section has read what Descent has read, to the last bit."""
    x, y = names.get("x"), names.get("y")
    if not isinstance(x, np.ndarray) or not isinstance(y, np.ndarray):
        return False
    weights = subject.examples.weights
    return (
        _same(x, subject.x)
        and _same(y, subject.examples.y)
        and (weights is None or np.array_equal(names.get("weights", ()), weights))
    )


def _same(read: np.ndarray, wanted: np.ndarray) -> bool:
    if read.dtype == object or wanted.dtype == object:
        return bool(read.tolist() == wanted.tolist())
    if read.dtype != wanted.dtype or read.shape != wanted.shape:
        return False
    is_float = read.dtype.kind == "f"
    return bool(np.array_equal(read, wanted, equal_nan=is_float))
