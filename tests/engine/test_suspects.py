"""Labels that look wrong: found where they were planted, as often as by cleanlab, kept, told."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.cli import main as cli
from engine.devices.console.escaping import cell_text
from engine.errors import Cancelled, DatasetError, WorkspaceError
from engine.events.labelling import FindSuspects, Suspect, SuspectsFound
from engine.events.verdicts import Finding, FindingKind, Severity
from engine.inference.evaluation.predictions import Predictions
from engine.inference.suspects.confident import (
    confident_classes,
    label_confidence,
    likely_wrong,
    thresholds,
)
from engine.inference.suspects.ranking import label_words, rank
from engine.inference.suspects.stored import file_name, load_suspects, save_suspects
from engine.inference.suspects.verdict import suspect_finding
from engine.runs.store import RunStore
from engine.service.results import answer
from engine.service.results.judging import suspects_of
from engine.spec.run_spec import RunSpec
from engine.spec.signature import Output, Task
from engine.training.cross_validation.folds import fold_of_each
from engine.training.cross_validation.held_out import NETWORK, held_out_predictions
from engine.training.prepared_data import PreparedData, prepare

CLASSES = ("cat", "dog", "bird", "fish")


def flipped(y: np.ndarray, n_classes: int, share: float, seed: int = 0):
    """Labels of which a share is another one, and which those are."""
    rng = np.random.default_rng(seed)
    places = rng.choice(len(y), round(share * len(y)), replace=False)
    wrong = y.copy()
    wrong[places] = (wrong[places] + rng.integers(1, n_classes, len(places))) % n_classes
    return wrong, np.isin(np.arange(len(y)), places)


def told(truth: np.ndarray, outputs: np.ndarray, **others) -> Predictions:
    defaults = {"task": Task.CLASSIFICATION, "output": Output.CLASSES, "class_names": CLASSES}
    values = {**defaults, **others}
    rows = np.arange(len(truth))
    return Predictions(
        "all", values.pop("task"), values.pop("output"), rows, truth, outputs, "animal", **values
    )


def made_up(n: int = 600, sharpness: float = 3.0, share: float = 0.05, seed: int = 0):
    """What a fair model says of examples of four classes, some of them labelled wrongly."""
    rng = np.random.default_rng(seed)
    right = rng.integers(0, 4, n)
    scores = rng.normal(0, 1, (n, 4))
    scores[np.arange(n), right] += sharpness
    p = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    labels, is_wrong = flipped(right, 4, share, seed)
    return told(labels, p), is_wrong


class TestAgainstCleanlab:
    """With the same predictions."""

    @pytest.mark.parametrize("seed", range(5))
    @pytest.mark.parametrize("sharpness", [1.5, 3.0, 6.0])
    def test_never_finds_fewer(self, sharpness: float, seed: int) -> None:
        quality = pytest.importorskip("cleanlab.rank").get_label_quality_scores
        predictions, is_wrong = made_up(sharpness=sharpness, seed=seed)
        n_top = round(0.075 * len(predictions))
        theirs = np.argsort(quality(predictions.truth, predictions.outputs))[:n_top]
        ours = rank(predictions).places[:n_top]
        assert is_wrong[ours].sum() >= is_wrong[theirs].sum()

    def test_thresholds_and_joint_are_theirs(self) -> None:
        count = pytest.importorskip("cleanlab.count")
        predictions, _ = made_up()
        labels, p = predictions.truth, predictions.outputs
        np.testing.assert_allclose(
            thresholds(labels, p), count.get_confident_thresholds(labels, p), atol=1e-5
        )
        joint = count.compute_confident_joint(labels, p, calibrate=False)
        said = confident_classes(labels, p)
        ours = np.zeros((4, 4), int)
        np.add.at(ours, (labels[said >= 0], said[said >= 0]), 1)
        off = ~np.eye(4, dtype=bool)
        np.testing.assert_array_equal(ours[off], np.asarray(joint)[off])

    def test_several_labels_score_as_theirs(self) -> None:
        multilabel = pytest.importorskip("cleanlab.multilabel_classification")
        rng = np.random.default_rng(1)
        y = (rng.random((80, 5)) < 0.3).astype(np.uint8)
        p = np.clip(0.8 * y + 0.1 + rng.normal(0, 0.1, y.shape), 0.01, 0.99)
        theirs = multilabel.get_label_quality_scores([list(np.flatnonzero(row)) for row in y], p)
        np.testing.assert_allclose(label_confidence(y, p), theirs, atol=1e-9)


class TestRanking:
    def test_planted_mistakes_come_first(self) -> None:
        predictions, is_wrong = made_up(sharpness=6.0)
        ranking = rank(predictions)
        n_wrong = int(is_wrong.sum())
        assert is_wrong[ranking.places[: round(1.5 * n_wrong)]].sum() >= 0.95 * n_wrong
        assert is_wrong[ranking.places[ranking.is_likely]].mean() > 0.8
        assert (np.diff(ranking.scores) >= 0).all()

    def test_suggests_another_class(self) -> None:
        predictions, _ = made_up()
        ranking = rank(predictions)
        assert (ranking.suggested != predictions.truth[ranking.places]).all()
        words = label_words(ranking.suggested[:1], predictions)
        assert words[0] in CLASSES

    def test_a_class_that_nobody_has_is_not_likely(self) -> None:
        p = np.full((6, 4), 0.25)
        assert not likely_wrong(np.array([0, 0, 1, 1, 2, 2]), p * [1, 1, 1, 0]).any()

    def test_numbers_off_by_much_for_their_size(self) -> None:
        rng = np.random.default_rng(0)
        right = np.linspace(1, 100, 500)
        value = right * (1 + 0.05 * rng.normal(size=500))  # errors grow with the value
        value[[10, 250]] *= [3.0, 0.3]
        predictions = told(
            value[:, None],
            right[:, None],
            task=Task.REGRESSION,
            output=Output.NUMBERS,
            class_names=(),
        )
        ranking = rank(predictions)
        assert set(ranking.places[:2]) == {10, 250}
        assert set(ranking.places[ranking.is_likely]) == {10, 250}

    def test_labels_that_are_missing_or_too_many(self) -> None:
        y = np.zeros((40, 3), np.uint8)
        y[:, 0] = 1
        p = np.where(y > 0, 0.9, 0.1)
        y[5, 1], y[6, 0] = 1, 0
        predictions = told(
            y,
            p,
            task=Task.MULTILABEL,
            output=Output.LABELS,
            class_names=CLASSES[:3],
            thresholds=np.full(3, 0.5),
        )
        ranking = rank(predictions)
        assert set(ranking.places[:2]) == {5, 6}
        assert label_words(ranking.suggested[:2], predictions) == ["cat", "cat"]

    def test_texts_by_edits(self) -> None:
        truth = np.array(["21", "7", "303"], object)
        outputs = np.array(["21", "9", "308"], object)
        predictions = told(
            truth, outputs, task=Task.TRANSCRIPTION, output=Output.TOKENS, class_names=()
        )
        assert rank(predictions).places.tolist() == [1, 2, 0]

    def test_what_is_no_number_is_not_ranked(self) -> None:
        predictions, _ = made_up(20)
        predictions.outputs[3] = np.nan
        assert 3 not in rank(predictions).places

    def test_one_that_is_no_number_hides_no_other(self) -> None:
        rng = np.random.default_rng(0)
        truth = rng.normal(50, 10, (400, 1))
        said = truth + rng.normal(0, 1, truth.shape)
        said[3], truth[7] = np.nan, 500.0
        found = rank(told(truth, said, output=Output.NUMBERS, task=Task.REGRESSION, class_names=()))
        assert found.places[0] == 7
        assert sorted(found.places.tolist()) == [row for row in range(400) if row != 3]

    def test_a_forecast_has_no_labels(self) -> None:
        predictions = told(
            np.zeros((5, 1)), np.zeros((5, 1)), task=Task.FORECASTING, output=Output.NUMBERS
        )
        with pytest.raises(DatasetError, match="no labels"):
            rank(predictions)


class TestVerdict:
    def test_planted_mistakes_are_told(self) -> None:
        predictions, is_wrong = made_up(2000, sharpness=6.0)
        finding = suspect_finding(predictions, rank(predictions))
        assert finding is not None
        assert finding.kind is FindingKind.SUSPECT_LABELS
        assert finding.evidence["p_value"] < 1e-3
        assert abs(finding.evidence["n_suspects"] - is_wrong.sum()) < 0.3 * is_wrong.sum()
        assert len(finding.evidence["examples"]) == 5
        json.dumps(finding.to_dict())

    @pytest.mark.parametrize("sharpness", [1.0, 2.0, 4.0])
    def test_a_hard_task_is_no_reason(self, sharpness: float) -> None:
        for seed in range(10):
            predictions, _ = made_up(sharpness=sharpness, share=0.0, seed=seed)
            assert suspect_finding(predictions, rank(predictions)) is None

    @pytest.mark.parametrize("freedom", [3, 5, 100])
    def test_long_tails_are_no_reason(self, freedom: int) -> None:
        n_told = 0
        for seed in range(20):
            rng = np.random.default_rng(seed)
            right = rng.normal(size=(400, 1))
            value = right + 0.1 * rng.standard_t(freedom, (400, 1))
            predictions = told(value, right, task=Task.REGRESSION, output=Output.NUMBERS)
            n_told += suspect_finding(predictions, rank(predictions)) is not None
        assert n_told <= 2

    def test_numbers_that_slipped_a_digit(self) -> None:
        rng = np.random.default_rng(0)
        right = rng.uniform(10, 20, (400, 1))
        value = right + 0.3 * rng.normal(size=right.shape)
        value[:12] *= 10
        predictions = told(value, right, task=Task.REGRESSION, output=Output.NUMBERS)
        finding = suspect_finding(predictions, rank(predictions))
        assert finding is not None
        assert 12 <= finding.evidence["n_far_off"] <= 13


# ---- cross-validated on real data


def prepared_of(source: str, **data) -> PreparedData:
    return prepare(RunSpec.from_dict({"data": {"source": source, **data}}))


def with_mistakes(prepared: PreparedData, share: float = 0.05):
    examples = prepared.examples
    y, is_wrong = flipped(np.asarray(examples.y), len(examples.class_names), share)
    return replace(prepared, examples=replace(examples, y=y)), is_wrong


class TestOfARun:
    """What is told with an analysis, by the run's own model."""

    WARNED = (Finding(FindingKind.OVERFITTING, Severity.WARNING, "It overfits."),)

    def test_planted_mistakes_are_told_of_both_parts_it_never_saw(self) -> None:
        test, validation = self.parts(share=0.08)
        (found,) = suspects_of(test, validation, ())
        assert found.kind is FindingKind.SUSPECT_LABELS
        assert found.evidence["n_checked"] == 600

    def test_right_labels_are_left_alone(self) -> None:
        assert not suspects_of(*self.parts(share=0.0), ())

    def test_not_of_a_run_that_is_not_sound(self) -> None:
        assert not suspects_of(*self.parts(share=0.08), self.WARNED)

    def test_not_of_groups_nor_of_what_it_learnt_from(self) -> None:
        test, validation = self.parts(share=0.08)
        assert not suspects_of(replace(test, groups=np.arange(300) // 20), validation, ())
        assert not suspects_of(replace(test, part="train"), None, ())

    def test_a_forecast_has_none(self) -> None:
        rows = np.arange(40.0)[:, None]
        numbers = told(rows, rows, task=Task.FORECASTING, output=Output.NUMBERS, class_names=())
        assert not suspects_of(replace(numbers, part="test"), None, ())

    @staticmethod
    def parts(share: float) -> list[Predictions]:
        made, _ = made_up(600, sharpness=8.0, share=share)
        halves = (("test", slice(0, 300)), ("validation", slice(300, 600)))
        return [
            replace(told(made.truth[some], made.outputs[some]), part=part) for part, some in halves
        ]


def test_mistakes_in_iris_are_found_by_models_that_never_saw_them() -> None:
    prepared, is_wrong = with_mistakes(prepared_of("iris"))
    held_out = held_out_predictions(prepared)
    n_top = int(np.ceil(0.075 * 150))
    found = held_out.predictions.rows[rank(held_out.predictions).places[:n_top]]
    assert is_wrong[found].sum() >= 0.8 * is_wrong.sum()
    assert len(held_out.predictions) == 150  # all parts
    assert held_out.losses[held_out.model] == min(held_out.losses.values())


def test_the_runs_own_architecture_can_be_asked() -> None:
    prepared, is_wrong = with_mistakes(prepared_of("iris"))
    held_out = held_out_predictions(prepared, only=NETWORK)
    n_top = int(np.ceil(0.1 * 150))
    found = held_out.predictions.rows[rank(held_out.predictions).places[:n_top]]
    assert held_out.model == NETWORK
    assert is_wrong[found].sum() >= 0.7 * is_wrong.sum()


def test_regression_and_what_is_known_of_anomalies() -> None:
    numbers = held_out_predictions(prepared_of("noisy_line"))
    assert numbers.predictions.outputs.shape == numbers.predictions.truth.shape
    known = held_out_predictions(prepared_of("iris", task="anomaly"))
    assert known.predictions.output is Output.CLASSES
    assert len(rank(known.predictions).places) == 150


def test_a_forecast_is_refused() -> None:
    with pytest.raises(DatasetError, match="no labels"):
        held_out_predictions(prepared_of("seasons"))


def test_can_be_cancelled() -> None:
    def stop(what: str, done: int, total: int) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        held_out_predictions(prepared_of("iris"), stop)


class TestFolds:
    def test_every_class_is_in_every_fold(self) -> None:
        examples = prepared_of("iris").examples
        folds = fold_of_each(examples, "stratified", np.arange(150), 0)
        for number in range(5):
            assert np.bincount(examples.y[folds == number]).tolist() == [10, 10, 10]

    def test_groups_stay_whole(self) -> None:
        examples = prepared_of("iris").examples
        groups = np.repeat(np.arange(15), 10)
        folds = fold_of_each(replace(examples, groups=groups), "group", np.arange(150), 0)
        assert all(len(set(folds[groups == group])) == 1 for group in range(15))
        assert np.bincount(folds).tolist() == [30] * 5

    def test_times_are_blocks(self) -> None:
        examples = prepared_of("iris").examples
        folds = fold_of_each(
            replace(examples, order=np.arange(150.0)[::-1]), "time", np.arange(150), 0
        )
        assert (np.diff(folds) <= 0).all()


# ---- kept, and asked on the command line


SUSPECT = Suspect(7, "=row 8", "cat", "dog", 0.01, "test", True)
FOUND = SuspectsFound("run", (SUSPECT,), "kept", "run", 90, 1)


class TestKept:
    def test_come_back_as_they_were(self, tmp_path: Path) -> None:
        found = replace(FOUND, run=tmp_path.name)
        save_suspects(found, "mark", tmp_path)
        assert load_suspects(tmp_path, "kept", "mark") == found

    def test_those_of_other_data_do_not(self, tmp_path: Path) -> None:
        save_suspects(FOUND, "mark", tmp_path)
        assert load_suspects(tmp_path, "kept", "another") is None
        assert load_suspects(tmp_path, "network", "mark") is None

    def test_damaged(self, tmp_path: Path) -> None:
        save_suspects(FOUND, "mark", tmp_path)
        path = tmp_path / file_name("kept")
        path.write_text(path.read_text().replace('"dog"', '"cow"'))
        with pytest.raises(WorkspaceError, match="cannot be read"):
            load_suspects(tmp_path, "kept", "mark")


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("@x", "'@x"),
        ("\tx", "'\tx"),
        ("+x", "'+x"),
        ("-x", "'-x"),
        ("-1.5", "-1.5"),
        ("cat", "cat"),
        ("", ""),
    ],
)
def test_no_cell_is_a_formula(text: str, cell: str) -> None:
    assert cell_text(text) == cell


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With one short run on iris, called ``iris``."""
    folder = tmp_path_factory.mktemp("workspace")
    code = cli.main(
        [
            "train",
            "--data",
            "iris",
            "--epochs",
            "2",
            "--name",
            "iris",
            "--workspace",
            str(folder),
            "--json",
        ]
    )
    assert code == 0
    return folder


class TestCommand:
    def test_lists_and_writes(self, workspace: Path, tmp_path: Path, capsys) -> None:
        path = tmp_path / "suspects.csv"
        assert (
            cli.main(["labels", "iris", "--workspace", str(workspace), "--json", "--to", str(path)])
            == 0
        )
        lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        suspects = [line for line in lines if line["event"] == "suspect"]
        assert {"index", "name", "label", "suggested", "score"} <= suspects[0].keys()
        assert [line["score"] for line in suspects] == sorted(line["score"] for line in suspects)
        assert lines[-1]["event"] == "labels_checked"
        assert lines[-1]["n_checked"] == 150
        with path.open() as file:
            rows = list(csv.DictReader(file))
        assert [row["name"] for row in rows] == [line["name"] for line in suspects]

    def test_is_answered_from_what_was_kept(self, workspace: Path) -> None:
        with RunStore(workspace) as store:
            run = store.get("iris").id
        asked: list[str] = []
        first = answer(FindSuspects(run, "kept", True), workspace, lambda *it: asked.append(it[0]))
        again = answer(FindSuspects(run, "kept"), workspace, lambda *it: None)
        assert again == first
        assert first.n_checked == 46  # validation and test part

    @pytest.mark.parametrize("name", ["no/folder/x.csv", "x.txt", "."])
    def test_bad_places(self, workspace: Path, tmp_path: Path, name: str, capsys) -> None:
        code = cli.main(
            ["labels", "iris", "--workspace", str(workspace), "--to", str(tmp_path / name)]
        )
        assert code == 2
        assert "Error:" in capsys.readouterr().err
