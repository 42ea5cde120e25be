"""Drawings by hand become pictures as those of the data are: as large, as thick, in their tones."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from engine.events.trying import Stroke
from engine.inference.trying.drawing import DrawingStyle, drawn, is_drawable, style_of

EDGE, WIDTH = 28, 3


def bars(edge=20, ink=250, ground=0, n=30):
    """Upright strokes of one length, somewhere in the middle."""
    rng = np.random.default_rng(0)
    found = []
    for _ in range(n):
        picture = Image.new("L", (EDGE, EDGE), ground)
        x, top = 14 + int(rng.integers(-2, 3)), (EDGE - edge) // 2
        ImageDraw.Draw(picture).rectangle((x - 1, top, x + 1, top + edge - 1), ink)
        found.append(np.asarray(picture))
    return np.stack(found)


def line(*points, width=0.1, erases=False):
    return Stroke(np.array(points, np.float32), width, erases)


def extent(picture, style):
    rows, columns = np.nonzero(np.abs(picture - style.background) > 60)
    return np.ptp(rows) + 1, np.ptp(columns) + 1


@pytest.mark.parametrize(("ink", "ground"), [(250, 0), (10, 240)])
def test_size_width_and_tones_are_learnt(ink, ground):
    style = style_of(bars(20, ink, ground))
    assert (style.background, style.ink, style.extent) == (ground, ink, 20)
    assert style.width == pytest.approx(WIDTH, abs=0.7)
    assert style.is_dark is (ink < ground)


@pytest.mark.parametrize(("ink", "ground"), [(250, 0), (10, 240)])
@pytest.mark.parametrize("scale", [0.2, 0.8])
def test_a_drawing_of_any_size_anywhere_is_like_the_data(ink, ground, scale):
    style = style_of(bars(20, ink, ground))
    small = line((0.1, 0.05), (0.1, 0.05 + scale))
    picture = drawn([small], style)
    height, width = extent(picture, style)
    assert height == pytest.approx(20, abs=1)
    assert width == pytest.approx(WIDTH, abs=1)
    assert picture[0, 0] == ground
    rows, columns = np.nonzero(np.abs(picture.astype(float) - ground) > 60)
    assert rows.mean() == pytest.approx(13.5, abs=1)
    assert columns.mean() == pytest.approx(13.5, abs=1)


def test_what_was_erased_is_not_there():
    style = style_of(bars())
    both = [line((0.2, 0.2), (0.2, 0.8)), line((0.8, 0.2), (0.8, 0.8))]
    gone = line((0.8, 0.1), (0.8, 0.9), width=0.3, erases=True)
    assert extent(drawn(both, style), style)[1] > 15
    assert extent(drawn([*both, gone], style), style)[1] < 6
    assert drawn([both[1], gone], style) is None
    assert drawn([], style) is None


def test_a_dot_is_no_blot():
    picture = drawn([line((0.5, 0.5))], style_of(bars()))
    assert picture.max() > 200


def test_photos_are_no_drawings():
    noise = np.random.default_rng(0).integers(0, 256, (20, EDGE, EDGE))
    assert style_of(noise) is None
    assert style_of(np.zeros((5, EDGE, EDGE))) is None


def test_which_shapes_may_be_drawings():
    assert is_drawable((28, 28))
    assert is_drawable((28, 28, 1))
    assert not is_drawable((28, 28, 3))
    assert not is_drawable((224, 224, 1))
    assert not is_drawable((28,))


def test_without_data_it_is_drawn_as_digits_are():
    style = DrawingStyle.usual((28, 28))
    height, _ = extent(drawn([line((0.5, 0.2), (0.5, 0.6))], style), style)
    assert height == pytest.approx(20, abs=1)
