"""Drawn shapes: what each looks like, that place and size do not tell the class, and noise."""

import numpy as np
import pytest

from engine.datasets import load_examples
from engine.datasets.box.shapes import SHAPES, _mask
from engine.errors import Cancelled
from engine.spec.run_spec import DataSpec


def load(**parameters):
    return load_examples(DataSpec(source="shapes", parameters=parameters))[1]


class TestOutlines:
    @pytest.mark.parametrize(
        ("name", "area"),
        [
            ("circle", np.pi),
            ("square", 2.0),
            ("triangle", 3 * np.sqrt(3) / 4),
            ("pentagon", 2.5 * np.sin(2 * np.pi / 5)),
            ("ring", np.pi * (1 - 0.36)),
            ("star", 10 * 0.5 * 0.42 * np.sin(np.pi / 5)),
            ("cross", 2 * 0.66 * 1.88 - 0.66**2),
        ],
    )
    def test_area(self, name, area):
        radius = 50.0
        covered = _mask(SHAPES[name]() * radius + 64, 128).sum()
        assert covered == pytest.approx(area * radius**2, rel=0.02)

    @pytest.mark.parametrize("name", SHAPES)
    def test_within_the_unit_circle(self, name):
        assert np.hypot(*SHAPES[name]().T).max() <= 1.0 + 1e-9

    def test_ring_and_moon_are_open_in_the_middle(self):
        for name in ("ring", "moon"):
            assert _mask(SHAPES[name]() * 20 + 32, 64)[32, 32] < 0.1
        assert _mask(SHAPES["circle"]() * 20 + 32, 64)[32, 32] == 1.0


class TestShapes:
    def test_describes_itself(self):
        examples = load(n_samples=60)
        assert examples.x.shape == (60, 32, 32, 1)
        assert examples.x.dtype == np.uint8
        assert examples.class_names == ("circle", "square", "triangle", "star", "cross")

    def test_parameters(self):
        examples = load(n_samples=64, n_classes=8, size=20, colour=True, noise=0.0)
        assert examples.x.shape == (64, 20, 20, 3)
        assert np.bincount(examples.y).tolist() == [8] * 8

    def test_seed(self):
        first, again, other = (load(n_samples=50, seed=seed).x for seed in (3, 3, 4))
        np.testing.assert_array_equal(first, again)
        assert not np.array_equal(first, other)

    def test_noise_is_as_strong_as_said(self):
        quiet, loud = (load(n_samples=50, noise=noise).x[:, :3, :3] for noise in (0.0, 0.1))
        spread = [block.reshape(50, -1).astype(float).std(axis=1) for block in (quiet, loud)]
        assert np.median(spread[0]) == 0
        assert 15 < np.median(spread[1]) < 30

    def test_every_shape_can_be_seen(self):
        images = load(n_samples=200, n_classes=8, noise=0.0).x.astype(float)
        assert np.ptp(images.reshape(200, -1), axis=1).min() > 30

    def test_place_and_size_do_not_tell_the_class(self):
        examples = load(n_samples=2_000, noise=0.0)
        ground = np.median(examples.x.reshape(2_000, -1), axis=1)[:, None, None]
        rows, columns = np.mgrid[:32, :32]
        marked = np.abs(examples.x[..., 0] - ground) > 20
        centre = [(marked * axis).sum((1, 2)) / marked.sum((1, 2)) for axis in (rows, columns)]
        for axis in centre:
            means = [axis[examples.y == label].mean() for label in range(5)]
            assert np.ptp(means) < 1.5

    def test_can_be_cancelled(self):
        def stop(what, done, total):
            raise Cancelled

        with pytest.raises(Cancelled):
            load_examples(DataSpec(source="shapes"), stop)
