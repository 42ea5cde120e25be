"""How the examples are divided, in plain code; or by a file that says it of each example."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from engine.datasets.split import Parts
from engine.files import atomic_write
from engine.service.results.exporting.script.document import Section
from engine.service.results.exporting.script.subject import PARTS, Subject
from engine.spec.signature import Output

TITLE = "Dividing the data"
_SKLEARN = "from sklearn.model_selection import train_test_split"


def drawn(subject: Subject) -> Section:
    """Draws the parts as they were drawn: the held-out examples first, then the test part."""
    parts, shares = subject.prepared.parts, subject.spec.split
    n_validation, n_test = (_size(subject, it) for it in (shares.validation, shares.test))
    held_out = n_validation + n_test
    if not held_out:
        code = (
            "# All examples are learnt from.\n"
            "train = np.arange(len(y))\nvalidation = test = train[:0]"
        )
        return Section(TITLE, code, ("import numpy as np",))
    by = "y" if parts.method == "stratified" else ""
    first = _call("train", "held_out", "np.arange(len(y))", held_out, by)
    if not n_test:
        second = "validation, test = held_out, held_out[:0]"
    elif not n_validation:
        second = "validation, test = held_out[:0], held_out"
    else:
        strata = "y[held_out]" if by and _can_stratify(subject) else ""
        second = _call("validation", "test", "held_out", n_test, strata)
    how = "Each class keeps its share in each part." if by else "Drawn at random."
    code = (
        f"# {how}\n{first}\n{second}\n"
        "train, validation, test = np.sort(train), np.sort(validation), np.sort(test)"
    )
    if shares.refit:
        code += (
            "\n# Learnt once more, from what was watched as well.\n"
            "train, validation = np.sort(np.append(train, validation)), validation[:0]"
        )
    if len(parts.unusual):
        unusual = subject.examples.class_names.index(subject.examples.unusual)
        code += (
            "\n# What is usual is to be learnt: what is known to be unusual is only tested on.\n"
            f"is_usual = y != {unusual}\n"
            "train, validation = train[is_usual[train]], validation[is_usual[validation]]"
        )
    return Section(TITLE, code, ("import numpy as np", _SKLEARN))


def _can_stratify(subject: Subject) -> bool:
    """Whether the held-out examples are many enough to be stratified again."""
    parts = subject.prepared.parts
    if subject.spec.split.refit:
        return True  # seen by trying
    held_out = np.concatenate([parts.validation, parts.test, parts.unusual])
    n_strata = len(np.unique(subject.examples.y[held_out]))
    shares = subject.spec.split
    smallest = min(_size(subject, shares.validation), _size(subject, shares.test))
    return smallest >= n_strata and len(held_out) > n_strata


def _size(subject: Subject, share: float) -> int:
    """Examples of a part: its share, rounded half up, and at least one."""
    n_samples = subject.examples.n_samples
    return max(1, math.floor(n_samples * share + 0.5)) if share > 0 else 0


def _call(left: str, taken: str, among: str, size: int, by: str) -> str:
    stratify = f", stratify={by}" if by else ""
    call = f"train_test_split(\n    {among}, test_size={size}, random_state=SEED{stratify}\n)"
    return f"{left}, {taken} = {call}"


def by_time(subject: Subject) -> Section | None:
    """Rows that are in time order already: the first are learnt from, the last are tested on."""
    parts = subject.prepared.parts
    ranges = []
    for rows in parts.all:
        if len(rows) and not (np.diff(rows) == 1).all():
            return None
        first = int(rows[0]) if len(rows) else 0
        ranges.append(f"np.arange({first}, {first + len(rows)})")
    code = (
        "# The past is learnt from, what follows is watched, the latest is tested on.\n"
        f"train = {ranges[0]}\nvalidation = {ranges[1]}\ntest = {ranges[2]}"
    )
    return Section(TITLE, code, ("import numpy as np",))


def from_file(subject: Subject, path: Path) -> Section:
    """Writes the part of each example beside the script, and reads it there.

    Raises:
        OSError: It cannot be written.
    """
    words = np.full(subject.examples.n_samples, "", dtype=object)
    for part in PARTS:
        words[subject.rows(part)] = part
    atomic_write(path, "part\n" + "".join(f"{word}\n" for word in words))
    method = subject.prepared.parts.method
    lines = [
        f"# Descent divided the examples ({method}); the file says which part each of them is in.",
        f'part = pd.read_csv(HERE / "{path.name}", keep_default_na=False,'
        ' skip_blank_lines=False)["part"]',
        *(f'{name} = np.flatnonzero(part == "{name}")' for name in PARTS),
    ]
    return Section(TITLE, "\n".join(lines), ("import numpy as np", "import pandas as pd"))


def is_drawn(subject: Subject) -> bool:
    """Whether the parts may have been drawn, of classes or of anything."""
    is_drawn = subject.prepared.parts.method in ("random", "stratified")
    return is_drawn and subject.examples.output is not Output.LABELS


def fits(parts: Parts, names: dict[str, object]) -> bool:
    """Whether code has left the same parts."""
    for name in PARTS:
        rows = names.get(name)
        if not isinstance(rows, np.ndarray) or not np.array_equal(rows, getattr(parts, name)):
            return False
    return True
