"""The runs of the verdict bench: half sound, half with one fault each; and others to tune on.

Data of `BENCH` and `TUNE` are different ones, so that thresholds set on the latter say something
of the former.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from engine.events.verdicts import FindingKind as Kind

Values = dict[str, Any]
Make = Callable[[np.random.Generator], tuple[Sequence[str], np.ndarray]]


@dataclass(frozen=True)
class Case:
    """One run.

    Attributes:
        name: What is done.
        source: A data set in the box, or a table that is made.
        kinds: The fault: any one of these names it; empty: the run is sound.
        values: More of its spec, by section.
        seed: Of the run and of a made table.
    """

    name: str
    source: str
    kinds: tuple[Kind, ...] = ()
    values: dict[str, Any] = field(default_factory=dict)
    seed: int = 0

    def spec(self, folder: Path) -> Values:
        """Its spec; writes its table, where it has one."""
        data: Values = {"source": self.source}
        if self.source in TABLES:
            path = folder / f"{self.source}-{self.seed}.csv"
            names, rows = TABLES[self.source](np.random.default_rng(self.seed))
            with path.open("w", newline="", encoding="utf-8") as file:
                csv.writer(file).writerows([names, *rows.tolist()])
            data = {"source": str(path), "target": names[-1]}
        values = {"data": data, "seed": self.seed}
        for section, more in self.values.items():
            values[section] = {**values.get(section, {}), **more}
        return values


# ---- tables that are made


def _named(x: np.ndarray, y: np.ndarray, target: str) -> tuple[Sequence[str], np.ndarray]:
    names = [f"f{i}" for i in range(x.shape[1])]
    rows = np.column_stack([np.round(x, 5).astype(object), y.astype(object)])
    return [*names, target], rows


def _classes(
    n: int, k: int, d: int, spread: float, shares: Sequence[float] = (), shuffled: bool = False
) -> Make:
    """Normal clouds around random centres."""

    def make(generator: np.random.Generator) -> tuple[Sequence[str], np.ndarray]:
        p = np.array(shares) if shares else np.full(k, 1 / k)
        label = generator.choice(k, n, p=p)
        centres = generator.normal(0, 1, (k, d))
        x = centres[label] + spread * generator.normal(0, 1, (n, d))
        if shuffled:
            generator.shuffle(label)
        return _named(x, np.array([f"kind {it}" for it in label]), "kind")

    return make


def _rings(n: int, shuffled: bool = False) -> Make:
    """Three rings, one in the other: no line parts them."""

    def make(generator: np.random.Generator) -> tuple[Sequence[str], np.ndarray]:
        label = generator.integers(0, 3, n)
        angle = generator.uniform(0, 2 * np.pi, n)
        radius = 1 + label + 0.15 * generator.normal(size=n)
        x = np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])
        if shuffled:
            generator.shuffle(label)
        return _named(x, np.array([f"ring {it}" for it in label]), "ring")

    return make


def _values(n: int, d: int, noise: float, shuffled: bool = False, kind: str = "friedman") -> Make:
    """Friedman's first function, or a smooth one of products."""

    def make(generator: np.random.Generator) -> tuple[Sequence[str], np.ndarray]:
        x = generator.uniform(0, 1, (n, max(d, 5)))
        if kind == "friedman":
            y = 10 * np.sin(np.pi * x[:, 0] * x[:, 1]) + 20 * (x[:, 2] - 0.5) ** 2
            y = y + 10 * x[:, 3] + 5 * x[:, 4]
        else:
            y = 8 * x[:, 0] * x[:, 1] + 6 * np.cos(3 * x[:, 2]) + 4 * x[:, 3] ** 2
        y = y + noise * generator.normal(size=n)
        if shuffled:
            generator.shuffle(y)
        return _named(x, np.round(y, 5), "value")

    return make


def _huge(make: Make) -> Make:
    """One value of the training rows is far beyond what a float32 bears when squared."""

    def made(generator: np.random.Generator) -> tuple[Sequence[str], np.ndarray]:
        names, rows = make(generator)
        rows[: len(rows) // 2, 0] = [1e30 * (1 + i % 7) for i in range(len(rows) // 2)]
        return names, rows

    return made


def _labels(n: int, shuffled: bool = False) -> Make:
    """Three labels that go with a feature each, as columns of 0 and 1 would; told in one cell."""

    def make(generator: np.random.Generator) -> tuple[Sequence[str], np.ndarray]:
        x = generator.normal(0, 1, (n, 6))
        has = x[:, :4] + 0.3 * generator.normal(size=(n, 4)) > [0.2, 0.4, 0.0, 0.5]
        if shuffled:
            generator.shuffle(has)
        names = np.array(["round", "red", "large", "old"])
        cells = np.array([";".join(names[row]) or "none" for row in has])
        return _named(x, cells, "tags")

    return make


TABLES: dict[str, Make] = {
    # of the bench
    "clouds": _classes(900, 5, 8, 0.9),
    "clouds_shuffled": _classes(600, 3, 6, 0.6, shuffled=True),
    "clouds_small": _classes(200, 3, 6, 0.7),
    "clouds_tiny": _classes(70, 4, 60, 4.0),
    "clouds_rare": _classes(1500, 2, 5, 2.5, shares=(0.96, 0.04)),
    "clouds_uneven": _classes(1500, 3, 8, 0.5, shares=(0.8, 0.12, 0.08)),
    "clouds_lost": _classes(1200, 4, 3, 3.5, shares=(0.48, 0.32, 0.17, 0.03)),
    "clouds_huge": _huge(_classes(400, 3, 5, 0.7)),
    "friedman": _values(900, 8, 0.6),
    "friedman_shuffled": _values(700, 8, 0.6, shuffled=True),
    "friedman_tiny": _values(60, 30, 1.0),
    "friedman_small": _values(180, 6, 1.5),
    "tags": _labels(700),
    "tags_shuffled": _labels(700, shuffled=True),
    # to tune on
    "rings": _rings(900),
    "rings_shuffled": _rings(700, shuffled=True),
    "rings_small": _rings(190),
    "groups_tiny": _classes(80, 3, 40, 3.0),
    "groups_rare": _classes(1300, 2, 4, 3.5, shares=(0.95, 0.05)),
    "groups_uneven": _classes(1300, 3, 6, 0.5, shares=(0.78, 0.14, 0.08)),
    "groups": _classes(700, 4, 5, 0.7),
    "groups_huge": _huge(_classes(500, 4, 4, 0.7)),
    "products": _values(800, 6, 0.4, kind="products"),
    "products_shuffled": _values(800, 6, 0.4, shuffled=True, kind="products"),
    "products_tiny": _values(55, 25, 0.6, kind="products"),
    "products_small": _values(170, 6, 0.8, kind="products"),
}


# ---- how a run is set


def _mlp(units: Sequence[int] = (32, 32), activation: str = "relu", **more: Any) -> Values:
    return {"name": "mlp", "parameters": {"units": list(units), "activation": activation, **more}}


def _run(
    model: Values | None = None,
    split: Values | None = None,
    preprocessing: Values | None = None,
    stopping: Values | None = None,
    **training: Any,
) -> dict[str, Any]:
    parts = {
        "model": model,
        "split": split,
        "preprocessing": preprocessing,
        "stopping": stopping,
        "training": training,
    }
    return {name: part for name, part in parts.items() if part}


_NOTHING = (Kind.LEARNT_NOTHING,)
_HIGH = (Kind.RATE_TOO_HIGH,)
_LOW = (Kind.RATE_TOO_LOW,)
_DEAD = (Kind.DEAD_UNITS,)
_VANISH = (Kind.VANISHING_GRADIENTS,)
_OVER = (Kind.OVERFITTING,)
_SHORT = (Kind.NOT_FINISHED,)
_NEVER = (Kind.CLASS_NEVER_PREDICTED,)
_MISSED = (Kind.CLASS_NEVER_PREDICTED, Kind.IMBALANCE)
_NAN = (Kind.NOT_FINITE,)
_FEW = (Kind.FEW_TEST_EXAMPLES,)
_UNDER = (Kind.UNDERFITTING, Kind.WORSE_THAN_BASELINE)
_RATE_OR_NAN = (Kind.RATE_TOO_HIGH, Kind.NOT_FINITE)

_STOP = {"patience": 15}

BENCH = (
    # sound: as a careful person would train
    Case("digits, network with early stopping", "digits", (), _run(_mlp(), stopping=_STOP)),
    Case("digits, convolutions", "digits", (), _run({"name": "cnn"}, epochs=25)),
    Case(
        "clouds, logistic regression",
        "clouds",
        (),
        _run({"name": "logistic_regression"}, stopping=_STOP),
        132,
    ),
    Case("breast cancer, defaults", "breast_cancer", ()),
    Case(
        "breast cancer, logistic regression",
        "breast_cancer",
        (),
        _run({"name": "logistic_regression"}, stopping=_STOP),
        1,
    ),
    Case("clouds, network", "clouds", (), _run(_mlp(), stopping=_STOP, epochs=120), 101),
    Case("clouds, another seed", "clouds", (), _run(_mlp((64,)), stopping=_STOP, epochs=120), 102),
    Case(
        "clouds, tanh and momentum's opposite: SGD",
        "clouds",
        (),
        _run(_mlp((32,), "tanh"), optimizer="sgd", learning_rate=0.1, epochs=80, stopping=_STOP),
        103,
    ),
    Case(
        "uneven classes that are told apart",
        "clouds_uneven",
        (),
        _run(_mlp(), stopping=_STOP, epochs=80),
        104,
    ),
    Case(
        "friedman, network", "friedman", (), _run(_mlp((64, 64)), stopping=_STOP, epochs=200), 105
    ),
    Case(
        "friedman, another seed",
        "friedman",
        (),
        _run(_mlp((32, 32)), stopping=_STOP, epochs=200),
        106,
    ),
    Case(
        "friedman, gelu",
        "friedman",
        (),
        _run(_mlp((64, 64), "gelu"), stopping=_STOP, epochs=200),
        107,
    ),
    Case("noisy plane, linear regression", "noisy_plane", ()),
    Case("two classes on a line", "two_classes", ()),
    Case("moons, network", "moons", (), _run(_mlp(), stopping=_STOP, epochs=150)),
    Case("several labels", "tags", (), _run(_mlp(), stopping=_STOP, epochs=120), 108),
    Case("seasons, linear model", "seasons", (), _run({"name": "series_linear"}, stopping=_STOP)),
    Case(
        "chaos, convolutions",
        "mackey_glass",
        (),
        _run({"name": "series_cnn"}, epochs=20, stopping={"patience": 8}),
    ),
    Case(
        "countries by language, convolutions",
        "countries",
        (),
        _run({"name": "text_cnn"}, epochs=20, stopping={"patience": 5}),
    ),
    Case("pole, policy", "cartpole", (), _run(stopping=_STOP, epochs=40)),
    Case("pump, autoencoder", "pump", (), _run(stopping=_STOP, epochs=40)),
    Case("keypad tones, convolutions", "keypad_tones", (), _run({"name": "sound_cnn"}, epochs=12)),
    # one fault each
    Case("Adam with rate 1", "digits", _HIGH, _run(_mlp(), learning_rate=1.0, epochs=15)),
    Case(
        "Adam with rate 3, values",
        "friedman",
        _HIGH,
        _run(_mlp(), learning_rate=3.0, epochs=30),
        111,
    ),
    Case(
        "SGD with rate 10, tanh",
        "clouds",
        _HIGH,
        _run(_mlp((32, 32), "tanh"), optimizer="sgd", learning_rate=10.0, epochs=30),
        112,
    ),
    Case(
        "SGD with rate 5, values",
        "friedman",
        _RATE_OR_NAN,
        _run(_mlp(), optimizer="sgd", learning_rate=5.0, epochs=30),
        113,
    ),
    Case("Adam with rate 1e-6", "digits", _LOW, _run(_mlp(), learning_rate=1e-6, epochs=20)),
    Case(
        "SGD with rate 1e-4",
        "clouds",
        _LOW,
        _run(_mlp(), optimizer="sgd", learning_rate=1e-4, epochs=30),
        114,
    ),
    Case(
        "Adam with rate 3e-6, values",
        "friedman",
        _LOW,
        _run(_mlp(), learning_rate=3e-6, epochs=30),
        115,
    ),
    Case("shuffled classes", "clouds_shuffled", _NOTHING, _run(_mlp(), epochs=40), 116),
    Case(
        "shuffled classes, another seed",
        "clouds_shuffled",
        _NOTHING,
        _run({"name": "logistic_regression"}, epochs=40),
        117,
    ),
    Case("shuffled values", "friedman_shuffled", _NOTHING, _run(_mlp(), epochs=40), 118),
    Case("shuffled labels", "tags_shuffled", _NOTHING, _run(_mlp(), epochs=40), 119),
    Case(
        "dead by a huge rate",
        "digits",
        _DEAD,
        _run(_mlp((64, 64)), optimizer="sgd", learning_rate=100.0, clip_norm=1.0, epochs=8),
        2,
    ),
    Case(
        "dead by inputs that are not scaled",
        "friedman",
        _DEAD,
        _run(_mlp((32, 32, 32)), learning_rate=2.0, epochs=20),
        120,
    ),
    Case(
        "ten layers of sigmoids",
        "clouds",
        _VANISH,
        _run(_mlp((16,) * 10, "sigmoid"), optimizer="sgd", learning_rate=0.05, epochs=30),
        121,
    ),
    Case(
        "twelve layers of sigmoids, values",
        "friedman",
        _VANISH,
        _run(_mlp((16,) * 12, "sigmoid"), epochs=30),
        122,
    ),
    Case(
        "forty examples of sixty columns",
        "clouds_tiny",
        _OVER,
        _run(_mlp((64, 64)), epochs=120, keep="last"),
        123,
    ),
    Case(
        "forty examples, values",
        "friedman_tiny",
        _OVER,
        _run(_mlp((64, 64)), epochs=300, keep="last"),
        124,
    ),
    Case("one epoch of convolutions", "digits", _SHORT, _run({"name": "cnn"}, epochs=1)),
    Case("two epochs, values", "friedman", _SHORT, _run(_mlp(), epochs=2), 125),
    Case("a rare class that is missed", "clouds_rare", _MISSED, _run(_mlp(), epochs=30), 126),
    Case(
        "the rarest of four is never said",
        "clouds_lost",
        _NEVER,
        _run({"name": "logistic_regression"}, epochs=60),
        127,
    ),
    Case(
        "huge inputs",
        "clouds_huge",
        _NAN,
        _run(_mlp(), preprocessing={"scaling": "none"}, epochs=10),
        128,
    ),
    Case(
        "twenty test examples",
        "clouds_small",
        _FEW,
        _run(_mlp(), split={"validation": 0.2, "test": 0.1}, stopping=_STOP, epochs=100),
        129,
    ),
    Case(
        "eighteen test examples, values",
        "friedman_small",
        _FEW,
        _run(_mlp(), split={"validation": 0.2, "test": 0.1}, stopping=_STOP, epochs=100),
        130,
    ),
    Case(
        "a line through spirals",
        "spirals",
        (*_UNDER, *_NOTHING),
        _run({"name": "logistic_regression"}, epochs=60),
    ),
    Case(
        "shuffled classes, convolutional depth",
        "clouds_shuffled",
        _NOTHING,
        _run(_mlp((64, 64, 64)), epochs=60),
        131,
    ),
)

TUNE = (
    Case("wine, network", "wine", (), _run(_mlp(), stopping=_STOP)),
    Case("wine, defaults", "wine", ()),
    Case("iris, defaults", "iris", ()),
    Case("circles, network", "circles", (), _run(_mlp(), stopping=_STOP, epochs=150)),
    Case("blobs, defaults", "blobs", ()),
    Case("rings, network", "rings", (), _run(_mlp(), stopping=_STOP, epochs=150), 11),
    Case("rings, another seed", "rings", (), _run(_mlp((64,)), stopping=_STOP, epochs=200), 12),
    Case(
        "groups, tanh and SGD",
        "groups",
        (),
        _run(_mlp((32,), "tanh"), optimizer="sgd", learning_rate=0.05, epochs=80, stopping=_STOP),
        13,
    ),
    Case("uneven groups", "groups_uneven", (), _run(_mlp(), stopping=_STOP, epochs=80), 14),
    Case("products, network", "products", (), _run(_mlp((64, 64)), stopping=_STOP, epochs=200), 15),
    Case("products, another seed", "products", (), _run(_mlp(), stopping=_STOP, epochs=200), 16),
    Case("noisy line", "noisy_line", ()),
    Case("diabetes", "diabetes", (), _run(_mlp((16,)), stopping=_STOP, epochs=100)),
    Case("pole, policy", "cartpole", (), _run(stopping=_STOP, epochs=30), 18),
    Case(
        "seasons, convolutions",
        "seasons",
        (),
        _run({"name": "series_cnn"}, epochs=20, stopping={"patience": 8}),
    ),
    Case("several labels", "tags", (), _run(_mlp((16,)), stopping=_STOP, epochs=100), 17),
    Case("xor, network", "xor", (), _run(_mlp(), stopping=_STOP, epochs=150)),
    Case("countries, GRU", "countries", (), _run({"name": "gru"}, epochs=12)),
    Case("Adam with rate 2", "rings", _HIGH, _run(_mlp(), learning_rate=2.0, epochs=20), 21),
    Case(
        "Adam with rate 1, values",
        "products",
        _HIGH,
        _run(_mlp(), learning_rate=1.5, epochs=20),
        22,
    ),
    Case(
        "SGD with rate 20, tanh",
        "groups",
        _HIGH,
        _run(_mlp((32,), "tanh"), optimizer="sgd", learning_rate=20.0, epochs=20),
        23,
    ),
    Case(
        "SGD with rate 3, values",
        "products",
        _RATE_OR_NAN,
        _run(_mlp(), optimizer="sgd", learning_rate=3.0, epochs=20),
        24,
    ),
    Case("Adam with rate 1e-6", "rings", _LOW, _run(_mlp(), learning_rate=1e-6, epochs=20), 25),
    Case(
        "SGD with rate 3e-4",
        "wine",
        _LOW,
        _run(_mlp(), optimizer="sgd", learning_rate=3e-4, epochs=30),
        26,
    ),
    Case(
        "Adam with rate 5e-6, values",
        "products",
        _LOW,
        _run(_mlp(), learning_rate=5e-6, epochs=30),
        27,
    ),
    Case("shuffled rings", "rings_shuffled", _NOTHING, _run(_mlp(), epochs=40), 28),
    Case("shuffled rings, another seed", "rings_shuffled", _NOTHING, _run(_mlp(), epochs=40), 29),
    Case("shuffled values", "products_shuffled", _NOTHING, _run(_mlp(), epochs=40), 30),
    Case(
        "dead by a huge rate",
        "rings",
        _DEAD,
        _run(_mlp((64, 64)), optimizer="sgd", learning_rate=80.0, clip_norm=1.0, epochs=8),
        31,
    ),
    Case(
        "nine layers of sigmoids",
        "rings",
        _VANISH,
        _run(_mlp((16,) * 9, "sigmoid"), optimizer="sgd", learning_rate=0.05, epochs=30),
        32,
    ),
    Case(
        "twelve layers of sigmoids, values",
        "products",
        _VANISH,
        _run(_mlp((16,) * 12, "sigmoid"), epochs=30),
        33,
    ),
    Case(
        "fifty examples of forty columns",
        "groups_tiny",
        _OVER,
        _run(_mlp((64, 64)), epochs=120, keep="last"),
        34,
    ),
    Case(
        "thirty examples, values",
        "products_tiny",
        _OVER,
        _run(_mlp((64, 64)), epochs=300, keep="last"),
        35,
    ),
    Case("one epoch of convolutions", "shapes", _SHORT, _run({"name": "cnn"}, epochs=1)),
    Case("two epochs, values", "products", _SHORT, _run(_mlp(), epochs=2), 36),
    Case("a rare group that is missed", "groups_rare", _MISSED, _run(_mlp(), epochs=30), 37),
    Case(
        "huge inputs",
        "groups_huge",
        _NAN,
        _run(_mlp(), preprocessing={"scaling": "none"}, epochs=10),
        38,
    ),
    Case(
        "nineteen test examples",
        "rings_small",
        _FEW,
        _run(_mlp(), split={"validation": 0.2, "test": 0.1}, stopping=_STOP, epochs=150),
        39,
    ),
    Case(
        "seventeen test examples, values",
        "products_small",
        _FEW,
        _run(_mlp(), split={"validation": 0.2, "test": 0.1}, stopping=_STOP, epochs=100),
        40,
    ),
    Case(
        "a line through circles",
        "circles",
        (*_UNDER, *_NOTHING),
        _run({"name": "logistic_regression"}, epochs=60),
    ),
)
