"""How often 95 % intervals hold the truth, on simulated test parts whose truth is known.

    python tests/benchmarks/interval_coverage.py [--parts 1000] [--samples 200] [--only KIND ...]

The peer is the interval that most reports print: value ± 1.96 standard errors of a share.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from scipy import stats
from smoke import add_smoke
from threadpoolctl import threadpool_limits

from engine.inference.evaluation.analysing import measure
from engine.inference.evaluation.intervals import Resampling, wilson
from engine.inference.evaluation.predictions import Predictions
from engine.spec.signature import Output, Task

N_TRUTH = 200_000
"""Examples from which what cannot be computed is known."""
Floats = npt.NDArray[np.float64]
Made = Callable[[np.random.Generator, int], Predictions]


def classes(rng: np.random.Generator, n: int, groups: int = 0) -> Predictions:
    """Three classes that a model tells apart with noise; in groups the noise is shared."""
    truth = rng.integers(0, 3, n)
    logits = rng.normal(size=(n, 3))
    logits[np.arange(n), truth] += 2.0
    of = None
    if groups:
        of = np.arange(n) // (n // groups)
        logits += 1.5 * rng.normal(size=(of.max() + 1, 3))[of]
    outputs = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    names = ("a", "b", "c")
    rows = np.arange(n)
    return Predictions(
        "test", Task.CLASSIFICATION, Output.CLASSES, rows, truth, outputs, "y", names, of
    )


def grouped(rng: np.random.Generator, n: int) -> Predictions:
    """The same in groups of four."""
    return classes(rng, n, n // 4)


def two(rng: np.random.Generator, n: int) -> Predictions:
    """Two classes."""
    truth = rng.integers(0, 2, n)
    second = 1 / (1 + np.exp(-(1.5 * (2 * truth - 1) + rng.normal(size=n))))
    outputs = np.stack([1 - second, second], axis=1)
    return Predictions(
        "test", Task.CLASSIFICATION, Output.CLASSES, np.arange(n), truth, outputs, "y", ("a", "b")
    )


def labels(rng: np.random.Generator, n: int) -> Predictions:
    """Three labels that occur as often as one in two, four and eight."""
    truth = (rng.random((n, 3)) < (0.5, 0.25, 0.125)).astype(np.uint8)
    outputs = 1 / (1 + np.exp(-(3.0 * truth - 1.5 + rng.normal(size=truth.shape))))
    names, cuts = ("a", "b", "c"), np.full(3, 0.5)
    return Predictions(
        "test",
        Task.MULTILABEL,
        Output.LABELS,
        np.arange(n),
        truth,
        outputs,
        "y",
        names,
        thresholds=cuts,
    )


def with_errors(truth: Floats, errors: Floats, task: Task = Task.REGRESSION) -> Predictions:
    """Numbers, (n, 1), and how far what is said of them is off."""
    rows = np.arange(len(truth))
    return Predictions("test", task, Output.NUMBERS, rows, truth, truth + errors, "y")


def usual(rng: np.random.Generator, n: int) -> Predictions:
    """Numbers with normal errors."""
    return with_errors(rng.normal(size=(n, 1)), 0.5 * rng.normal(size=(n, 1)))


def heavy(rng: np.random.Generator, n: int) -> Predictions:
    """Numbers whose errors have heavy tails: of Student's t with 5 degrees of freedom."""
    return with_errors(rng.normal(size=(n, 1)), 0.5 * rng.standard_t(5, size=(n, 1)))


def skewed(rng: np.random.Generator, n: int) -> Predictions:
    """Amounts: many small, some large, and errors that grow with them."""
    truth = rng.lognormal(0.0, 0.6, (n, 1))
    return with_errors(truth, 0.3 * truth * rng.normal(size=(n, 1)))


def forecast(rng: np.random.Generator, n: int) -> Predictions:
    """A series whose errors are alike from step to step."""
    from scipy.signal import lfilter

    noise = rng.normal(size=(2, n + 50))
    truth, errors = lfilter([1.0], [1.0, -0.5], noise, axis=1)[:, 50:, np.newaxis]
    return with_errors(truth, 0.5 * errors, Task.FORECASTING)


def anomalies(rng: np.random.Generator, n: int) -> Predictions:
    """Scores; one in five examples is unusual."""
    truth = (rng.random(n) < 0.2).astype(np.int64)
    scores = rng.normal(size=n) + 2.0 * truth
    names, cut = ("normal", "anomaly"), np.array([1.0])
    return Predictions(
        "test",
        Task.ANOMALY,
        Output.NUMBERS,
        np.arange(n),
        truth,
        scores,
        "y",
        names,
        thresholds=cut,
    )


WORDS = ("the", "cat", "sat", "on", "a", "mat", "and", "dog", "ran", "fast", "over", "hill")


def texts(rng: np.random.Generator, n: int) -> Predictions:
    """Sentences; of each another share of the words is wrong, of a third none."""
    lengths = rng.integers(3, 12, n)
    rates = np.where(rng.random(n) < 1 / 3, 0.0, rng.beta(1, 3, n))
    truth, found = [], []
    for length, rate in zip(lengths, rates, strict=True):
        words = rng.choice(WORDS, length)
        other = np.where(rng.random(length) < rate, rng.choice(WORDS, length), words)
        truth.append(" ".join(words))
        found.append(" ".join(other))
    both = np.array(truth, object), np.array(found, object)
    return Predictions("test", Task.TRANSLATION, Output.TOKENS, np.arange(n), *both, "y")


KINDS: dict[str, Made] = {
    "classes": classes,
    "grouped": grouped,
    "two": two,
    "labels": labels,
    "usual": usual,
    "heavy": heavy,
    "skewed": skewed,
    "forecast": forecast,
    "anomalies": anomalies,
    "texts": texts,
}


def share_held(make: Made, n_parts: int, n_samples: int, n_truth: int) -> dict[str, float]:
    """By metric: the share of parts whose interval holds the truth."""
    whole = make(np.random.default_rng(10**6), n_truth)
    truth = measure(whole, Resampling(n_truth, max_units=2, n_replicates=2)).metrics
    held = dict.fromkeys(truth, 0)
    for seed in range(n_parts):
        found = measure(make(np.random.default_rng(seed), n_samples))
        for name, (low, high) in found.intervals.items():
            held[name] += low <= truth[name] <= high
    return {name: count / n_parts for name, count in held.items()}


def shares(rate: float, n_parts: int, n_samples: int) -> tuple[float, float]:
    """Of a known rate: how often Wilson's interval holds it, and how often the usual one."""
    hits = np.random.default_rng(1).binomial(n_samples, rate, n_parts)
    ours = [low <= rate <= high for low, high in (wilson(hit, n_samples) for hit in hits)]
    share = hits / n_samples
    half = 1.96 * np.sqrt(share * (1 - share) / n_samples)
    return float(np.mean(ours)), float(np.mean(np.abs(share - rate) <= half))


def exactly(rate: float, n_samples: int) -> float:
    """How often Wilson's interval holds a rate, without simulation."""
    counts = np.arange(n_samples + 1)
    holds = [low <= rate <= high for low, high in (wilson(hit, n_samples) for hit in counts)]
    return float(stats.binom.pmf(counts, n_samples, rate)[holds].sum())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parts", type=int, default=1_000)
    parser.add_argument("--samples", type=int, default=200)
    parser.add_argument("--truth", type=int, default=N_TRUTH)
    parser.add_argument("--only", nargs="+", choices=KINDS, default=list(KINDS))
    add_smoke(parser, parts=3, samples=40, truth=400)
    asked = parser.parse_args()
    threadpool_limits(1)  # small products: threads would only wait for each other
    print(f"{asked.parts} parts of {asked.samples}; the share whose 95 % interval holds the truth")
    print("a share whose rate is known       Wilson   exactly   ± 1.96 s.e.")
    for rate in (0.5, 0.7, 0.8, 0.9, 0.95, 0.98):
        ours, usual = shares(rate, asked.parts, asked.samples)
        print(f"  {rate:<30}  {ours:.3f}    {exactly(rate, asked.samples):.3f}     {usual:.3f}")
    for kind in asked.only:
        held = share_held(KINDS[kind], asked.parts, asked.samples, asked.truth)
        print(kind)
        for name, share in held.items():
            print(f"  {name:<30}  {share:.3f}", flush=True)


if __name__ == "__main__":
    main()
