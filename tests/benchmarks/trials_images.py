"""Images: a support vector machine and a linear model on the pixels are what has to be reached."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from default_trials import SHARED, Baselines, Trial, Values

FEW = 2_000
FLOOR = 0.005


def trials(folder: Path) -> list[Trial]:
    """Data in the box, and where ../shared is there, its first digits."""
    found = [_trial("digits"), _trial("shapes")]
    mnist = SHARED / "data" / "mnist"
    if mnist.exists():
        path = folder / "mnist_few.npz"
        images, labels = (next(mnist.glob(f"*{kind}*.gz")) for kind in ("images", "labels"))
        x = np.frombuffer(gzip.decompress(images.read_bytes()), np.uint8, offset=16)
        y = np.frombuffer(gzip.decompress(labels.read_bytes()), np.uint8, offset=8)
        np.savez(path, x=x.reshape(-1, 28, 28)[:FEW], y=y[:FEW])
        found.append(_trial(str(path)))
    return found


def _trial(data: str) -> Trial:
    return Trial(data, _wrong, FLOOR, baselines)


def _wrong(metrics: Values) -> float:
    return 1.0 - float(metrics["test_accuracy"])


def baselines(spec: Values) -> Baselines:
    """A support vector machine with a Gaussian kernel, and logistic regression."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.svm import SVC

    from engine.spec.run_spec import RunSpec
    from engine.training.prepared_data import prepare

    prepared = prepare(RunSpec.from_dict(spec))
    examples, parts = prepared.examples, prepared.parts
    learnt = np.concatenate([parts.train, parts.validation])
    ways: dict[str, Callable[[], Any]] = {
        "svm": lambda: SVC(C=10.0),
        "linear": lambda: LogisticRegression(max_iter=500),
    }
    x, x_test = (
        examples.x[part].reshape(len(part), -1).astype(np.float64) / 255.0
        for part in (learnt, parts.test)
    )
    return {
        name: 1.0 - float(make().fit(x, examples.y[learnt]).score(x_test, examples.y[parts.test]))
        for name, make in ways.items()
    }
