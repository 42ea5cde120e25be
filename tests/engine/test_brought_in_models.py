"""A model of plain Keras is brought in, trained further, asked, explained and taken out again."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from engine.cli.main import main
from engine.graph.checking import checked_graph
from engine.graph.library import ModelLibrary
from engine.inference.foreign_models.looking import look
from engine.inference.foreign_models.taking import take
from engine.runs.store import RunStore
from tests.script_cases import run_apart

ROWS = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)
Command = Callable[..., tuple[int, list[Any]]]


def _foreign() -> keras.Model:
    """Names in other alphabets, some alike once they are plain, and layers Descent never builds."""
    entry = keras.Input((4,), name="Eingänge 1")
    found = keras.layers.UnitNormalization(name="norm!")(entry)
    found = keras.layers.Dense(6, activation="gelu", name="tête")(found)
    found = keras.layers.Dense(6, name="tete")(keras.layers.LeakyReLU(0.2)(found))
    inner_entry = keras.Input((6,))
    inner = keras.Model(
        inner_entry, keras.layers.Dense(6, "swish", name="tête")(inner_entry), name="日本"
    )
    found = keras.layers.Concatenate()([found, inner(found)])
    found = keras.layers.GaussianNoise(0.1, name="1st")(found)
    answers = keras.layers.Dense(3, activation="softmax", name="their answers")(found)
    return keras.Model(entry, answers, name="their net")


def _bring_in(foreign: keras.Model, workspace: Path, folder: Path) -> None:
    """As the confined process does, in this one."""
    foreign.compile("adam", "sparse_categorical_crossentropy")
    foreign.save(folder / "theirs.keras")
    parts = folder / "parts"
    parts.mkdir()
    config, n_stored = look(folder / "theirs.keras", parts)
    told = take(folder / "theirs.keras", config, n_stored, folder / "taken.keras")
    assert told["n_weights"] == foreign.count_params()
    graph = checked_graph(json.loads(json.dumps(told["graph"])))
    content = (folder / "taken.keras").read_bytes()
    ModelLibrary(workspace).save("theirs", graph, weights=content)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With two runs that began with it: as it is, and trained further."""
    folder = tmp_path_factory.mktemp("brought")
    keras.utils.set_random_seed(3)
    foreign = _foreign()
    np.save(folder / "answers.npy", np.asarray(foreign(ROWS, training=False)))
    _bring_in(foreign, folder / "ws", folder)
    words = ["train", "--data", "iris", "--model", "theirs", "--workspace", str(folder / "ws")]
    words += ["--set", "start.head=keep", "--set", "execution.reproducible=true"]
    assert main([*words, "--name", "as it is", "--set", "start.freeze=everything"]) == 0
    thaw = ["start.freeze=body", "start.thaw_after=1", "training.epochs=3"]
    assert main([*words, "--name", "further", *(it for one in thaw for it in ("--set", one))]) == 0
    return folder / "ws"


@pytest.fixture
def command(workspace: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs a command on the runs: its exit code, and its JSON objects."""

    def run(*words: str) -> tuple[int, list[Any]]:
        capsys.readouterr()
        code = main([*words, "--workspace", str(workspace), "--json"])
        return code, [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return run


def test_it_answers_as_it_did(workspace: Path) -> None:
    from engine.inference.serving import ServedModel

    with RunStore(workspace) as store:
        served = ServedModel.load(store.folder(store.get("as it is").id))
    found = np.asarray(served.network(ROWS, training=False))
    np.testing.assert_allclose(found, np.load(workspace.parent / "answers.npy"), atol=1e-6)


def test_it_is_evaluated_asked_and_explained(command: Command) -> None:
    code, told = command("evaluate", "further")
    assert code == 0
    assert 0.0 <= told[-1]["metrics"]["accuracy"] <= 1.0
    assert command("predict", "further", "5.1,3.5,1.4,0.2")[0] == 0
    code, told = command("explain", "further", "5.1,3.5,1.4,0.2")
    assert code == 0
    assert len(told[-1]["columns"] if "columns" in told[-1] else told[-1]) >= 4


@pytest.mark.parametrize("format", ["keras", "saved_model", "onnx", "litert"])
def test_it_goes_out_with_its_proof(command: Command, tmp_path: Path, format: str) -> None:
    """GELU is said in operations that each format has."""
    code, told = command("export", "further", "--format", format, "--to", str(tmp_path / "out"))
    assert (code, told[-1].get("reason", "")) == (0, "")
    assert main(["verify", str(tmp_path / "out")]) == 0


def test_its_report_and_its_script_go_out(command: Command, tmp_path: Path) -> None:
    code, _ = command("export", "further", "--format", "report", "--to", str(tmp_path / "a.html"))
    assert code == 0
    code, told = command("export", "further", "--format", "script", "--to", str(tmp_path / "a.py"))
    assert (code, told[-1].get("reason", "")) == (0, "")
    (metrics,) = run_apart([tmp_path / "a.py"])
    assert len(metrics) > 3
    for name, (run, here) in metrics.items():
        assert here == pytest.approx(run, abs=1e-6), name
