"""Numbers in pieces: what a network sees of a column, in training and in the saved model."""

from typing import Any

import keras
import numpy as np
import pytest

from engine.errors import SpecError
from engine.preprocessing.table import TableInputs
from engine.service.execution import inspect_data
from engine.service.preview import preview_batch
from engine.spec.run_spec import PreprocessingSpec, RunSpec
from engine.spec.signature import Kind, Signature, Task
from engine.training.defaults import resolve
from engine.training.rules import usual_patience

N = 400


@pytest.fixture
def rows() -> np.ndarray[Any, Any]:
    rng = np.random.default_rng(2)
    skewed = rng.lognormal(size=N)
    counts = rng.integers(0, 4, N).astype(float)
    far = rng.normal(size=N)
    far[7] = 1e300
    return np.stack([skewed, counts, np.full(N, 3.0), rng.integers(0, 2, N) * 1.0, far], axis=1)


def fitted(rows: np.ndarray[Any, Any], **more: Any) -> TableInputs:
    names = ("skewed", "counts", "constant", "two", "far", *map(str, range(5, rows.shape[1])))
    columns = [
        {"name": names[place], "type": "number", "gaps": "median"} for place in range(rows.shape[1])
    ]
    return TableInputs.fit(rows, columns, "piecewise", **more)


def pieces(inputs: TableInputs, name: str) -> list[int]:
    return [
        place
        for place, feature in enumerate(inputs.features)
        if feature.kind == "piece" and feature.name.startswith(f"{name} from")
    ]


def test_pieces_lie_between_quantiles_and_sum_to_the_way_through_them(rows) -> None:
    inputs = fitted(rows)
    made = inputs.transform(rows)
    ends = np.quantile(rows[:, 0], np.linspace(0, 1, 17))
    own = made[:, pieces(inputs, "skewed")]
    assert own.shape == (N, 16)
    way = np.interp(rows[:, 0], ends, np.arange(17.0))
    np.testing.assert_allclose(own.sum(axis=1), way, atol=1e-4)
    assert own.min() >= 0
    assert own.max() <= 1


def test_few_values_have_a_piece_between_each_two_and_two_or_one_have_none(rows) -> None:
    inputs = fitted(rows)
    names = ("counts", "two", "constant")
    assert [len(pieces(inputs, name)) for name in names] == [3, 0, 0]
    assert len([item for item in inputs.features if item.kind == "number"]) == 5


def test_the_value_is_scaled_by_quartiles_and_pressed(rows) -> None:
    inputs = fitted(rows)
    made = inputs.transform(rows)
    place = inputs.feature_names.index("far")
    low, middle, high = np.quantile(rows[:, 4], (0.25, 0.5, 0.75))
    usual = np.arange(N) != 7
    z = (rows[usual, 4] - middle) / ((high - low) / 1.349)
    np.testing.assert_allclose(
        made[usual, place], z / np.sqrt(1 + (z / 3) ** 2), rtol=1e-5, atol=1e-6
    )
    assert made[7, place] == pytest.approx(3.0)
    assert np.isfinite(made).all()


def test_the_saved_model_does_the_same(rows, tmp_path) -> None:
    inputs = TableInputs.from_dict(fitted(rows).to_dict())
    given, prepared = inputs.build()
    keras.Model(given, prepared).save(tmp_path / "model.keras")
    model = keras.saving.load_model(tmp_path / "model.keras")
    asked = np.concatenate([rows, 3 * rows[:50] - 1, np.full((1, 5), np.nan)])
    np.testing.assert_allclose(np.asarray(model(asked)), inputs.transform(asked), atol=1e-6)


@pytest.mark.parametrize(("shape", "most"), [((N, 5_000), 5_000), ((5, 4), 4), ((N, 200), 1_224)])
def test_many_columns_and_few_rows_have_fewer_pieces(shape, most) -> None:
    inputs = fitted(np.random.default_rng(0).normal(size=shape))
    assert shape[1] <= len(inputs.features) <= most


def test_left_open_it_is_what_suits_the_model_and_is_told_in_the_spec() -> None:
    signature = Signature(Kind.TABLE, Task.REGRESSION, (4,))
    found = {}
    for name in ("table_ensemble", "mlp"):
        spec = RunSpec.from_dict({"data": {"source": "any"}, "model": {"name": name}})
        found[name] = resolve(spec, signature)
    assert found["table_ensemble"].preprocessing.scaling == "piecewise"
    assert found["table_ensemble"].stopping.patience
    assert found["mlp"].preprocessing == PreprocessingSpec().decided()
    assert found["mlp"].stopping.patience == usual_patience(found["mlp"].training.epochs)


@pytest.mark.parametrize(
    ("model", "signature"),
    [
        ("linear_regression", Signature(Kind.TABLE, Task.REGRESSION, (4,))),
        ("cnn", Signature(Kind.IMAGE, Task.CLASSIFICATION, (28, 28, 1), 10)),
        ("autoencoder", Signature(Kind.TABLE, Task.ANOMALY, (4,))),
    ],
)
def test_where_pieces_mean_nothing_they_are_refused(model, signature) -> None:
    values = {
        "data": {"source": "any"},
        "model": {"name": model},
        "preprocessing": {"scaling": "piecewise"},
    }
    with pytest.raises(SpecError) as caught:
        resolve(RunSpec.from_dict(values), signature)
    assert [problem.field for problem in caught.value.problems] == ["preprocessing.scaling"]


def test_what_is_said_of_data_counts_its_columns_not_its_pieces():
    spec = {"data": {"source": "iris"}}
    assert inspect_data(spec).profile.signature.input_shape == (4,)
    asked = {**spec, "preprocessing": {"scaling": "piecewise"}}
    assert inspect_data(asked).profile.signature.input_shape > (4,)


@pytest.mark.parametrize(("model", "has_pieces"), [("mlp", False), ("table_ensemble", True)])
def test_a_preview_is_prepared_for_the_model_that_was_chosen(model, has_pieces):
    values = {"data": {"source": "iris"}, "model": {"name": model, "parameters": {"units": "?"}}}
    assert (preview_batch(values).x.shape[1] > 4) is has_pieces
