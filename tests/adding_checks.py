"""Run in a copy of the program that has the examples of `.github/ADDING.md` in it: uses each."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import closing
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

FOLDER = Path(sys.argv[1])
events: list[Any] = []


def dataset() -> None:
    from engine.service.execution import inspect_data

    profile = inspect_data({"data": {"source": "dice"}}).profile
    assert (profile.n_samples, profile.class_names) == (500, ("no", "yes"))


def file_format() -> None:
    from engine.errors import DatasetError
    from engine.service.execution import inspect_data

    path = FOLDER / "flowers.jsonl"
    path.write_text("".join(f'[{i}, {i * i}, "{"ab"[i % 2]}"]\n' for i in range(40)), "utf-8")
    profile = inspect_data({"data": {"source": str(path)}}).profile
    assert (profile.n_samples, profile.class_names) == (40, ("a", "b"))
    path.write_text('["x", "a"]\n', "utf-8")
    with pytest.raises(DatasetError, match=r"flowers\.jsonl"):
        inspect_data({"data": {"source": str(path)}})


def inputs() -> None:
    import keras

    from engine.preprocessing import Preprocessing
    from engine.spec.run_spec import RunSpec
    from engine.training.prepared_data import prepare

    spec = {"data": {"source": "seasons"}, "preprocessing": {"roots": True}}
    fitted = prepare(RunSpec.from_dict(spec)).preprocessing
    again = Preprocessing.from_dict(fitted.to_dict()).inputs
    assert again.type == "roots"
    rows = np.random.default_rng(0).normal(0, 9, (4, *again.raw_shape)).astype(np.float32)
    np.testing.assert_allclose(keras.Model(*again.build())(rows), again.transform(rows), rtol=1e-5)


def augmentation() -> None:
    import tensorflow as tf

    from engine.preprocessing.augmentation import misfits
    from engine.spec.run_spec import AugmentationSpec
    from engine.spec.signature import Kind
    from engine.training.model.augmenter import augmenter

    spec = AugmentationSpec(invert=True)
    assert not misfits(spec, Kind.IMAGE)
    assert misfits(spec, Kind.TEXT)
    change = augmenter(spec, Kind.IMAGE)
    assert change is not None
    means = change(tf.fill((64, 4, 4, 1), 0.25), tf.constant([0, 1])).numpy().mean(axis=(1, 2, 3))
    assert set(np.unique(means)) == {0.25, 0.75}


def training() -> None:
    """An architecture, a setting and a look inside, in one training."""
    from engine.events.insights import WeightNormsUpdated
    from engine.events.run_events import RunFinished
    from engine.runs.store import RunStore
    from engine.service import running
    from engine.training.control import TrainingControl

    spec = {
        "data": {"source": "dice"},
        "model": {"name": "wide", "parameters": {"width": 16}},
        "training": {"epochs": 2, "optimizer": "sgd", "momentum": 0.9, "learning_rate": 0.01},
        "execution": {"xla": "off"},
    }
    with RunStore(FOLDER / "workspace") as store:
        ended = running.train(spec, store, events.append, TrainingControl(), "")
    assert isinstance(ended, RunFinished), ended
    seen = [event for event in events if isinstance(event, WeightNormsUpdated)]
    assert len(seen[-1].layers) == len(seen[-1].norms) == 2


def guide_page() -> None:
    from engine.architectures import ARCHITECTURES
    from engine.spec.parameters import describe
    from gui.guide.pages import read_page
    from gui.guide.parameter_words import explain

    pages = [read_page("wide", language) for language in ("en", "zh_CN")]
    assert all(page is not None and page.formulas for page in pages)
    (width,) = describe(ARCHITECTURES["wide"].parameters)
    assert explain(width, "wide", "zh_CN").is_own


def layer() -> None:
    from engine.graph.building import build_graph
    from engine.graph.layer_graph import LayerGraph, LayerNode
    from engine.spec.signature import Kind, Signature, Task

    graph = LayerGraph(
        (
            LayerNode("input", "Input", (), {"shape": [4]}),
            LayerNode("noise", "GaussianDropout", ("input",), {"rate": 0.3}),
            LayerNode("output", "Dense", ("noise",), {"units": 1, "activation": "sigmoid"}),
        )
    )
    network = build_graph(graph, Signature(Kind.TABLE, Task.CLASSIFICATION, (4,), 2))
    assert [type(item).__name__ for item in network.layers][1:] == ["GaussianDropout", "Dense"]


def command() -> None:
    from engine.events.commands import CountExamples
    from engine.events.messages import ExamplesCounted
    from engine.service.session import Session

    with closing(Session(FOLDER / "workspace")) as session:
        (counted,) = [
            event
            for event in session.run(CountExamples({"data": {"source": "dice"}}))
            if isinstance(event, ExamplesCounted)
        ]
    assert counted.n_samples == 500


def window() -> None:
    """A view of what is inside, a plot and a page."""
    from PySide6.QtCore import QSettings
    from PySide6.QtWidgets import QApplication

    from engine.events.insights import WeightNormsUpdated
    from gui.insights.insight_views import VIEWS
    from gui.state.settings import Settings
    from gui.style.icons import icon
    from gui.style.theme import current_theme
    from gui.window.page_list import PAGES, page_class

    application = QApplication([])
    current_theme().apply()
    view = next(entry for entry in VIEWS if entry.insight is WeightNormsUpdated).make()
    view.show_insight(WeightNormsUpdated("run", ("dense",), (1.5,)))
    view.refresh()
    assert view.lines.text().startswith("dense: 1.5")  # type: ignore[attr-defined]
    plot = import_module("gui.plots.pace_plot").PacePlot()
    plot.resize(400, 300)
    assert plot.empty_text
    plot.add_epoch(1.5)
    plot.redraw()
    assert not plot.empty_text
    assert PAGES[-1] == "notes"
    icon("notes")
    settings = Settings(QSettings(str(FOLDER / "settings.ini"), QSettings.Format.IniFormat))
    page = page_class("notes")(None, None, settings)  # type: ignore[arg-type]
    page.text.setPlainText("A thought")  # type: ignore[attr-defined]
    assert settings.get("notes/text", "") == "A thought"
    del application


CHECKS: dict[Callable[[], None], int] = {
    dataset: 1,
    file_format: 1,
    inputs: 1,
    augmentation: 1,
    training: 3,
    guide_page: 1,
    layer: 1,
    command: 1,
    window: 2,
}

if __name__ == "__main__":
    FOLDER.mkdir()
    for check in CHECKS:
        check()
    sys.stdout.write(f"{sum(CHECKS.values())} kinds of things were added.\n")
