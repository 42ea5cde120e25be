"""Scaling: fitted on the training part alone, and undone exactly. Numbers by hand."""

from __future__ import annotations

import json

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from engine.datasets.base import Examples
from engine.preprocessing import Preprocessing
from engine.spec.run_spec import PreprocessingSpec
from engine.spec.signature import Kind, Task

TRAIN = np.array([0, 1, 2, 3])


def table(x: npt.ArrayLike, y: npt.ArrayLike, task: Task = Task.REGRESSION) -> Examples:
    values = np.asarray(x, dtype=np.float64)
    names = tuple(f"x{index}" for index in range(values.shape[1]))
    classes = ("a", "b") if task is Task.CLASSIFICATION else ()
    dtype = np.int64 if classes else np.float64
    return Examples(values, np.asarray(y, dtype), Kind.TABLE, task, names, "y", classes)


def fit(examples: Examples, train: npt.NDArray[np.int64] = TRAIN, **spec: str) -> Preprocessing:
    return Preprocessing.fit(examples, train, PreprocessingSpec.model_validate(spec))


class TestInputs:
    x = ((1.0, 10.0), (3.0, 10.0), (1.0, 30.0), (3.0, 30.0))

    def test_standard_by_hand(self) -> None:
        fitted = fit(table(self.x, [0, 0, 0, 0]))
        scaled = fitted.transform_x(np.array([[1.0, 40.0], [5.0, 20.0]]))
        assert scaled.dtype == np.float32
        assert scaled.tolist() == [[-1.0, 2.0], [3.0, 0.0]]

    def test_minmax_by_hand(self) -> None:
        fitted = fit(table(self.x, [0, 0, 0, 0]), scaling="minmax")
        assert fitted.transform_x(np.array([[1.0, 40.0], [2.0, 20.0]])).tolist() == [
            [0.0, 1.5],
            [0.5, 0.5],
        ]

    def test_none_changes_nothing(self) -> None:
        fitted = fit(table(self.x, [0, 0, 0, 0]), scaling="none")
        assert fitted.transform_x(np.array(self.x)).tolist() == [list(row) for row in self.x]

    @pytest.mark.parametrize("scaling", ["standard", "minmax"])
    def test_an_outlier_in_the_test_part_is_not_seen(self, scaling: str) -> None:
        # Row 4 is only in the test part; had the scaler seen it, everything would shrink to 0.
        with_outlier = table([*self.x, (1e9, -1e9)], [1, 2, 3, 4, 1e9])
        without = table(self.x, [1, 2, 3, 4])
        assert (
            fit(with_outlier, scaling=scaling).to_dict() == fit(without, scaling=scaling).to_dict()
        )

    @pytest.mark.parametrize("scaling", ["standard", "minmax"])
    @pytest.mark.parametrize("value", [0.0, 0.1, -7e12, 1e-30])
    def test_a_constant_column_becomes_zero(self, scaling: str, value: float) -> None:
        x = np.full((7, 1), value)
        fitted = fit(table(x, np.arange(7)), np.arange(7), scaling=scaling)
        assert fitted.inputs.linear_terms()[1].tolist() == [1.0]
        assert np.all(fitted.transform_x(x) == 0.0)

    def test_large_offsets_lose_nothing(self) -> None:
        # In float32 these time stamps would all be the same.
        x = 1.7e9 + np.array([[0.0], [1.0], [2.0], [3.0]])
        scaled = fit(table(x, [0, 1, 2, 3])).transform_x(x)
        np.testing.assert_allclose(scaled[:, 0], (np.arange(4) - 1.5) / np.sqrt(1.25), rtol=1e-6)

    def test_agrees_with_scikit_learn(self) -> None:
        from sklearn.preprocessing import MinMaxScaler, StandardScaler

        x = np.random.default_rng(0).normal(3.0, 5.0, (50, 4))
        examples = table(x, np.arange(50))
        train = np.arange(0, 50, 2)
        for name, peer in (("standard", StandardScaler()), ("minmax", MinMaxScaler())):
            expected = peer.fit(x[train]).transform(x)
            ours = fit(examples, train, scaling=name).transform_x(x)
            np.testing.assert_allclose(ours, expected, rtol=1e-6, atol=1e-6)

    @pytest.mark.parametrize(
        ("scaling", "divisor"), [("standard", 255), ("minmax", 255), ("none", 1)]
    )
    def test_images_are_divided_by_255(self, scaling: str, divisor: int) -> None:
        x = np.arange(256, dtype=np.uint8).reshape(4, 8, 8, 1)
        examples = Examples(x, np.array([0, 1, 0, 1]), Kind.IMAGE, Task.CLASSIFICATION)
        scaled = fit(examples, np.array([0]), scaling=scaling).transform_x(x)
        assert scaled.dtype == np.float32
        np.testing.assert_array_equal(scaled.ravel(), np.arange(256, dtype=np.float32) / divisor)


class TestTarget:
    y = (2.0, 6.0, 2.0, 6.0)

    def test_scaled_by_hand_and_restored(self) -> None:
        fitted = fit(table([[0], [1], [2], [3]], self.y))
        scaled = fitted.transform_y(np.array([2.0, 4.0, 10.0]))
        assert scaled.dtype == np.float32
        assert scaled.tolist() == [-1.0, 0.0, 3.0]
        assert fitted.restore_y(scaled).tolist() == [2.0, 4.0, 10.0]
        assert fitted.restore_y(scaled[:, np.newaxis]).shape == (3, 1)

    def test_none(self) -> None:
        fitted = fit(table([[0], [1], [2], [3]], self.y), target_scaling="none")
        assert fitted.transform_y(np.array([2.0])).tolist() == [2.0]
        assert fitted.restore_metric("mean_absolute_error", 3.0) == 3.0

    def test_classes_are_left_alone(self) -> None:
        fitted = fit(table([[0], [1], [2], [3]], [0, 1, 0, 1], Task.CLASSIFICATION))
        assert fitted.transform_y(np.array([1, 0])).dtype == np.int64
        assert fitted.transform_y(np.array([1, 0])).tolist() == [1, 0]
        probabilities = np.array([[0.25, 0.75]], dtype=np.float32)
        assert fitted.restore_y(probabilities) is probabilities
        assert fitted.restore_metric("accuracy", 0.5) == 0.5

    @pytest.mark.parametrize("prefix", ["", "val_", "test_"])
    @pytest.mark.parametrize(
        ("name", "factor"),
        [
            ("mean_absolute_error", 2.0),
            ("root_mean_squared_error", 2.0),
            ("mean_squared_error", 4.0),
            ("loss", 1.0),
            ("r2_score", 1.0),
        ],
    )
    def test_metrics_in_the_targets_unit(self, prefix: str, name: str, factor: float) -> None:
        fitted = fit(table([[0], [1], [2], [3]], self.y))
        assert fitted.restore_metric(prefix + name, 1.5) == 1.5 * factor

    def test_metric_on_scaled_values_equals_metric_on_raw_ones(self) -> None:
        rng = np.random.default_rng(0)
        y = rng.normal(100.0, 30.0, 40)
        guess = y + rng.normal(0.0, 5.0, 40)
        fitted = fit(table(np.arange(40)[:, np.newaxis], y), np.arange(40))
        error = (fitted.transform_y(y) - fitted.transform_y(guess)).astype(np.float64)
        restored = fitted.restore_metric("mean_absolute_error", float(np.abs(error).mean()))
        assert restored == pytest.approx(np.abs(y - guess).mean(), rel=1e-5)
        restored = fitted.restore_metric("mean_squared_error", float((error**2).mean()))
        assert restored == pytest.approx(((y - guess) ** 2).mean(), rel=1e-5)


class TestCoefficients:
    @pytest.mark.parametrize("scaling", ["standard", "minmax", "none"])
    @pytest.mark.parametrize("target_scaling", ["standard", "none"])
    def test_a_fit_on_scaled_data_gives_the_raw_line(
        self, scaling: str, target_scaling: str
    ) -> None:
        x = np.random.default_rng(1).normal(size=(60, 2)) * [3.0, 0.01] + [100.0, -5.0]
        y = 7.0 + x @ [2.0, -30.0]
        fitted = fit(table(x, y), np.arange(60), scaling=scaling, target_scaling=target_scaling)
        offset, scale = fitted.inputs.linear_terms()
        scaled_x = (x - offset) / scale
        targets = fitted.targets
        scaled_y = (y - targets.offset[0]) / targets.scale[0]
        design = np.column_stack([np.ones(60), scaled_x])
        bias, *kernel = np.linalg.lstsq(design, scaled_y)[0]
        intercept, coefficients = fitted.restore_coefficients(
            np.array(kernel)[:, np.newaxis], np.array([bias])
        )
        np.testing.assert_allclose(intercept, [7.0], rtol=1e-5)
        np.testing.assert_allclose(coefficients, [[2.0], [-30.0]], rtol=1e-6)

    def test_log_odds_of_several_classes(self) -> None:
        rng = np.random.default_rng(2)
        x = rng.normal(5.0, 2.0, (30, 3))
        fitted = fit(table(x, np.arange(30) % 2, Task.CLASSIFICATION), np.arange(30))
        kernel, bias = rng.normal(size=(3, 4)), rng.normal(size=4)
        intercept, coefficients = fitted.restore_coefficients(kernel, bias)
        assert intercept.shape == (4,)
        assert coefficients.shape == (3, 4)
        offset, scale = fitted.inputs.linear_terms()
        on_scaled = ((x - offset) / scale) @ kernel + bias
        np.testing.assert_allclose(intercept + x @ coefficients, on_scaled, rtol=1e-9, atol=1e-9)


class TestJson:
    @given(
        x=hnp.arrays(
            np.float64,
            st.tuples(st.integers(2, 8), st.integers(1, 4)),
            elements=st.floats(-1e30, 1e30),
        ),
        scaling=st.sampled_from(["standard", "minmax", "none"]),
    )
    def test_round_trip_is_bit_identical(self, x: npt.NDArray[np.float64], scaling: str) -> None:
        fitted = fit(table(x, x[:, 0]), np.arange(len(x)), scaling=scaling)
        again = Preprocessing.from_dict(json.loads(json.dumps(fitted.to_dict(), allow_nan=False)))
        assert again.to_dict() == fitted.to_dict()
        assert again.transform_x(x).tobytes() == fitted.transform_x(x).tobytes()
        assert again.transform_y(x[:, 0]).tobytes() == fitted.transform_y(x[:, 0]).tobytes()

    def test_images_too(self) -> None:
        x = np.zeros((2, 4, 4, 1), dtype=np.uint8)
        examples = Examples(x, np.array([0, 1]), Kind.IMAGE, Task.CLASSIFICATION)
        fitted = fit(examples, np.array([0]))
        again = Preprocessing.from_dict(json.loads(json.dumps(fitted.to_dict())))
        assert again.inputs.raw_shape == (4, 4, 1)
        assert again.transform_x(np.full((1, 4, 4, 1), 255, np.uint8)).max() == 1.0

    def test_another_schema_is_refused(self) -> None:
        values = fit(table([[0], [1], [2], [3]], [0, 1, 2, 3])).to_dict()
        with pytest.raises(ValueError, match="schema 2 expected"):
            Preprocessing.from_dict(values | {"schema_version": 3})

    def test_the_first_schema_is_read(self) -> None:
        values = {
            "schema_version": 1,
            "task": "regression",
            "offset": [1.0, 2.0],
            "scale": [2.0, 4.0],
            "target_offset": 10.0,
            "target_scale": 5.0,
        }
        fitted = Preprocessing.from_dict(values, (2,))
        assert fitted.transform_x(np.array([[3.0, 6.0]])).tolist() == [[1.0, 1.0]]
        assert fitted.restore_y(np.array([2.0])).tolist() == [20.0]
