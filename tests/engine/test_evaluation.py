"""Evaluation: numbers against scikit-learn and by hand, and what is stored of them."""

import functools
import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sk

from engine.errors import DatasetError, TrainingError, WorkspaceError
from engine.inference.evaluation.evaluation import (
    MAX_ROWS,
    ClassScore,
    Evaluation,
    edit_distance,
    evaluate_predictions,
    predicted_classes,
)
from engine.spec.signature import Output

PETS = ("cat", "dog", "eel")


def classify(y_true, outputs, class_names=PETS, part="test"):
    return evaluate_predictions(
        part, np.array(y_true), np.array(outputs), Output.CLASSES, "pet", class_names
    )


def regress(y_true, outputs, part="test"):
    return evaluate_predictions(part, np.array(y_true), np.array(outputs), Output.NUMBERS, "price")


def one_hot(classes, n_classes=3):
    return np.eye(n_classes)[classes]


class TestClassification:
    def test_by_hand(self):
        found = classify([0, 0, 1, 1], one_hot([0, 1, 1, 1]), ("cat", "dog", "eel"))
        assert (found.part, found.n_samples, found.output) == ("test", 4, Output.CLASSES)
        np.testing.assert_array_equal(found.confusion, [[1, 1, 0], [0, 2, 0], [0, 0, 0]])
        assert found.per_class[0] == ClassScore("cat", 1.0, 0.5, pytest.approx(2 / 3), 2)
        assert found.per_class[1] == ClassScore("dog", pytest.approx(2 / 3), 1.0, 0.8, 2)
        assert found.per_class[2] == ClassScore("eel", 0.0, 0.0, 0.0, 0)
        assert found.metrics["accuracy"] == 0.75
        assert found.metrics["recall"] == 0.75
        assert len(found.y_true) == len(found.y_pred) == 0

    def test_against_scikit_learn(self):
        rng = np.random.default_rng(7)
        y_true = rng.integers(0, 3, 300)
        outputs = rng.dirichlet(np.ones(3), 300)
        predicted = outputs.argmax(axis=1)
        found = classify(y_true, outputs).metrics
        assert found["accuracy"] == pytest.approx(sk.accuracy_score(y_true, predicted))
        assert found["f1_score"] == pytest.approx(sk.f1_score(y_true, predicted, average="macro"))
        assert found["balanced_accuracy"] == pytest.approx(
            sk.balanced_accuracy_score(y_true, predicted)
        )
        assert found["precision"] == pytest.approx(
            sk.precision_score(y_true, predicted, average="macro")
        )

    def test_one_sigmoid_unit_means_the_second_class_above_one_half(self):
        outputs = np.array([[0.2], [0.5], [0.50001], [0.9]])
        np.testing.assert_array_equal(predicted_classes(outputs), [0, 0, 1, 1])
        np.testing.assert_array_equal(predicted_classes(outputs[:, 0]), [0, 0, 1, 1])
        found = classify([0, 1, 1, 1], outputs, ("no", "yes"))
        np.testing.assert_array_equal(found.confusion, [[1, 0], [1, 2]])


class TestRegression:
    def test_against_scikit_learn(self):
        rng = np.random.default_rng(3)
        y_true = rng.normal(50, 10, 200).astype(np.float32)
        outputs = (y_true + rng.normal(0, 2, 200).astype(np.float32))[:, None]
        found = regress(y_true, outputs)
        squared = sk.mean_squared_error(y_true, outputs)
        assert found.metrics == {
            "mean_squared_error": pytest.approx(squared, rel=1e-5),
            "root_mean_squared_error": pytest.approx(math.sqrt(squared), rel=1e-5),
            "mean_absolute_error": pytest.approx(sk.mean_absolute_error(y_true, outputs), rel=1e-5),
            "r2_score": pytest.approx(sk.r2_score(y_true, outputs), rel=1e-5),
        }
        np.testing.assert_array_equal(found.y_true, y_true)
        np.testing.assert_array_equal(found.y_pred, outputs[:, 0])
        assert found.output is Output.NUMBERS
        assert found.confusion.shape == (0, 0)

    def test_many_rows_are_drawn_evenly_but_all_are_counted(self):
        y_true = np.arange(3 * MAX_ROWS, dtype=np.float32)
        found = regress(y_true, y_true + 1)
        assert found.n_samples == 3 * MAX_ROWS
        assert len(found.y_true) == len(found.y_pred) == MAX_ROWS
        assert (found.y_true[0], found.y_true[-1]) == (0, 3 * MAX_ROWS - 1)
        assert set(np.diff(found.y_true)) <= {2.0, 3.0, 4.0}
        np.testing.assert_array_equal(found.y_pred, found.y_true + 1)

    def test_one_row_has_no_r2(self):
        assert math.isnan(regress([1.0], [[2.0]]).metrics["r2_score"])


class TestRefusals:
    def test_no_examples(self):
        with pytest.raises(DatasetError, match="validation part holds no examples"):
            regress(np.zeros(0), np.zeros((0, 1)), part="validation")

    @pytest.mark.parametrize("value", [math.nan, math.inf])
    def test_outputs_that_are_not_finite(self, value):
        outputs = one_hot([0, 1, 2])
        outputs[1, 2] = value
        with pytest.raises(TrainingError, match="1 of 3 examples"):
            classify([0, 1, 2], outputs)
        with pytest.raises(TrainingError, match="1 of 2 examples"):
            regress([1.0, 2.0], [1.0, value])


class TestStorage:
    def test_comes_back_as_it_was(self, tmp_path):
        saved = classify([0, 1, 2, 2], one_hot([0, 1, 2, 0]), ("café", "dog", "eel"))
        saved.with_metrics({"loss": 0.5, **saved.metrics}).save(tmp_path)
        loaded = Evaluation.load(tmp_path)
        assert loaded.metrics == {"loss": 0.5, **saved.metrics}
        assert loaded.class_names == ("café", "dog", "eel")
        assert loaded.per_class == saved.per_class
        assert (loaded.part, loaded.n_samples, loaded.target_name) == ("test", 4, "pet")
        np.testing.assert_array_equal(loaded.confusion, saved.confusion)
        assert loaded.confusion.dtype == np.int64

    def test_regression_with_nan_is_valid_json(self, tmp_path):
        regress([1.5], [[2.25]]).save(tmp_path)
        text = (tmp_path / "evaluation.json").read_text("utf-8")
        assert "NaN" not in text
        assert json.loads(text)["metrics"]["r2_score"] is None
        loaded = Evaluation.load(tmp_path)
        assert math.isnan(loaded.metrics["r2_score"])
        np.testing.assert_array_equal(loaded.y_pred, np.float32([2.25]))
        assert loaded.y_pred.dtype == np.float32
        assert loaded.confusion.shape == (0, 0)

    def test_nothing_there(self, tmp_path):
        assert Evaluation.load(tmp_path) is None

    @pytest.mark.parametrize("content", ["", "{", "[]", '{"schema_number": 1}'])
    def test_damaged_file(self, tmp_path, content):
        (tmp_path / "evaluation.json").write_text(content)
        with pytest.raises(WorkspaceError, match="cannot be read") as caught:
            Evaluation.load(tmp_path)
        assert caught.value.hint == "Evaluate the run again."

    def test_newer_schema(self, tmp_path):
        (tmp_path / "evaluation.json").write_text('{"schema_number": 99}')
        with pytest.raises(WorkspaceError, match="newer version"):
            Evaluation.load(tmp_path)


class TestTexts:
    def test_by_hand(self) -> None:
        truth = np.array(["abc", "hello", ""], object)
        found = np.array(["abc", "hallo!", "x"], object)
        result = evaluate_predictions("test", truth, found, Output.TOKENS, "sentence")
        assert result.output is Output.TOKENS
        assert result.metrics == {"exact_match": 1 / 3, "character_error_rate": 3 / 8}
        assert result.texts[1] == ("hello", "hallo!")

    def test_survives_storage(self, tmp_path: Path) -> None:
        truth = np.array(["零一", "b"], object)
        result = evaluate_predictions("test", truth, truth[::-1], Output.TOKENS, "sentence")
        result = result.with_sources(["zero one", "bee", "of a text that is not told"])
        result.save(tmp_path)
        again = Evaluation.load(tmp_path)
        assert again is not None
        assert (again.texts, again.metrics) == (result.texts, result.metrics)
        assert again.sources == ("zero one", "bee")

    @given(st.text("ab", max_size=8), st.text("ab", max_size=8))
    def test_edit_distance_agrees_with_the_definition(self, first: str, second: str) -> None:
        @functools.cache
        def distance(i: int, j: int) -> int:
            if not i or not j:
                return i + j
            return min(
                distance(i - 1, j) + 1,
                distance(i, j - 1) + 1,
                distance(i - 1, j - 1) + (first[i - 1] != second[j - 1]),
            )

        assert edit_distance(first, second) == distance(len(first), len(second))


def test_several_numbers_are_measured_together() -> None:
    truth = np.array([[1.0, 2.0], [3.0, 4.0]])
    result = evaluate_predictions("test", truth, truth + 1, Output.NUMBERS, "next")
    assert result.n_samples == 2
    assert result.metrics["mean_absolute_error"] == 1.0
