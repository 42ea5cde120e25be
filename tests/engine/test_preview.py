"""The preview of a batch is what the first training step really gets."""

import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from engine.datasets.base import Examples
from engine.datasets.box.digits import Digits
from engine.datasets.packing import FileRows
from engine.errors import Cancelled, DatasetError, SpecError
from engine.events.commands import PreviewBatch
from engine.events.messages import BatchPreviewed, Rejected
from engine.events.run_events import RunFinished
from engine.runs.store import RunStore
from engine.service import running
from engine.service.preview import MAX_EXAMPLES, preview_batch
from engine.service.session import Session
from engine.spec.run_spec import RunSpec
from engine.spec.signature import Kind, Task
from engine.training.control import TrainingControl
from engine.training.prepared_data import look


@pytest.fixture
def fed(monkeypatch):
    """What train steps were given: x, y and weights, if any, of each."""
    steps = []
    original = keras.Model.train_step

    def keep(*arrays):
        steps.append([array.copy() for array in arrays])
        return np.int32(0)

    def spy(model, data):
        with tf.control_dependencies([tf.numpy_function(keep, data, tf.int32)]):
            return original(model, data)

    monkeypatch.setattr(keras.Model, "train_step", spy)
    return steps


def train(spec, folder):
    with RunStore(folder) as store:
        ended = running.train(spec, store, lambda event: None, TrainingControl())
    assert isinstance(ended, RunFinished), ended


def write_table(folder: Path) -> Path:
    """A table with gaps in numbers and in categories, and a column of weights."""
    rng = np.random.default_rng(0)
    lines = ["length,width,colour,counts,species"]
    for index in range(120):
        length = "" if index % 11 == 0 else f"{rng.normal(index % 2, 1):.3f}"
        colour = "" if index % 13 == 0 else ("red", "blue", "green")[rng.integers(3)]
        lines.append(
            f"{length},{rng.normal():.3f},{colour},{1 + index % 4},{('a', 'b')[index % 2]}"
        )
    path = folder / "plants.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def digits(batch_size: int) -> dict:
    return {
        "data": {"source": "digits"},
        "model": {"name": "cnn"},
        "augmentation": {
            "rotate": 15,
            "shift": 0.1,
            "zoom": 0.1,
            "brightness": 0.1,
            "noise": 0.05,
        },
        "training": {"epochs": 1, "batch_size": batch_size, "class_weights": "balanced"},
        "seed": 5,
    }


@pytest.mark.parametrize("batch_size", [16, 64])
def test_digits_are_previewed_as_they_are_fed(fed, tmp_path, batch_size):
    spec = digits(batch_size)
    previewed = preview_batch(spec)
    train(spec, tmp_path)
    x, y, weights = fed[0]
    n = min(batch_size, MAX_EXAMPLES)
    assert len(x) == batch_size
    assert previewed.x.shape == (n, *previewed.signature.input_shape)
    np.testing.assert_allclose(previewed.x, x[:n], atol=1e-6)
    np.testing.assert_array_equal(previewed.weights, weights[:n])
    assert previewed.targets == tuple(str(digit) for digit in y[:n])
    assert not np.array_equal(previewed.before, previewed.x)
    assert len(set(previewed.weights)) > 1


def test_a_table_with_gaps_is_previewed_as_it_is_fed(fed, tmp_path):
    spec = {
        "data": {"source": str(write_table(tmp_path)), "target": "species", "weights": "counts"},
        "model": {"name": "mlp"},
        "augmentation": {"noise": 0.1},
        "training": {"epochs": 1, "batch_size": 32},
        "seed": 2,
    }
    previewed = preview_batch(spec)
    train(spec, tmp_path / "workspace")
    x, y, *weights = fed[0]
    np.testing.assert_allclose(previewed.x, x, atol=1e-6)
    assert np.isfinite(previewed.before).all()
    assert not np.array_equal(previewed.before, previewed.x)
    assert previewed.targets == tuple(("a", "b")[index] for index in y.ravel())
    assert len(previewed.feature_names) == previewed.x.shape[1]
    np.testing.assert_array_equal(previewed.weights, weights[0] if weights else np.ones(32))
    assert len(set(previewed.weights)) > 1


def test_a_series_that_is_stretched_is_previewed_with_its_future(fed, tmp_path):
    spec = {
        "data": {"source": "seasons", "parameters": {"horizon": 3}},
        "model": {"name": "series_linear"},
        "training": {"epochs": 1, "batch_size": 8},
        "augmentation": {"scale": 0.3},
        "execution": {"xla": "off", "layers": "keras"},
    }
    train(spec, tmp_path)
    shown = preview_batch(spec)
    x, y = fed[0][:2]
    np.testing.assert_allclose(shown.x, x, atol=1e-6)
    targets = np.array([[float(part) for part in text.split(", ")] for text in shown.targets])
    restored = look(RunSpec.from_dict(spec)).preprocessing.restore_y(y)
    np.testing.assert_allclose(targets, restored, rtol=1e-4)


def test_without_augmentation_nothing_is_changed(fed, tmp_path):
    spec = {"data": {"source": "diabetes"}, "model": {"name": "mlp"}, "training": {"epochs": 1}}
    previewed = preview_batch(spec | {"training": {"batch_size": 32}})
    train(spec, tmp_path)
    assert previewed.x is previewed.before
    np.testing.assert_array_equal(previewed.x, fed[0][0])
    np.testing.assert_array_equal(previewed.weights, np.ones(32))
    assert all(float(target) > 20 for target in previewed.targets)  # in the target's own unit


def test_no_model_is_needed_and_no_tensorflow_without_augmentation():
    code = (
        "import sys\n"
        "from engine.service.preview import preview_batch\n"
        "assert len(preview_batch({'data': {'source': 'iris'}}).x) == 32\n"
        "assert 'tensorflow' not in sys.modules\n"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_settings_that_do_not_fit_the_data_are_refused():
    with pytest.raises(SpecError) as caught:
        preview_batch({"data": {"source": "iris"}, "augmentation": {"zoom": 0.1}})
    assert [problem.field for problem in caught.value.problems] == ["augmentation.zoom"]


@pytest.mark.parametrize(
    "spec", [{}, {"data": {"source": ""}}, {"data": {"source": "iris"}, "seed": -1}]
)
def test_bad_specs_are_refused(spec):
    with pytest.raises(SpecError):
        preview_batch(spec)


class Pictures:
    """Images in files that exist in name only, some of them unreadable."""

    def __init__(self, n: int, bad: set[int]) -> None:
        self.read: list[int] = []
        paths = [Path(f"{index}.png") for index in range(n)]
        self._bad = bad
        rows = FileRows(paths, self._read, (4, 4, 1), np.uint8, "")
        self.examples = Examples(
            rows,
            np.arange(n) % 2,
            Kind.IMAGE,
            Task.CLASSIFICATION,
            class_names=("even", "odd"),
            names=tuple(path.name for path in paths),
        )

    def _read(self, path: Path) -> np.ndarray:
        index = int(path.stem)
        self.read.append(index)
        if index in self._bad:
            raise DatasetError("is not an image")
        return np.full((4, 4, 1), index % 256, np.uint8)


@pytest.fixture
def pictures(monkeypatch):
    def use(n: int, bad: set[int]) -> Pictures:
        made = Pictures(n, bad)
        monkeypatch.setattr(
            "engine.training.prepared_data.load_examples", lambda *_: (Digits(), made.examples)
        )
        return made

    return use


PICTURES = {"data": {"source": "pictures"}, "training": {"batch_size": 8}}


def test_of_files_only_those_of_the_batch_are_read(pictures):
    made = pictures(100_000, set())
    previewed = preview_batch(PICTURES)
    assert [f"{index}.png" for index in made.read] == list(previewed.names)
    assert len(previewed.names) == 8
    np.testing.assert_array_equal(
        np.rint(previewed.x[:, 0, 0, 0] * 255), [index % 256 for index in made.read]
    )
    assert previewed.targets == tuple(("even", "odd")[index % 2] for index in made.read)


def test_unreadable_files_are_passed_over(pictures):
    first = pictures(200, set())
    preview_batch(PICTURES)
    bad = {first.read[0], first.read[3]}
    second = pictures(200, bad)
    previewed = preview_batch(PICTURES)
    assert second.read[:8] == first.read
    assert list(previewed.names) == [f"{i}.png" for i in second.read if i not in bad]
    assert len(previewed.names) == 8


def test_nothing_readable_is_told_with_a_reason(pictures):
    pictures(30, set(range(30)))
    with pytest.raises(DatasetError, match=r"None of .* can be read.*\.png': is not an image"):
        preview_batch(PICTURES)


def test_it_can_be_cancelled(pictures):
    pictures(30, set())

    def progress(what, done, total):
        raise Cancelled

    with pytest.raises(Cancelled):
        preview_batch(PICTURES, progress)


def test_a_worker_answers(tmp_path, warm_workers):
    session = Session(tmp_path)
    try:
        *_, answer = session.run(PreviewBatch({"data": {"source": "digits"}}))
        assert isinstance(answer, BatchPreviewed)
        assert answer.x.shape == (32, 28, 28, 1)
        *_, answer = session.run(
            PreviewBatch({"data": {"source": "digits"}, "augmentation": {"scale": 0.1}})
        )
        assert isinstance(answer, Rejected)
        assert [problem.field for problem in answer.problems] == ["augmentation.scale"]
    finally:
        session.close()
