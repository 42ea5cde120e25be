"""Model files of others: what harms is refused by name, before Keras sees any of it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.inference.foreign_models.configuration import checked
from engine.inference.foreign_models.looking import look
from engine.inference.foreign_models.refusal import Refused
from tests.hostile_models import HOSTILE, MARK, N_WEIGHTS, Hostile, dense, entry, sound
from tests.mutants import mutated


@pytest.mark.parametrize("case", HOSTILE, ids=lambda case: case.name)
def test_it_is_refused_by_a_sentence_that_names_the_part(case: Hostile, tmp_path: Path) -> None:
    path = case.write(tmp_path)
    parts = tmp_path / "parts"
    parts.mkdir()
    with pytest.raises(Refused) as caught:
        look(path, parts)
    words = str(caught.value)
    assert re.search(case.part, words), words
    assert "\n" not in words
    assert len(words) < 700
    written = {item.name for item in parts.rglob("*") if item.is_file()}
    assert written <= {"model.weights.h5", "vocabulary.txt"}
    assert not (tmp_path / MARK).exists()


@pytest.mark.parametrize(
    "case", [case for case in HOSTILE if case.marker], ids=lambda case: case.name
)
def test_without_the_guard_it_would_have_done_harm(case: Hostile, tmp_path: Path) -> None:
    assert case.marker is not None
    assert case.marker(case.write(tmp_path))


def test_there_are_enough_of_them() -> None:
    assert len(HOSTILE) >= 60
    assert len({case.name for case in HOSTILE}) == len(HOSTILE)


def test_a_sound_file_is_taken(tmp_path: Path) -> None:
    path = sound(tmp_path)
    parts = tmp_path / "parts"
    parts.mkdir()
    config, n_stored = look(path, parts)
    assert n_stored == N_WEIGHTS
    assert [item["class_name"] for item in config["config"]["layers"]] == ["InputLayer", "Dense"]


def test_inputs_may_have_any_name_and_be_compared_with_anything(tmp_path: Path) -> None:
    """As in the models that Descent saves of tables: an input a column, gaps as NaN."""
    names = ("size", "dtype", "a/b", "日本", "path", "units")

    def tensor(name: str) -> dict[str, Any]:
        config = {"shape": [None, 1], "dtype": "float32", "keras_history": [name, 0, 0]}
        return {"class_name": "__keras_tensor__", "config": config}

    inputs = [
        {**entry(name=name, batch_shape=[None, 1]), "name": name, "inbound_nodes": []}
        for name in names
    ]
    call = {"args": [tensor("size"), float("nan"), 1_700_000_000_000], "kwargs": {}}
    where = {
        "module": "keras.src.ops.numpy",
        "class_name": "Where",
        "config": {"name": "where"},
        "registered_name": "Where",
        "name": "where",
        "inbound_nodes": [call],
        "build_config": {"input_shape": {name: [None, 1] for name in names}},
    }
    config = {
        "name": "table",
        "layers": [*inputs, where],
        "input_layers": {name: [name, 0, 0] for name in names},
        "output_layers": [["where", 0, 0]],
    }
    values = {
        "module": "keras.src.models.functional",
        "class_name": "Functional",
        "config": config,
        "registered_name": "Functional",
    }
    read = checked(json.loads(json.dumps(values)), N_WEIGHTS)
    assert list(read["config"]["input_layers"]) == list(names)
    assert read["config"]["layers"][-1]["inbound_nodes"][0]["args"][2] == 1_700_000_000_000
    # A layer among the arguments is held against the same limits as any other.
    call["args"].append(dense(units=10**9))
    with pytest.raises(Refused, match="units"):
        checked(json.loads(json.dumps(values)), N_WEIGHTS)


def test_damaged_files_are_refused_or_read(tmp_path: Path) -> None:
    whole = sound(tmp_path).read_bytes()
    random = np.random.default_rng(18)
    n_refused = 0
    for number in range(60):
        path, parts = tmp_path / f"{number}.keras", tmp_path / f"parts{number}"
        path.write_bytes(mutated(whole, random))
        parts.mkdir()
        try:
            look(path, parts)
        except Refused:
            n_refused += 1
    assert n_refused > 30
