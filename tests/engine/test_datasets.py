"""The contract every dataset in the box keeps, and what each promises of itself."""

from __future__ import annotations

import functools
import json
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from bad_values import bad_value_id, bad_values, field_refused

from engine.architectures import ARCHITECTURES
from engine.datasets import DATASETS, load_examples, open_dataset
from engine.datasets.base import Dataset, Examples
from engine.datasets.box.synthetic import NoisyPlane
from engine.datasets.profile import SAMPLE_LIMITS, profile
from engine.errors import DatasetError, SpecError, UnknownNameError
from engine.events.profile import Profile
from engine.spec.parameters import describe
from engine.spec.run_spec import DataSpec, RunSpec
from engine.spec.signature import Kind, Output, Signature, Task
from engine.training import prepared_data
from engine.training.defaults import recommended_model
from engine.training.prepared_data import look

in_the_box = [item for item in DATASETS if not item.is_remote]
every_dataset = pytest.mark.parametrize("dataset", in_the_box, ids=[d.name for d in in_the_box])
made_data = [item for item in DATASETS if "n_samples" in item.parameters.model_fields]
ROWS = {
    Kind.TABLE: (np.float64, 2),
    Kind.IMAGE: (np.uint8, 4),
    Kind.TEXT: (object, 1),
    Kind.AUDIO: (np.int16, 2),
    Kind.VIDEO: (np.uint8, 5),
    Kind.SERIES: (np.float64, 3),
}
"""Type of the numbers and how many axes there are, examples first."""
every_made_dataset = pytest.mark.parametrize("dataset", made_data, ids=[d.name for d in made_data])


def load(name: str, **parameters: object) -> Examples:
    return load_examples(DataSpec(source=name, parameters=parameters))[1]


@functools.cache
def loaded(name: str) -> tuple[Dataset, Examples]:
    """A dataset as it is by default; making one may take seconds."""
    return load_examples(DataSpec(source=name))


@pytest.fixture
def loaded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who looks at a dataset is given what is loaded already."""
    monkeypatch.setattr(prepared_data, "load_examples", lambda data, *_: loaded(data.source))


def few_of(dataset: Dataset) -> dict[str, int]:
    """Making many of what takes long says nothing that making a few does not say."""
    return {} if dataset.kind is Kind.TABLE else {"n_samples": 60}


class TestContract:
    @every_dataset
    def test_describes_itself(self, dataset: Dataset) -> None:
        assert dataset.name == dataset.name.lower()
        assert dataset.name.replace("_", "").isalnum()
        assert dataset.title
        assert dataset.description.endswith((".", "?"))
        assert not dataset.recommended_model or dataset.recommended_model in ARCHITECTURES
        assert all(item.help and item.label for item in describe(dataset.parameters))

    @every_dataset
    def test_examples_agree_with_their_description(self, dataset: Dataset) -> None:
        found, examples = loaded(dataset.name)
        assert found is dataset
        assert (examples.kind, examples.task) == (dataset.kind, dataset.task)
        dtype, n_axes = ROWS[examples.kind]
        assert examples.x.dtype == dtype
        assert len(examples.x.shape) == n_axes
        assert len(examples.y) == examples.n_samples == len(examples.x)
        if examples.kind is Kind.TABLE:
            assert len(set(examples.feature_names)) == examples.x.shape[1]
        if examples.kind in (Kind.TABLE, Kind.SERIES):
            assert np.all(np.isfinite(examples.x[:]))
        if examples.has_classes:
            assert examples.y.dtype == np.int64
            assert np.array_equal(np.unique(examples.y), np.arange(len(examples.class_names)))
            assert len(set(examples.class_names)) == len(examples.class_names)
        else:
            assert examples.y.dtype == (np.float64 if examples.output is Output.NUMBERS else object)
            assert examples.class_names == ()

    @every_dataset
    def test_a_model_fits_it(self, dataset: Dataset, loaded_once: None) -> None:
        spec = RunSpec.from_dict({"data": {"source": dataset.name}, "model": {"name": "none"}})
        signature = look(spec).signature
        name = dataset.recommended_model or recommended_model(signature.kind, signature.task)
        assert not ARCHITECTURES[name].misfit(signature.kind, signature.task)

    @every_dataset
    def test_loads_the_same_again(self, dataset: Dataset) -> None:
        first, second = loaded(dataset.name)[1], load(dataset.name)
        np.testing.assert_array_equal(first.x[:], second.x[:])
        np.testing.assert_array_equal(first.y, second.y)

    @every_made_dataset
    def test_another_seed_makes_other_data(self, dataset: Dataset) -> None:
        few = few_of(dataset)
        first, second = (load(dataset.name, seed=seed, **few) for seed in (1, 2))
        assert not np.array_equal(first.x[:], second.x[:])

    @every_made_dataset
    def test_makes_as_many_as_asked(self, dataset: Dataset) -> None:
        examples = load(dataset.name, n_samples=71)
        assert examples.n_samples == len(examples.y) == 71

    @pytest.mark.parametrize(
        ("dataset", "name", "value"),
        [(item, *bad) for item in DATASETS for bad in bad_values(item.parameters)],
        ids=bad_value_id,
    )
    def test_refuses_bad_value_by_name(self, dataset: Dataset, name: str, value: object) -> None:
        with pytest.raises(SpecError) as caught:
            load(dataset.name, **{name: value})
        assert field_refused(caught.value, f"data.parameters.{name}")

    @every_dataset
    def test_refuses_unknown_parameter(self, dataset: Dataset) -> None:
        with pytest.raises(SpecError) as caught:
            load(dataset.name, n_rows=3)
        assert field_refused(caught.value, "data.parameters.n_rows")

    @every_made_dataset
    def test_smallest_and_largest_values_work(self, dataset: Dataset) -> None:
        few = few_of(dataset)
        for item in describe(dataset.parameters):
            for limit, excluded in (
                (item.minimum, item.minimum_excluded),
                (item.maximum, item.maximum_excluded),
            ):
                is_many = item.name == "n_samples" and limit == item.maximum
                if limit is None or excluded or (few and is_many):
                    continue
                rows = load(dataset.name, **{**few, item.name: limit}).x[:]
                assert rows.dtype == object or np.all(np.isfinite(rows))


class TestBuiltIn:
    def test_digits_are_28_by_28_and_use_the_whole_range(self) -> None:
        examples = load("digits")
        assert examples.x.shape == (1797, 28, 28, 1)
        assert (examples.x.min(), examples.x.max()) == (0, 255)
        assert examples.class_names == tuple("0123456789")

    def test_digits_keep_the_picture(self) -> None:
        from sklearn.datasets import load_digits

        small = load_digits().images
        large = load("digits").x[..., 0].astype(np.float64) / 255 * 16
        # 28 = 3.5 × 8: every 2×2 pixels of the source cover 7×7 of the result.
        coarse_small = small.reshape(-1, 4, 2, 4, 2).mean(axis=(2, 4))
        coarse_large = large.reshape(-1, 4, 7, 4, 7).mean(axis=(2, 4))
        assert np.abs(coarse_small - coarse_large).max() < 3.0
        assert np.corrcoef(coarse_small.ravel(), coarse_large.ravel())[0, 1] > 0.99

    def test_digits_are_interpolated_between_pixel_centres(self) -> None:
        from sklearn.datasets import load_digits

        row = load_digits().images[0]
        # Centre of pixel 4 in the result, in source pixels: (4 + 0.5) / 3.5 - 0.5 = 11/14.
        weight = 11 / 14
        by_hand = (
            (1 - weight) ** 2 * row[0, 0]
            + weight * (1 - weight) * (row[0, 1] + row[1, 0])
            + weight**2 * row[1, 1]
        )
        assert load("digits").x[0, 4, 4, 0] == round(by_hand / 16 * 255)

    @pytest.mark.parametrize(
        ("name", "shape", "n_classes", "first_feature"),
        [
            ("iris", (150, 4), 3, "sepal length (cm)"),
            ("wine", (178, 13), 3, "alcohol"),
            ("breast_cancer", (569, 30), 2, "mean radius"),
            ("diabetes", (442, 10), 0, "age"),
        ],
    )
    def test_classic_tables(
        self, name: str, shape: tuple[int, int], n_classes: int, first_feature: str
    ) -> None:
        examples = load(name)
        assert examples.x.shape == shape
        assert len(examples.class_names) == n_classes
        assert examples.feature_names[0] == first_feature

    def test_diabetes_is_in_its_own_units(self) -> None:
        age = load("diabetes").x[:, 0]
        assert age.min() >= 19
        assert age.max() <= 79
        assert np.array_equal(age, np.rint(age))

    @pytest.mark.parametrize(
        ("field", "value"), [("target", "petal length (cm)"), ("task", "regression")]
    )
    def test_refuses_another_target_or_task(self, field: str, value: str) -> None:
        with pytest.raises(DatasetError) as caught:
            load_examples(DataSpec.model_validate({"source": "iris", field: value}))
        assert value in caught.value.message
        assert caught.value.hint

    def test_accepts_its_own_target_and_task(self) -> None:
        data = DataSpec(source="iris", target="species", task=Task.CLASSIFICATION)
        assert load_examples(data)[1].n_samples == 150


class TestMadeData:
    def test_line_without_noise_is_the_line(self) -> None:
        examples = load("noisy_line", noise=0, intercept=-1.5, slope=-0.25)
        np.testing.assert_allclose(examples.y, -1.5 - 0.25 * examples.x[:, 0], rtol=1e-12)
        assert "y = -1.5 - 0.25·x" in examples.notes[0]

    def test_line_has_the_noise_it_says(self) -> None:
        examples = load("noisy_line", noise=2.0, n_samples=20_000)
        residual = examples.y - (4.0 + 2.5 * examples.x[:, 0])
        assert residual.std() == pytest.approx(2.0, rel=0.03)
        assert residual.mean() == pytest.approx(0.0, abs=0.05)

    def test_plane_coefficients_are_found_again(self) -> None:
        examples = load("noisy_plane", n_features=4, noise=0.0)
        design = np.column_stack([np.ones(examples.n_samples), examples.x])
        fitted = np.linalg.lstsq(design, examples.y)[0]
        np.testing.assert_allclose(fitted, [5, 1, -2, 3, -4], rtol=1e-9)
        np.testing.assert_array_equal(NoisyPlane.coefficients(4), [1, -2, 3, -4])

    def test_two_classes_have_the_log_odds_they_say(self) -> None:
        examples = load("two_classes", noise=2.0, n_samples=50_000)
        near = np.abs(examples.x[:, 0] - 1.0) < 0.1
        share = examples.y[near].mean()
        # 4/σ² = 1 per unit of x.
        assert np.log(share / (1 - share)) == pytest.approx(1.0, abs=0.2)
        assert "exp(-1·x)" in examples.notes[0]

    def test_xor_is_the_sign_of_the_product(self) -> None:
        examples = load("xor", noise=0.0)
        assert np.array_equal(examples.y, (examples.x.prod(axis=1) < 0).astype(int))
        assert abs(int(np.bincount(examples.y) @ [1, -1])) <= 2

    def test_spirals_wind_as_often_as_asked(self) -> None:
        examples = load("spirals", noise=0.0, turns=0.25)
        radius = np.hypot(*examples.x.T)
        angle = np.arctan2(examples.x[:, 1], examples.x[:, 0]) - np.pi * examples.y
        along = (radius - 0.1) / 0.9
        difference = angle - 2 * np.pi * 0.25 * along
        np.testing.assert_allclose(np.cos(difference), 1.0, atol=1e-9)

    def test_circles_have_their_radii(self) -> None:
        examples = load("circles", noise=0.0, factor=0.3)
        radius = np.hypot(*examples.x.T)
        np.testing.assert_allclose(radius, np.where(examples.y == 1, 0.3, 1.0))

    def test_blobs_have_classes_and_features_as_asked(self) -> None:
        examples = load("blobs", n_classes=7, n_features=5, noise=0.0)
        assert len(examples.class_names) == 7
        assert examples.x.shape[1:] == (5,)
        assert len(np.unique(examples.x, axis=0)) == 7


class TestOpening:
    @pytest.mark.parametrize("name", DATASETS.names)
    def test_finds_by_name(self, name: str) -> None:
        assert open_dataset(DataSpec(source=name)).name == name

    def test_unknown_name_offers_the_nearest(self) -> None:
        with pytest.raises(UnknownNameError, match="Did you mean 'digits'") as caught:
            open_dataset(DataSpec(source="digitz"))
        assert "'digitz'" in caught.value.message

    def test_missing_file_offers_the_nearest_file(self, tmp_path: Path) -> None:
        (tmp_path / "flowers.csv").write_text("a,b\n1,2\n")
        with pytest.raises(DatasetError) as caught:
            open_dataset(DataSpec(source=str(tmp_path / "flower.csv")))
        assert str(tmp_path / "flower.csv") in caught.value.message
        assert str(tmp_path / "flowers.csv") in caught.value.hint

    def test_missing_file_offers_the_nearest_dataset(self, tmp_path: Path) -> None:
        with pytest.raises(DatasetError, match="Did you mean the dataset 'iris'"):
            open_dataset(DataSpec(source=str(tmp_path / "irises.csv")))

    @pytest.mark.parametrize("source", ["no/such/folder/a.csv", "x.csv", "./data"])
    def test_a_path_is_no_name(
        self, source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        with pytest.raises(DatasetError, match="There is no file") as caught:
            open_dataset(DataSpec(source=source))
        assert caught.value.hint

    def test_links_that_lead_nowhere_or_in_a_circle_are_said_to(self, tmp_path: Path) -> None:
        gone, circle = tmp_path / "gone.csv", tmp_path / "circle.csv"
        gone.symlink_to(tmp_path / "nothing.csv")
        circle.symlink_to(circle)
        for path in (gone, circle):
            with pytest.raises(DatasetError, match="a link that leads to no file"):
                open_dataset(DataSpec(source=str(path)))

    def test_empty_folder_and_other_types_are_refused(self, tmp_path: Path) -> None:
        with pytest.raises(DatasetError, match="holds no files"):
            open_dataset(DataSpec(source=str(tmp_path)))
        program = tmp_path / "cat.exe"
        program.write_bytes(b"MZ")
        with pytest.raises(DatasetError, match=r"no type that can be opened. Received: '\.exe'"):
            open_dataset(DataSpec(source=str(program)))

    def test_import_is_light(self) -> None:
        code = (
            "import sys, engine.datasets, engine.preprocessing, engine.datasets.split;"
            "heavy = {'pandas', 'scipy', 'sklearn', 'tensorflow', 'keras', 'PySide6'};"
            "sys.exit(', '.join(heavy & set(sys.modules)) or None)"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


class TestProfile:
    def test_numbers_by_hand(self) -> None:
        x = np.array([[0.0], [1.0], [2.0], [9.0]])
        y = np.array([0, 1, 1, 1])
        examples = Examples(x, y, Kind.TABLE, Task.CLASSIFICATION, ("a",), "b", ("no", "yes"))
        signature = Signature(Kind.TABLE, Task.CLASSIFICATION, (1,), 2)
        found = profile("somewhere", "Some data", examples, signature, (2, 1, 1))
        assert found.class_counts.tolist() == [1, 3]
        (column,) = found.columns
        assert (column.minimum, column.maximum, column.mean) == (0.0, 9.0, 3.0)
        assert column.deviation == pytest.approx(np.sqrt((9 + 4 + 1 + 36) / 4))
        assert column.histogram.tolist() == [1, 0, 1, 0, 1, *[0] * 14, 1]

    @every_dataset
    def test_is_small_plain_and_complete(self, dataset: Dataset, loaded_once: None) -> None:
        found = profile_of(dataset.name)
        _, examples = loaded(dataset.name)
        values = json.loads(json.dumps(found.to_dict(), allow_nan=False))
        assert values["n_samples"] == examples.n_samples
        assert values["notes"] == list(examples.notes)
        assert sum(values["classes"].values()) in (0, examples.n_samples)
        if examples.kind is Kind.TABLE and examples.y.ndim == 1:
            names = [column["name"] for column in values["columns"]]
            n_features = len(examples.feature_names)
            assert names[:n_features] == list(examples.feature_names)
        assert len(found.sample_x) == len(found.sample_y)
        assert len(found.sample_x) == min(examples.n_samples, SAMPLE_LIMITS[examples.kind])
        assert sum(found.split_sizes) <= examples.n_samples
        assert len(pickle.dumps(found)) < 2_000_000

    def test_samples_keep_order_and_belong_together(self) -> None:
        examples = load("noisy_line", n_samples=5000, noise=0)
        found = profile_of("noisy_line", n_samples=5000, noise=0)
        np.testing.assert_allclose(found.sample_y, 4.0 + 2.5 * found.sample_x[:, 0])
        places = [int(np.flatnonzero(examples.x[:, 0] == value)[0]) for value in found.sample_x]
        assert places == sorted(places)


def profile_of(name: str, **parameters: object) -> Profile:
    """The profile of a dataset in the box."""
    data = {"source": name, "parameters": parameters}
    spec = RunSpec.from_dict({"data": data, "model": {"name": "none"}})
    return look(spec).profile(name)
