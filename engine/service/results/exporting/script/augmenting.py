"""What is changed at random in each step, in plain TensorFlow."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

from engine.inference.decoding import is_autoregressive
from engine.preprocessing.augmentation import brightest, changes_something
from engine.service.results.exporting.script.subject import NotWritten, Subject
from engine.spec.run_spec import AugmentationSpec
from engine.spec.signature import Kind

_NEEDS: Final = ("import tensorflow as tf",)
_UNIFORM: Final = """\
def uniform(shape, seed, low, high):
    return tf.random.stateless_uniform(shape, seed, low, high, alg="philox")"""
_NORMAL: Final = """\
def normal(x, seed, deviation):
    return tf.random.stateless_normal(tf.shape(x), seed, stddev=deviation, alg="philox")"""
_MOVE: Final = '''\
def moved(images, seed):
    """Flips, turns, enlarges and moves each image in its own way; the edge is drawn out."""
    height, width, channels = images.shape[1:]
    drawn = uniform((tf.shape(images)[0], 6), seed, -1.0, 1.0)
    left_right, up_down, angle, zoom, down, right = tf.unstack(drawn, axis=1)
    one = tf.ones_like(angle)
    mirror_x = {mirror_x}
    mirror_y = {mirror_y}
    angle, zoom = angle * {radians!r}, 1.0 + zoom * {zoom!r}
    down, right = down * {down!r}, right * {right!r}
    # From where each pixel is taken: an affine map about the centre.
    middle_y, middle_x = (height - 1) / 2, (width - 1) / 2
    cos, sin = tf.cos(angle) / zoom, tf.sin(angle) / zoom
    x_x, x_y = mirror_x * cos, -mirror_x * sin
    y_x, y_y = mirror_y * sin, mirror_y * cos
    to_x, to_y = middle_x + right, middle_y + down
    x_1 = middle_x - x_x * to_x - x_y * to_y
    y_1 = middle_y - y_x * to_x - y_y * to_y
    rows, columns = np.indices((height, width), dtype="float32").reshape(2, 1, -1)

    def source(to_x, to_y, offset, length):
        place = to_x[:, None] * columns + to_y[:, None] * rows + offset[:, None]
        return tf.clip_by_value(place, 0.0, length - 1.0)

    x, y = source(x_x, x_y, x_1, width), source(y_x, y_y, y_1, height)
    # Between the four pixels around it.
    left, top = tf.floor(x), tf.floor(y)
    weight_x, weight_y = (x - left)[..., None], (y - top)[..., None]
    column, row = tf.cast(left, tf.int32), tf.cast(top, tf.int32)
    beside = tf.cast(column < width - 1, tf.int32)
    below = tf.where(row < height - 1, width, 0)
    first = tf.range(tf.shape(images)[0])[:, None] * (height * width)
    pixel = first + row * width + column
    pixels = tf.reshape(images, (-1, channels))

    def along_row(pixel):
        here = tf.gather(pixels, pixel)
        return here + (tf.gather(pixels, pixel + beside) - here) * weight_x

    upper = along_row(pixel)
    return tf.reshape(upper + (along_row(pixel + below) - upper) * weight_y, tf.shape(images))'''
_CLIPS: Final = '''\
def moved_clips(clips, seed):
    """All frames of a clip are moved alike."""
    _, frames, height, width, channels = clips.shape
    flat = tf.reshape(tf.transpose(clips, (0, 2, 3, 1, 4)), (-1, height, width, frames * channels))
    apart = tf.reshape(moved(flat, seed), (-1, height, width, frames, channels))
    return tf.transpose(apart, (0, 3, 1, 2, 4))'''
_SHIFT: Final = '''\
def shifted(x, seed):
    """Moves recordings earlier or later; what is laid bare is as quiet as their quietest moment."""
    frames = x.shape[1]
    most = int({share!r} * frames)
    places = tf.random.stateless_uniform(
        (tf.shape(x)[0], 1), seed, -most, most + 1, tf.int32, alg="philox"
    )
    source = tf.range(frames) - places
    inside = (source >= 0) & (source < frames)
    rows = tf.gather(x, tf.clip_by_value(source, 0, frames - 1), batch_dims=1)
    silence = tf.reduce_min(x, axis=(1, 2, 3), keepdims=True)
    return tf.where(inside[..., None, None], rows, silence)'''
_MASK: Final = '''\
def masked(x, seed, share, axis):
    """Sets one stretch of an axis to the mean (SpecAugment, Park et al. 2019)."""
    length = x.shape[axis]
    drawn = uniform((tf.shape(x)[0], 2, 1), seed, 0.0, 1.0)
    width = tf.floor(drawn[:, 0] * (int(share * length) + 1))
    start = tf.floor(drawn[:, 1] * (length - width + 1))
    places = tf.range(length, dtype=tf.float32)
    is_masked = (places >= start) & (places < start + width)
    mean = tf.reduce_mean(x, axis=(1, 2, 3), keepdims=True)
    shape = (-1, length, 1, 1) if axis == 1 else (-1, 1, length, 1)
    return tf.where(tf.reshape(is_masked, shape), mean, x)'''

Changes = dict[int, str]
"""What is made of ``x``, by the number its draws are told apart by."""


def augmenting_code(subject: Subject) -> tuple[str, tuple[str, ...]]:
    """A function ``changed`` of a batch and a seed; empty where nothing is changed.

    Raises:
        NotWritten: It is changed by another package, or in a way that has no code here.
    """
    spec, kind = subject.spec.augmentation, subject.examples.kind
    if not changes_something(spec):
        return "", ()
    if spec.plugins:
        raise NotWritten(f"Another package changes the examples: {', '.join(spec.plugins)}.")
    functions, changes = _KINDS[kind](subject, spec)
    if not changes:
        return "", ()
    lines = [
        "@tf.function(reduce_retracing=True)",
        "def changed(x, seed):",
        '    """Changes the examples of a batch at random; the seed is that of the step."""',
    ]
    before, after = _kept(subject)
    lines += before
    for draw, change in changes.items():
        drawn = f'tf.random.fold_in(seed, {draw}, alg="philox")'
        lines.append(f"    x = {change.replace('SEED_OF_DRAW', drawn)}")
    lines += after
    return "\n\n\n".join([*functions, "\n".join(lines)]) + "\n", (*_NEEDS, "import numpy as np")


def _kept(subject: Subject) -> tuple[list[str], list[str]]:
    """What stays as it is: categories of a table, what is written behind a text."""
    scope = subject.prepared.scope
    if scope.target_shifts and subject.spec.augmentation.scale:
        raise NotWritten("The target follows a series that is stretched at random.")
    if scope.n_tokens and is_autoregressive(subject.network, subject.signature):
        n = scope.n_tokens
        return [f"    rest, x = x[:, {n}:], x[:, :{n}]"], [
            "    return tf.concat([x, rest], axis=1)"
        ]
    if scope.measured and not all(scope.measured):
        places = [place for place, it in enumerate(scope.measured) if it]
        n = len(scope.measured)
        kept = f"    is_measured = np.isin(np.arange({n}), {places!r})  # others are no quantities"
        return ["    before = x"], [kept, "    return tf.where(is_measured, x, before)"]
    return [], ["    return x"]


def _of_images(subject: Subject, spec: AugmentationSpec) -> tuple[list[str], Changes]:
    functions: list[str] = []
    changes: Changes = {}
    bright = brightest(subject.spec.preprocessing)
    shape = subject.signature.input_shape
    is_clip = len(shape) == 4
    moves = spec.flip != "none" or spec.rotate or spec.shift or spec.zoom
    if moves or spec.brightness:
        functions.append(_UNIFORM)
    if moves:
        shift = spec.shift or 0.0
        height, width = shape[-3], shape[-2]
        flips = {"horizontal": "x", "vertical": "y", "both": "xy"}.get(spec.flip, "")
        mirrors = ("tf.where(left_right < 0, -one, one)", "tf.where(up_down < 0, -one, one)")
        functions.append(
            _MOVE.format(
                mirror_x=mirrors[0] if "x" in flips else "one",
                mirror_y=mirrors[1] if "y" in flips else "one",
                radians=math.radians(spec.rotate),
                zoom=spec.zoom,
                down=shift * height,
                right=shift * width,
            )
        )
        if is_clip:
            functions.append(_CLIPS)
        changes[0] = f"moved{'_clips' if is_clip else ''}(x, SEED_OF_DRAW)"
    if spec.brightness:
        most = spec.brightness * bright
        ones = ", 1" * (len(shape))
        lighter = f"x + uniform((tf.shape(x)[0]{ones}), SEED_OF_DRAW, {-most!r}, {most!r})"
        changes[1] = f"tf.clip_by_value({lighter}, 0.0, {bright!r})"
    if spec.noise:
        functions.append(_NORMAL)
        noisy = f"x + normal(x, SEED_OF_DRAW, {spec.noise * bright!r})"
        changes[2] = f"tf.clip_by_value({noisy}, 0.0, {bright!r})"
    return functions, changes


def _of_recordings(_: Subject, spec: AugmentationSpec) -> tuple[list[str], Changes]:
    functions: list[str] = []
    changes: Changes = {}
    if spec.time_mask or spec.frequency_mask:
        functions += [_UNIFORM, _MASK]
    if spec.shift:
        functions.append(_SHIFT.format(share=spec.shift))
        changes[3] = "shifted(x, SEED_OF_DRAW)"
    if spec.noise:
        functions.append(_NORMAL)
        changes[2] = f"x + normal(x, SEED_OF_DRAW, {spec.noise!r})"
    if spec.time_mask:
        changes[4] = f"masked(x, SEED_OF_DRAW, {spec.time_mask!r}, axis=1)"
    if spec.frequency_mask:
        changes[5] = f"masked(x, SEED_OF_DRAW, {spec.frequency_mask!r}, axis=2)"
    return functions, changes


def _of_texts(_: Subject, spec: AugmentationSpec) -> tuple[list[str], Changes]:
    if not spec.token_dropout:
        return [], {}
    drop = f"uniform(tf.shape(x), SEED_OF_DRAW, 0.0, 1.0) < {spec.token_dropout!r}"
    unknown = "tf.cast(1, x.dtype)"
    return [_UNIFORM], {6: f"tf.where(({drop}) & (x >= 2), {unknown}, x)"}


def _of_numbers(_: Subject, spec: AugmentationSpec) -> tuple[list[str], Changes]:
    if not spec.noise:
        return [], {}
    return [_NORMAL], {2: f"x + normal(x, SEED_OF_DRAW, {spec.noise!r})"}


def _of_series(subject: Subject, spec: AugmentationSpec) -> tuple[list[str], Changes]:
    functions, changes = _of_numbers(subject, spec)
    if spec.scale:
        functions.append(_UNIFORM)
        low, high = 1.0 - spec.scale, 1.0 + spec.scale
        factor = f"uniform((tf.shape(x)[0],), SEED_OF_DRAW, {low!r}, {high!r})"
        changes[7] = f"x * tf.reshape({factor}, (-1, 1, 1))"
    return functions, changes


_KINDS: Final[dict[Kind, Callable[[Subject, AugmentationSpec], tuple[list[str], Changes]]]] = {
    Kind.TABLE: _of_numbers,
    Kind.IMAGE: _of_images,
    Kind.TEXT: _of_texts,
    Kind.AUDIO: _of_recordings,
    Kind.VIDEO: _of_images,
    Kind.SERIES: _of_series,
}
