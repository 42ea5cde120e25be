"""A training begins with what a run, or a model that was brought in, has learnt before."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from engine.cli.main import main
from engine.errors import DescentError, SpecError, UnknownNameError
from engine.events.run_events import RunEnded, RunFinished, RunStarted
from engine.graph.checking import checked_graph
from engine.graph.library import ModelLibrary
from engine.inference.foreign_models.looking import look
from engine.inference.foreign_models.refusal import Refused
from engine.inference.foreign_models.taking import take
from engine.inference.serving import ServedModel
from engine.runs.store import RunStore
from engine.service import execution, running
from engine.service.importing import bringing
from engine.service.importing.opening import ForeignModelError, OpenedModel, open_foreign
from engine.training.control import TrainingControl
from engine.training.model.transfer import weighted
from tests.hostile_models import HOSTILE, model, sound
from tests.hostile_models import entry as input_layer

TINY = {"filters": [3, 4], "dense_units": 5, "batch_normalization": True}


OTHER = {
    "schema_version": 1,
    "layers": [
        {"name": "input", "type": "Input", "parameters": {"shape": [4]}},
        {"name": "output", "type": "Dense", "inputs": ["input"], "parameters": {"units": 2}},
    ],
}


def _write(path: Path, labels: str, seed: int, side: int = 12) -> Path:
    rng = np.random.default_rng(seed)
    y = np.repeat(np.array(list(labels)), 20)
    x = rng.integers(0, 255, (len(y), side, side)).astype(np.uint8)
    np.savez(path, x=x, y=y)
    return path


@dataclass
class Place:
    """A workspace with one run, and data."""

    store: RunStore
    run: str
    before: Path
    other: Path

    def train(self, **changes: Any) -> tuple[RunEnded, str, list[Any]]:
        """Trains a run on the other classes; returns how it ended, its id and its events."""
        values = {
            "data": {"source": str(self.other)},
            "model": {"name": "cnn", "parameters": TINY},
            "training": {"epochs": 1, "batch_size": 32},
            "execution": {"reproducible": True},
            **changes,
        }
        events: list[Any] = []
        ended = running.train(values, self.store, events.append, TrainingControl())
        return ended, ended.run, events

    def layers(self, run: str) -> list[list[Any]]:
        """The weights of a run's layers that have some."""
        network = ServedModel.load(self.store.folder(run)).network
        return [layer.get_weights() for layer in network.layers if layer.weights]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    folder = tmp_path_factory.mktemp("transfer")
    before = _write(folder / "before.npz", "abc", 1)
    other = _write(folder / "other.npz", "defg", 2)
    made = Place(RunStore(folder / "workspace"), "", before, other)
    ended, made.run, _ = made.train(data={"source": str(before)})
    assert isinstance(ended, RunFinished), ended
    return made


def _same(some: list[Any], others: list[Any]) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(some, others, strict=True))


def test_the_body_is_kept_and_the_last_layer_learns_the_new_classes(place: Place) -> None:
    name = place.store.get(place.run).name
    ended, run, events = place.train(start={"source": place.run[:-2], "freeze": "body"})
    assert isinstance(ended, RunFinished), ended
    *body, head = place.layers(run)
    *before, old_head = place.layers(place.run)
    assert all(_same(a, b) for a, b in zip(body, before, strict=True))
    assert head[0].shape == (5, 4)
    assert old_head[0].shape == (5, 3)
    assert place.store.get(run).spec.start.source == place.run  # what stays the same
    started = next(event for event in events if isinstance(event, RunStarted))
    assert f"begin as in the run '{name}'" in started.notice
    assert "first 5 stay as they are" in started.notice


@pytest.mark.parametrize("trial", ["rate_finder", "estimate"])
def test_what_is_tried_before_a_training_keeps_what_it_will_keep(
    place: Place, monkeypatch: pytest.MonkeyPatch, trial: str
) -> None:
    module = import_module(f"engine.training.trials.{trial}")
    compiled: list[tuple[keras.Model, list[Any]]] = []
    compile_model = module.compile_model

    def noted(network: keras.Model, *given: Any) -> None:
        compile_model(network, *given)
        compiled.append((network, [layer.get_weights() for layer in weighted(network)]))

    monkeypatch.setattr(module, "compile_model", noted)
    values = {
        "data": {"source": str(place.other)},
        "model": {"name": "cnn", "parameters": TINY},
        "training": {"batch_size": 32},
        "start": {"source": place.run, "freeze": "body"},
    }
    if trial == "estimate":
        assert execution.estimate(values, store=place.store).epoch_s > 0
    else:
        execution.find_rate(values, lambda event: None, lambda: bool(compiled), place.store)
    (network, weights), *_ = compiled
    assert [layer.trainable for layer in weighted(network)] == [False] * (len(weights) - 1) + [True]
    if trial == "rate_finder":
        for mine, its in zip(weights[:-1], place.layers(place.run)[:-1], strict=True):
            for value, before in zip(mine, its, strict=True):
                np.testing.assert_array_equal(value, before)


def test_nothing_learns_where_everything_is_kept(place: Place) -> None:
    ended, run, _ = place.train(
        data={"source": str(place.before)}, start={"source": place.run, "freeze": "everything"}
    )
    assert isinstance(ended, RunFinished), ended
    for some, others in zip(place.layers(run), place.layers(place.run), strict=True):
        assert _same(some, others)
    assert ended.metrics["test_accuracy"] == place.store.get(place.run).metrics["test_accuracy"]
    assert not [item for item in ended.findings if item.kind.value == "not_finished"]


def test_layers_are_kept_up_to_one_of_them(place: Place) -> None:
    network = ServedModel.load(place.store.folder(place.run)).network
    names = [layer.name for layer in network.layers if layer.weights]
    _, run, _ = place.train(start={"source": place.run, "freeze_up_to": names[1]})
    learnt, before = place.layers(run), place.layers(place.run)
    same = [_same(a, b) for a, b in zip(learnt[:-1], before[:-1], strict=True)]
    assert same == [True, True, False, False, False]


def test_a_run_that_goes_on_keeps_what_it_kept_without_its_source(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, run, _ = place.train(start={"source": place.run, "freeze": "body"})

    def gone(*_: Any) -> None:
        raise AssertionError("The source is not asked again.")

    monkeypatch.setattr("engine.service.starting.find_source", gone)
    ended = running.resume(
        run, {"training.epochs": 2}, place.store, lambda event: None, TrainingControl()
    )
    assert isinstance(ended, RunFinished), ended
    for some, others in zip(place.layers(run)[:-1], place.layers(place.run)[:-1], strict=True):
        assert _same(some, others)


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"start": {"source": "nobody"}}, "start.source", "nobody"),
        ({"start": {"freeze": "body"}}, "start.freeze", "knows nothing"),
        ({"start": {"source": "RUN", "freeze": "everything"}}, "start.freeze", "new"),
        ({"start": {"source": "RUN", "head": "keep"}}, "start.head", "5×4.*5×3"),
        ({"start": {"source": "RUN", "freeze_up_to": "nothing"}}, "start.freeze_up_to", "nothing"),
        (
            {"start": {"source": "RUN"}, "model": {"name": "cnn", "parameters": {"filters": [7]}}},
            "start.source",
            "3×3×1×7",
        ),
        (
            {"start": {"source": "RUN"}, "preprocessing": {"scaling": "none"}},
            "start.source",
            "scaled",
        ),
        (
            {"start": {"source": "RUN"}, "data": {"source": "iris"}, "model": {"name": "mlp"}},
            "start.source",
            "image data",
        ),
        (
            {"start": {"source": "RUN"}, "data": {"source": "iris"},
             "model": {"name": "logistic_regression"}},
            "start.source",
            "does not start from",
        ),
    ],
    ids=str,
)  # fmt: skip
def test_what_cannot_be_started_from_is_refused_before_anything_begins(
    place: Place, changes: dict[str, Any], field: str, words: str
) -> None:
    if changes["start"].get("source") == "RUN":
        changes["start"]["source"] = place.run
    n_runs = len(place.store.runs())
    with pytest.raises(SpecError, match=words) as caught:
        place.train(**changes)
    assert [problem.field for problem in caught.value.problems] == [field]
    assert len(place.store.runs()) == n_runs


# ---- a model that was brought in


@pytest.fixture(scope="module")
def brought(place: Place, tmp_path_factory: pytest.TempPathFactory) -> keras.Model:
    """A model of another program's, and its file in the library; taken apart in this process."""
    folder = tmp_path_factory.mktemp("foreign")
    image = keras.Input((12, 12, 1), name="pixels")
    inner_image = keras.Input((12, 12, 1))
    inner = keras.Model(inner_image, keras.layers.Conv2D(3, 3, name="look")(inner_image))
    found = inner(keras.layers.Rescaling(2.0, -1.0)(image))
    found = keras.layers.BatchNormalization()(keras.ops.relu(found))
    found = keras.layers.Dense(4)(keras.layers.GlobalAveragePooling2D()(found))
    foreign = keras.Model(image, keras.layers.Softmax()(found), name="theirs")
    foreign.compile("adam", "sparse_categorical_crossentropy")
    foreign.save(folder / "theirs.keras")
    parts = folder / "parts"
    parts.mkdir()
    config, n_stored = look(folder / "theirs.keras", parts)
    told = json.loads(
        json.dumps(take(folder / "theirs.keras", config, n_stored, folder / "taken.keras"))
    )
    assert told["n_weights"] == foreign.count_params()
    library = ModelLibrary(place.store.workspace)
    content = (folder / "taken.keras").read_bytes()
    library.save("theirs", checked_graph(told["graph"]), weights=content)
    return foreign


def test_it_is_evaluated_as_it_is(place: Place, brought: keras.Model) -> None:
    saved = ModelLibrary(place.store.workspace).load("theirs")
    ended, run, _ = place.train(
        model={"name": "custom", "parameters": saved.to_parameters()},
        start={"source": "theirs", "freeze": "everything"},
    )
    assert isinstance(ended, RunFinished), ended
    x = np.random.default_rng(3).integers(0, 255, (6, 12, 12, 1)).astype(np.uint8)
    wanted = brought.predict(x / np.float32(255), verbose=0)
    np.testing.assert_allclose(
        ServedModel.load(place.store.folder(run)).predict(x), wanted, atol=1e-5
    )


def test_a_changed_file_of_weights_is_not_taken(place: Place, brought: keras.Model) -> None:
    library = ModelLibrary(place.store.workspace)
    saved = library.load("theirs")
    library.save("spoilt", saved.graph, weights=library.weights_of(saved)[0].read_bytes())
    path, _ = library.weights_of(library.load("spoilt"))
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(DescentError, match="changed after it was written"):
        place.train(
            model={"name": "custom", "parameters": saved.to_parameters()},
            start={"source": "spoilt"},
        )


def test_weights_go_where_their_model_goes(place: Place, brought: keras.Model) -> None:
    library = ModelLibrary(place.store.workspace)
    saved = library.load("theirs")
    library.save("mine", saved.graph, weights=library.weights_of(saved)[0].read_bytes())
    library.rename("mine", "yours")
    kept = library.load("yours")
    assert kept.has_weights
    library.delete("yours")
    assert "yours" not in library
    library.save("yours", saved.graph)  # as Undo does
    assert library.load("yours").has_weights
    library.save("yours", checked_graph(OTHER), replace=True)  # other layers, which never learnt
    assert not library.load("yours").has_weights
    library.delete("yours")
    note = place.store.workspace / "models" / "yours.digest"
    os.utime(note, (0, 0))
    library.save("gone", saved.graph)
    library.delete("gone")
    assert not list((place.store.workspace / "models").glob("yours*"))


def test_what_promises_more_weights_than_it_has_is_refused(tmp_path: Path) -> None:
    wide = [
        {**input_layer(batch_shape=[None, 15]), "name": "input"},
        {
            "module": "keras.layers",
            "class_name": "EinsumDense",
            "config": {"name": "wide", "equation": "ab,bc->ac", "output_shape": 100_000,
                       "bias_axes": None, "activation": None},
            "registered_name": None,
        },
    ]  # fmt: skip
    with pytest.raises(Refused, match="1,500,000 weights"):
        take(sound(tmp_path), model(*wide), 15, tmp_path / "out.keras")


def test_the_process_that_opens_a_file_hands_over_a_model_or_a_reason(tmp_path: Path) -> None:
    """Once for what is good, and for one of each kind of harm; the others are looked at above."""
    opened = open_foreign(sound(tmp_path))
    assert (opened.input_shape, opened.output_shape, opened.n_weights) == ((4,), (3,), 15)
    assert [node.type for node in opened.graph.nodes] == ["Input", "Dense"]
    for name in ("a Lambda layer", "a link to another file"):
        case = next(item for item in HOSTILE if item.name == name)
        with pytest.raises(ForeignModelError, match="is not opened") as caught:
            open_foreign(case.write(tmp_path))
        assert case.part in caught.value.message


def test_the_command_keeps_nothing_of_what_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    case = next(item for item in HOSTILE if item.name == "TFSMLayer")
    code = main(["models", "import", str(case.write(tmp_path)), "--workspace", str(tmp_path / "w")])
    assert code == 2
    assert "TFSMLayer" in capsys.readouterr().err
    assert not (tmp_path / "w" / "models").exists()
    assert main(["models", "import", "no.keras", "--workspace", str(tmp_path / "w")]) == 2
    with pytest.raises(UnknownNameError):
        ModelLibrary(tmp_path / "w").load("model")


def test_a_model_that_is_brought_in_replaces_another_only_where_it_shall(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    contents = [b"first", b"second"]

    def read(path: Path, progress: Any) -> OpenedModel:
        graph = checked_graph(OTHER)
        return OpenedModel(graph, "net", contents.pop(0), (4,), (2,), 10, False, "namespace", 0)

    monkeypatch.setattr(bringing, "open_foreign", read)
    library = ModelLibrary(tmp_path)

    def kept() -> dict[str, bytes]:
        found = {name: library.weights_of(library.load(name)) for name in library.names}
        return {name: it[0].read_bytes() for name, it in found.items() if it is not None}

    command = ["models", "import", "net.keras", "--workspace", str(tmp_path)]
    assert main(command) == 0
    assert main(command) == 2
    assert "--replace" in capsys.readouterr().err
    assert kept() == {"net": b"first"}
    assert main([*command, "--replace", "--name", "Net"]) == 0
    assert kept() == {"Net": b"second"}
