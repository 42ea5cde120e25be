"""Which column is predicted where nobody says: one that speaks for itself, else a question."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from engine.datasets import load_examples
from engine.datasets.base import Examples
from engine.events.findings import Trouble
from engine.spec.run_spec import DataSpec


def load(path: Path, names: Sequence[str], target: str | None = None, **columns: str) -> Examples:
    """A table of numbers, 0 to 29, but for the columns of which the words are given."""
    rows = [",".join(names)]
    for row in range(30):
        words = {name: text.split()[row % len(text.split())] for name, text in columns.items()}
        rows.append(
            ",".join(
                words.get(name, str(row * (place + 2) % 31)) for place, name in enumerate(names)
            )
        )
    path.write_text("\n".join(rows), encoding="utf-8")
    return load_examples(DataSpec(source=str(path), target=target))[1]


def question(examples: Examples) -> list[str]:
    """The columns that are offered; none: nothing is asked."""
    found = [item for item in examples.findings if item.trouble is Trouble.QUESTION]
    return [str(remedy.changes["data.target"]) for item in found for remedy in item.remedies]


@pytest.mark.parametrize("name", ["target", "Label", "class", "y"])
def test_a_name_that_says_so_is_taken(tmp_path: Path, name: str) -> None:
    examples = load(tmp_path / "a.csv", ["size", name, "weight"])
    assert examples.target_name == name
    assert question(examples) == []
    assert any("its name says so" in note for note in examples.notes)


def test_two_names_that_say_so_are_asked_about(tmp_path: Path) -> None:
    examples = load(tmp_path / "a.csv", ["label", "size", "target"])
    assert question(examples)[:2] == ["label", "target"]


@pytest.mark.parametrize(
    ("names", "columns", "first"),
    [
        (["size", "sale_price", "rooms"], {}, "sale_price"),
        (["age", "Survived", "cabin"], {"Survived": "0 1", "cabin": "a b c"}, "Survived"),
        (["size", "rooms", "weight"], {}, "weight"),
        (["minutes", "item_1", "item_2", "item_3"], {}, "minutes"),
        (["a", "b", "part"], {"part": "train test"}, "b"),
    ],
)
def test_otherwise_the_likely_ones_are_offered(
    tmp_path: Path, names: list[str], columns: dict[str, str], first: str
) -> None:
    examples = load(tmp_path / "a.csv", names, **columns)
    offered = question(examples)
    assert offered[0] == first == examples.target_name
    assert len(offered) == len(set(offered)) <= 5
    assert "part" not in offered


def test_a_target_that_was_named_is_not_asked_about(tmp_path: Path) -> None:
    examples = load(tmp_path / "a.csv", ["size", "rooms", "weight"], target="rooms")
    assert examples.target_name == "rooms"
    assert question(examples) == []


def test_the_last_column_of_classes_below_no_names_is_the_known_layout(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    rows = [
        f"{a:.1f},{b:.1f},{c:.1f},{kind}"
        for (a, b, c), kind in zip(
            random.normal(5, 1, (30, 3)), ["setosa", "virginica", "other"] * 10, strict=True
        )
    ]
    path = tmp_path / "flowers.data"
    path.write_text("\n".join(rows), encoding="utf-8")
    examples = load_examples(DataSpec(source=str(path)))[1]
    assert examples.class_names == ("other", "setosa", "virginica")
    assert question(examples) == []
    assert examples.n_samples == 30
