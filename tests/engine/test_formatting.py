"""How durations, amounts of bytes, shares and shapes are written."""

from __future__ import annotations

import math

import pytest

from engine.spec.formatting import (
    axes_text,
    bytes_text,
    duration_text,
    percent_text,
    scaled_text,
    shape_text,
)

GB = 1 << 30


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (0.000034, "34 µs"),
        (0.00046, "460 µs"),
        (0.000996, "1 ms"),
        (0.0012, "1.2 ms"),
        (0.042, "42 ms"),
        (0.0994, "99 ms"),
        (0.0996, "0.10 s"),
        (0.45, "0.45 s"),
        (0.996, "1.0 s"),
        (3.04, "3.0 s"),
        (9.96, "10 s"),
        (12.4, "12 s"),
        (59.4, "59 s"),
        (59.6, "1:00"),
        (185, "3:05"),
        (3_599.7, "1:00:00"),
        (3_729, "1:02:09"),
        (86_399, "23:59:59"),
        (86_399.6, "1 d"),
        (90_000, "1 d 1 h"),
        (10 * 86_400 + 5 * 3_600, "10 d 5 h"),
        (None, "–"),
        (math.nan, "–"),
        (math.inf, "–"),
    ],
)
def test_durations(seconds: float | None, text: str) -> None:
    assert duration_text(seconds) == text


@pytest.mark.parametrize(
    ("n_bytes", "text"),
    [
        (0, "0 bytes"),
        (512, "512 bytes"),
        (999, "999 bytes"),
        (1_000, "0.98 KB"),
        (1_536, "1.5 KB"),
        (5 << 20, "5 MB"),
        (420 << 20, "420 MB"),
        (3 * GB, "3 GB"),
        (15.53 * GB, "15.5 GB"),
        (41 * GB, "41 GB"),
        (5_000 * 1024**6, "5,000 EB"),
    ],
)
def test_amounts_of_bytes(n_bytes: float, text: str) -> None:
    assert bytes_text(n_bytes) == text


def test_the_first_unit_may_have_no_name() -> None:
    assert [scaled_text(value, 1000, ("", "K")) for value in (7, 1_250)] == ["7", "1.25 K"]


def test_shares() -> None:
    assert [percent_text(share) for share in (0, 0.126, 1)] == ["0 %", "13 %", "100 %"]
    assert percent_text(0.9724, 1) == "97.2 %"


def test_shapes() -> None:
    assert [shape_text(shape) for shape in ((26, 26, 32), (10,), ())] == ["26×26×32", "10", ""]
    assert [axes_text(shape) for shape in ((26, 26, 32), (10,), (None, 10), ())] == [
        "(26, 26, 32)",
        "(10)",
        "(any, 10)",
        "()",
    ]
