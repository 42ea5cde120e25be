"""The odd images, arrays, texts and clips of ../shared/cases, each with its right value."""

from pathlib import Path

import numpy as np
import pytest

from engine.datasets import load_examples
from engine.datasets.base import InputSpec
from engine.datasets.numpy_files.array_inputs import read_inputs
from engine.datasets.packing import packed
from engine.spec.run_spec import DataSpec, RunSpec
from engine.spec.signature import Signature, Task
from engine.training.prepared_data import look, prepare

CASES = Path(__file__).parents[3] / "shared" / "cases"
pytestmark = pytest.mark.skipif(not CASES.is_dir(), reason="../shared/cases is absent")


def load(name, **values):
    return load_examples(DataSpec(source=str(CASES / name), **values))[1]


def counts(examples):
    return dict(zip(examples.class_names, np.bincount(examples.y).tolist(), strict=True))


def test_a4_brightness_of_12_bits_is_there():
    examples = packed(load("a04_bit12"))
    mean = examples.x[:].mean(axis=(1, 2, 3))
    assert mean[examples.y == 0].min() > mean[examples.y == 1].max() + 20


def test_a5_classes_named_as_parts():
    assert counts(load("a05_vehicles")) == {"car": 6, "plane": 6, "train": 6}
    assert counts(load("a05_defects")) == {"invalid": 6, "valid": 6}


def test_a6_decimal_commas_in_a_table_of_labels():
    examples = load("a06_german")
    assert examples.task is Task.REGRESSION
    assert examples.y.mean() == pytest.approx(1.58333, abs=1e-5)


def test_a7_missing_labels_of_texts():
    reviews = load("a07_rev.csv", format="text_table", target="stars")
    assert reviews.n_samples == 54
    assert "N/A" not in reviews.class_names
    assert load("a07_nan.csv", format="text_table").n_samples == 53


def test_a8_companions_of_arrays():
    assert load("a08_imgid.npz").x.shape == (40, 8, 8, 1)
    named = load("a08_class_names.npz")
    assert named.x.shape == (40, 8, 8, 1)
    assert set(counts(named)) == {"cat", "dog"}


def test_a14_a_long_text():
    examples = load("a14_long.csv", format="text_table", target="sentiment")
    assert examples.n_samples == 40
    assert max(map(len, examples.x)) == 100_000


def test_a15_channels_first_at_prediction():
    examples = load("a15_chfirst.npz")
    shape = examples.x.shape[1:]
    asked = InputSpec(
        Signature(examples.kind, examples.task, shape, 2), (), shape, examples.reading
    )
    assert read_inputs(CASES / "a15_new.npy", asked).shape == (3, 12, 20, 3)


def test_a16_small_images_fit_the_recommended_network():
    spec = prepare(RunSpec.from_dict({"data": {"source": str(CASES / "a16_9x9.npz")}})).spec
    assert spec.model.name == "cnn"


def test_a20_broken_clips_are_counted_at_inspection():
    spec = RunSpec.from_dict({"data": {"source": str(CASES / "a20_videos")}})
    examples = look(spec).examples
    assert counts(examples) == {"left": 6, "right": 7}
    assert sum(item.count for item in examples.findings if "cannot be used" in item.text) == 3
