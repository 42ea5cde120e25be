"""Tables as files, and how tests read them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.datasets import load_examples
from engine.datasets.base import Examples
from engine.errors import DatasetError
from engine.events.findings import DataFinding, Trouble
from engine.spec.run_spec import DataSpec
from engine.spec.signature import Task


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def write(folder: Path, text: str | bytes, name: str = "table.csv") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def load(
    path: Path, target: str | None = "y", task: Task | None = None, **settings: Any
) -> Examples:
    values = {"source": str(path), "target": target, "task": task, **settings}
    return load_examples(DataSpec.model_validate(values))[1]


def found(examples: Examples, trouble: Trouble, subject: str = "") -> DataFinding:
    (finding,) = [
        item
        for item in examples.findings
        if item.trouble is trouble and subject in (item.subject, "")
    ]
    return finding


def types(examples: Examples) -> dict[str, str]:
    return {column.name: column.type for column in examples.columns}


def refusal(
    path: Path, target: str | None = "y", task: Task | None = None, **settings: Any
) -> DatasetError:
    with pytest.raises(DatasetError) as caught:
        load(path, target, task, **settings)
    assert caught.value.hint, "every refusal says what to do next"
    return caught.value
