"""Streamed batches are those of resident data, bit for bit; memory holds two blocks."""

from __future__ import annotations

import threading

import keras
import numpy as np
import pytest

from engine.devices.out_of_memory import RESIDENT_LIMIT
from engine.training.plan import ChunkLength, Plan
from engine.training.steps import feed as feed_module
from engine.training.steps.feed import ResidentFeed, StreamedFeed
from engine.training.steps.loop import DeviceData, StepLoop
from engine.training.trainer import shuffled

N, WIDTH = 203, 3


@pytest.fixture
def data() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(5)
    return rng.normal(size=(N, WIDTH)).astype(np.float32), rng.integers(0, 2, N)


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_module, "BLOCK_BYTES", 16 * 4 * WIDTH * 3)


def _streamed(x: np.ndarray, y: np.ndarray, asked: list | None = None) -> StreamedFeed:
    def prepare(rows):
        if asked is not None:
            asked.append(rows.copy())
        return x[rows], y[rows]

    return StreamedFeed(np.arange(len(x)), prepare, 4 * WIDTH)


def _batches(feed, order: np.ndarray, steps: int = 2) -> list[tuple[np.ndarray, np.ndarray]]:
    chunk = ChunkLength(16)
    chunk._steps = steps
    found = []
    for held, indices in feed.chunks(order, chunk):
        for rows in indices:
            found.append((held.x.numpy()[rows], held.y.numpy()[rows]))
    return found


def test_batches_are_those_of_resident_data(data, small_blocks):
    x, y = data
    order = shuffled(N, seed=1, epoch=2)
    streamed = _batches(_streamed(x, y), order)
    resident = _batches(ResidentFeed(DeviceData.place(x, y)), order)
    assert len(streamed) == len(resident) == -(-N // 16)
    for ours, theirs in zip(streamed, resident, strict=True):
        np.testing.assert_array_equal(ours[0], theirs[0])
        np.testing.assert_array_equal(ours[1], theirs[1])


def test_rows_are_read_in_the_order_in_which_they_lie(data, small_blocks):
    asked: list[np.ndarray] = []
    _batches(_streamed(*data, asked), shuffled(N, 0, 1))
    blocks = asked[1:]  # the first is the pattern
    assert len(blocks) > 3
    assert all((np.diff(rows) > 0).all() for rows in blocks)
    np.testing.assert_array_equal(np.sort(np.concatenate(blocks)), np.arange(N))


def test_weights_train_bit_for_bit_as_with_resident_data(data, small_blocks):
    x, y = data
    results = []
    for make in (lambda: _streamed(x, y), lambda: ResidentFeed(DeviceData.place(x, y))):
        keras.utils.set_random_seed(3)
        model = keras.Sequential(
            [
                keras.Input((WIDTH,)),
                keras.layers.Dense(8, activation="relu"),
                keras.layers.Dropout(0.3),
                keras.layers.BatchNormalization(),
                keras.layers.Dense(1, activation="sigmoid"),
            ]
        )
        model.compile("adam", "binary_crossentropy", metrics=["accuracy"], jit_compile=False)
        feed = make()
        loop = StepLoop(model, feed.pattern)
        for epoch in range(3):
            for held, indices in feed.chunks(shuffled(N, 7, epoch), ChunkLength(16)):
                loop.train(held, indices)
        results.append(model.get_weights())
    for ours, theirs in zip(*results, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_leaving_early_ends_the_thread(data, small_blocks):
    chunks = _streamed(*data).chunks(shuffled(N, 0, 1), ChunkLength(16))
    next(chunks)
    chunks.close()
    assert not [t for t in threading.enumerate() if t.name.startswith("feed")]


def test_what_goes_wrong_while_reading_arrives(data, small_blocks):
    x, y = data

    def prepare(rows):
        if len(rows) > 1:
            raise OSError("gone")
        return x[rows], y[rows]

    feed = StreamedFeed(np.arange(N), prepare, 4 * WIDTH)
    with pytest.raises(OSError, match="gone"):
        list(feed.chunks(shuffled(N, 0, 1), ChunkLength(16)))


def test_large_data_is_streamed_and_the_plan_says_so():
    assert Plan.of(RESIDENT_LIMIT).resident
    plan = Plan.of(RESIDENT_LIMIT + 1)
    assert not plan.resident
    assert "streamed" in plan.reason
