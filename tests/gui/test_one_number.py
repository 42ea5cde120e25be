"""One number for one thing: what Train, Results and Runs say of one run is the same everywhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QLabel, QTableView, QWidget
from pytestqt.qtbot import QtBot

from engine.events.run_events import OTHER_DATA, RunState, SettingChanged
from engine.runs.record import RunRecord
from gui.formatting.numbers import number_text
from gui.formatting.run_words import is_share, metric_text, metric_title
from gui.pages.results.results_page import ResultsPage
from gui.pages.results.run_summary import summary
from gui.pages.runs.runs_page import RunsPage
from gui.pages.train.train_page import TrainPage
from gui.plots.legend import LegendBar
from tests.gui.fake_run import FakeRun
from tests.gui.frame_fixtures import WindowStage, window_stage
from tests.gui.run_fixtures import DIGITS

METRIC = "accuracy"


@pytest.fixture
def trained(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[WindowStage, RunRecord]]:
    """A window in which a run has just ended, and that run; its pages have all been looked at."""
    ends = FakeRun._final
    # The evaluation that the fake engine writes says so.
    monkeypatch.setattr(FakeRun, "_final", lambda *it: {**ends(*it), f"test_{METRIC}": 0.9})
    with window_stage(qtbot, tmp_path) as on:
        on.window.show_page("train")
        on.controller.drafts.set_draft(DIGITS)
        on.controller.start()
        training = on.controller.training
        qtbot.waitUntil(lambda: training.state is RunState.FINISHED)
        on.window.show_page("results")
        page = on.window.pages["results"]
        assert isinstance(page, ResultsPage)
        qtbot.waitUntil(lambda: METRIC in page.tabs.view("overview").metrics.facts)
        on.window.show_page("runs")
        runs = on.window.pages["runs"]
        assert isinstance(runs, RunsPage)
        qtbot.waitUntil(lambda: runs.model.rowCount() == 1)
        runs.table.selectRow(0)
        runs.overlay.action.trigger()
        qtbot.waitUntil(lambda: bool(runs.overlay_plot.plot.runs()))
        runs.overlay_plot.plot.set_metric(METRIC)
        runs.overlay_plot.plot.redraw()
        record = on.controller.repository.record(str(training.run))
        assert record is not None
        yield on, record


def labels(page: QWidget) -> list[str]:
    """Everything that is read on a page: labels, buttons, legends, cells of tables."""
    found = [label.text() for label in page.findChildren(QLabel)]
    found += [button.text() for button in page.findChildren(QAbstractButton)]
    for legend in page.findChildren(LegendBar):
        found += [f"{entry.name} {entry.value}" for entry in legend.entries]
    for table in page.findChildren(QTableView):
        model = table.model()
        for row in range(model.rowCount() if model is not None else 0):
            cells = (model.index(row, column).data() for column in range(model.columnCount()))
            found += [str(cell) for cell in cells if cell is not None]
    return [text for text in found if text]


def cells(page: RunsPage) -> dict[str, str]:
    """What the list of runs says of the first one, by the heading."""
    model = page.model
    return {
        str(model.headerData(column, Qt.Orientation.Horizontal)): str(model.index(0, column).data())
        for column in range(model.columnCount())
    }


def pages(on: WindowStage) -> tuple[TrainPage, ResultsPage, RunsPage]:
    train, results, runs = (on.window.pages[name] for name in ("train", "results", "runs"))
    assert isinstance(train, TrainPage)
    assert isinstance(results, ResultsPage)
    assert isinstance(runs, RunsPage)
    return train, results, runs


def legend_value(plot: Any, name: str) -> str:
    return next(entry.value for entry in plot.legend.entries if entry.name == name)


def test_the_result_is_the_same_wherever_it_stands(
    trained: tuple[WindowStage, RunRecord],
) -> None:
    on, record = trained
    train, results, runs = pages(on)
    said = {
        "results": results.tabs.view("overview").metrics.facts[METRIC].value.text(),
        "runs": cells(runs)["Test"],
        "stored": metric_text(METRIC, record.metrics[f"test_{METRIC}"]),
        "rail": results._hint(results._unshown or _result(on, record)).rpartition("y ")[2],
    }
    assert set(said.values()) == {"90.0 %"}, said
    ended = f"{metric_title(f'test_{METRIC}')}: 90.0 %."
    assert ended in train.notice.text.text()


def _result(on: WindowStage, record: RunRecord) -> Any:
    with on.qtbot.waitSignal(on.controller.repository.result_read) as read:
        on.controller.repository.read_result(record.id)
    return read.args[0]


def test_what_was_measured_while_training_is_the_same_in_curves_and_list(
    trained: tuple[WindowStage, RunRecord],
) -> None:
    on, record = trained
    train, _, runs = pages(on)
    plot = train.curves.metric_plot
    assert plot is not None
    plot.redraw()
    said = {
        "curve": legend_value(plot, "Validation"),
        "list": cells(runs)["Validation"],
        "overlay": runs.overlay_plot.plot.legend.entries[0].value,
        "stored": metric_text(METRIC, record.metrics[f"val_{METRIC}"]),
    }
    assert len(set(said.values())) == 1, said
    assert said["curve"].endswith(" %")
    assert plot.axis_y.kind == runs.overlay_plot.plot.axis_y.kind == "share"


def test_times_and_epochs_are_the_same(trained: tuple[WindowStage, RunRecord]) -> None:
    on, record = trained
    train, results, runs = pages(on)
    facts = {fact.caption.text(): fact.value.text() for fact in train.progress.facts.facts.values()}
    told = dict(summary(record))
    row = cells(runs)
    assert facts["Training time"] == row["Training time"]
    assert told["Training time"] == f"{row['Training time']}, 4 of 4 epochs"
    assert (facts["Epoch"], row["Epochs"]) == ("4 of 4", "4")
    assert "4 epochs" in told["Training"]
    assert "weights of epoch 4 of 4" in results.tabs.view("overview").caption.text()
    assert record.best_epoch == 4
    plot = train.curves.metric_plot
    assert plot is not None
    assert plot._best == record.best_epoch


def test_changed_data_that_was_accepted_is_told_with_what_changed(
    trained: tuple[WindowStage, RunRecord],
) -> None:
    _, record = trained
    why = "1 file changed since this run was trained: people.csv (column 'age')."
    mark = SettingChanged(record.id, 3, 20, OTHER_DATA, 0.0, 0.0, why)
    told = dict(summary(record, [mark]))
    assert told["Changed while training"] == f"Trained on changed data, in epoch 3: {why}"


def test_no_share_is_written_as_a_plain_number_anywhere(
    trained: tuple[WindowStage, RunRecord],
) -> None:
    on, record = trained
    shares = {name: value for name, value in record.metrics.items() if is_share(name)}
    assert shares
    for page in pages(on):
        read = labels(page)
        assert len(read) > 10
        for value in shares.values():
            plain = re.compile(rf"(?<![\d.,]){re.escape(number_text(value))}(?![\d.,])")
            assert not [text for text in read if plain.search(text)], (type(page), value)


def test_what_is_counted_is_called_examples(trained: tuple[WindowStage, RunRecord]) -> None:
    on, _ = trained
    for page in pages(on):
        assert not [text for text in labels(page) if re.search(r"\bsamples\b", text.lower())]
