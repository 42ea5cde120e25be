"""A script of a run that began with what was learnt elsewhere does so too, and ends as it did."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.datasets.base import silent
from engine.runs.store import RunStore
from engine.service import running
from engine.service.results.exporting import format_named
from engine.service.results.opened_run import OpenedRun
from engine.training.control import TrainingControl
from tests.script_cases import Case, run_apart, train_and_write

MODEL = {"units": [6, 5], "dropout": 0.1}
WAYS: dict[str, dict[str, Any]] = {
    "nothing is kept": {"start": {"head": "new"}},
    "the body is kept": {"start": {"freeze": "body", "head": "new"}},
    "everything is kept": {"start": {"freeze": "everything", "head": "keep"}},
    "thawed": {
        "start": {"freeze": "body", "head": "new", "thaw_after": 2},
        "stopping": {"patience": 0},
    },
    "thawed, with schedule and rules": {
        "start": {"freeze": "body", "head": "new", "thaw_after": 3, "thaw_rate": 0.5},
        "schedule": {"name": "cosine", "warmup": 0.5, "plateau_patience": 1},
        "stopping": {"patience": 2, "min_delta": 0.01},
    },
    "thawed, and stopped early": {
        "start": {"freeze": "body", "head": "new", "thaw_after": 2},
        "stopping": {"patience": 2, "min_delta": 1000.0},
    },
    "thawed without a validation part": {
        "start": {"freeze": "body", "head": "new", "thaw_after": 2},
        "split": {"validation": 0.0},
        "training": {"keep": "last"},
    },
}


class Place:
    """A workspace with a run to start from."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = RunStore(folder / "workspace")
        before = Case("iris", "mlp", MODEL, epochs=2, more={"seed": 3})
        self.source = running.train(
            before.values(folder), self.store, lambda event: None, TrainingControl(), "Before"
        ).run

    def export(self, to: Path, start: dict[str, Any], **more: Any) -> Any:
        """Trains a run that begins there, and exports it."""
        case = Case(
            "iris", "mlp", MODEL, epochs=7, training=more.pop("training", {}),
            more={"start": {"source": self.source, **start}, **more},
        )  # fmt: skip
        return train_and_write(case, self.store, self.folder, to)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    made = Place(tmp_path_factory.mktemp("starts"))
    with made.store:
        yield made


def test_a_script_gives_the_figures_of_its_run(place: Place, tmp_path: Path) -> None:
    """Each trains in a clean process where no Descent can be imported."""
    paths = [tmp_path / f"script_{number}.py" for number in range(len(WAYS))]
    for (name, more), path in zip(WAYS.items(), paths, strict=True):
        done = place.export(path, **more)
        assert not done.reason, name
        assert f"{path.stem}_first_weights.npz" in done.files
        assert "begin as in the run 'Before'" in path.read_text("utf-8")
    for name, metrics in zip(WAYS, run_apart(paths), strict=True):
        assert len(metrics) > 3
        runs = {metric: run for metric, (run, _) in metrics.items()}
        assert runs == {metric: here for metric, (_, here) in metrics.items()}, name


def test_a_source_that_has_learnt_more_or_is_gone_is_told(place: Place, tmp_path: Path) -> None:
    first = place.export(tmp_path / "first.py", {})
    assert not first.reason
    begun = place.store.runs()[0].id
    running.resume(
        place.source, {"training.epochs": 3}, place.store, lambda event: None, TrainingControl()
    )
    run = _opened(place, begun)
    done = format_named("script").export(run, tmp_path / "second.py", silent)
    assert done.reason == "The run began as the run 'Before', which has learnt more since then."
    folder = place.store.folder(place.source)
    folder.rename(folder.with_name("elsewhere"))
    done = format_named("script").export(run, tmp_path / "third.py", silent)
    assert done.reason.startswith("The run began as the run 'Before', which the script needs.")


def _opened(place: Place, run: str) -> OpenedRun:
    return OpenedRun(place.store.get(run), place.store.folder(run))
