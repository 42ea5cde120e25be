"""Examples in a report: which are chosen, and how their marks are drawn."""

from __future__ import annotations

import base64
import io
import re
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from engine.events.explaining import Choice, Explanation
from engine.inference.evaluation.predictions import Predictions
from engine.service.reports import examples
from engine.service.reports.document import COLORS, FULL_MARK, Document, MarkedText, Picture
from engine.service.reports.examples import chosen_of
from engine.service.reports.html import html_of
from engine.service.reports.markdown import markdown_of
from engine.service.reports.marks import marked, overlaid
from engine.service.reports.printing import print_document
from engine.spec.signature import Kind, Output, Task

DATA = re.compile(r'xlink:href="data:image/(png|jpeg);base64,([^"]+)"')


def of_classes(truth, sure) -> Predictions:
    """Of two classes: how sure the model is of the second."""
    sure = np.asarray(sure, float)
    outputs = np.stack([1 - sure, sure], axis=1)
    rows = np.arange(len(sure)) * 10
    truth = np.asarray(truth)
    return Predictions(
        "test", Task.CLASSIFICATION, Output.CLASSES, rows, truth, outputs, "y", ("a", "b")
    )


def of_numbers(truth, said) -> Predictions:
    rows = np.arange(len(truth))
    pairs = [np.asarray(it, float).reshape(-1, 1) for it in (truth, said)]
    return Predictions("test", Task.REGRESSION, Output.NUMBERS, rows, *pairs, "y")


def of_scores(scores, threshold=1.0) -> Predictions:
    n = len(scores)
    return Predictions(
        "test",
        Task.ANOMALY,
        Output.NUMBERS,
        np.arange(n),
        np.full(n, -1),
        np.asarray(scores, float),
        "y",
        thresholds=np.array([threshold]),
    )


class TestChosen:
    def test_the_surest_the_typical_and_the_worst(self):
        found = of_classes([1, 1, 1, 0, 0], [0.99, 0.7, 0.6, 0.95, 0.2])
        assert chosen_of(found) == [
            (examples.RIGHT, 0),
            (examples.TYPICAL, 1),
            (examples.WRONG, 3),
        ]

    def test_where_all_are_right_none_is_called_wrong(self):
        roles = [role for role, _ in chosen_of(of_classes([1, 1, 1], [0.9, 0.8, 0.7]))]
        assert roles == [examples.RIGHT, examples.TYPICAL]

    def test_where_all_are_wrong_none_is_called_right(self):
        roles = [role for role, _ in chosen_of(of_classes([0, 0, 0], [0.9, 0.8, 0.7]))]
        assert roles == [examples.TYPICAL, examples.WRONG]

    def test_numbers(self):
        found = of_numbers([1, 2, 3, 4], [1.5, 2.1, 9, 4.7])
        assert chosen_of(found) == [
            (examples.CLOSEST, 1),
            (examples.TYPICAL, 3),
            (examples.FARTHEST, 2),
        ]

    def test_what_is_no_number_is_not_chosen(self):
        found = of_numbers([1, np.nan, 3, 4], [np.inf, 2, np.nan, 4.5])
        assert chosen_of(found) == [(examples.CLOSEST, 3)] or chosen_of(found) == [
            (examples.FARTHEST, 3)
        ]
        assert chosen_of(of_numbers([np.nan], [1])) == []
        assert chosen_of(of_numbers([], [])) == []

    def test_anomalies_by_their_score(self):
        found = of_scores([0.2, 5.0, 0.9, 0.1])
        assert chosen_of(found) == [
            (examples.UNUSUAL, 1),
            (examples.LIMIT, 2),
            (examples.USUAL, 3),
        ]
        roles = [role for role, _ in chosen_of(of_scores([1.0, 2.0, 3.0], np.inf))]
        assert roles == [examples.UNUSUAL, examples.USUAL]

    def test_one_example_is_told_once(self):
        assert len(chosen_of(of_classes([1], [0.9]))) == 1
        assert len(chosen_of(of_scores([1.0]))) == 1


def explanation(kind: Kind, values, content="", **more) -> Explanation:
    method = Choice("m", "M")
    return Explanation(
        kind.value, "classification", method, (method,), "a", ("a", "b"), "y", "probability", 0.9,
        "a (90 %)", np.asarray(values, float), content=content, **more,
    )  # fmt: skip


def pixels_in(svg: str) -> list[np.ndarray]:
    found = []
    for kind, content in DATA.findall(svg):
        image = Image.open(io.BytesIO(base64.b64decode(content)))
        assert image.format.lower() == kind
        found.append(np.asarray(image.convert("RGB")))
    return found


class TestMarks:
    @pytest.mark.parametrize(
        ("content", "first"),
        [
            (np.full((6, 8, 1), 200, np.uint8), [200] * 3),
            (np.full((6, 8, 3), 90, np.uint8), [90] * 3),
            (np.full((6, 8, 4), 90, np.uint8), [90] * 3),
            (np.linspace(0, 1, 48).reshape(6, 8, 1), [0] * 3),
            (np.linspace(-3, 3, 48).reshape(6, 8, 1), [0] * 3),
            (np.full((6, 8, 1), np.nan), [0] * 3),
        ],
    )
    def test_a_picture_as_it_is_and_below_its_marks(self, content, first):
        values = np.zeros((6, 8))
        values[2, 3], values[4, 5] = 1, -1
        picture = marked(explanation(Kind.IMAGE, values, content), "", "")
        plain, below = pixels_in(picture.svg)
        assert plain.shape == below.shape == (6, 8, 3)  # small ones stay as they are
        assert plain[0, 0].tolist() == first
        assert below[2, 3, 0] > below[2, 3, 2]  # orange
        assert below[4, 5, 2] > below[4, 5, 0]  # blue
        assert below[0, 0].tolist() == plain[0, 0].tolist()

    def test_a_photograph_is_made_small(self):
        rng = np.random.default_rng(0)
        noise = rng.integers(0, 255, (1200, 900, 3)).astype(np.uint8)
        picture = marked(explanation(Kind.IMAGE, rng.normal(size=(1200, 900)), noise), "", "")
        assert max(pixels_in(picture.svg)[0].shape) <= 640
        assert len(picture.svg) < 1_000_000

    def test_of_a_clip_its_strongest_frames(self):
        values = np.zeros((9, 4, 4))
        for frame in (1, 4, 7):
            values[frame] = frame
        found = explanation(Kind.VIDEO, values, np.zeros((9, 4, 4, 1), np.uint8))
        picture = marked(found, "", "")
        assert len(pixels_in(picture.svg)) == 3
        assert re.findall(r">(\d) / 9<", picture.svg) == ["2", "5", "8"]

    def test_a_sound_has_its_high_bands_on_top(self):
        content = np.full((10, 5), -100.0)
        content[:, 4] = 0.0  # the highest band is the loudest
        picture = marked(explanation(Kind.AUDIO, np.ones((10, 5)), content), "", "")
        assert pixels_in(picture.svg)[0].shape == (5, 10, 3)
        assert pixels_in(picture.svg)[0][0].min() == 255
        assert pixels_in(picture.svg)[0][-1].max() == 0

    def test_a_series_shows_the_channel_that_counts(self):
        values = np.zeros((30, 2))
        values[7, 1] = -2
        content = np.stack([np.arange(30.0), np.arange(30.0)], axis=1)
        found = explanation(Kind.SERIES, values, content, parts=("first", "second"))
        assert "second" in marked(found, "", "").svg
        level = marked(replace(found, content=np.full((30, 2), 3.0)), "", "").svg
        assert "nan" not in level
        odd = marked(replace(found, content=np.full((30, 2), np.nan)), "", "").svg
        assert "nan" not in odd

    def test_a_long_series_stays_small(self):
        values = np.random.default_rng(0).normal(size=(100_000, 1))
        found = explanation(Kind.SERIES, values, values, parts=("x",))
        assert len(marked(found, "", "").svg) < 60_000

    def test_columns_and_the_rest_of_them(self):
        n = 14
        found = explanation(
            Kind.TABLE, np.arange(n) / 100, parts=tuple(f"c{k}" for k in range(n)), cells=("7",) * n
        )
        svg = marked(found, "points", "{n} others").svg
        assert "c13 = 7" in svg
        assert "+13<" in svg  # of a hundred
        assert "4 others" in svg
        assert "c3 = 7" not in svg

    def test_nothing_is_marked(self):
        assert marked(explanation(Kind.TABLE, []), "", "") is None
        assert marked(explanation(Kind.IMAGE, [[np.nan]], np.zeros((1, 1, 1))), "", "") is None

    def test_marks_cover_by_their_strength(self):
        ground = np.full((1, 3, 3), 100, np.uint8)
        mixed = overlaid(ground, np.array([[0.0, 0.5, 9.0]]), 1.0)
        assert mixed[0, 0].tolist() == [100] * 3
        gaps = np.abs(mixed.astype(int) - 100).sum(axis=-1)[0]
        assert gaps[0] < gaps[1] < gaps[2]


class TestMarkedText:
    FOUND = explanation(
        Kind.TEXT, [0.5, -0.25, 0.0], content=" and <b>more</b>", parts=("good ", "<i>", " bad")
    )

    def test_each_part_has_its_mark(self):
        block = marked(self.FOUND, "", "")
        assert block == MarkedText(("good ", "<i>", " bad"), (1.0, -0.5, 0.0), " and <b>more</b>")
        text = html_of(Document("t", "s", "en", (block,)))
        orange = ",".join(str(it) for it in bytes.fromhex(COLORS["series-1"][1:]))
        assert f'<span style="background:rgba({orange},{FULL_MARK:.2f})">good </span>' in text
        assert "&lt;i&gt;" in text
        assert "<i>" not in text
        assert "and &lt;b&gt;more" in text

    def test_a_long_text_is_cut(self):
        parts = tuple(f"w{k} " for k in range(1000))
        block = marked(explanation(Kind.TEXT, np.ones(1000), parts=parts), "", "")
        assert len(block.parts) == len(block.strengths) == 300
        assert block.rest.startswith("w300 ")
        assert block.rest.endswith(" …")
        assert len(block.rest) < 700

    def test_on_pages_and_as_markdown(self):
        block = marked(self.FOUND, "", "")
        picture = marked(
            explanation(Kind.IMAGE, np.ones((8, 8)), np.zeros((8, 8, 1), np.uint8)), "", ""
        )
        assert isinstance(picture, Picture)
        document = Document("t", "s", "en", (block, picture))
        pdf = print_document(document)
        assert pdf.startswith(b"%PDF-")
        assert b"/Subtype /Image" in pdf  # pixels have come along
        assert "good" in markdown_of(document)
