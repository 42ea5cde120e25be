"""Simple models: on data made for them, against scikit-learn and by hand; within bounds."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from engine.datasets.base import Examples
from engine.datasets.sequences.windows import Steps, WindowParameters, examples_of
from engine.datasets.split import Parts
from engine.errors import Cancelled
from engine.inference.baselines.comparing import fit_baselines
from engine.inference.baselines.features import mean_spectra, small_pictures
from engine.inference.evaluation.predictions import Predictions
from engine.preprocessing import Preprocessing
from engine.spec.run_spec import PreprocessingSpec
from engine.spec.signature import Kind, Task


def parts_of(n):
    rows = np.arange(n)
    return Parts(rows[rows % 5 < 3], rows[rows % 5 == 3], rows[rows % 5 == 4])


def compare(examples, outputs, parts=None, budget_s=30.0, progress=lambda *_: None):
    """Scores by name, for a model that says `outputs` of the test part."""
    parts = parts or parts_of(examples.n_samples)
    preprocessing = Preprocessing.fit(examples, parts.train, PreprocessingSpec())
    part = Predictions.of("test", parts.test, outputs, examples, preprocessing)
    found = fit_baselines(part, examples, parts, preprocessing, progress, budget_s=budget_s)
    return {score.name: score for score in found.scores}, found, part


def table(n=400, seed=0):
    """Classes of numbers and a category, by a rule that trees see and lines do not."""
    rng = np.random.default_rng(seed)
    x = np.stack([*rng.normal(size=(2, n)), rng.integers(0, 3, n).astype(float)], axis=1)
    y = ((x[:, 0] * x[:, 1] > 0) ^ (x[:, 2] == 1)).astype(np.int64)
    x[rng.random((n, 3)) < 0.03] = np.nan
    number = {"type": "number", "gaps": "median", "column": "", "name": ""}
    columns = [
        {**number, "name": "a", "column": "a"},
        {**number, "name": "b", "column": "b"},
        {
            "type": "category",
            "gaps": "own_category",
            "name": "c",
            "column": "c",
            "values": ["u", "v", "w"],
        },
    ]
    return Examples(
        x,
        y,
        Kind.TABLE,
        Task.CLASSIFICATION,
        ("a", "b", "c"),
        class_names=("no", "yes"),
        reading={"columns": columns},
    )


class TestTables:
    def test_the_commonest_class_a_line_and_trees(self):
        examples = table()
        test = parts_of(400).test
        outputs = np.full((len(test), 2), 0.5)
        scores, _, part = compare(examples, outputs)
        assert list(scores) == ["commonest_class", "linear", "boosted_trees"]
        commonest = np.bincount(examples.y[parts_of(400).train]).argmax()
        assert scores["commonest_class"].metrics["accuracy"] == np.mean(part.truth == commonest)
        assert scores["boosted_trees"].metrics["accuracy"] > 0.85
        assert scores["boosted_trees"].metrics["accuracy"] > scores["linear"].metrics["accuracy"]
        low, high = scores["boosted_trees"].intervals["accuracy"]
        assert low < scores["boosted_trees"].metrics["accuracy"] < high
        # The model, which says always the same, is worse, and surely so.
        assert scores["boosted_trees"].difference[1] < 0
        assert all(score.problem == "" for score in scores.values())

    def test_a_model_that_is_better_is_so_by_a_paired_difference(self):
        examples = table()
        test = parts_of(400).test
        scores, _, _ = compare(examples, np.eye(2)[examples.y[test]])
        assert scores["linear"].difference[0] > 0.1

    def test_numbers(self):
        rng = np.random.default_rng(0)
        x = rng.normal(size=(300, 3))
        y = x @ [1.0, -2.0, 0.5] + 0.1 * rng.normal(size=300)
        examples = Examples(x, y, Kind.TABLE, Task.REGRESSION, ("a", "b", "c"))
        test = parts_of(300).test
        scores, found, part = compare(examples, y[test] + 0.2)
        mean = y[parts_of(300).train].mean()
        assert scores["mean"].metrics["mean_absolute_error"] == pytest.approx(
            np.abs(part.truth - mean).mean()
        )
        assert scores["linear"].metrics["r2_score"] > 0.99
        # The model errs by 0.2, a line by 0.1: the difference of errors is above 0.
        assert scores["linear"].difference[0] > 0
        own, other = 0.2**2, scores["mean"].metrics["mean_squared_error"]
        assert found.skills["mean"] == pytest.approx(1 - own / other)

    def test_classes_that_training_never_saw_are_no_error(self):
        examples = table()
        y = examples.y.copy()
        parts = parts_of(400)
        y[parts.test[:5]] = 2
        examples = dataclasses.replace(examples, y=y, class_names=("no", "yes", "third"))
        scores, _, _ = compare(examples, np.full((80, 3), 1 / 3), parts)
        assert scores["boosted_trees"].problem == ""

    def test_where_all_are_of_one_class_it_says_why_not(self):
        examples = table()
        examples = dataclasses.replace(examples, y=np.zeros(400, np.int64))
        scores, _, _ = compare(examples, np.tile([1.0, 0.0], (80, 1)))
        assert scores["commonest_class"].metrics["accuracy"] == 1.0
        assert "of one class" in scores["linear"].problem
        assert scores["linear"].metrics == {}


class TestOtherKinds:
    def test_words_and_letters(self):
        rng = np.random.default_rng(0)
        words = [["good", "fine", "great"], ["bad", "poor", "awful"]]
        y = rng.integers(0, 2, 150)
        texts = np.array([f"it was {rng.choice(words[k])} today" for k in y], object)
        examples = Examples(texts, y, Kind.TEXT, Task.CLASSIFICATION, class_names=("good", "bad"))
        scores, _, _ = compare(examples, np.full((30, 2), 0.5))
        assert list(scores) == ["commonest_class", "tf_idf"]
        assert scores["tf_idf"].metrics["accuracy"] == 1.0

    def test_pixels(self):
        rng = np.random.default_rng(0)
        y = rng.integers(0, 2, 100)
        x = rng.integers(0, 100, (100, 8, 8, 1)) + 100 * y[:, None, None, None]
        examples = Examples(
            x.astype(np.uint8), y, Kind.IMAGE, Task.CLASSIFICATION, class_names=("dark", "light")
        )
        scores, _, _ = compare(examples, np.full((20, 2), 0.5))
        assert scores["linear"].title == "A linear model of the pixels"
        assert scores["linear"].metrics["accuracy"] == 1.0

    def test_labels_have_thresholds_of_their_own(self):
        rng = np.random.default_rng(0)
        x = rng.normal(size=(300, 3))
        y = (x > 0.8).astype(np.uint8)
        examples = Examples(
            x, y, Kind.TABLE, Task.MULTILABEL, ("a", "b", "c"), class_names=("p", "q", "r")
        )
        scores, _, _ = compare(examples, np.full((60, 3), 0.4))
        assert list(scores) == ["usual_labels", "linear"]
        assert scores["linear"].metrics["f1_macro"] > 0.85

    @pytest.mark.parametrize("horizon", [1, 3])
    def test_last_value_and_season(self, horizon):
        steps = np.arange(200)
        values = np.array([5.0, 1.0, 3.0, 9.0])[steps % 4][:, np.newaxis]
        settings = WindowParameters(window=8, horizon=horizon)
        examples = examples_of(Steps.plain(values, ("v",)), "v", settings, {})
        n = examples.n_samples
        rows = np.arange(n)
        parts = Parts(rows[: n // 2], rows[n // 2 : n * 3 // 4], rows[n * 3 // 4 :])
        truth = examples.y[parts.test].reshape(len(parts.test), -1)
        scores, found, _ = compare(examples, truth + 1.0, parts)
        assert set(scores) == {"mean", "last_value", "season", "linear"}
        assert scores["season"].metrics["mean_absolute_error"] == 0.0
        assert "season of 4 steps" in scores["season"].note
        last = examples.x[parts.test][:, -1, 0][:, np.newaxis]
        assert scores["last_value"].metrics["mean_absolute_error"] == pytest.approx(
            np.abs(truth - last).mean()
        )
        assert {curve.name for curve in found.curves} == (set(scores) if horizon > 1 else set())

    def test_texts_that_become_texts(self):
        given = np.array([f"{k % 10} plus {k % 7}" for k in np.arange(100) // 5], object)
        said = np.array([f"{k % 10}+{k % 7}" for k in np.arange(100) // 5], object)
        examples = Examples(given, said, Kind.TEXT, Task.TRANSLATION)
        scores, _, part = compare(examples, np.array(["x"] * 20, object))
        assert list(scores) == ["commonest_text", "nearest_text"]
        assert scores["nearest_text"].metrics["exact_match"] > 0.5
        assert scores["nearest_text"].difference[0] > 0  # the model has more errors
        assert len(part) == 20

    def test_what_is_unusual(self):
        rng = np.random.default_rng(0)
        x = rng.normal(size=(300, 4))
        x[:, 3] = x[:, 0] + 0.05 * rng.normal(size=300)
        y = (np.arange(300) % 10 == 4).astype(np.int64)
        x[y == 1, 3] += 3.0
        examples = Examples(
            x,
            y,
            Kind.TABLE,
            Task.ANOMALY,
            tuple("abcd"),
            class_names=("normal", "anomaly"),
            unusual="anomaly",
        )
        parts = parts_of(300)
        parts = dataclasses.replace(parts, train=parts.train[y[parts.train] == 0])
        scores, _, _ = compare(examples, rng.normal(size=(60, 1)), parts)
        assert set(scores) == {"linear", "isolation_forest"}
        assert scores["linear"].metrics["roc_auc"] > 0.9
        assert scores["linear"].difference[1] < 0

    def test_where_nothing_is_known_of_anomalies_there_is_nothing_to_compare(self):
        x = np.random.default_rng(0).normal(size=(50, 2))
        examples = Examples(x, np.zeros(50), Kind.TABLE, Task.ANOMALY, ("a", "b"))
        assert compare(examples, np.zeros((10, 1)))[0] == {}


class TestBounds:
    def test_a_sample_is_told(self, monkeypatch):
        monkeypatch.setattr("engine.inference.baselines.trees.MAX_ROWS", 100)
        scores, _, _ = compare(table(), np.full((80, 2), 0.5))
        assert scores["boosted_trees"].note.startswith("learnt from 100 of 240 examples")

    def test_without_time_each_is_fitted_but_no_longer_than_it_must(self):
        scores, _, _ = compare(table(), np.full((80, 2), 0.5), budget_s=0.0)
        assert scores["boosted_trees"].note == "stopped after its time"
        assert np.isfinite(scores["boosted_trees"].metrics["accuracy"])

    def test_it_can_be_cancelled(self):
        def progress(what, done, total):
            if done == 1:
                raise Cancelled

        with pytest.raises(Cancelled):
            compare(table(), np.full((80, 2), 0.5), progress=progress)

    def test_a_failure_of_one_leaves_the_others(self, monkeypatch):
        def fail(self, lesson):
            raise MemoryError("no room")

        monkeypatch.setattr("engine.inference.baselines.trees.BoostedTrees.fit", fail)
        scores, _, _ = compare(table(), np.full((80, 2), 0.5))
        assert scores["boosted_trees"].problem == "It could not be fitted: no room."
        assert scores["linear"].problem == ""

    def test_the_same_each_time(self):
        first, again = (compare(table(), np.full((80, 2), 0.5))[0] for _ in range(2))
        for name in first:
            assert first[name].metrics == again[name].metrics
            assert first[name].intervals == again[name].intervals


class TestFeatures:
    def test_pictures_become_means_of_blocks(self):
        picture = np.arange(128 * 64 * 1).reshape(1, 128, 64, 1)
        found = small_pictures(picture)
        assert found.shape[1] <= 1_024
        assert found[0, 0] == picture[0, :3, :3].mean()

    def test_a_small_picture_stays(self):
        picture = np.arange(12.0).reshape(1, 3, 4, 1)
        np.testing.assert_array_equal(small_pictures(picture), picture.reshape(1, 12))

    def test_spectra(self):
        spectra = np.random.default_rng(0).normal(size=(2, 9, 5, 1))
        found = mean_spectra(spectra)
        np.testing.assert_allclose(found[:, :5], spectra[..., 0].mean(axis=1))
        np.testing.assert_allclose(found[:, 5:], spectra[..., 0].std(axis=1))
