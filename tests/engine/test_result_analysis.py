"""Analysis of a result: curves against scikit-learn, odd parts, and what is kept of it."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from made_predictions import of_anomalies, of_classes, of_labels, of_numbers, of_texts
from sklearn import metrics as sk

from engine.errors import WorkspaceError
from engine.events.verdicts import Finding, FindingKind, Severity
from engine.inference.evaluation.analysing import analyse, kept_analysis, main_metric, measure
from engine.inference.evaluation.analysis import Analysis, BaselineScore, Group, file_name
from engine.inference.evaluation.class_order import class_order, confusion_of
from engine.inference.evaluation.intervals import Resampling
from engine.spec.signature import Task


def curve_of(analysis, kind, name=""):
    return next(it for it in analysis.curves if (it.kind, it.name) == (kind, name))


class TestCurves:
    def test_roc_and_precision_recall_as_scikit_learn(self):
        part = of_classes(300, 2)
        found = analyse(part)
        second = part.outputs[:, 1]
        roc = curve_of(found, "roc", "c1")
        assert roc.area == pytest.approx(sk.roc_auc_score(part.truth, second))
        false, true, _ = sk.roc_curve(part.truth, second)
        # Every point that is drawn is one of the curve.
        points = set(zip(false.round(12), true.round(12), strict=True))
        assert points.issuperset(zip(roc.x.round(12), roc.y.round(12), strict=True))
        curve = curve_of(found, "precision_recall", "c1")
        assert curve.area == pytest.approx(sk.average_precision_score(part.truth, second))
        assert len(roc.x) == len(roc.y) == len(roc.values) <= 100

    def test_of_several_classes_each_and_their_mean(self):
        found = analyse(of_classes(300, 4))
        areas = [curve_of(found, "roc", f"c{k}").area for k in range(4)]
        assert curve_of(found, "roc").area == pytest.approx(np.mean(areas))
        assert found.metrics["roc_auc_macro"] == pytest.approx(np.mean(areas))

    def test_calibration_by_hand(self):
        # Half of what is said with 0.8 is right.
        outputs = np.tile([0.8, 0.2], (40, 1))
        part = replace(of_classes(40, 2), truth=np.arange(40) % 2, outputs=outputs)
        found = analyse(part)
        curve = curve_of(found, "calibration")
        assert np.concatenate([curve.x, curve.y, curve.values]) == pytest.approx([0.8, 0.5, 40.0])
        assert found.metrics["expected_calibration_error"] == pytest.approx(0.3)

    def test_top_k_as_scikit_learn(self):
        part = of_classes(300, 8, skill=1.0)
        curve = curve_of(analyse(part), "top_k")
        expected = [sk.top_k_accuracy_score(part.truth, part.outputs, k=k) for k in range(1, 8)]
        np.testing.assert_allclose(curve.y[:7], expected)
        assert curve.y[7] == 1.0

    def test_each_row_of_thresholds_counts_everybody(self):
        part = of_classes(200, 2)
        rows = np.array(analyse(part).extra["thresholds"]["c1"])
        assert (rows[:, 1:].sum(axis=1) == 200).all()
        cut, hits, alarms, misses, rest = rows[rows[:, 0] == 0.5][0]
        said = part.outputs[:, 1] > cut
        matrix = sk.confusion_matrix(part.truth, said)
        assert [[rest, alarms], [misses, hits]] == matrix.tolist()

    def test_thresholds_of_anomalies_hold_the_one_in_use(self):
        part = of_anomalies()
        rows = np.array(analyse(part).extra["thresholds"][""])
        row = rows[rows[:, 0] == part.thresholds[0]][0]
        assert row[1] == np.sum((part.outputs > 1.5) & (part.truth == 1))

    def test_what_conformal_intervals_hold_is_as_sure_as_there_are_groups(self):
        validation = of_numbers(200, part="validation")
        rng = np.random.default_rng(0)
        truth = np.repeat(rng.normal(size=(10, 1)), 20, axis=0)
        outputs = truth + np.repeat(0.5 * rng.normal(size=(10, 1)), 20, axis=0)
        single = replace(of_numbers(200), truth=truth, outputs=outputs)
        grouped = replace(single, groups=np.arange(200) // 20)
        ends = [
            analyse(it, validation).extra["conformal"][0]["coverage_interval"]
            for it in (single, grouped)
        ]
        assert np.ptp(ends[1]) > 2 * np.ptp(ends[0])

    def test_classes_are_as_sure_as_there_are_groups(self):
        part = of_classes(10, 2, skill=0.5)
        groups = np.arange(200) // 20
        single = replace(
            of_classes(200, 2),
            truth=np.repeat(part.truth, 20),
            outputs=np.repeat(part.outputs, 20, axis=0),
        )
        (alone, *_), (together, *_) = (
            analyse(it).extra["classes"] for it in (single, replace(single, groups=groups))
        )
        assert alone["support"] == together["support"]
        assert np.ptp(together["recall"]) > 2 * np.ptp(alone["recall"])

    @pytest.mark.parametrize("kind", ["labels", "numbers"])
    def test_what_is_made_of_outputs_is_held_a_stretch_at_a_time(self, kind):
        # One number of float64 for each output would be 48 MB; several of them were held.
        rng = np.random.default_rng(0)
        truth = rng.integers(0, 2, (20_000, 300)).astype(np.float32)
        outputs = np.clip(truth * 0.5 + 0.5 * rng.random(truth.shape, np.float32), 0, 1)
        if kind == "labels":
            names, cuts = tuple(map(str, range(300))), np.full(300, 0.5)
            part = replace(of_labels(2), class_names=names, thresholds=cuts, rows=np.arange(20_000))
            part = replace(part, truth=truth.astype(np.uint8), outputs=outputs)
        else:
            part = replace(of_numbers(2), truth=truth, outputs=outputs, rows=np.arange(20_000))
        resampling = Resampling(20_000, max_units=50, n_replicates=50)
        measure(replace(part, rows=part.rows[:10], truth=truth[:10], outputs=outputs[:10]))
        tracemalloc.start()
        try:
            measure(part, resampling, with_areas=False)
            assert np.isfinite(part.losses).all()
            most = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert most < 150 << 20

    def test_conformal_intervals_hold_as_often_as_they_say(self):
        validation, test = of_numbers(400, seed=1, part="validation"), of_numbers(2_000, seed=2)
        for found in analyse(test, validation).extra["conformal"]:
            assert found["coverage"] == pytest.approx(found["level"], abs=0.05)
        errors = np.sort(np.abs(validation.outputs - validation.truth)[:, 0])
        assert found["half_width"] == [errors[int(np.ceil(401 * 0.95)) - 1]]

    def test_a_validation_part_too_small_says_so(self):
        found = analyse(of_numbers(50), of_numbers(8, part="validation")).extra["conformal"]
        assert [item["half_width"] is None for item in found] == [False, True, True]

    def test_each_step_of_a_horizon(self):
        part = of_numbers(100, 3, task=Task.FORECASTING)
        found = analyse(part)
        expected = np.abs(part.outputs - part.truth).mean(axis=0)
        np.testing.assert_allclose(curve_of(found, "horizon").y, expected)
        assert len(found.extra["horizon"]["root_mean_squared_error"]) == 3


class TestClassOrder:
    def test_what_is_confused_stands_together(self):
        rng = np.random.default_rng(0)
        truth = np.repeat(np.arange(12), 40)
        # 0 with 6, 1 with 7, and so on.
        predicted = np.where(rng.random(len(truth)) < 0.3, (truth + 6) % 12, truth)
        order = class_order(confusion_of(truth, predicted, 12))
        assert sorted(order) == list(range(12))
        places = {index: place for place, index in enumerate(order)}
        assert all(abs(places[k] - places[k + 6]) == 1 for k in range(6))

    @pytest.mark.parametrize("n_classes", [1, 2, 3, 250])
    def test_every_class_once(self, n_classes):
        rng = np.random.default_rng(1)
        truth, predicted = rng.integers(0, n_classes, (2, 500))
        order = class_order(confusion_of(truth, predicted, n_classes))
        assert sorted(order) == list(range(n_classes))

    def test_without_errors_the_order_stays(self):
        assert class_order(np.diag([3, 0, 4])) == [0, 1, 2]


ODD = {
    "one class in the test part": replace(of_classes(50), truth=np.zeros(50, np.int64)),
    "one class of two": replace(of_classes(50, 2), truth=np.ones(50, np.int64)),
    "two examples": of_classes(2),
    "one example": of_classes(1),
    "constant predictions": replace(of_classes(60), outputs=np.full((60, 3), 1 / 3)),
    "a thousand classes": of_classes(400, 1_000),
    "one label that nobody has": replace(of_labels(40), truth=np.zeros((40, 4), np.uint8)),
    "one number": of_numbers(1),
    "two numbers": of_numbers(2),
    "constant numbers": replace(of_numbers(30), truth=np.full((30, 1), 1e9)),
    "huge numbers": replace(of_numbers(30), truth=np.full((30, 1), 1e200)),
    "one text": of_texts(1),
    "empty texts": replace(of_texts(3), outputs=np.array(["", "", ""], object)),
    "empty truths": replace(of_texts(3), truth=np.array(["", "", ""], object)),
    "no anomaly": replace(of_anomalies(50), truth=np.zeros(50, np.int64)),
    "only anomalies": replace(of_anomalies(50), truth=np.ones(50, np.int64)),
    "no threshold": replace(of_anomalies(50), thresholds=np.array([np.inf])),
}


@pytest.mark.parametrize("part", ODD.values(), ids=ODD)
def test_odd_parts_have_a_sensible_analysis(part, tmp_path):
    found = analyse(part)
    assert found.main_metric == main_metric(part)
    assert found.metrics
    for name, (low, high) in found.intervals.items():
        assert np.isnan(low) or low <= high, name
    found.save(tmp_path)
    assert Analysis.load(tmp_path).to_dict() == found.to_dict()


def test_outputs_that_are_no_numbers_are_left_out_and_told():
    part = of_classes(100)
    outputs = part.outputs.copy()
    outputs[:7] = np.nan
    found = analyse(replace(part, outputs=outputs))
    assert found.extra["n"] == 93
    assert "7 of 100 predictions" in found.extra["notes"][0]
    assert np.isfinite(found.metrics["accuracy"])


def test_nothing_but_nan_is_no_error():
    part = replace(of_numbers(20), outputs=np.full((20, 1), np.nan))
    found = analyse(part)
    assert (found.metrics, found.curves) == ({}, ())
    assert "20 of 20" in found.extra["notes"][0]


class TestKept:
    def whole(self):
        return replace(
            analyse(of_classes(40, 2)),
            baselines=(
                BaselineScore("mean", "The mean", {"a": np.nan}, {"a": (0.1, np.nan)}, 0.5),
                BaselineScore("linear", "A line", difference=(-1.0, 2.0), problem="No.", note="x"),
            ),
            groups=(Group("a = b", "a", "b", 3, (4, 2), {"m": 1.0}, {"m": (0.0, 2.0)}, 3.0, 0.01),),
            n_tried=17,
            findings=(Finding(FindingKind.IMBALANCE, Severity.NOTE, "text"),),
        )

    def test_a_round_trip(self, tmp_path):
        found = self.whole()
        assert found.is_complete
        found.save(tmp_path)
        again = Analysis.load(tmp_path)
        assert again.to_dict() == found.to_dict()
        assert np.isnan(again.baselines[0].metrics["a"])
        assert again.groups == found.groups

    def test_each_part_has_a_file_of_its_own(self, tmp_path):
        replace(self.whole(), part="validation").save(tmp_path)
        assert Analysis.load(tmp_path) is None
        assert Analysis.load(tmp_path, "validation").part == "validation"

    @pytest.mark.parametrize("damage", [b"{", b"[]", b'{"schema_number": 1}', b"\xff\xfe"])
    def test_damage_is_told(self, tmp_path, damage):
        (tmp_path / file_name("test")).write_bytes(damage)
        with pytest.raises(WorkspaceError, match="cannot be read"):
            Analysis.load(tmp_path)
        assert kept_analysis(tmp_path, of_classes()) is None

    def test_a_changed_digit_is_noticed(self, tmp_path):
        self.whole().save(tmp_path)
        path = tmp_path / file_name("test")
        path.write_text(path.read_text().replace('"n_tried": 17', '"n_tried": 18'))
        with pytest.raises(WorkspaceError, match="changed after"):
            Analysis.load(tmp_path)

    def test_a_newer_schema_is_left_alone(self, tmp_path):
        (tmp_path / file_name("test")).write_text('{"schema_number": 99}')
        with pytest.raises(WorkspaceError, match="newer version"):
            Analysis.load(tmp_path)

    def test_that_of_other_predictions_is_none(self, tmp_path):
        analyse(of_classes(40, seed=0)).save(tmp_path)
        assert kept_analysis(tmp_path, of_classes(40, seed=0)) is not None
        assert kept_analysis(tmp_path, of_classes(40, seed=1)) is None
