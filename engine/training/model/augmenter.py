"""Changes made at random to batches on their way into a training step. Imported by workers only.

A change is a pure function of a batch and a seed, so a run is repeatable, and can be taken up in
the middle, without any state. It runs in a graph, also under XLA, on all examples of a batch at
once, each of which is changed in its own way.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable
from enum import IntEnum
from functools import partial

import numpy as np
import tensorflow as tf

from engine.preprocessing.augmentation import AUGMENTATIONS, Augmentation
from engine.preprocessing.scope import Scope
from engine.preprocessing.tokens import FIRST_TOKEN, UNKNOWN
from engine.spec.parameters import Parameters, validate
from engine.spec.run_spec import AugmentationSpec
from engine.spec.signature import Kind

Augmenter = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]

# Named, so that TensorFlow does not choose by the device.
_ALGORITHM = "philox"
# Draws of other packages are numbered from here, apart from those of `_Draw`.
_PLUGIN_DRAWS = 1 << 30


class _Draw(IntEnum):
    """What random numbers are for: each has its own, whatever else is switched on."""

    GEOMETRY = 0
    BRIGHTNESS = 1
    NOISE = 2
    SHIFT = 3
    TIME_MASK = 4
    FREQUENCY_MASK = 5
    TOKENS = 6
    SCALE = 7


def augmenter(
    spec: AugmentationSpec, kind: Kind, brightest: float = 1.0, scope: Scope | None = None
) -> BatchAugmenter | None:
    """Makes the function that changes the batches of training steps.

    Args:
        spec: How much is changed; settings that do not fit `kind` have no effect here.
        kind: What one example is.
        brightest: The largest value of images and clips as the network receives them.
        scope: What may be touched; None: everything.

    Returns:
        A function of a batch as the network receives it, (n, *input_shape), and a seed, int32 (2,),
        such as the run's seed and the number of the step. It returns a changed batch of the same
        shape and type. None where nothing is to be changed.
    """
    changes = {int(draw): change for draw, change in _CHANGES[kind](spec, brightest).items()}
    changes |= _of_plugins(spec, kind, brightest)
    if not changes:
        return None
    stretch = spec.scale if kind is Kind.SERIES else 0.0
    return BatchAugmenter(changes, scope or Scope(), stretch)


class BatchAugmenter:
    """Changes batches at random; see `augmenter`.

    Args:
        changes: By the number their draws are told apart by.
        scope: What may be touched.
        stretch: By how much series are stretched at most.
    """

    def __init__(self, changes: dict[int, Augmenter], scope: Scope, stretch: float) -> None:
        self._changes, self._scope, self._stretch = changes, scope, stretch

    def __repr__(self) -> str:
        return f"BatchAugmenter({sorted(self._changes)})"

    def __call__(self, x: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        """Returns the inputs of a batch, changed."""
        before = x
        n_tokens = self._scope.n_tokens
        is_taught = bool(n_tokens) and x.shape[1] is not None and n_tokens < x.shape[1]
        if is_taught:
            x = x[:, :n_tokens]
        for draw, change in self._changes.items():
            changed = change(x, tf.random.fold_in(seed, draw, alg=_ALGORITHM))
            x = tf.ensure_shape(changed, x.shape)
        if is_taught:
            return tf.concat([x, before[:, n_tokens:]], axis=1)
        measured = self._scope.measured
        return x if all(measured) else tf.where(tf.constant(measured), x, before)

    def targets(self, y: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        """Returns the targets of the same batch: a series that is stretched takes its future along.

        Args:
            y: What is learnt, (n,) or (n, n_values).
            seed: As for the inputs.
        """
        shifts = self._scope.target_shifts
        if not (self._stretch and shifts):
            return y
        factor = _stretches(
            tf.shape(y)[0], tf.random.fold_in(seed, _Draw.SCALE, alg=_ALGORITHM), self._stretch
        )
        shift = tf.constant(shifts if y.shape.rank > 1 else shifts[0], y.dtype)
        factor = tf.reshape(factor, (-1, *[1] * (y.shape.rank - 1)))
        return tf.ensure_shape(shift + (y - shift) * factor, y.shape)


def _of_images(spec: AugmentationSpec, brightest: float) -> dict[_Draw, Augmenter]:
    changes: dict[_Draw, Augmenter] = {}
    if spec.flip != "none" or spec.rotate or spec.shift or spec.zoom:
        changes[_Draw.GEOMETRY] = lambda x, seed: move_images(
            x, random_motions(spec, _size(x), tf.shape(x)[0], seed)
        )
    if spec.brightness:
        changes[_Draw.BRIGHTNESS] = lambda x, seed: tf.clip_by_value(
            x + _per_example(x, seed, -spec.brightness * brightest, spec.brightness * brightest),
            0.0,
            brightest,
        )
    if spec.noise:
        changes[_Draw.NOISE] = lambda x, seed: tf.clip_by_value(
            x + _normal(x, seed, spec.noise * brightest), 0.0, brightest
        )
    return changes


def _of_recordings(spec: AugmentationSpec, _: float) -> dict[_Draw, Augmenter]:
    changes: dict[_Draw, Augmenter] = {}
    if shift := spec.shift:
        changes[_Draw.SHIFT] = lambda x, seed: shift_in_time(x, shift, seed)
    if spec.noise:
        changes[_Draw.NOISE] = lambda x, seed: x + _normal(x, seed, spec.noise)
    if time := spec.time_mask:
        changes[_Draw.TIME_MASK] = lambda x, seed: mask(x, time, 1, seed)
    if band := spec.frequency_mask:
        changes[_Draw.FREQUENCY_MASK] = lambda x, seed: mask(x, band, 2, seed)
    return changes


def _of_texts(spec: AugmentationSpec, _: float) -> dict[_Draw, Augmenter]:
    if not spec.token_dropout:
        return {}
    return {_Draw.TOKENS: lambda x, seed: drop_tokens(x, spec.token_dropout, seed)}


def _of_numbers(spec: AugmentationSpec, _: float) -> dict[_Draw, Augmenter]:
    if not spec.noise:
        return {}
    return {_Draw.NOISE: lambda x, seed: x + _normal(x, seed, spec.noise)}


def _of_series(spec: AugmentationSpec, brightest: float) -> dict[_Draw, Augmenter]:
    changes = _of_numbers(spec, brightest)
    if spec.scale:
        changes[_Draw.SCALE] = lambda x, seed: (
            x * tf.reshape(_stretches(tf.shape(x)[0], seed, spec.scale), (-1, 1, 1))
        )
    return changes


_CHANGES: dict[Kind, Callable[[AugmentationSpec, float], dict[_Draw, Augmenter]]] = {
    Kind.TABLE: _of_numbers,
    Kind.IMAGE: _of_images,
    Kind.TEXT: _of_texts,
    Kind.AUDIO: _of_recordings,
    Kind.VIDEO: _of_images,
    Kind.SERIES: _of_series,
}


def _of_plugins(spec: AugmentationSpec, kind: Kind, brightest: float) -> dict[int, Augmenter]:
    """Those of other packages, in the order of their names; each draws by its own name."""
    largest = brightest if kind in (Kind.IMAGE, Kind.VIDEO) else 1.0
    changes: dict[int, Augmenter] = {}
    for name, values in sorted(spec.plugins.items()):
        augmentation = AUGMENTATIONS[name]
        if kind in augmentation.kinds:
            settings = validate(augmentation.parameters, values, f"augmentation.plugins.{name}")
            draw = _PLUGIN_DRAWS | zlib.crc32(name.encode()) & (_PLUGIN_DRAWS - 1)
            changes[draw] = partial(_by_plugin, augmentation, settings, largest)
    return changes


def _by_plugin(
    augmentation: Augmentation, settings: Parameters, largest: float, x: tf.Tensor, seed: tf.Tensor
) -> tf.Tensor:
    if largest == 1.0:
        return augmentation.change(x, seed, settings)
    return augmentation.change(x / largest, seed, settings) * largest


def _uniform(
    shape: tf.Tensor | tuple[tf.Tensor | int, ...], seed: tf.Tensor, low: float, high: float
) -> tf.Tensor:
    return tf.random.stateless_uniform(shape, seed, low, high, alg=_ALGORITHM)


def _per_example(x: tf.Tensor, seed: tf.Tensor, low: float, high: float) -> tf.Tensor:
    """One number for each example, shaped to broadcast over it, (n, 1, …)."""
    return _uniform((tf.shape(x)[0], *[1] * (x.shape.rank - 1)), seed, low, high)


def _stretches(n: tf.Tensor, seed: tf.Tensor, share: float) -> tf.Tensor:
    """By how much each series of a batch is stretched, (n,)."""
    return _uniform((n,), seed, 1.0 - share, 1.0 + share)


def _normal(x: tf.Tensor, seed: tf.Tensor, deviation: float) -> tf.Tensor:
    return tf.random.stateless_normal(tf.shape(x), seed, stddev=deviation, alg=_ALGORITHM)


def _size(x: tf.Tensor) -> tuple[int, int]:
    """Height and width of images or of the frames of clips."""
    return int(x.shape[-3]), int(x.shape[-2])


def random_motions(
    spec: AugmentationSpec, size: tuple[int, int], n: tf.Tensor, seed: tf.Tensor
) -> tf.Tensor:
    """Draws how each image is flipped, turned, enlarged and moved.

    Args:
        spec: The largest angle (degrees), shift and zoom (shares); which flips, each made to every
            second image.
        size: Height and width, in pixels.
        n: How many images.
        seed: int32 (2,).

    Returns:
        What `motions` returns, (n, 2, 3).
    """
    drawn = _uniform((n, 6), seed, -1.0, 1.0)
    left_right, up_down, angle, zoom, down, right = tf.unstack(drawn, axis=1)
    one = tf.ones_like(angle)
    shift = spec.shift or 0.0
    return motions(
        size,
        mirror_x=tf.where(left_right < 0, -one, one)
        if spec.flip in ("horizontal", "both")
        else one,
        mirror_y=tf.where(up_down < 0, -one, one) if spec.flip in ("vertical", "both") else one,
        angle=angle * math.radians(spec.rotate),
        zoom=1.0 + zoom * spec.zoom,
        down=down * (shift * size[0]),
        right=right * (shift * size[1]),
    )


def motions(
    size: tuple[int, int],
    mirror_x: tf.Tensor,
    mirror_y: tf.Tensor,
    angle: tf.Tensor,
    zoom: tf.Tensor,
    down: tf.Tensor,
    right: tf.Tensor,
) -> tf.Tensor:
    """The affine maps that say from where in an image each pixel of the changed one is taken.

    An image is mirrored, then turned and enlarged about its centre, then moved; this is the
    inverse of that.

    Args:
        size: Height and width, in pixels.
        mirror_x: -1 to swap left and right, else 1; (n,), as all that follow.
        mirror_y: -1 to swap top and bottom, else 1.
        angle: Radians, counterclockwise.
        zoom: Factor, above 0.
        down: Pixels.
        right: Pixels.

    Returns:
        (n, 2, 3): rows for x and y of the source, columns for x, y and 1 of the result.
    """
    middle_y, middle_x = (size[0] - 1) / 2, (size[1] - 1) / 2
    cos, sin = tf.cos(angle) / zoom, tf.sin(angle) / zoom
    # The y axis points down, which turns the sign of the angle.
    x_x, x_y = mirror_x * cos, -mirror_x * sin
    y_x, y_y = mirror_y * sin, mirror_y * cos
    to_x, to_y = middle_x + right, middle_y + down
    x_1 = middle_x - x_x * to_x - x_y * to_y
    y_1 = middle_y - y_x * to_x - y_y * to_y
    return tf.reshape(tf.stack([x_x, x_y, x_1, y_x, y_y, y_1], axis=1), (-1, 2, 3))


def move_images(images: tf.Tensor, maps: tf.Tensor) -> tf.Tensor:
    """Takes each pixel from where `maps` says, interpolating between the four around it.

    What lies outside an image has the value of its nearest pixel: that invents no second object,
    as reflecting would, and no dark frame. TensorFlow's own operation is not used, for XLA has
    none like it.

    Args:
        images: (n, height, width, channels), or clips, (n, frames, height, width, channels), all
            frames of which move alike.
        maps: As from `motions`, (n, 2, 3).
    """
    if images.shape.rank == 4:
        return _move(images, maps)
    # Frames become channels, so that one index serves all frames of a clip.
    _, frames, height, width, channels = images.shape
    side_by_side = tf.transpose(images, (0, 2, 3, 1, 4))
    moved = _move(tf.reshape(side_by_side, (-1, height, width, frames * channels)), maps)
    apart = tf.reshape(moved, (-1, height, width, frames, channels))
    return tf.transpose(apart, (0, 3, 1, 2, 4))


def _move(images: tf.Tensor, maps: tf.Tensor) -> tf.Tensor:
    _, height, width, channels = images.shape
    down, right = np.indices((height, width), dtype=np.float32).reshape(2, 1, -1)

    def source(axis: int, length: int) -> tf.Tensor:
        # No matrix product: on GPUs it may round to ten bits.
        to_x, to_y, offset = (maps[:, axis, column, tf.newaxis] for column in range(3))
        return tf.clip_by_value(to_x * right + to_y * down + offset, 0.0, length - 1.0)

    x, y = source(0, width), source(1, height)
    left, top = tf.floor(x), tf.floor(y)
    weight_x, weight_y = (x - left)[..., tf.newaxis], (y - top)[..., tf.newaxis]
    column, row = tf.cast(left, tf.int32), tf.cast(top, tf.int32)
    beside = tf.cast(column < width - 1, tf.int32)
    below = tf.where(row < height - 1, width, 0)
    first = tf.range(tf.shape(images)[0])[:, tf.newaxis] * (height * width)
    pixel = first + row * width + column
    pixels = tf.reshape(images, (-1, channels))

    def along_row(pixel: tf.Tensor) -> tf.Tensor:
        here = tf.gather(pixels, pixel)
        return here + (tf.gather(pixels, pixel + beside) - here) * weight_x

    upper = along_row(pixel)
    moved = upper + (along_row(pixel + below) - upper) * weight_y
    return tf.reshape(moved, tf.shape(images))


def shift_in_time(x: tf.Tensor, share: float, seed: tf.Tensor) -> tf.Tensor:
    """Moves recordings earlier or later by whole frames; what is laid bare is their quietest value.

    Args:
        x: Spectrograms, (n, frames, bands, 1).
        share: The largest shift, of their length.
        seed: int32 (2,).
    """
    frames = int(x.shape[1])
    most = int(share * frames)
    moved = tf.random.stateless_uniform(
        (tf.shape(x)[0], 1), seed, -most, most + 1, tf.int32, alg=_ALGORITHM
    )
    source = tf.range(frames) - moved
    inside = (source >= 0) & (source < frames)
    rows = tf.gather(x, tf.clip_by_value(source, 0, frames - 1), batch_dims=1)
    silence = tf.reduce_min(x, axis=(1, 2, 3), keepdims=True)
    return tf.where(inside[..., tf.newaxis, tf.newaxis], rows, silence)


def mask(x: tf.Tensor, share: float, axis: int, seed: tf.Tensor) -> tf.Tensor:
    """Sets one stretch of an axis to the example's mean.

    SpecAugment (Park et al. 2019, https://arxiv.org/abs/1904.08779): width uniform from 0 to the
    largest, then its beginning uniform. There the mean is 0, to which spectrograms are normalised.

    Args:
        x: Spectrograms, (n, frames, bands, 1).
        share: The largest width, of the axis's length.
        axis: 1: frames; 2: bands.
        seed: int32 (2,).
    """
    length = int(x.shape[axis])
    drawn = _uniform((tf.shape(x)[0], 2, 1), seed, 0.0, 1.0)
    width = tf.floor(drawn[:, 0] * (int(share * length) + 1))
    start = tf.floor(drawn[:, 1] * (length - width + 1))
    places = tf.range(length, dtype=tf.float32)
    masked = (places >= start) & (places < start + width)
    mean = tf.reduce_mean(x, axis=(1, 2, 3), keepdims=True)
    shape = (-1, length, 1, 1) if axis == 1 else (-1, 1, length, 1)
    return tf.where(tf.reshape(masked, shape), mean, x)


def drop_tokens(x: tf.Tensor, share: float, seed: tf.Tensor) -> tf.Tensor:
    """Replaces tokens by 'unknown', each with the same probability; padding stays.

    Args:
        x: Token ids, (n, tokens).
        share: The probability.
        seed: int32 (2,).
    """
    dropped = _uniform(tf.shape(x), seed, 0.0, 1.0) < share
    return tf.where(dropped & (x >= FIRST_TOKEN), tf.cast(UNKNOWN, x.dtype), x)
