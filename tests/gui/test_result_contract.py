"""The page of results shows every part of a result, of each kind of data and each task.

One page for all of them, and results that were made as workers make them, by something that
guesses: `tests/engine/test_result_contract.py` holds that every architecture's are like these.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from pytestqt.qtbot import QtBot

from engine.events.messages import Rejected
from engine.runs.store import RunStore
from engine.service.plugin_checks.tiny_data import SIGNATURES
from engine.spec.signature import Kind, Output, Signature, Task
from gui.pages.results.examples_panel import ExamplesPanel
from gui.pages.results.forecast_tab import ForecastTab
from gui.pages.results.results_page import ResultsPage, shown_result
from gui.pages.results.shown_result import ShownResult
from gui.state.result_reading import read_result
from tests.gui.run_fixtures import stage
from tests.tiny_results import Guesser, result_of, tiny_run


def wanted(signature: Signature) -> set[str]:
    """The tabs that say something of such a result."""
    found = {"overview", "errors", "groups", "making", "findings"}
    if signature.task is Task.ANOMALY or signature.output in (Output.CLASSES, Output.LABELS):
        found.add("curves")
    if signature.output is Output.CLASSES:
        found.add("confusion")
    if signature.task is Task.FORECASTING:
        found |= {"forecast", "curves"}
    if signature.kind in (Kind.TABLE, Kind.SERIES):
        found.add("importance")
    return found


def check_future(tab: ForecastTab, shown: ShownResult) -> None:
    """What comes after the data follows its last values, each step with its own band."""
    assert shown.analysis is not None
    (series,) = shown.analysis.extra["future"]
    n_past, n_ahead = len(series["past"]), len(series["forecast"])
    tab.when.setCurrentIndex(1)
    drawn = tab.plot.columns()
    assert list(drawn["row"]) == list(range(1 - n_past, n_ahead + 1))
    assert list(drawn["truth"][:n_past]) == series["past"]
    assert list(drawn["predicted"][n_past:]) == series["forecast"]
    assert np.isnan(drawn["truth"][n_past:]).all()
    assert not tab.step.isVisible()
    assert f"{n_ahead} steps after the end of the data" in tab.words.text()
    tab.when.setCurrentIndex(0)
    assert len(tab.plot.columns()["row"]) == shown.evaluation.n_samples  # type: ignore[union-attr]


def test_every_tab_that_applies_is_there_and_filled(qtbot: QtBot, tmp_path: Path) -> None:
    with RunStore(tmp_path / "made") as store, stage(qtbot, tmp_path, ResultsPage) as on:
        page = on.page
        on.engine.result = lambda command, store: Rejected("No worker is asked here.")
        for signature in SIGNATURES:
            run = tiny_run(store, signature, Guesser)
            result_of(run)
            shown = shown_result(read_result(store, run.record.id))
            what = f"{signature.kind} {signature.task} {signature.n_classes}"
            assert shown.kind == signature.kind, what
            assert shown.scored is not None, what
            assert shown.analysis is not None, what
            page.head.show_result(shown)
            page.tabs.show_result(shown)
            names = set(page.tabs.names) - {"plots"}
            assert names - {"findings"} == wanted(signature) - {"findings"}, what
            for name in page.tabs.names:
                page.tabs.show_tab(name)
                assert page.tabs.tab == name, what
                assert name not in page.tabs._stale, what
            assert page.tabs.view("overview").metrics.facts, what
            if signature.task is Task.FORECASTING:
                check_future(page.tabs.view("forecast"), shown)
            panel: ExamplesPanel = page.examples
            panel.show_result(shown)
            assert len(panel.list.examples.places) > 0, what
