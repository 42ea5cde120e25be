"""Profiles and batches of seeded made-up data of every kind, as an engine would answer them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from engine.datasets.base import Examples
from engine.datasets.profile import profile
from engine.datasets.summaries import column_profile, distribution
from engine.events.findings import DataFinding, Remedy, Trouble
from engine.events.messages import BatchPreviewed, Event, RatesTried
from engine.events.profile import ColumnProfile, Profile, Trace
from engine.spec.signature import Kind, Signature, Task

LEAVE_OUT = Remedy(
    "Leave the column “passenger.id” out", {("data", "columns", "passenger.id", "type"): "ignore"}
)
FILL = Remedy("Fill with the median", {"data.columns.age.gaps": "median"})
EXCLUDE = Remedy("Leave these files out", {"data.exclude": ("cats/7.png", "dogs/a b.png")})
RATE = 8_000


def fake_profile(source: str) -> Profile:
    """Returns a profile that fits the source's name; two moons for any other."""
    makers = {
        "digits": _digits,
        "noisy_line": _line,
        "people.csv": _people,
        "pets": _pets,
        "names": _names,
        "sentences.tsv": _pairs,
        "tones": _tones,
        "spoken": _spoken,
        "clips": _clips,
        "river.csv": _river,
        "cart.npz": _cart,
    }
    name = source.rpartition("/")[2]
    return makers.get(name, _moons)(source)


def fake_batch(spec: dict[str, Any]) -> Event:
    """Returns the first examples of the fake profile, scaled as a network would get them."""
    looked = fake_profile(spec["data"]["source"])
    n, signature = min(8, len(looked.sample_x)), looked.signature
    random = np.random.default_rng(3)
    tokens: tuple[str, ...] = ()
    if signature.kind is Kind.TEXT:
        tokens = ("", "�", *"abcdefgh")
        before: Any = random.integers(1, len(tokens), (n, *signature.input_shape), np.int32)
        before[:, -3:] = 0
    elif signature.kind is Kind.AUDIO:
        before = random.normal(size=(n, *signature.input_shape)).astype(np.float32)
    elif signature.kind in (Kind.IMAGE, Kind.VIDEO):
        before = (looked.sample_x[:n] / 255).astype(np.float32)
    else:
        before = np.nan_to_num(looked.sample_x[:n]).astype(np.float32)
    x = before
    if any(spec["augmentation"].values()):
        x = np.flip(before, axis=1).copy()
    features = looked.feature_names if signature.kind is Kind.TABLE else ()
    return BatchPreviewed(
        signature,
        x,
        before,
        tuple(f"target {place}" for place in range(n)),
        tuple(f"row {place}" for place in range(n)),
        np.ones(n, np.float32),
        tokens,
        features,
    )


def _profile(
    source: str, title: str, data: Examples, shape: tuple[int, ...], format: str = "", **more: Any
) -> Profile:
    n = data.n_samples
    signature = Signature(data.kind, data.task, shape, len(data.class_names), **more)
    sizes = (n - 2 * (n * 15 // 100), n * 15 // 100, n * 15 // 100)
    return profile(source, title, data, signature, sizes, format=format)


def _digits(source: str) -> Profile:
    x = np.random.default_rng(0).integers(0, 255, (200, 28, 28, 1), dtype=np.uint8)
    classes = tuple("0123456789")
    data = Examples(x, np.arange(200) % 10, Kind.IMAGE, Task.CLASSIFICATION, (), "digit", classes)
    return _profile(source, "Handwritten digits", data, (28, 28, 1))


def _line(source: str) -> Profile:
    random = np.random.default_rng(0)
    x = random.normal(size=(100, 1))
    y = 2 * x[:, 0] + random.normal(size=100)
    data = Examples(x, y, Kind.TABLE, Task.REGRESSION, ("x",), "y")
    return _profile(source, "Noisy line", data, (1,))


def _moons(source: str) -> Profile:
    x = np.random.default_rng(0).normal(size=(100, 2))
    y = (x.sum(axis=1) > 0).astype(np.int64)
    names = ("x1", "x2")
    data = Examples(x, y, Kind.TABLE, Task.CLASSIFICATION, names, "class", ("a", "b"))
    return _profile(source, "Two moons", data, (2,))


def _people(source: str) -> Profile:
    """A table from a file: gaps, categories, a column that counts the rows, a leak."""
    random = np.random.default_rng(0)
    age = random.normal(40, 12, 300).round()
    age[::7] = np.nan
    town = random.integers(0, 3, 300).astype(np.float64)
    y = random.integers(0, 2, 300)
    towns = (("Oslo", 120), ("Bergen", 100), ("Ålesund", 80))
    columns = (
        replace(column_profile("passenger.id", np.arange(300.0)), type="identifier", is_used=False),
        replace(column_profile("age", age), n_distinct=52, gaps="indicator"),
        _category("town", towns),
        replace(column_profile("fare", random.gamma(2, 20, 300)), n_distinct=299),
        _category("survived", (("no", 180), ("yes", 120))),
    )
    findings = (
        DataFinding(Trouble.UNDERSTOOD, "fare", "“fare” is written with decimal commas."),
        DataFinding(
            Trouble.MISSING, "age", "“age” holds nothing in 43 of 300 rows.", (), 43, (FILL,)
        ),
        DataFinding(
            Trouble.LEAK,
            "passenger.id",
            "“passenger.id” tells “survived” alone in 99 of 100 rows: it may not be known in time.",
            (),
            1,
            (LEAVE_OUT,),
        ),
        DataFinding(
            Trouble.DUPLICATE,
            "",
            "12 rows say the same as another one.",
            tuple(f"row {row}: as row {row - 1}" for row in range(10, 22)),
            12,
        ),
    )
    data = Examples(
        np.stack([age, town, random.gamma(2, 20, 300)], axis=1),
        y,
        Kind.TABLE,
        Task.CLASSIFICATION,
        ("age", "town", "fare"),
        "survived",
        ("no", "yes"),
        findings=findings,
        facts=(("Delimiter", "semicolon"), ("Encoding", "Windows-1252")),
        notes=("The first line was taken for the names of the columns.",),
        columns=columns,
        source_columns=tuple(column.name for column in columns),
        reading={"columns": [{"name": "town", "values": ["Oslo", "Bergen", "Ålesund"]}]},
    )
    return _profile(source, "people.csv", data, (6,), "table")


def _category(name: str, values: tuple[tuple[str, int], ...]) -> ColumnProfile:
    nan, nothing = float("nan"), np.zeros(0, np.int64)
    n = len(values)
    return ColumnProfile(name, nan, nan, nan, nan, nothing, "category", n_distinct=n, values=values)


def _pets(source: str) -> Profile:
    """A folder of pictures, two of which are none."""
    random = np.random.default_rng(0)
    x = random.integers(0, 255, (40, 48, 64, 3), dtype=np.uint8)
    names = tuple(f"{'cats' if place % 2 else 'dogs'}/{place}.png" for place in range(40))
    bad = ("cats/7.png: is not an image", "dogs/a b.png: ends in the middle")
    finding = DataFinding(
        Trouble.UNREADABLE, "", "2 files of 42 cannot be used and are skipped.", bad, 2, (EXCLUDE,)
    )
    data = Examples(
        x,
        np.arange(40) % 2,
        Kind.IMAGE,
        Task.CLASSIFICATION,
        target_name="class",
        class_names=("cats", "dogs"),
        findings=(finding,),
        facts=(("Files", "42 PNG"), ("Size", "64×48, resized from 640×480")),
        distributions=(distribution("Width", random.normal(640, 90, 42), "pixels"),),
        names=names,
    )
    return _profile(source, "pets", data, (48, 64, 3), "images")


def _names(source: str) -> Profile:
    words = ["Angelopoulos", "Müller", "Nakamura", "O'Brien", "Иванов", "Østergård"]
    x = np.array([words[place % 6] for place in range(120)], dtype=object)
    classes = ("German", "Greek", "Irish", "Japanese", "Norwegian", "Russian")
    data = Examples(
        x,
        np.arange(120) % 6,
        Kind.TEXT,
        Task.CLASSIFICATION,
        ("text",),
        "language",
        classes,
        facts=(("Cut into", "characters"), ("Vocabulary", "87 tokens")),
        distributions=(distribution("Length", [len(word) for word in x], "characters"),),
    )
    return _profile(source, "names", data, (19,), "text_folder", n_tokens=87)


def _pairs(source: str) -> Profile:
    x = np.array(["twenty-one", "one hundred and three", "seven"] * 30, dtype=object)
    y = np.array(["einundzwanzig", "einhundertdrei", "sieben"] * 30, dtype=object)
    data = Examples(x, y, Kind.TEXT, Task.TRANSLATION, ("English",), "German")
    signature = {"n_tokens": 30, "target_length": 18}
    return _profile(source, "sentences.tsv", data, (24,), "pairs", **signature)


def _waves(n: int) -> Any:
    seconds = np.arange(RATE) / RATE
    tones = [697 + 60 * (place % 10) for place in range(n)]
    waves = [np.sin(2 * np.pi * tone * seconds) * np.exp(-3 * seconds) for tone in tones]
    return (np.array(waves) * 20_000).astype(np.int16)


def _tones(source: str) -> Profile:
    data = Examples(
        _waves(40),
        np.arange(40) % 10,
        Kind.AUDIO,
        Task.CLASSIFICATION,
        target_name="key",
        class_names=tuple("0123456789"),
        rate=RATE,
        facts=(("Sample rate", "8 kHz"),),
        names=tuple(f"{place % 10}/{place}.wav" for place in range(40)),
    )
    return _profile(source, "tones", data, (101, 40, 1), "audio_folder")


def _spoken(source: str) -> Profile:
    said = np.array(["call me back", "0800 123", "ring twice"] * 8, dtype=object)
    data = Examples(
        _waves(24), said, Kind.AUDIO, Task.TRANSCRIPTION, target_name="sentence", rate=RATE
    )
    return _profile(source, "spoken", data, (101, 40, 1), "audio_table", target_length=12)


def _clips(source: str) -> Profile:
    x = np.zeros((12, 8, 32, 32, 1), np.uint8)
    for clip in range(12):
        for frame in range(8):
            x[clip, frame, 4 + clip : 12 + clip, 3 * frame : 3 * frame + 8] = 255
    data = Examples(
        x,
        np.arange(12) % 2,
        Kind.VIDEO,
        Task.CLASSIFICATION,
        target_name="direction",
        class_names=("left", "right"),
        frame_rate=10.0,
    )
    return _profile(source, "clips", data, (8, 32, 32, 1), "videos")


def _river(source: str) -> Profile:
    days = np.arange(900) * 86_400.0 + 1.4e9
    level = np.sin(np.arange(900) / 58) + 0.1 * np.random.default_rng(0).normal(size=900)
    windows = np.lib.stride_tricks.sliding_window_view(level, 36)
    ends = (float(days[630]), float(days[765]))
    data = Examples(
        windows[:, :30, np.newaxis],
        windows[:, 30:],
        Kind.SERIES,
        Task.FORECASTING,
        ("level",),
        "level",
        traces=(Trace("level", days, level, ends),),
        order=np.arange(len(windows)),
        source_columns=("day", "level"),
    )
    return _profile(source, "river.csv", data, (30, 1), "series", n_values=6)


def _cart(source: str) -> Profile:
    random = np.random.default_rng(0)
    names = ("position", "velocity", "angle", "turn")
    x, y = random.normal(size=(200, 4)), random.normal(size=(200, 2))
    data = Examples(x, y, Kind.TABLE, Task.CONTROL, names, "push, brake")
    return _profile(source, "cart.npz", data, (4,), "control", n_values=2)


def fake_rates() -> RatesTried:
    """A loss that falls from 2 to 1 around 0.01 and explodes after 0.1."""
    rates = np.geomspace(1e-7, 1.0, 60).astype(np.float32)
    losses = 1 + 1 / (1 + (rates / 0.01) ** 2) + (rates / 0.2) ** 4
    return RatesTried(rates, losses.astype(np.float32), 0.003, "0.003: because it is.")
