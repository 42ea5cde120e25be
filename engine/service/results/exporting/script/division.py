"""How the examples are divided, in plain code; or by a file that says it of each example."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from engine.datasets.folder_meaning import PART_FOLDERS
from engine.datasets.split import Parts
from engine.files import atomic_write
from engine.service.results.exporting.script.document import Section, listed, repr_of
from engine.service.results.exporting.script.subject import PARTS, Subject
from engine.spec.signature import Output

TITLE = "Dividing the data"
_GROUPS = '''\
# Groups are drawn whole, as many as fit into a part; one more where that comes closer to it.
names, group = np.unique(table[{column}].astype(str), return_inverse=True)
sizes = np.bincount(group)


def filling(drawn, room, at_most):
    """The groups, in the order drawn, that fill a part best, and those that are left."""
    taken, others, rest = [], [], room
    for one in drawn:
        if len(taken) < at_most and sizes[one] <= rest:
            taken.append(one)
            rest -= sizes[one]
        else:
            others.append(one)
    if room and others and len(taken) < at_most:
        smallest = min(others, key=lambda one: sizes[one])
        if not taken or sizes[smallest] - rest < rest:
            taken.append(smallest)
            others.remove(smallest)
    return taken if room else [], others if room else drawn


drawn = np.random.default_rng(SEED).permutation(len(names)).tolist()
tested, drawn = filling(drawn, {n_test}, len(drawn) - {n_left})
watched, drawn = filling(drawn, {n_validation}, len(drawn) - 1)
test = np.flatnonzero(np.isin(group, tested))
validation = np.flatnonzero(np.isin(group, watched))
train = np.flatnonzero(~np.isin(group, [*tested, *watched]))'''
_SKLEARN = "from sklearn.model_selection import train_test_split"


def ways(subject: Subject, path: Path) -> Iterator[Section | None]:
    """Sections that may divide the data as Descent did, the most readable first.

    Args:
        subject: The run.
        path: Where the part of each example is written if nothing else gives it.

    Raises:
        OSError: It cannot be written.
    """
    method = subject.prepared.parts.method
    if method in ("random", "stratified") and subject.examples.output is not Output.LABELS:
        yield _drawn(subject)
    yield _by_order(subject)
    if method == "given":
        yield from _as_given(subject)
    if method == "group":
        yield _by_group(subject)
    yield _from_file(subject, path)


def _drawn(subject: Subject) -> Section:
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


def _by_order(subject: Subject) -> Section | None:
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


def _as_given(subject: Subject) -> Iterator[Section]:
    """A column, or the folders, say it; what they give no part of is drawn from the training."""
    column, folder = subject.spec.split.column, subject.prepared.dataset.name
    if column is not None:
        part = f"table[{repr_of(column)}].str.strip().str.lower()"
        words = sorted({str(it).strip().lower() for it in _column(subject, column)} - {""})
    else:
        part = "pd.Series([file.relative_to(DATA).parts[0].lower() for file in files])"
        folders = (Path(name).parts[0].lower() for name in subject.examples.names)
        words = sorted(set(folders) & set(PART_FOLDERS))
        if not words or not Path(folder).is_dir():
            return
    lines = [f"# {'The column' if column else 'The folder'} says it.", f"part = {part}"]
    for place, name in enumerate(PARTS):
        said = [word for word in words if PART_FOLDERS.get(word) == place]
        if said:
            lines.append(f"{name} = np.flatnonzero(part.isin({listed(said, 30)}))")
        else:
            lines.append(f"{name} = train[:0]")
    needs = ["import numpy as np", "import pandas as pd"]
    is_said = any(PART_FOLDERS.get(word) == 1 for word in words)
    if subject.spec.split.validation and not is_said:
        by = "y[train]" if subject.examples.has_classes else ""
        lines[lines.index("validation = train[:0]")] = "# What is watched is drawn from it."
        size = len(subject.rows("validation"))
        lines.append(_call("train", "validation", "train", size, by))
        lines.append("train, validation = np.sort(train), np.sort(validation)")
        needs.append(_SKLEARN)
    yield Section(TITLE, "\n".join(lines), tuple(needs))


def _column(subject: Subject, name: str) -> list[object]:
    column = subject.examples.column
    return [] if column is None else list(column(name))


def _by_group(subject: Subject) -> Section | None:
    """Groups are drawn whole, as many as fit into the share of a part."""
    column = subject.spec.split.column
    if column is None or not subject.is_table:
        return None
    shares = subject.spec.split
    sizes = [_size(subject, share) for share in (shares.test, shares.validation)]
    code = _GROUPS.format(
        column=repr_of(column), n_test=sizes[0], n_validation=sizes[1], n_left=2 if sizes[1] else 1
    )
    return Section(TITLE, code, ("import numpy as np",))


def _from_file(subject: Subject, path: Path) -> Section:
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


def fits(parts: Parts, names: dict[str, object]) -> bool:
    """Whether code has left the same parts."""
    for name in PARTS:
        rows = names.get(name)
        if not isinstance(rows, np.ndarray) or not np.array_equal(rows, getattr(parts, name)):
            return False
    return True
