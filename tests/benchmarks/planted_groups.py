"""Is a planted bad group named first, and nothing where nothing is planted?

    python tests/benchmarks/planted_groups.py [--seeds 20]

Three kinds of data: a table in which the target of one category is shifted, pictures of which
those of one site are blurred, and the same two with nothing planted. Models are scikit-learn's, so
that many seeds take little time. The peer names the value or quarter with the highest error of at
least 10 examples, as people do by eye.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from smoke import add_smoke

from engine.datasets.base import Examples
from engine.inference.evaluation.predictions import Predictions
from engine.inference.groups.attributes import attributes_of
from engine.inference.groups.candidates import candidates_of
from engine.inference.groups.searching import errors_of, find_groups
from engine.spec.signature import Kind, Output, Task

SITES = ("north", "south", "east", "west", "centre")
BAD = "east"
N_NUMBERS = 8


@dataclass(frozen=True)
class Case:
    """Examples, what a model says of their test part, and the name of what was planted."""

    examples: Examples
    predictions: Predictions
    planted: str


def table(seed: int, is_planted: bool, n: int = 3_000) -> Case:
    """Numbers and a category; the target of one category is shifted, and the model knows it not."""
    from sklearn.linear_model import Ridge

    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, N_NUMBERS))
    site = rng.integers(0, len(SITES), n)
    y = x @ rng.normal(size=N_NUMBERS) + rng.normal(size=n)
    if is_planted:
        y[site == SITES.index(BAD)] += 1.5
    train, test = np.arange(n) < 2 * n // 3, np.arange(n) >= 2 * n // 3
    said = Ridge().fit(x[train], y[train]).predict(x[test])
    names = tuple(f"x{k}" for k in range(N_NUMBERS))
    columns = {name: x[:, k] for k, name in enumerate(names)}
    columns["site"] = np.array(SITES, object)[site]
    examples = Examples(
        x,
        y,
        Kind.TABLE,
        Task.REGRESSION,
        names,
        "y",
        source_columns=(*columns, "y"),
        column=lambda name: columns[name],
    )
    rows = np.flatnonzero(test)
    predictions = Predictions(
        "test", Task.REGRESSION, Output.NUMBERS, rows, y[rows, None], said[:, None], "y"
    )
    return Case(examples, predictions, f"site = {BAD}")


def pictures(seed: int, is_planted: bool) -> Case:
    """scikit-learn's digits, whose files are named after sites; those of one site are blurred."""
    from scipy.ndimage import gaussian_filter
    from sklearn.datasets import load_digits
    from sklearn.svm import SVC

    rng = np.random.default_rng(seed)
    digits = load_digits()
    images, y = digits.images.astype(np.float64) * 15, digits.target
    site = rng.integers(0, len(SITES), len(y))
    if is_planted:
        at = np.flatnonzero(site == SITES.index(BAD))
        images[at] = gaussian_filter(images[at], (0, 2.0, 2.0))
    order = rng.permutation(len(y))
    train, test = order[: len(y) // 2], np.sort(order[len(y) // 2 :])
    # Learnt from sharp pictures alone, as where a site joins later.
    learnt = train[site[train] != SITES.index(BAD)]
    flat = images.reshape(len(y), -1) / 255
    model = SVC(gamma=0.02, C=10).fit(flat[learnt], y[learnt])
    outputs = np.eye(10)[model.predict(flat[test])]
    names = tuple(f"{SITES[s]}_{k:04d}.png" for k, s in enumerate(site))
    classes = tuple(map(str, range(10)))
    examples = Examples(
        images[..., None].clip(0, 255).astype(np.uint8),
        y.astype(np.int64),
        Kind.IMAGE,
        Task.CLASSIFICATION,
        target_name="digit",
        class_names=classes,
        names=names,
    )
    predictions = Predictions(
        "test",
        Task.CLASSIFICATION,
        Output.CLASSES,
        test,
        y[test].astype(np.int64),
        outputs,
        "digit",
        classes,
    )
    return Case(examples, predictions, f"file name begins with '{BAD}'")


KINDS = {"a table, one category shifted": table, "pictures, one site blurred": pictures}


def named(case: Case) -> list[str]:
    """What is named, the first first."""
    attributes = attributes_of(case.examples, case.predictions.rows)
    return [group.where for group in find_groups(case.predictions, attributes)[0]]


def named_by_eye(case: Case) -> str:
    """The value or range with the highest error."""
    errors = errors_of(case.predictions)
    assert errors is not None
    found = [
        (float(errors.values[candidate.places].mean()), candidate.where)
        for attribute in attributes_of(case.examples, case.predictions.rows)
        for candidate in candidates_of(attribute, 10)
    ]
    return max(found)[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    add_smoke(parser, seeds=1)
    n_seeds = parser.parse_args().seeds
    print(f"{'':<32}  named first  by eye  named where nothing is   seconds")
    for kind, make in KINDS.items():
        begun = time.perf_counter()
        planted = [make(seed, True) for seed in range(n_seeds)]
        first = [(named(case) or [""])[0] == case.planted for case in planted]
        by_eye = [named_by_eye(case) == case.planted for case in planted]
        without = [named(make(1_000 + seed, False)) for seed in range(n_seeds)]
        seconds = (time.perf_counter() - begun) / (2 * n_seeds)
        false = sum(map(bool, without))
        print(
            f"{kind:<32}  {sum(first)} of {n_seeds}     {sum(by_eye)} of {n_seeds}"
            f"   {false} of {n_seeds}                  {seconds:.2f}"
        )
        for found in filter(None, without):
            print(f"    named although nothing is planted: {', '.join(found)}")


if __name__ == "__main__":
    main()
