"""What an example and its label are, so that another one in its place is noticed."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np

from engine.datasets.base import AnyArray, Examples
from engine.datasets.packing import FileRows
from engine.events.review import LabelValue
from engine.files.bounded import open_plain
from engine.spec.formatting import labels_text
from engine.spec.signature import Kind, Output, Task

_BLOCK = 1 << 20


def path_of(examples: Examples, row: int, source: Path) -> Path | None:
    """The file of an example; None: it is a row of a table, or made.

    Args:
        examples: All of the data.
        row: Which of them.
        source: Where the data is from, as the spec says.
    """
    if isinstance(examples.x, FileRows):
        return Path(examples.x.paths[row])
    if examples.names and source.is_dir():  # packed: named relative to the folder
        path = source / examples.names[row]
        return path if path.is_file() else None
    return None


class ContentMarks:
    """Digests of examples: of their file, of the cells of their row, or of what was read.

    Cells rather than what became of them: leaving a column out changes no example.

    Args:
        examples: All of the data.
        source: Where it is from, as the spec says.
    """

    def __init__(self, examples: Examples, source: str) -> None:
        self._examples = examples
        self._source = Path(source)
        self._columns: dict[str, AnyArray] = {}

    def of(self, row: int) -> str:
        """The digest of one example; its label has no part in it.

        Raises:
            OSError: Its file cannot be read.
        """
        examples = self._examples
        digest = hashlib.blake2b(digest_size=16)
        path = path_of(examples, row, self._source)
        if path is not None:
            with open_plain(path) as file:
                while block := file.read(_BLOCK):
                    digest.update(block)
            return digest.hexdigest()
        if examples.kind is Kind.TABLE and examples.column is not None and examples.source_columns:
            for name in examples.source_columns:
                if name == examples.target_name:
                    continue
                if name not in self._columns:
                    self._columns[name] = examples.column(name)
                digest.update(f"{name}\0{self._columns[name][row]}\0".encode())
            return digest.hexdigest()
        content = examples.x[np.array([row])]
        if content.dtype.hasobject:
            digest.update(str(content[0]).encode("utf-8", "surrogatepass"))
        else:
            digest.update(np.ascontiguousarray(content).data)
        return digest.hexdigest()


def label_value(examples: Examples, target: Any) -> LabelValue:
    """A target as JSON has it.

    Args:
        examples: All of the data.
        target: Of one example, as in `Examples.y`.
    """
    if examples.has_classes:
        return examples.class_names[int(target)]
    match examples.output:
        case Output.LABELS:
            names = zip(examples.class_names, target, strict=True)
            return [name for name, has in names if has]
        case Output.NUMBERS:
            numbers = np.atleast_1d(np.asarray(target, np.float64)).tolist()
            return float(numbers[0]) if len(numbers) == 1 else numbers
        case _:
            return str(target)


def target_of(examples: Examples, value: LabelValue) -> Any:
    """The target that `label_value` made a value of.

    Raises:
        ValueError: It is none of this data: no such class, not as many numbers; in words.
    """
    names = examples.class_names
    if examples.has_classes:
        return _class_index(names, value)
    match examples.output:
        case Output.LABELS:
            wanted = value if isinstance(value, list) else [str(value)]
            target = np.zeros(len(names), np.uint8)
            for name in wanted:
                target[_class_index(names, name)] = 1
            return target
        case Output.NUMBERS:
            numbers = np.asarray(value, np.float64)
            shape = np.asarray(examples.y).shape[1:]
            if numbers.shape != shape or not np.isfinite(numbers).all():
                raise ValueError(f"it takes {max(1, int(np.prod(shape)))} numbers, not {value!r}")
            return numbers
        case _:
            return str(value)


def _class_index(names: tuple[str, ...], value: Any) -> int:
    if value not in names:
        raise ValueError(f"there is no class '{value}'")
    return names.index(value)


def value_words(value: LabelValue) -> str:
    """A label in words."""
    if isinstance(value, list):
        if all(isinstance(item, str) for item in value):
            return labels_text([1.0] * len(value), [str(item) for item in value])
        return ", ".join(f"{item:.6g}" for item in value)
    return value if isinstance(value, str) else f"{value:.6g}"


def can_be_corrected(examples: Examples) -> bool:
    """Whether there are labels at all."""
    if examples.task is Task.FORECASTING:
        return False
    return examples.task is not Task.ANOMALY or examples.has_classes
