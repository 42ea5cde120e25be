"""Arrays with companions: which are inputs and targets, what is said, and what predicts."""

import numpy as np
import pytest

from engine.datasets import load_examples
from engine.datasets.base import InputSpec
from engine.datasets.numpy_files.array_inputs import read_inputs
from engine.errors import DatasetError
from engine.events.findings import Trouble
from engine.inference.contract import Contract
from engine.spec.run_spec import DataSpec, RunSpec
from engine.spec.signature import Kind, Signature
from engine.training.prepared_data import prepare

rng = np.random.default_rng(0)
N = 30
IMAGES = rng.integers(0, 256, (N, 8, 6), np.uint8)
LABELS = np.arange(N) % 3
IDS = np.arange(N) + 1000


def load(path, **values):
    return load_examples(DataSpec(source=str(path), **values))[1]


def saved(path, **arrays):
    np.savez(path, **arrays)
    return path


class TestCompanions:
    @pytest.mark.parametrize(
        "others",
        [
            {"image_id": IDS},
            {"ids": IDS, "filenames": np.array([f"{i}.png" for i in IDS])},
            {"label_names": np.array(["a", "b", "c"])},
            {"class_names": np.array(["a", "b", "c"])},
            {"image_mask": rng.integers(0, 2, (N, 8, 6), np.uint8)},
            {"masks": rng.integers(0, 2, (N, 8, 6), np.uint8)},
            {"label_probabilities": rng.random((N, 3))},
            {"labels_onehot": np.eye(3)[LABELS]},
            {"y_pred": LABELS[::-1]},
            {"label_id": LABELS[::-1]},
            {"sample_weights": rng.random(N)},
            {"image_mean": rng.random((8, 6)), "image_std": rng.random((8, 6))},
            {"class": np.array(["a", "b", "c"])},
        ],
        ids=lambda others: next(iter(others)),
    )
    @pytest.mark.parametrize("first", [True, False])
    def test_beside_images_and_labels(self, tmp_path, others, first):
        pair = {"images": IMAGES, "labels": LABELS}
        arrays = {**pair, **others} if first else {**others, **pair}
        examples = load(saved(tmp_path / "a.npz", **arrays))
        assert examples.kind is Kind.IMAGE
        np.testing.assert_array_equal(examples.x[:][..., 0], IMAGES)
        np.testing.assert_array_equal(examples.y, LABELS)
        assert examples.target_name == "labels"

    @pytest.mark.parametrize("name", ["class_names", "label_names", "target_names", "classes"])
    def test_names_of_classes(self, tmp_path, name):
        path = saved(tmp_path / "a.npz", x=IMAGES, y=LABELS, **{name: np.array(["p", "q", "r"])})
        assert load(path).class_names == ("p", "q", "r")
        path = saved(tmp_path / "b.npz", x=IMAGES, y=LABELS, **{name: np.array(["p", "q"])})
        assert load(path).class_names == ("0", "1", "2")

    def test_inputs_named_by_a_word_of_companions(self, tmp_path):
        tokens = rng.integers(0, 50, (N, 12))
        examples = load(saved(tmp_path / "a.npz", input_ids=tokens, label=LABELS))
        assert examples.x.shape == (N, 12)
        assert examples.target_name == "label"

    @pytest.mark.parametrize("name", ["class_id", "category_id", "label_idx", "category"])
    def test_numbers_of_classes(self, tmp_path, name):
        path = saved(tmp_path / "a.npz", images=IMAGES, image_id=IDS, **{name: LABELS})
        assert load(path).target_name == name

    def test_targets_of_another_name(self, tmp_path):
        path = saved(tmp_path / "a.npz", images=IMAGES, age=rng.random(N), image_id=IDS)
        assert load(path).target_name == "age"

    @pytest.mark.parametrize(
        "arrays",
        [
            {"images": IMAGES, "image_id": IDS},
            {"images": IMAGES, "mask": IMAGES},
            {"photos": IMAGES, "age": rng.random(N), "kind": LABELS},
        ],
        ids=lambda arrays: "-".join(arrays),
    )
    def test_what_is_not_clear_is_asked(self, tmp_path, arrays):
        with pytest.raises(DatasetError, match=r"Which array of 'a\.npz'"):
            load(saved(tmp_path / "a.npz", **arrays))

    def test_what_is_not_used_is_said_and_can_be_taken(self, tmp_path):
        features = rng.random((N, 5))
        path = saved(tmp_path / "a.npz", images=IMAGES, labels=LABELS, features=features, age=IDS)
        examples = load(path)
        (finding,) = [item for item in examples.findings if item.trouble is Trouble.UNDERSTOOD]
        assert "'images' was taken as inputs, 'labels' as targets" in finding.text
        assert finding.names == ("features", "age")
        remedies = {item.label: item.changes for item in finding.remedies}
        changes = remedies["Take 'features' as inputs"]
        chosen = load(
            path,
            target=changes["data.target"],
            parameters={"inputs": changes["data.parameters.inputs"]},
        )
        assert chosen.x.shape == (N, 5)
        assert load(path, target="age").task.value == "regression"


class TestRange:
    def test_hot_pixels_are_said_with_the_way_out(self, tmp_path):
        x = rng.integers(0, 2_000, (N, 12, 12)).astype(np.uint16)
        x[:, 0, 0] = 65_535
        path = saved(tmp_path / "a.npz", x=x, y=LABELS)
        examples = load(path)
        assert (examples.reading["low"], examples.reading["high"]) == (0, 65_535)
        (finding,) = [item for item in examples.findings if "Nearly all pixels" in item.text]
        changes = finding.remedies[0].changes.items()
        chosen = load(path, parameters={key.rpartition(".")[2]: value for key, value in changes})
        assert chosen.x[:][:, 1:].max() == 255
        assert np.median(chosen.x[:]) > 100
        assert not any("Nearly all pixels" in item.text for item in chosen.findings)
        with pytest.raises(DatasetError, match="White must be above black"):
            load(path, parameters={"white": 0})

    def test_a_model_knows_its_range(self, tmp_path):
        path = saved(tmp_path / "a.npz", x=rng.random((N, 8, 8)), y=LABELS)
        values = {"data": {"source": str(path)}, "model": {"name": "mlp"}}
        data = prepare(RunSpec.from_dict(values))
        contract = Contract.of(data.examples, data.preprocessing)
        contract.check(data.examples)
        values["data"]["parameters"] = {"white": 2}
        with pytest.raises(DatasetError, match="black and white"):
            contract.check(prepare(RunSpec.from_dict(values)).examples)

    def test_usual_images_raise_no_doubt(self, tmp_path):
        for x in (IMAGES, rng.random((N, 8, 8)), rng.integers(0, 65_536, (N, 8, 8)).astype("u2")):
            examples = load(saved(tmp_path / "a.npz", x=x, y=LABELS))
            assert not any("Nearly all pixels" in item.text for item in examples.findings)


class TestLabels:
    def load(self, tmp_path, y, **values):
        return load(saved(tmp_path / "a.npz", x=IMAGES, y=y), **values)

    def test_bytes(self, tmp_path):
        assert self.load(tmp_path, np.array([b"cat", b"dog"] * 15)).class_names == ("cat", "dog")

    def test_minus_one_beside_classes_from_0_on_is_said(self, tmp_path):
        examples = self.load(tmp_path, np.where(LABELS == 2, -1, LABELS))
        assert examples.class_names == ("-1", "0", "1")
        assert "often means that none is known" in examples.findings[0].text

    @pytest.mark.parametrize("shape", [(N, 8, 6), (N, 8, 6, 2)])
    def test_masks_are_refused(self, tmp_path, shape):
        with pytest.raises(DatasetError, match="as masks have"):
            self.load(tmp_path, rng.integers(0, 2, shape))

    def test_probabilities_are_numbers_unless_classes_are_asked_for(self, tmp_path):
        y = np.array([[0.9, 0.1], [0.2, 0.8]] * 15)
        examples = self.load(tmp_path, y)
        assert examples.task.value == "regression"
        assert examples.findings[0].remedies[0].changes == {"data.task": "classification"}
        assert self.load(tmp_path, y, task="classification").y.tolist() == [0, 1] * 15

    def test_several_labels_are_said(self, tmp_path):
        y = np.array([[1, 1, 0], [0, 1, 0]] * 15)
        assert "several labels at once" in self.load(tmp_path, y).findings[0].text


class TestPrediction:
    def spec(self, examples):
        shape = examples.x.shape[1:]
        return InputSpec(
            Signature(examples.kind, examples.task, shape, len(examples.class_names)),
            examples.feature_names,
            shape,
            examples.reading,
        )

    @pytest.mark.parametrize(
        "stored",
        [(8, 6), (8, 6, 1), (8, 6, 3), (8, 6, 4), (3, 8, 6), (4, 8, 6), (1, 8, 6), (6, 6, 3)],
        ids=str,
    )
    @pytest.mark.parametrize("dtype", [np.uint8, np.float64])
    def test_what_trained_can_be_predicted(self, tmp_path, stored, dtype):
        x = rng.integers(0, 256, (N, *stored)).astype(dtype)
        x = x if dtype is np.uint8 else x / 255
        holds = {"parameters": {"holds": "images"}}
        examples = load(saved(tmp_path / "a.npz", x=x, y=LABELS), **holds)
        spec, pixels = self.spec(examples), examples.x[:]
        for rows in (x[:3], x[:1], x[0]):
            np.save(tmp_path / "new.npy", rows)
            read = read_inputs(tmp_path / "new.npy", spec)
            np.testing.assert_array_equal(read, pixels[: len(read)])
        read = read_inputs(saved(tmp_path / "b.npz", x=x[:2], y=LABELS[:2], ids=IDS[:2]), spec)
        np.testing.assert_array_equal(read, pixels[:2])
        read = read_inputs(saved(tmp_path / "c.npz", photos=x[:2], ids=IDS[:2]), spec)
        np.testing.assert_array_equal(read, pixels[:2])

    def test_a_series_of_one_channel(self, tmp_path):
        x = rng.random((N, 12))
        path = saved(tmp_path / "a.npz", x=x, y=LABELS)
        spec = self.spec(load(path, parameters={"holds": "series"}))
        for rows in (x[:2], x[0]):
            np.save(tmp_path / "new.npy", rows)
            np.testing.assert_array_equal(
                read_inputs(tmp_path / "new.npy", spec)[..., 0], x[: 1 + (rows.ndim > 1)]
            )

    def test_spellings_of_a_class(self, tmp_path):
        path = saved(tmp_path / "b.npz", x=IMAGES, y=np.array(["Cat", "cat", "dog"] * 10))
        assert load(path).class_names == ("Cat", "dog")
        assert len(load(path, parameters={"spellings": "exact"}).class_names) == 3

    def test_another_layout_than_that_of_the_training(self, tmp_path):
        x = rng.integers(0, 256, (N, 8, 6, 3), np.uint8)
        spec = self.spec(load(saved(tmp_path / "a.npz", x=x, y=LABELS)))
        np.save(tmp_path / "new.npy", np.moveaxis(x[:2], -1, 1))
        np.testing.assert_array_equal(read_inputs(tmp_path / "new.npy", spec), x[:2])

    def test_another_shape_is_refused(self, tmp_path):
        spec = self.spec(load(saved(tmp_path / "a.npz", x=IMAGES, y=LABELS)))
        np.save(tmp_path / "new.npy", np.zeros((2, 6, 8), np.uint8))
        with pytest.raises(DatasetError, match=r"takes inputs of shape \(8, 6, 1\)"):
            read_inputs(tmp_path / "new.npy", spec)

    @pytest.mark.parametrize(("trained", "new"), [(255.0, 1.0), (1.0, 255.0), (4000.0, 60000.0)])
    def test_another_range_is_refused(self, tmp_path, trained, new):
        x = rng.random((N, 8, 8))
        spec = self.spec(load(saved(tmp_path / "a.npz", x=x * trained, y=LABELS)))
        np.save(tmp_path / "new.npy", x[:2] * new)
        with pytest.raises(DatasetError, match="another range"):
            read_inputs(tmp_path / "new.npy", spec)

    def test_four_channels_are_said(self, tmp_path):
        x = rng.integers(0, 256, (N, 8, 6, 4), np.uint8)
        examples = load(saved(tmp_path / "a.npz", x=x, y=LABELS))
        assert any("the fourth, transparency, is left out" in i.text for i in examples.findings)
