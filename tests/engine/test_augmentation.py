"""Augmentation: each setting does what it says and nothing else. Oracles: NumPy and SciPy."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf
from bad_values import bad_value_id, bad_values, field_refused
from scipy import ndimage

from engine.errors import SpecError
from engine.preprocessing.augmentation import (
    FITTING,
    PLUGINS_FIELD,
    active,
    brightest,
    misfits,
    settings_for,
)
from engine.spec.parameters import validate
from engine.spec.run_spec import AugmentationSpec, PreprocessingSpec, RunSpec
from engine.spec.signature import Kind, Signature, Task
from engine.training.defaults import resolve
from engine.training.model.augmenter import augmenter, motions, move_images, random_motions
from engine.training.steps.loop import DeviceData, StepLoop

SETTINGS = tuple(name for name in AugmentationSpec.model_fields if name != PLUGINS_FIELD)
SHAPES = {
    Kind.TABLE: (5,),
    Kind.IMAGE: (12, 16, 3),
    Kind.TEXT: (20,),
    Kind.AUDIO: (40, 20, 1),
    Kind.VIDEO: (4, 8, 6, 3),
    Kind.SERIES: (24, 2),
}
FITTING_PAIRS = [(kind, name) for kind in Kind for name in FITTING[kind]]
MISFITTING_PAIRS = [(kind, name) for kind in Kind for name in SETTINGS if name not in FITTING[kind]]


def one(name: str) -> AugmentationSpec:
    return AugmentationSpec.model_validate({name: "both" if name == "flip" else 0.3})


def batch(kind: Kind, n: int = 8) -> np.ndarray:
    rng = np.random.default_rng(5)
    if kind is Kind.TEXT:
        ids = rng.integers(1, 50, (n, *SHAPES[kind])).astype(np.int32)
        ids[:, 15:] = 0
        return ids
    return rng.random((n, *SHAPES[kind]), dtype=np.float32)


def seed(step: int = 0, run: int = 3) -> tf.Tensor:
    return tf.constant([run, step], tf.int32)


def changed(kind: Kind, x: np.ndarray, step: int = 0, top: float = 1.0, **spec) -> np.ndarray:
    augment = augmenter(AugmentationSpec(**spec), kind, top)
    assert augment is not None
    return augment(tf.constant(x), seed(step)).numpy()


# ---- which settings fit


def test_every_setting_fits_some_kind_and_is_offered_for_it():
    assert {name for names in FITTING.values() for name in names} == set(SETTINGS)
    for kind in Kind:
        assert {item.name for item in settings_for(kind)} == set(FITTING[kind])


def test_only_what_is_set_is_active():
    assert active(AugmentationSpec()) == ()
    assert active(AugmentationSpec(flip="both", noise=0.1)) == ("flip", "noise")


@pytest.mark.parametrize(("kind", "name"), FITTING_PAIRS)
def test_settings_that_fit_are_no_problem(kind, name):
    assert misfits(one(name), kind) == []


@pytest.mark.parametrize(("kind", "name"), MISFITTING_PAIRS)
def test_settings_that_do_not_fit_are_refused_by_name(kind, name):
    (problem,) = misfits(one(name), kind)
    assert problem.field == f"augmentation.{name}"
    assert repr(getattr(one(name), name)) in problem.message
    assert settings_for(kind)[0].label.lower() in problem.hint


def test_a_run_is_refused_with_every_setting_that_does_not_fit():
    spec = RunSpec.from_dict(
        {
            "data": {"source": "iris"},
            "model": {"name": "mlp"},
            "augmentation": {"rotate": 10, "flip": "horizontal", "noise": 0.1},
        }
    )
    with pytest.raises(SpecError) as caught:
        resolve(spec, Signature(Kind.TABLE, Task.CLASSIFICATION, (4,), 3))
    fields = {problem.field for problem in caught.value.problems}
    assert fields == {"augmentation.rotate", "augmentation.flip"}


@pytest.mark.parametrize(("name", "value"), bad_values(AugmentationSpec), ids=bad_value_id)
def test_bad_values_are_refused_by_name(name, value):
    with pytest.raises(SpecError) as caught:
        validate(AugmentationSpec, {name: value}, "augmentation")
    assert field_refused(caught.value, f"augmentation.{name}")


# ---- what holds for every setting


@pytest.mark.parametrize("kind", Kind)
def test_nothing_set_costs_nothing(kind):
    assert augmenter(AugmentationSpec(), kind) is None


@pytest.mark.parametrize(("kind", "name"), MISFITTING_PAIRS)
def test_settings_that_do_not_fit_do_nothing(kind, name):
    assert augmenter(one(name), kind) is None


@pytest.mark.parametrize(("kind", "name"), FITTING_PAIRS)
def test_same_seed_same_result_other_step_or_run_another(kind, name):
    x = tf.constant(batch(kind))
    augment = augmenter(one(name), kind)
    first = augment(x, seed(7)).numpy()
    assert first.shape == x.shape
    assert first.dtype == x.numpy().dtype
    assert not np.array_equal(first, x)
    np.testing.assert_array_equal(first, augment(x, seed(7)))
    assert not np.array_equal(first, augment(x, seed(8)))
    assert not np.array_equal(first, augment(x, seed(7, run=4)))


@pytest.mark.parametrize("kind", Kind)
def test_in_a_graph_of_unknown_batch_size_it_is_the_same(kind):
    spec = AugmentationSpec(**{name: getattr(one(name), name) for name in FITTING[kind]})
    augment, x = augmenter(spec, kind), batch(kind)
    graph = tf.function(
        augment,
        input_signature=[
            tf.TensorSpec((None, *x.shape[1:]), x.dtype),
            tf.TensorSpec((2,), tf.int32),
        ],
        autograph=False,
    )
    whole = graph(tf.constant(x), seed()).numpy()
    np.testing.assert_allclose(whole, augment(tf.constant(x), seed()), atol=1e-6)
    # The beginning of a batch is changed as it is in the whole: a preview can be smaller.
    np.testing.assert_allclose(whole[:3], graph(tf.constant(x[:3]), seed()), atol=1e-6)


def test_it_compiles_with_xla_and_stays_repeatable():
    spec = AugmentationSpec(flip="both", rotate=30, shift=0.1, zoom=0.2, brightness=0.1, noise=0.1)
    compiled = tf.function(augmenter(spec, Kind.IMAGE), jit_compile=True, autograph=False)
    x = tf.constant(batch(Kind.IMAGE))
    first = compiled(x, seed()).numpy()
    np.testing.assert_array_equal(first, compiled(x, seed()))
    assert not np.array_equal(first, compiled(x, seed(1)))


def test_each_change_has_random_numbers_of_its_own():
    x = np.full((4, *SHAPES[Kind.IMAGE]), 0.5, np.float32)
    noise = changed(Kind.IMAGE, x, noise=0.02) - x
    brightness = changed(Kind.IMAGE, x, brightness=0.1) - x
    both = changed(Kind.IMAGE, x, noise=0.02, brightness=0.1) - x
    np.testing.assert_allclose(both, noise + brightness, atol=1e-6)


# ---- images and clips: where pixels go


def still(n: int = 1) -> dict[str, tf.Tensor]:
    """The motion that leaves images as they are."""
    zeros, ones = tf.zeros(n), tf.ones(n)
    return {
        "mirror_x": ones,
        "mirror_y": ones,
        "angle": zeros,
        "zoom": ones,
        "down": zeros,
        "right": zeros,
    }


def moved(image: np.ndarray, **motion: float) -> np.ndarray:
    maps = motions(
        image.shape[:2], **(still() | {name: tf.constant([float(v)]) for name, v in motion.items()})
    )
    return move_images(tf.constant(image[np.newaxis]), maps).numpy()[0]


@pytest.fixture
def image() -> np.ndarray:
    return np.random.default_rng(1).random((9, 13, 3), dtype=np.float32)


def test_no_motion_leaves_every_bit(image):
    np.testing.assert_array_equal(moved(image), image)


def test_mirrored_exactly(image):
    np.testing.assert_array_equal(moved(image, mirror_x=-1), image[:, ::-1])
    np.testing.assert_array_equal(moved(image, mirror_y=-1), image[::-1])


@pytest.mark.parametrize("quarters", [1, 2, 3])
@pytest.mark.parametrize("side", [8, 9])
def test_quarter_turns_are_those_of_numpy(quarters, side):
    image = np.random.default_rng(2).random((side, side, 2), dtype=np.float32)
    turned = moved(image, angle=quarters * math.pi / 2)
    np.testing.assert_allclose(turned, np.rot90(image, quarters), atol=1e-5)


@pytest.mark.parametrize("degrees", [-75, -20, 5, 33])
def test_turns_are_those_of_scipy(image, degrees):
    expected = ndimage.rotate(image, degrees, (1, 0), reshape=False, order=1, mode="nearest")
    np.testing.assert_allclose(moved(image, angle=math.radians(degrees)), expected, atol=1e-4)


@pytest.mark.parametrize("zoom", [0.5, 0.9, 1.3, 2.0])
def test_zoom_is_about_the_centre(image, zoom):
    middle = (np.array(image.shape[:2]) - 1) / 2
    expected = np.stack(
        [
            ndimage.affine_transform(
                image[..., channel],
                np.eye(2) / zoom,
                middle - middle / zoom,
                order=1,
                mode="nearest",
            )
            for channel in range(3)
        ],
        axis=-1,
    )
    np.testing.assert_allclose(moved(image, zoom=zoom), expected, atol=1e-5)


@pytest.mark.parametrize(("down", "right"), [(2, 0), (0, 3), (-1, 4), (-8, -12), (20, 0)])
def test_shifts_by_whole_pixels_repeat_the_edge(image, down, right):
    height, width = image.shape[:2]
    rows = np.clip(np.arange(height) - down, 0, height - 1)
    columns = np.clip(np.arange(width) - right, 0, width - 1)
    expected = image[rows][:, columns]
    np.testing.assert_array_equal(moved(image, down=down, right=right), expected)


def test_mirrored_then_turned_then_moved():
    image = np.random.default_rng(3).random((8, 8, 1), dtype=np.float32)
    expected = np.rot90(image[:, ::-1], 1)[np.clip(np.arange(8) - 2, 0, 7)]
    result = moved(image, mirror_x=-1, angle=math.pi / 2, down=2)
    np.testing.assert_allclose(result, expected, atol=1e-5)


def test_all_frames_of_a_clip_move_alike():
    clips = batch(Kind.VIDEO)
    spec = AugmentationSpec(flip="both", rotate=40, shift=0.2, zoom=0.2)
    maps = random_motions(spec, SHAPES[Kind.VIDEO][1:3], tf.constant(len(clips)), seed())
    whole = move_images(tf.constant(clips), maps).numpy()
    for frame in range(clips.shape[1]):
        alone = move_images(tf.constant(clips[:, frame]), maps)
        np.testing.assert_array_equal(whole[:, frame], alone)
    assert not np.array_equal(whole, clips)


@pytest.mark.parametrize(
    ("flip", "versions"),
    [
        ("horizontal", {(1, 1), (1, -1)}),
        ("vertical", {(1, 1), (-1, 1)}),
        ("both", {(1, 1), (1, -1), (-1, 1), (-1, -1)}),
    ],
)
def test_flips_are_drawn_for_each_image_and_undo_themselves(flip, versions):
    x = batch(Kind.IMAGE, 64)
    once = changed(Kind.IMAGE, x, flip=flip)
    seen = set()
    for image, result in zip(x, once, strict=True):
        fitting = {
            (down, right)
            for down, right in versions
            if np.array_equal(result, image[::down, ::right])
        }
        assert len(fitting) == 1
        seen |= fitting
    assert seen == versions
    np.testing.assert_array_equal(changed(Kind.IMAGE, once, flip=flip), x)


def drawn_maps(n: int = 2000, size: tuple[int, int] = (20, 30), **spec: float) -> np.ndarray:
    return random_motions(AugmentationSpec(**spec), size, tf.constant(n), seed()).numpy()


def test_angles_fill_their_range():
    maps = drawn_maps(rotate=30)
    angles = np.degrees(np.arctan2(maps[:, 1, 0], maps[:, 0, 0]))
    assert -30 <= angles.min() < -28
    assert 28 < angles.max() <= 30
    np.testing.assert_allclose(np.linalg.det(maps[:, :, :2]), 1, atol=1e-5)  # nothing enlarged
    np.testing.assert_allclose(maps @ (14.5, 9.5, 1), np.tile((14.5, 9.5), (2000, 1)), atol=1e-4)


def test_shifts_fill_their_range_in_each_direction():
    maps = drawn_maps(shift=0.1)
    np.testing.assert_array_equal(maps[:, :, :2], np.tile(np.eye(2), (2000, 1, 1)))
    for axis, most in ((0, 3.0), (1, 2.0)):
        assert 0.97 * most < np.abs(maps[:, axis, 2]).max() <= most + 1e-5
        assert abs(maps[:, axis, 2].mean()) < 0.1 * most


def test_zoom_fills_its_range_alike_in_both_directions():
    maps = drawn_maps(zoom=0.2)
    np.testing.assert_array_equal(maps[:, 0, 0], maps[:, 1, 1])
    np.testing.assert_array_equal(maps[:, [0, 1], [1, 0]], 0)
    zoom = 1 / maps[:, 0, 0]
    assert 0.8 - 1e-6 <= zoom.min() < 0.81
    assert 1.19 < zoom.max() <= 1.2 + 1e-6


# ---- images: what pixels hold


@pytest.mark.parametrize("top", [1.0, 255.0])
def test_brightness_adds_one_number_to_an_image(top):
    x = np.full((500, *SHAPES[Kind.IMAGE]), 0.5 * top, np.float32)
    added = changed(Kind.IMAGE, x, top=top, brightness=0.3) / top - 0.5
    np.testing.assert_allclose(added.std(axis=(1, 2, 3)), 0, atol=1e-6)
    amounts = added[:, 0, 0, 0]
    assert -0.3 - 1e-5 <= amounts.min() < -0.28
    assert 0.28 < amounts.max() <= 0.3 + 1e-5


@pytest.mark.parametrize("name", ["brightness", "noise"])
@pytest.mark.parametrize("top", [1.0, 255.0])
def test_images_stay_in_their_range(name, top):
    result = changed(Kind.IMAGE, batch(Kind.IMAGE) * np.float32(top), top=top, **{name: 1.0})
    assert result.min() == 0
    assert result.max() == top


@pytest.mark.parametrize(
    ("kind", "top"), [(Kind.IMAGE, 1.0), (Kind.IMAGE, 255.0), (Kind.SERIES, 1.0), (Kind.TABLE, 1.0)]
)
def test_noise_has_its_deviation(kind, top):
    x = np.full((4000, *SHAPES[kind][:1], *[2] * (len(SHAPES[kind]) - 1)), 0.5 * top, np.float32)
    noise = (changed(kind, x, top=top, noise=0.05) - x) / top
    assert noise.std() == pytest.approx(0.05, rel=0.02)
    assert abs(noise.mean()) < 0.001


def test_the_range_of_images_follows_their_scaling():
    assert brightest(PreprocessingSpec()) == 1.0
    assert brightest(PreprocessingSpec(scaling="none")) == 255.0


# ---- recordings


def test_recordings_move_in_time_by_whole_frames():
    x = batch(Kind.AUDIO, 200)
    result = changed(Kind.AUDIO, x, shift=0.2)
    seen = set()
    for recording, shifted in zip(x, result, strict=True):
        silence = np.full_like(recording, recording.min())
        padded = np.concatenate([silence, recording, silence])
        fitting = [by for by in range(-40, 41) if np.array_equal(padded[40 - by :][:40], shifted)]
        assert len(fitting) == 1
        seen.add(fitting[0])
    assert seen == set(range(-8, 9))


@pytest.mark.parametrize(("name", "axis"), [("time_mask", 1), ("frequency_mask", 2)])
def test_masks_are_one_stretch_each_within_their_width(name, axis):
    x = batch(Kind.AUDIO, 400)
    result = changed(Kind.AUDIO, x, **{name: 0.25})
    differs = np.moveaxis(result != x, axis, 1).reshape(400, x.shape[axis], -1)
    masked = differs.all(axis=2)
    np.testing.assert_array_equal(masked, differs.any(axis=2))  # the whole width of the other axis
    widths = masked.sum(axis=1)
    assert set(widths) == set(range(int(0.25 * x.shape[axis]) + 1))
    edges = np.abs(np.diff(masked.astype(int), axis=1, prepend=0, append=0)).sum(axis=1)
    np.testing.assert_array_equal(edges, np.where(widths, 2, 0))
    assert masked[:, 0].any()
    assert masked[:, -1].any()
    means = np.broadcast_to(x.mean(axis=(1, 2, 3), keepdims=True), x.shape)
    np.testing.assert_allclose(result[result != x], means[result != x], atol=1e-5)


# ---- texts and series


def test_tokens_become_unknown_in_the_share_asked_for():
    ids = np.random.default_rng(0).integers(2, 1000, (200, 50)).astype(np.int32)
    ids[:, 40:] = 0
    ids[:, :5] = 1
    result = changed(Kind.TEXT, ids, token_dropout=0.3)
    np.testing.assert_array_equal(result[:, 40:], 0)
    np.testing.assert_array_equal(result[:, :5], 1)
    tokens, kept = ids[:, 5:40], result[:, 5:40]
    assert set(np.unique(kept[kept != tokens])) == {1}
    n = tokens.size
    deviation = math.sqrt(n * 0.3 * 0.7)
    assert abs(np.count_nonzero(kept != tokens) - 0.3 * n) < 4 * deviation


def test_series_are_stretched_as_a_whole():
    x = batch(Kind.SERIES, 500) + 0.5
    factors = changed(Kind.SERIES, x, scale=0.2) / x
    np.testing.assert_allclose(factors, factors[:, :1, :1] * np.ones_like(x), rtol=1e-5)
    assert 0.8 - 1e-5 <= factors.min() < 0.81
    assert 1.19 < factors.max() <= 1.2 + 1e-5


# ---- in the loop


def model() -> keras.Model:
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [
            keras.Input(SHAPES[Kind.IMAGE]),
            keras.layers.Conv2D(3, 3),
            keras.layers.Flatten(),
            keras.layers.Dense(2, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", jit_compile=False)
    return model


@pytest.mark.parametrize("chunk", [1, 2, 4])
def test_steps_learn_from_changed_batches_however_they_are_cut(chunk):
    augment = augmenter(AugmentationSpec(rotate=20, noise=0.1), Kind.IMAGE)
    x, y = batch(Kind.IMAGE, 32), np.arange(32) % 2
    theirs, ours = model(), model()
    data = DeviceData.place(x, y)
    loop = StepLoop(ours, data, augment=augment, seed=11)
    order = np.arange(32, dtype=np.int32).reshape(4, 8)
    for start in range(0, 4, chunk):
        loop.train(data, order[start : start + chunk], start)
    for step, rows in enumerate(order):
        theirs.train_on_batch(augment(tf.constant(x[rows]), seed(step, run=11)), y[rows])
    for mine, his in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(mine, his, atol=1e-6)


def test_what_is_not_learnt_from_is_not_changed():
    x, y = batch(Kind.IMAGE, 32), np.arange(32) % 2
    data = DeviceData.place(x, y)
    order = np.arange(32, dtype=np.int32).reshape(4, 8)
    plain = StepLoop(model(), data)
    augmented = StepLoop(model(), data, augment=augmenter(one("noise"), Kind.IMAGE), seed=11)
    np.testing.assert_array_equal(
        plain.test(data, order)["loss"], augmented.test(data, order)["loss"]
    )
    np.testing.assert_array_equal(plain.predict(x), augmented.predict(x))


# ---- what is left open


def _resolved(**changes):
    values = {"data": {"source": "digits"}, "model": {"name": "cnn"}, **changes}
    n_train = values.pop("n_train", 1_257)
    task = values.pop("task", Task.CLASSIFICATION)
    classes = 10 if task is Task.CLASSIFICATION else 0
    signature = Signature(Kind.IMAGE, task, (28, 28, 1), n_classes=classes, n_train=n_train)
    return resolve(RunSpec.from_dict(values), signature)


def test_few_images_are_moved_a_little_and_many_are_not():
    assert _resolved().augmentation.shift == 0.05
    assert _resolved(n_train=60_000).augmentation.shift == 0.0
    assert _resolved(model={"name": "mlp"}).augmentation.shift == 0.0


def test_where_something_is_may_be_what_is_asked():
    assert _resolved(task=Task.REGRESSION).augmentation.shift == 0.0


@pytest.mark.parametrize("shift", [0.0, 0.2])
def test_what_was_chosen_stays(shift):
    assert _resolved(augmentation={"shift": shift}).augmentation.shift == shift


def test_what_is_off_by_hand_is_not_active_nor_wrong_of_other_data():
    spec = AugmentationSpec(shift=0.0, time_mask=0.0)
    assert active(spec) == ()
    assert misfits(spec, Kind.TEXT) == []
