"""The command `runs compare`: runs whose predictions are kept are compared without TensorFlow."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from made_predictions import of_classes, of_numbers, of_texts

from engine.cli.main import main
from engine.events.run_events import RunFailed, RunFinished
from engine.inference.evaluation.predictions import Predictions, chosen
from engine.runs.store import RunStore
from engine.spec.run_spec import RunSpec


class Kept:
    """Runs that ended, with what their models said of the test part."""

    def __init__(self, workspace: Path) -> None:
        self.workspace = workspace

    def add(
        self,
        name: str,
        predictions: Predictions | None,
        rate: float = 0.1,
        seed: int = 0,
        ended: type = RunFinished,
    ) -> str:
        spec = {
            "data": {"source": "iris"},
            "model": {"name": "mlp"},
            "training": {"learning_rate": rate},
            "seed": seed,
        }
        with RunStore(self.workspace) as store:
            run = store.create(RunSpec.from_dict(spec), name, "Iris", "MLP").id
            store.record([ended(run, reason="It was so.")])
            if predictions is not None:
                predictions.save(store.folder(run))
            with store._database.write() as connection:
                connection.execute("UPDATE runs SET duration_s = 30 WHERE id = ?", (run,))
        return run

    def compare(self, *references: str, expect: int = 0) -> None:
        options = ["--workspace", str(self.workspace)]
        assert main(["runs", "compare", *references, *options]) == expect


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    return Kept(tmp_path / "workspace")


def said(capsys: pytest.CaptureFixture[str]) -> dict:
    return json.loads(capsys.readouterr().out)


def alike(seed: int, skill: float, n: int = 500) -> Predictions:
    """Other answers to the same questions."""
    truth = of_classes(n, seed=0).truth
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(n, 3))
    logits[np.arange(n), truth] += skill
    outputs = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    made = of_classes(n, seed=0)
    return Predictions(
        "test", made.task, made.output, made.rows, truth, outputs, "kind", made.class_names, n_all=n
    )


class TestTwoModels:
    def test_the_better_one(self, kept, capsys):
        good, bad = alike(1, 3.0), alike(2, 1.0)
        runs = [kept.add("good", good, 0.1), kept.add("bad", bad, 0.2)]
        kept.compare("good", "bad", "--json")
        found = said(capsys)
        assert found["event"] == "compared"
        assert (found["metric"], found["n_examples"], found["compares"]) == (
            "accuracy",
            500,
            "models",
        )
        assert found["settings"] == {"training.learning_rate": ["0.1", "0.2"]}
        assert [side["runs"][0]["run"] for side in found["sides"]] == runs
        (pair,) = found["comparisons"]
        assert pair["verdict"] == "first_is_better"
        assert pair["effort"] is None
        right = good.is_right.mean() - bad.is_right.mean()
        assert pair["difference"] == pytest.approx(right)
        assert pair["interval"][0] < right < pair["interval"][1]
        only = np.flatnonzero(good.is_right & ~bad.is_right)
        assert pair["examples"]["only_first_right"] == only.tolist()
        counted = len(only) + len(pair["examples"]["only_second_right"])
        counted += pair["examples"]["n_both"] + pair["examples"]["n_neither"]
        assert counted == 500

    def test_in_words(self, kept, capsys):
        kept.add("bad", alike(2, 1.0), 0.2)
        kept.add("good", alike(1, 3.0), 0.1)
        kept.compare("bad", "good")
        text = capsys.readouterr().out
        assert "2 runs, tested on the same 500 test examples, judged by accuracy" in text
        assert "'good' is better than 'bad': accuracy" in text
        assert "training.learning_rate  0.2" in text
        assert "only 'bad' gets" in text

    def test_undecided_says_what_it_takes(self, kept, capsys):
        kept.add("a", alike(1, 2.0), 0.1)
        kept.add("b", alike(3, 2.1), 0.2)
        kept.compare("a", "b", "--json")
        (pair,) = said(capsys)["comparisons"]
        assert pair["verdict"] == "undecided"
        effort = pair["effort"]
        assert effort["examples"] > 500
        assert effort["minutes"] == pytest.approx(effort["more_seeds"])  # half a minute each
        assert f"{effort['more_seeds']} more seeds of each" in pair["text"]

    def test_a_wider_rope_decides(self, kept, capsys):
        kept.add("a", alike(1, 2.0), 0.1)
        kept.add("b", alike(3, 2.1), 0.2)
        kept.compare("a", "b", "--rope", "20", "--json")
        (pair,) = said(capsys)["comparisons"]
        assert (pair["verdict"], pair["rope"]) == ("no_difference", pytest.approx(0.2))

    def test_numbers(self, kept, capsys):
        kept.add("rough", of_numbers(300, noise=1.0), 0.1)
        kept.add("fine", of_numbers(300, noise=0.5), 0.2)
        kept.compare("rough", "fine", "--json")
        found = said(capsys)
        (pair,) = found["comparisons"]
        assert found["metric"] == "root_mean_squared_error"
        assert pair["verdict"] == "second_is_better"
        assert pair["rope"] == pytest.approx(0.01 * found["sides"][0]["value"])
        assert len(pair["examples"]["only_second_closer"]) == 300

    def test_texts(self, kept, capsys):
        kept.add("a", of_texts(), 0.1)
        kept.add("b", of_texts(), 0.2)
        kept.compare("a", "b", "--json")
        assert said(capsys)["comparisons"][0]["difference"] == 0

    def test_three_are_corrected(self, kept, capsys):
        for place, skill in enumerate((3.0, 2.0, 1.0)):
            kept.add("abc"[place], alike(place, skill), 0.1 + place)
        kept.compare("a", "b", "c", "--json")
        pairs = said(capsys)["comparisons"]
        assert [(it["first"], it["second"]) for it in pairs] == [(0, 1), (0, 2), (1, 2)]
        assert all(it["level"] >= 1 - 0.05 / 3 - 1e-12 for it in pairs)

    def test_tensorflow_is_not_needed(self, kept, capsys, monkeypatch):
        monkeypatch.setitem(sys.modules, "tensorflow", None)
        kept.add("a", alike(1, 2.0), 0.1)
        kept.add("b", alike(2, 2.0), 0.2)
        kept.compare("a", "b")


class TestSeeds:
    def test_seeds_of_one_test_part_are_taken_together(self, kept, capsys):
        for seed in range(4):
            kept.add(f"good {seed}", alike(seed, 3.0), 0.1, seed)
            kept.add(f"bad {seed}", alike(10 + seed, 1.0), 0.2, seed)
        names = [f"{kind} {seed}" for kind in ("good", "bad") for seed in range(4)]
        kept.compare(*names, "--json")
        found = said(capsys)
        assert (found["compares"], found["same_examples"]) == ("settings", True)
        assert [len(side["runs"]) for side in found["sides"]] == [4, 4]
        assert found["settings"] == {"training.learning_rate": ["0.1", "0.2"]}
        assert found["comparisons"][0]["verdict"] == "first_is_better"

    def test_where_each_seed_divides_anew_its_runs_are_paired(self, kept, capsys):
        for seed in range(5):
            rows = np.random.default_rng(seed).permutation(500)[:200]
            kept.add(f"good {seed}", chosen(alike(seed, 3.0), rows), 0.1, seed)
            kept.add(f"bad {seed}", chosen(alike(10 + seed, 1.0), rows), 0.2, seed)
        names = [f"{kind} {seed}" for kind in ("good", "bad") for seed in range(5)]
        kept.compare(*names, "--json")
        found = said(capsys)
        assert (found["compares"], found["same_examples"]) == ("settings", False)
        (pair,) = found["comparisons"]
        assert pair["verdict"] == "first_is_better"
        assert "examples" not in pair
        kept.compare(*names[:-1], expect=2)
        assert "both sides need runs of the same seeds" in capsys.readouterr().err

    def test_two_seeds_decide_nothing(self, kept, capsys):
        for seed in range(2):
            kept.add(f"good {seed}", alike(seed, 3.0), 0.1, seed)
            kept.add(f"bad {seed}", alike(10 + seed, 1.0), 0.2, seed)
        kept.compare("good 0", "bad 0", "good 1", "bad 1", "--json")
        (pair,) = said(capsys)["comparisons"]
        assert pair["verdict"] == "undecided"
        assert pair["interval"] == [None, None]
        assert pair["effort"]["more_seeds"] == 1

    def test_runs_that_differ_in_their_seed_alone_are_compared_as_models(self, kept, capsys):
        kept.add("a", alike(1, 2.0), seed=0)
        kept.add("b", alike(2, 2.0), seed=1)
        kept.compare("a", "b", "--json")
        assert said(capsys)["compares"] == "models"


class TestBadInput:
    def refused(self, kept, capsys, *references: str) -> str:
        kept.compare(*references, expect=2)
        captured = capsys.readouterr()
        assert captured.out == ""
        return captured.err

    def test_other_test_examples(self, kept, capsys):
        kept.add("a", alike(1, 2.0))
        kept.add("b", chosen(alike(2, 2.0), np.arange(100, 400)), 0.2)
        text = self.refused(kept, capsys, "a", "b")
        assert "'a' and 'b' were tested on different examples" in text
        assert "same split and seed" in text

    def test_the_same_rows_of_other_data(self, kept, capsys):
        kept.add("a", of_classes(200, seed=0))
        kept.add("b", of_classes(200, seed=1), 0.2)
        assert "different examples" in self.refused(kept, capsys, "a", "b")

    def test_other_targets(self, kept, capsys):
        kept.add("a", alike(1, 2.0))
        kept.add("b", of_numbers(500), 0.2)
        text = self.refused(kept, capsys, "a", "b")
        assert "predict different things" in text
        assert "'kind' (classification, 3 classes: c0, c1, c2)" in text

    def test_one_run_or_the_same_twice(self, kept, capsys):
        run = kept.add("a", alike(1, 2.0))
        assert "two runs or more" in self.refused(kept, capsys, "a")
        assert "named twice" in self.refused(kept, capsys, "a", run)

    def test_unknown(self, kept, capsys):
        kept.add("a", alike(1, 2.0))
        assert "no run named 'zz'" in self.refused(kept, capsys, "a", "zz")

    def test_failed(self, kept, capsys):
        kept.add("a", alike(1, 2.0))
        kept.add("b", None, 0.2, ended=RunFailed)
        assert "'b' has failed" in self.refused(kept, capsys, "a", "b")

    def test_without_a_model(self, kept, capsys):
        kept.add("a", alike(1, 2.0))
        kept.add("b", None, 0.2)
        assert "model" in self.refused(kept, capsys, "a", "b")

    def test_numbers_that_are_none(self, kept, capsys):
        broken = alike(2, 2.0)
        broken.outputs[3] = np.nan
        kept.add("a", alike(1, 2.0))
        kept.add("b", broken, 0.2)
        assert "no finite number of 1 of 500" in self.refused(kept, capsys, "a", "b")

    @pytest.mark.parametrize("rope", ["0", "-1", "nan", "inf", "101", "one"])
    def test_a_rope_that_is_none(self, kept, capsys, rope):
        kept.add("a", alike(1, 2.0))
        kept.add("b", alike(2, 2.0), 0.2)
        text = self.refused(kept, capsys, "a", "b", f"--rope={rope}")
        assert f"Received: {rope}." in text
