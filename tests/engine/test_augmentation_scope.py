"""What no change at random may touch: for each kind of data, change and encoding."""

import numpy as np
import pytest
import tensorflow as tf

from engine.datasets import load_examples
from engine.preprocessing import Preprocessing
from engine.preprocessing.augmentation import FITTING
from engine.preprocessing.scope import Scope
from engine.spec.run_spec import AugmentationSpec, DataSpec, PreprocessingSpec
from engine.spec.signature import Kind
from engine.training.model.augmenter import BatchAugmenter, augmenter
from engine.training.steps.chunk import augmented

N = 60
SEED = tf.constant([3, 0], tf.int32)


@pytest.fixture
def table(tmp_path):
    rng = np.random.default_rng(0)
    words = ["good", "bad", "phone", "screen", "the"]
    lines = [
        ",".join(
            (
                "" if rng.random() < 0.2 else f"{rng.normal():.4f}",
                str(rng.choice(["Oslo", "Rome", "Lima"])),
                str(rng.choice(["yes", "no"])),
                f"2024-0{rng.integers(1, 9)}-11",
                " ".join(rng.choice(words, 5)),
                f"{rng.normal():.4f}",
            )
        )
        for _ in range(N)
    ]
    path = tmp_path / "a.csv"
    path.write_text("n,city,member,when,text,y\n" + "\n".join(lines))
    data = DataSpec(source=str(path), target="y", columns={"text": {"type": "text"}})
    return load_examples(data)[1]


def prepared(examples, **spec):
    preprocessing = Preprocessing.fit(examples, np.arange(N), PreprocessingSpec(**spec))
    return preprocessing, preprocessing.transform_x(examples.x[:N])


@pytest.mark.parametrize("categories", ["one_hot", "embedding"])
@pytest.mark.parametrize("name", FITTING[Kind.TABLE])
def test_categories_words_and_gaps_of_a_table_stay(table, name, categories):
    preprocessing, x = prepared(table, categories=categories)
    scope = Scope.of(table, preprocessing)
    augment = augmenter(AugmentationSpec.model_validate({name: 0.3}), Kind.TABLE, 1.0, scope)
    changed = augment(tf.constant(x), SEED).numpy()
    names = preprocessing.inputs.feature_names
    touched = {names[place] for place in np.flatnonzero((changed != x).any(axis=0))}
    assert touched == {"n", "when (month)", "when (days)"} | (
        touched & {"when (year)", "when (day)", "when (weekday)"}
    )
    assert any(item == "n is missing" for item in names)
    if categories == "embedding":
        assert preprocessing.inputs.category_sizes == (4,)
        np.testing.assert_array_equal(changed[:, -1], x[:, -1])


def test_what_another_package_changes_is_held_to_the_same():
    x = np.array([[1.0, 3.0], [2.0, 4.0]], np.float32)
    augment = BatchAugmenter({1: lambda x, seed: 10 * x}, Scope(measured=(True, False)), 0.0)
    np.testing.assert_array_equal(augment(tf.constant(x), SEED), [[10, 3], [20, 4]])


def test_a_table_of_numbers_alone_is_changed_as_ever():
    x = np.random.default_rng(0).random((8, 3), np.float32)
    spec = AugmentationSpec(noise=0.2)
    plain = augmenter(spec, Kind.TABLE)(tf.constant(x), SEED)
    scoped = augmenter(spec, Kind.TABLE, 1.0, Scope(measured=(True,) * 3))(tf.constant(x), SEED)
    np.testing.assert_array_equal(plain, scoped)


@pytest.mark.parametrize("horizon", [1, 3])
def test_a_series_that_is_stretched_takes_its_future_along(tmp_path, horizon):
    rng = np.random.default_rng(0)
    values = 500 + 20 * rng.normal(size=(N + 20, 2)).cumsum(axis=0)
    rows = "\n".join(f"{n},{a:.4f},{b:.4f}" for n, (a, b) in enumerate(values))
    (tmp_path / "a.csv").write_text(f"t,a,b\n{rows}")
    data = DataSpec(
        source=str(tmp_path / "a.csv"),
        format="series",
        target="a",
        parameters={"window": 4, "horizon": horizon},
    )
    examples = load_examples(data)[1]
    preprocessing, x = prepared(examples)
    y = preprocessing.transform_y(examples.y[:N])
    scope = Scope.of(examples, preprocessing)
    augment = augmenter(AugmentationSpec(scale=0.5), Kind.SERIES, 1.0, scope)
    new_x, new_y = augmented(augment, (tf.constant(x), tf.constant(y)), SEED)
    offset, scale = preprocessing.inputs.offset, preprocessing.inputs.scale
    # In the data's own unit: past and future are stretched about the channel's mean, alike.
    past = new_x.numpy()[:, :, 0] * scale[0]
    factors = past[:, 0] / (x[:, 0, 0] * scale[0])
    assert 0.5 <= factors.min() < 0.7 < 1.3 < factors.max() <= 1.5 + 1e-5
    before = examples.y[:N].reshape(N, horizon) - offset[0]
    after = preprocessing.restore_y(new_y.numpy()).reshape(N, horizon) - offset[0]
    np.testing.assert_allclose(after, before * factors[:, None], rtol=1e-3, atol=0.05)
    assert new_y.shape == y.shape


@pytest.mark.parametrize("name", ["noise"])
def test_noise_of_a_series_leaves_its_target(tmp_path, name):
    augment = augmenter(
        AugmentationSpec(noise=0.3), Kind.SERIES, 1.0, Scope(target_shifts=(0.0, 0.0))
    )
    y = tf.constant(np.ones((4, 2), np.float32))
    np.testing.assert_array_equal(augment.targets(y, SEED), y)


@pytest.mark.parametrize("kind", [Kind.IMAGE, Kind.VIDEO, Kind.AUDIO, Kind.TEXT, Kind.TABLE])
def test_targets_of_other_kinds_stay(kind):
    spec = AugmentationSpec(scale=0.5, noise=0.1, token_dropout=0.2)
    augment = augmenter(spec, kind)
    y = tf.constant(np.arange(4.0, dtype=np.float32))
    np.testing.assert_array_equal(augment.targets(y, SEED), y)


def test_of_a_text_to_translate_only_the_source_loses_tokens():
    ids = np.full((50, 10), 7, np.int32)
    augment = augmenter(AugmentationSpec(token_dropout=0.5), Kind.TEXT, 1.0, Scope(n_tokens=6))
    changed = augment(tf.constant(ids), SEED).numpy()
    assert (changed[:, :6] != 7).any()
    np.testing.assert_array_equal(changed[:, 6:], 7)


def test_padding_of_a_text_stays():
    ids = np.array([[5, 6, 0, 0]] * 50, np.int32)
    augment = augmenter(AugmentationSpec(token_dropout=0.9), Kind.TEXT, 1.0, Scope(n_tokens=4))
    changed = augment(tf.constant(ids), SEED).numpy()
    np.testing.assert_array_equal(changed[:, 2:], 0)
    assert set(np.unique(changed[:, :2])) <= {1, 5, 6}
