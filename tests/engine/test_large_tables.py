"""Tables too large for memory: read in chunks, kept on disk, the same as small ones."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.datasets import load_examples
from engine.datasets.base import Examples, Progress, silent
from engine.datasets.packing import DiskRows
from engine.datasets.tables import table_passes
from engine.errors import Cancelled, DatasetError
from engine.events.findings import Trouble
from engine.events.profile import ColumnProfile
from engine.preprocessing import Preprocessing
from engine.spec.run_spec import DataSpec, PreprocessingSpec

N_ROWS = 3000


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DESCENT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every table is large, and its chunks are small."""
    monkeypatch.setattr(table_passes, "LARGE_BYTES", 0)
    monkeypatch.setattr("engine.datasets.tables.delimited.CHUNK_CELLS", 500)
    monkeypatch.setattr("engine.datasets.tables.delimited.QUICK_BYTES", 0)
    monkeypatch.setattr("engine.datasets.tables.delimited.BLOCK_BYTES", 5_000)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    lines = ["a,b,colour,t,w,y"]
    for row, (a, b) in enumerate(rng.normal(size=(N_ROWS, 2))):
        gap = "" if row % 17 == 3 else f"{b:.6f}"
        colour = "NA" if row % 29 == 0 else f'"{"red" if a > 0 else "deep, blue"}"'
        lines.append(f"{a:.6f},{gap},{colour},2024-01-{row % 28 + 1:02},{row % 3},{a * 2 + b:.6f}")
    lines[1000] = lines[999]
    (tmp_path / "table.csv").write_text("\n".join(lines) + "\n", "utf-8")
    return tmp_path / "table.csv"


def load(path: Path, progress: Progress = silent, **settings: Any) -> Examples:
    values = {"source": str(path), "target": "y", **settings}
    return load_examples(DataSpec.model_validate(values), progress)[1]


def assert_same_profile(one: ColumnProfile, other: ColumnProfile) -> None:
    """Sums made chunk by chunk differ in their last digits."""
    for field in dataclasses.fields(one):
        values = getattr(one, field.name), getattr(other, field.name)
        if isinstance(values[0], float | np.ndarray):
            np.testing.assert_allclose(*values, rtol=1e-9, err_msg=f"{one.name}: {field.name}")
        else:
            assert values[0] == values[1], f"{one.name}: {field.name}"


SETTINGS: list[dict[str, Any]] = [
    {},
    {"weights": "w", "columns": {"b": {"gaps": "drop_rows"}}},
    {"parameters": {"duplicates": "drop", "gap_words": "all"}, "exclude": ["line 7"]},
]


@pytest.mark.parametrize("settings", SETTINGS)
def test_large_ones_are_read_as_small_ones_are(
    path: Path, settings: dict[str, Any], request: pytest.FixtureRequest
) -> None:
    small = load(path, **settings)
    request.getfixturevalue("large")
    for _ in range(2):  # made, then found in the cache
        found = load(path, **settings)
        assert isinstance(small.x, np.ndarray)
        assert isinstance(found.x, DiskRows)
        np.testing.assert_array_equal(found.x[:], small.x)
        np.testing.assert_array_equal(found.y, small.y)
        assert (found.weights is None) == (small.weights is None)
        if small.weights is not None:
            np.testing.assert_array_equal(found.weights, small.weights)
        for name in ("feature_names", "class_names", "notes", "names", "reading", "source_columns"):
            assert getattr(found, name) == getattr(small, name), name
        assert [item.text for item in found.findings] == [item.text for item in small.findings]
        for one, other in zip(found.columns, small.columns, strict=True):
            assert_same_profile(one, other)
        assert found.column is not None
        assert small.column is not None
        np.testing.assert_array_equal(found.column("t"), small.column("t"))
        fits = [
            Preprocessing.fit(item, np.arange(1000), PreprocessingSpec()) for item in (found, small)
        ]
        assert fits[0].to_dict() == fits[1].to_dict()


def test_a_changed_file_is_read_anew(path: Path, large: None) -> None:
    before = load(path)
    path.write_text(path.read_text("utf-8") + "9,9,red,2024-01-01,1,9\n", "utf-8")
    assert load(path).n_samples == before.n_samples + 1


def test_the_cache_is_shared_across_targets_only_where_it_may_be(
    path: Path, large: None, cache: Path
) -> None:
    first = load(path)
    second = load(path, target="a")
    assert first.feature_names != second.feature_names
    # What the columns are is learnt once; the numbers are made for each target.
    assert len(list(cache.rglob("study.json"))) == 1
    assert len(list(cache.rglob("rows.bin"))) == 2


@pytest.mark.parametrize("calls", [1, 40])
def test_may_be_cancelled(path: Path, large: None, cache: Path, calls: int) -> None:
    notified: list[str] = []

    def progress(what: str, done: int, total: int) -> None:
        notified.append(what)
        assert 0 <= done <= total
        if len(notified) >= calls:
            raise Cancelled

    with pytest.raises(Cancelled):
        load(path, progress=progress)
    assert not list(cache.rglob("making-*"))
    assert load(path).n_samples == N_ROWS


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("1,2,red,2024-01-01,1,2,3", "Line 3002 "),
        ('1,2,"red,2024-01-01,1,2', "starts in line 3002 "),
        ("inf,2,red,2024-01-01,1,2", "'inf' in line 3002"),
        ("1e400,2,red,2024-01-01,1,2", "'1e400' in line 3002"),
    ],
)
def test_lies_are_refused_with_the_line(path: Path, large: None, line: str, words: str) -> None:
    path.write_text(path.read_text("utf-8") + line + "\n", "utf-8")
    with pytest.raises(DatasetError) as caught:
        load(path)
    assert words in caught.value.message


def test_mistakes_are_gaps_and_named_by_line(path: Path, large: None) -> None:
    line = "abc,2,red,2024-13-01,1,2\n"
    path.write_text(path.read_text("utf-8") + line, "utf-8")
    for _ in range(2):  # made, then found in the cache
        examples = load(path)
        last = dict(zip(examples.feature_names, examples.x[-1:][0], strict=True))
        assert np.isnan([last["a"], last["t (day)"], last["t (days)"]]).all()
        named = {item.names for item in examples.findings}
        assert {("line 3002: 'abc'",), ("line 3002: '2024-13-01'",)} <= named


def test_short_rows_are_counted(path: Path, large: None) -> None:
    path.write_text(path.read_text("utf-8") + "1,2\n3\n", "utf-8")
    (finding,) = [
        item for item in load(path).findings if item.trouble is Trouble.MISSING and not item.subject
    ]
    assert finding.names == ("line 3002", "line 3003")


def test_a_full_disk_is_told(path: Path, large: None, monkeypatch: pytest.MonkeyPatch) -> None:
    import shutil

    usage = shutil.disk_usage(path)._replace(free=0)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(DatasetError, match=r"takes \d.* on disk.*: 0 bytes"):
        load(path)
