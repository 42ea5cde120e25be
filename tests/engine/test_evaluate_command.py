"""`evaluate` and `AnalyseRun`: numbers with their doubt beside simple models, kept with the run."""

from __future__ import annotations

import json
from argparse import Namespace
from io import StringIO

import numpy as np
import pytest

from engine.cli.commands import models
from engine.cli.commands.analysis_lines import analysis_lines, doubt_text
from engine.cli.commands.output import Output
from engine.datasets.base import silent
from engine.events.analysing import AnalyseRun, RunAnalysed
from engine.inference.evaluation.analysis import Analysis, BaselineScore, Group, file_name
from engine.inference.evaluation.intervals import wilson
from engine.inference.evaluation.predictions import Predictions
from engine.runs.store import RunStore
from engine.service import running
from engine.service.results import answer
from engine.training.control import TrainingControl


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A workspace, and the id of a run in it that knows a table without its one good column."""
    folder = tmp_path_factory.mktemp("evaluate")
    rng = np.random.default_rng(0)
    names = ["north", "south"]
    rows = ["size,weight,site,kind"]
    for _ in range(300):
        site = int(rng.integers(0, 2))
        kind = int(rng.integers(0, 2))
        size = kind + rng.normal() * 0.3
        rows.append(f"{size:.3f},{rng.normal():.3f},{names[site]},{'ab'[kind]}")
    path = folder / "table.csv"
    path.write_text("\n".join(rows))
    spec = {
        "data": {"source": str(path), "target": "kind"},
        "model": {"name": "logistic_regression"},
        "training": {"epochs": 8},
    }
    workspace = folder / "workspace"
    with RunStore(workspace) as store:
        ended = running.train(spec, store, lambda event: None, TrainingControl())
    return workspace, ended.run


def evaluate(kept, as_json=True, part=None):
    workspace, run = kept
    stream = StringIO()
    with RunStore(workspace) as store:
        arguments = Namespace(run=run, part=part)
        assert models.evaluate(arguments, store, Output(as_json, stream)) == 0
    text = stream.getvalue()
    return json.loads(text) if as_json else text


def test_the_end_of_a_run_keeps_what_is_quick(kept):
    workspace, run = kept
    with RunStore(workspace) as store:
        folder = store.folder(run)
        found = Analysis.load(folder)
        assert found is not None
        assert found.source == Predictions.load(folder).digest
        assert "accuracy" in found.intervals


class TestCommand:
    def test_the_contract(self, kept):
        found = evaluate(kept)
        assert found["event"] == "evaluated"
        accuracy, n = found["metrics"]["accuracy"], found["n_samples"]
        assert found["intervals"]["accuracy"] == pytest.approx(wilson(accuracy * n, n))
        assert found["intervals"].keys() >= found["metrics"].keys()
        assert found["intervals"].keys() >= found["further_metrics"].keys()
        names = [item["name"] for item in found["baselines"]]
        assert names == ["commonest_class", "linear", "boosted_trees"]
        for item in found["baselines"]:
            low, high = item["intervals"]["accuracy"]
            assert low <= item["metrics"]["accuracy"] <= high
            assert len(item["difference"]) == 2
        assert isinstance(found["groups"], list)
        assert found["n_tried"] > 0
        assert isinstance(found["findings"], list)

    def test_what_was_fitted_is_kept(self, kept, monkeypatch):
        first = evaluate(kept)

        def fail(*_, **__):
            raise AssertionError("fitted again")

        monkeypatch.setattr("engine.service.results.analysing.fit_baselines", fail)
        assert evaluate(kept) == first

    def test_another_part_has_its_own(self, kept):
        test, validation = evaluate(kept), evaluate(kept, part="validation")
        assert validation["part"] == "validation"
        assert validation["intervals"] != test["intervals"]
        assert evaluate(kept) == test

    def test_in_words(self, kept):
        text = evaluate(kept, as_json=False)
        assert "95 % interval" in text
        assert "Always the commonest class: " in text
        assert "worse than this model" in text
        assert "groups of examples were looked at" in text


class TestAnalyseRun:
    def test_it_makes_what_is_missing_and_no_more(self, kept):
        workspace, run = kept
        command = AnalyseRun(run)
        assert answer(command, workspace, silent) == RunAnalysed(run, "test")
        with RunStore(workspace) as store:
            path = store.folder(run) / file_name("test")
        written = path.stat().st_mtime_ns
        answer(command, workspace, silent)
        assert path.stat().st_mtime_ns == written
        assert Analysis.load(path.parent).is_complete

    def test_a_damaged_one_is_made_anew(self, kept):
        workspace, run = kept
        with RunStore(workspace) as store:
            folder = store.folder(run)
        (folder / file_name("test")).write_text("{")
        answer(AnalyseRun(run), workspace, silent)
        assert Analysis.load(folder).is_complete

    def test_a_run_without_predictions_is_evaluated_first(self, kept):
        workspace, run = kept
        with RunStore(workspace) as store:
            folder = store.folder(run)
        (folder / "predictions-test.npz").unlink()
        answer(AnalyseRun(run), workspace, silent)
        assert Predictions.load(folder) is not None
        assert Analysis.load(folder).source == Predictions.load(folder).digest

    def test_without_its_data_what_needs_none_is_there(self, kept, tmp_path):
        workspace, run = kept
        with RunStore(workspace) as store:
            source = store.get(run).spec.data.source
        from pathlib import Path

        from engine.service.results.opened_run import OPENED

        content = Path(source).read_bytes()
        OPENED._runs.clear()
        Path(source).unlink()
        try:
            answer(AnalyseRun(run, anew=True), workspace, silent)
        finally:
            Path(source).write_bytes(content)
            OPENED._runs.clear()
        with RunStore(workspace) as store:
            found = Analysis.load(store.folder(run))
        assert found.baselines is None
        assert "need the data" in found.extra["notes"][-1]
        assert "accuracy" in found.intervals


class TestWords:
    def test_doubt(self):
        assert doubt_text(0.909, (0.889, 0.929)) == "0.909 ± 0.02"
        assert doubt_text(0.99, (0.9, 0.995)) == "0.99 (0.9 to 0.995)"
        assert doubt_text(0.5, None) == doubt_text(0.5, (np.nan, np.nan)) == "0.5"

    def test_a_better_simple_model_is_told_as_plainly_as_a_worse_one(self):
        def lines(main, difference):
            score = BaselineScore(
                "x", "Boosted trees", {main: 0.963}, {main: (0.95, 0.97)}, difference=difference
            )
            found = Analysis("test", main, {main: (0.88, 0.92)}, baselines=(score,))
            return "\n".join(analysis_lines(found, {main: 0.9}))

        assert "BETTER than this model" in lines("accuracy", (-0.09, -0.03))
        assert "worse than this model" in lines("accuracy", (0.03, 0.09))
        assert "not told apart from this model" in lines("accuracy", (-0.03, 0.03))
        # Of errors the smaller is the better.
        assert "BETTER than this model" in lines("root_mean_squared_error", (0.03, 0.09))

    def test_groups(self):
        group = Group("site = east", "site", "east", 40, (), {"accuracy": 0.6}, {}, 0.95, 0.001)
        found = Analysis("test", "accuracy", groups=(group,), n_tried=70)
        text = "\n".join(analysis_lines(found, {"accuracy": 0.9}))
        assert "although 70 groups were looked at" in text
        assert "site = east" in text
