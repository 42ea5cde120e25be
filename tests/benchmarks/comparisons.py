"""How often comparisons are wrong where nothing differs, and how soon they find what does.

    python tests/benchmarks/comparisons.py [--comparisons 1000] [--examples 4000] [--most 30]

The simulation: an example is right with a probability whose logit is its own easiness (normal, so
wide that most examples are nearly always right or nearly always wrong), plus what this way to train
makes of this example (normal; 0 where both sides train alike), plus the luck of the seed (normal,
the same for all examples). As of networks that are trained anew, about 90 % are right, two seeds of
one way disagree on about 7 % of the examples, and a seed's accuracy spreads by 0.3 points beside
the luck of the test part. Test examples, seeds and coins are drawn anew in each comparison; the
truth is known from 400,000 examples.

Somebody looks after each seed from the first on. Where nothing differs they go on until something
is called better, or to the last seed; they look at single models once. Where one point is planted,
the promise is what is said at the third seed, and the difference must be found within 1.3 times as
many. The peer looks after each seed, too, with Student's test at 5 %.
"""

from __future__ import annotations

import argparse
import math
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from scipy import stats
from scipy.optimize import brentq
from scipy.special import expit
from smoke import add_smoke
from threadpoolctl import threadpool_limits

from engine.inference.comparing.deciding import ALPHA, ROPE, Verdict, decide, rope_of
from engine.inference.comparing.differences import (
    Difference,
    OfMetrics,
    OfShares,
    of_seeds,
    of_splits,
)
from engine.inference.comparing.influence import Influence, measured_together
from engine.inference.comparing.looks import FIRST_LOOK
from engine.inference.comparing.proportions import PairedCounts
from engine.inference.evaluation.predictions import Predictions
from engine.spec.signature import Output, Task

Floats = npt.NDArray[np.float64]
N_TRUTH = 400_000
MEAN, SPREAD, SEEDS = 6.9, 5.0, 0.09
"""Logits: of all examples, between them, between seeds."""
ORDER = [*range(10), 20, *range(10, 20), 21]
"""Features and a constant of one half, then of the other."""
BETTER = (Verdict.FIRST, Verdict.SECOND)


@dataclass(frozen=True)
class World:
    """Two ways to train.

    Attributes:
        own: How much easiness differs between the two, as a deviation of logits.
        shift: What makes the second way's accuracy what it shall be.
    """

    own: float
    shift: float

    @classmethod
    def planted(cls, own: float, gain: float) -> World:
        """The second way is better by `gain`, of 1, on all examples there are."""
        rng = np.random.default_rng(1)
        easy, other = rng.normal(size=(2, N_TRUTH))
        first = expit(MEAN + SPREAD * easy).mean()

        def off(shift: float) -> float:
            return float(expit(MEAN + SPREAD * easy + own * other + shift).mean() - first - gain)

        return cls(own, float(brentq(off, -5.0, 5.0)))

    def drawn(
        self, rng: np.random.Generator, n: int, n_seeds: int, spread: float = SEEDS
    ) -> tuple[Floats, Floats]:
        """Who is right, (seeds, examples), 1 or 0, of each way."""
        easy = MEAN + SPREAD * rng.normal(size=n)
        other = easy + self.own * rng.normal(size=n) + self.shift
        sides = []
        for logits in (easy, other):
            luck = spread * rng.normal(size=(n_seeds, 1))
            sides.append((rng.random((n_seeds, n)) < expit(logits + luck)).astype(np.float64))
        return sides[0], sides[1]


def verdict_of(found: Difference) -> tuple[Verdict, int | None]:
    """What is said of one comparison, and how many seeds are promised."""
    decision = decide([found], "accuracy", [ROPE])[0]
    return decision.verdict, decision.effort.n_seeds if decision.effort else None


def after(first: Floats, second: Floats, k: int) -> Difference:
    """What is known after k seeds of each side."""
    return of_seeds(Influence.of_means(first[:k]), Influence.of_means(second[:k]), first.shape[1])


def student(first: Floats, second: Floats) -> bool:
    """Student's test of seeds finds a difference at 5 % at one of the looks from two seeds on."""
    for k in range(2, len(first) + 1):
        error = np.sqrt((first[:k].var(ddof=1) + second[:k].var(ddof=1)) / k)
        gap = abs(first[:k].mean() - second[:k].mean())
        if gap > stats.t.ppf(1 - ALPHA / 2, 2 * k - 2) * error:
            return True
    return False


def models_alike(arguments: argparse.Namespace, rng: np.random.Generator, own: float) -> str:
    """Two single models that are as good as each other."""
    world, n_false = World.planted(own, 0.0), 0
    for _ in range(arguments.comparisons):
        first, second = world.drawn(rng, arguments.examples, 1, spread=0.0)
        counts = PairedCounts.of(first[0], second[0])
        n_false += verdict_of(OfShares(counts))[0] in BETTER
    return f"{100 * n_false / arguments.comparisons:.1f} % called better"


def seeds_alike(arguments: argparse.Namespace, rng: np.random.Generator, own: float) -> str:
    """Two ways to train that are as good as each other, looked at after each seed."""
    world, n_false, n_peer, n_same = World.planted(own, 0.0), 0, 0, 0
    for _ in range(arguments.comparisons):
        first, second = world.drawn(rng, arguments.examples, arguments.most)
        said = [verdict_of(after(first, second, k))[0] for k in range(1, arguments.most + 1)]
        n_false += any(it in BETTER for it in said)
        n_same += Verdict.SAME in said
        n_peer += student(first.mean(axis=1), second.mean(axis=1))
    n = arguments.comparisons
    return (
        f"{100 * n_false / n:.1f} % called better, {100 * n_same / n:.0f} % called no difference "
        f"that matters; Student's test {100 * n_peer / n:.1f} % called better"
    )


def numbers_alike(arguments: argparse.Namespace, rng: np.random.Generator) -> str:
    """Two models whose errors are as large, and heavy (Student's t with 5 degrees of freedom)."""
    n, n_comparisons, n_false = arguments.examples, max(1, arguments.comparisons // 4), 0
    metric = "root_mean_squared_error"
    for _ in range(n_comparisons):
        truth, hard = rng.normal(size=(n, 1)), rng.standard_t(5, (n, 1))
        outputs = [truth + hard + rng.standard_t(5, (n, 1)) for _ in range(2)]
        found = [
            Predictions("test", Task.REGRESSION, Output.NUMBERS, np.arange(n), truth, it, "y")
            for it in outputs
        ]
        one, two = measured_together(found, metric)
        gap = one.metrics[metric] - two.metrics[metric]
        difference = OfMetrics(gap, one.drawn_difference(two, metric), n)
        rope = rope_of(metric, one.metrics[metric])
        n_false += decide([difference], metric, [rope])[0].verdict in BETTER
    return f"{100 * n_false / n_comparisons:.1f} % of {n_comparisons} called better"


def splits_alike(arguments: argparse.Namespace, rng: np.random.Generator) -> str:
    """Least squares on one half of the features, or on the other, which are worth as much.

    Each seed divides 400 examples anew; the peer is Student's test of the same differences.
    """
    n, n_test, n_features, n_false, n_peer = 400, 80, 20, 0, 0
    for _ in range(arguments.comparisons):
        truth = rng.integers(0, 2, n)
        x = rng.normal(size=(n, n_features)) + 0.4 * truth[:, np.newaxis]
        halves = np.split(np.concatenate([x, np.ones((n, 2))], axis=1)[:, ORDER], 2, axis=1)
        gaps, noise = [], []
        for _ in range(arguments.most):
            rows = rng.permutation(n)
            test, train = rows[:n_test], rows[n_test:]
            right = []
            for half in halves:
                weights = np.linalg.lstsq(half[train], truth[train] - 0.5, rcond=None)[0]
                right.append((half[test] @ weights > 0) == truth[test])
            difference = OfShares(PairedCounts.of(*right))
            gaps.append(difference.value)
            noise.append(difference.error**2)
        known = np.array(gaps)
        looks = (
            of_splits(known[:k], n - n_test, n_test, float(np.mean(noise[:k])))
            for k in range(1, len(gaps) + 1)
        )
        n_false += any(verdict_of(it)[0] in BETTER for it in looks)
        n_peer += student(known, np.zeros(len(known)))
    share, peer = n_false / arguments.comparisons, n_peer / arguments.comparisons
    return f"{100 * share:.1f} % called better; Student's test {100 * peer:.1f} %"


def seeds_planted(arguments: argparse.Namespace, rng: np.random.Generator, own: float) -> str:
    """The second way is better by one point; a promise is given at the third seed."""
    world = World.planted(own, 0.01)
    promises, used, n_found, n_wrong, n_none = [], [], 0, 0, 0
    most = arguments.most + 40
    for _ in range(arguments.comparisons):
        first, second = world.drawn(rng, arguments.examples, most)
        verdict, promise = verdict_of(after(first, second, FIRST_LOOK))
        if verdict is Verdict.UNDECIDED and promise is None:
            n_none += 1
            continue
        last = FIRST_LOOK if promise is None else math.ceil(1.3 * promise)
        k = FIRST_LOOK
        while verdict is Verdict.UNDECIDED and k < min(last, most):
            k += 1
            verdict = verdict_of(after(first, second, k))[0]
        n_found += verdict is Verdict.SECOND
        n_wrong += verdict is Verdict.FIRST
        if promise is not None:
            promises.append(promise)
            used.append(k)
    n = arguments.comparisons
    middle = np.quantile(promises, [0.1, 0.5, 0.9]) if promises else np.zeros(3)
    return (
        f"{100 * n_found / n:.1f} % found within the promise + 30 %, {100 * n_wrong / n:.1f} % "
        f"the wrong way round, {100 * n_none / n:.1f} % told that seeds alone will not do; "
        f"promised {middle[1]:.0f} seeds ({middle[0]:.0f} to {middle[2]:.0f}), "
        f"used {np.mean(used) if used else 0:.1f}"
    )


def settled_otherwise(own: float) -> str:
    """Share of the examples on which most seeds of one way say otherwise than most of the other."""
    world, rng = World.planted(own, 0.0), np.random.default_rng(2)
    easy = MEAN + SPREAD * rng.normal(size=N_TRUTH)
    other = easy + own * rng.normal(size=N_TRUTH) + world.shift
    return f"{100 * np.mean((easy > 0) != (other > 0)):.1f} %"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--comparisons", type=int, default=1000)
    parser.add_argument("--examples", type=int, default=4000)
    parser.add_argument("--most", type=int, default=30, help="seeds of each side (default: 30)")
    add_smoke(parser, comparisons=4, examples=200, most=6)
    arguments = parser.parse_args()
    rng = np.random.default_rng(0)
    first, _ = World(0.0, 0.0).drawn(rng, arguments.examples, 20)
    disagree, spread = np.mean(first[:10] != first[10:]), first.mean(axis=1).std(ddof=1)
    print(
        f"accuracy {first.mean():.3f}, two seeds disagree on {100 * disagree:.1f} %, "
        f"seeds spread by {100 * spread:.2f} points on one test part"
    )
    with threadpool_limits(1):
        for own in (0.0, 2.0):
            kind = f"ways that settle otherwise on {settled_otherwise(own)}" if own else "one way"
            print(f"A/A, single models, {kind}: {models_alike(arguments, rng, own)}")
            print(f"A/A, seeds, {kind}: {seeds_alike(arguments, rng, own)}", flush=True)
        print(f"A/A, single models, numbers: {numbers_alike(arguments, rng)}")
        print(f"A/A, seeds that divide anew: {splits_alike(arguments, rng)}", flush=True)
        for own in (0.0, 1.0, 2.0):
            kind = f"ways that settle otherwise on {settled_otherwise(own)}"
            print(f"One point, {kind}: {seeds_planted(arguments, rng, own)}", flush=True)


if __name__ == "__main__":
    main()
