"""Comparisons: tests, intervals, seeds, looks and decisions, beside formulas from elsewhere."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from made_predictions import of_classes, of_numbers
from scipy import stats

from engine.inference.comparing.deciding import Verdict, decide, rope_of
from engine.inference.comparing.differences import (
    OfMetrics,
    OfSeeds,
    OfShares,
    of_seeds,
    of_splits,
)
from engine.inference.comparing.effort import seeds_needed
from engine.inference.comparing.influence import Influence, measured_together
from engine.inference.comparing.looks import FIRST_LOOK, level_at, spent
from engine.inference.comparing.proportions import PairedCounts
from engine.inference.evaluation.predictions import Predictions


def of_two(first: Predictions, second: Predictions, metric: str) -> OfMetrics:
    one, two = measured_together([first, second], metric)
    value = one.metrics[metric] - two.metrics[metric]
    return OfMetrics(value, one.drawn_difference(two, metric), len(first))


class TestShares:
    def test_the_published_interval(self):
        """Newcombe 1998, table III: 36, 12, 2 and 0 by method 10."""
        low, high = PairedCounts(36, 12, 2, 0).interval()
        assert (round(low, 4), round(high, 4)) == (0.0569, 0.3404)

    @pytest.mark.parametrize(("one", "two"), [(12, 2), (0, 5), (7, 7), (0, 0), (40, 61)])
    def test_the_test_is_the_binomial_one(self, one: int, two: int):
        expected = stats.binomtest(one, one + two, 0.5).pvalue if one + two else 1.0
        assert PairedCounts(50, one, two, 9).p == pytest.approx(expected)

    def test_counts(self):
        found = PairedCounts.of([1, 1, 0, 0, 0], [1, 0, 1, 1, 0])
        assert found == PairedCounts(1, 1, 2, 1)
        assert found.difference == pytest.approx(-0.2)

    def test_the_interval_turns_with_the_sides(self):
        low, high = PairedCounts(900, 40, 20, 40).interval()
        other = PairedCounts(900, 20, 40, 40).interval()
        assert other == pytest.approx((-high, -low))

    def test_where_both_are_always_right_there_is_doubt_all_the_same(self):
        low, high = PairedCounts(30, 0, 0, 0).interval()
        assert -0.2 < low < 0 < high < 0.2

    def test_it_agrees_with_the_score_interval(self):
        """Tango 1998, Statistics in Medicine 17:891, solved numerically."""
        counts = PairedCounts(1700, 120, 80, 100)
        n, b, c = counts.n, counts.only_first, counts.only_second

        def score(delta: float) -> float:
            a_, b_ = 2 * n, -b - c + (2 * n - b + c) * delta
            c_ = -c * delta * (1 - delta)
            other = (np.sqrt(b_**2 - 4 * a_ * c_) - b_) / (2 * a_)
            return (b - c - n * delta) / np.sqrt(n * (2 * other + delta * (1 - delta)))

        low, high = counts.interval()
        assert score(low) == pytest.approx(1.96, abs=0.03)
        assert score(high) == pytest.approx(-1.96, abs=0.03)


class TestMetrics:
    def test_of_numbers_as_a_paired_bootstrap(self):
        first, second = of_numbers(400, seed=0), of_numbers(400, seed=0)
        rng = np.random.default_rng(7)
        second = replace(second, outputs=second.outputs + 0.2 * rng.normal(size=(400, 1)))
        found = of_two(first, second, "mean_absolute_error")
        gaps = np.abs(first.outputs - first.truth) - np.abs(second.outputs - second.truth)
        low, high = found.interval(0.05)
        by_scipy = stats.bootstrap(
            (gaps[:, 0],), np.mean, paired=False, rng=np.random.default_rng(1)
        ).confidence_interval
        assert found.value == pytest.approx(float(gaps.mean()))
        assert (low, high) == pytest.approx(tuple(by_scipy), abs=0.1 * (high - low))
        assert found.error == pytest.approx(stats.sem(gaps[:, 0]), rel=1e-3)

    def test_groups_are_drawn_as_a_whole(self):
        """Each example five times is worth no more than once."""
        once = [of_classes(120, seed=0, skill=skill) for skill in (2.0, 1.5)]
        again = [
            replace(
                it,
                rows=np.arange(600),
                truth=np.repeat(it.truth, 5),
                outputs=np.repeat(it.outputs, 5, axis=0),
                groups=np.repeat(np.arange(120), 5),
            )
            for it in once
        ]
        alone = of_two(once[0], once[1], "accuracy").interval(0.05)
        assert of_two(again[0], again[1], "accuracy").interval(0.05) == pytest.approx(alone)
        loose = [replace(it, groups=None) for it in again]
        low, high = of_two(loose[0], loose[1], "accuracy").interval(0.05)
        assert high - low < 0.6 * (alone[1] - alone[0])

    def test_any_metric(self):
        first, second = of_classes(300, seed=0, skill=3.0), of_classes(300, seed=0, skill=0.5)
        for metric in ("f1_score", "log_loss", "roc_auc_macro"):
            found = of_two(first, second, metric)
            assert found.is_sure(0.05), metric


class TestSeeds:
    def test_without_shared_noise_it_is_welchs_test(self):
        rng = np.random.default_rng(0)
        one, two = rng.normal(0.3, 1.0, 6), rng.normal(0.0, 2.0, 4)
        found = of_seeds(_of(one), _of(two), 100)
        found = replace(found, looks_early=False)
        expected = stats.ttest_ind(one, two, equal_var=False).confidence_interval()
        assert found.interval(0.05) == pytest.approx(tuple(expected))

    def test_pairs_are_students(self):
        rng = np.random.default_rng(0)
        luck = rng.normal(size=6)
        one, two = luck + rng.normal(0.3, 0.2, 6), luck
        found = replace(of_seeds(_of(one), _of(two), 100, is_paired=True), looks_early=False)
        expected = stats.ttest_rel(one, two).confidence_interval()
        assert found.interval(0.05) == pytest.approx(tuple(expected))

    def test_what_examples_and_seeds_add_is_told_apart(self):
        """Of simulated shares the variance of the difference is what it says on the mean."""
        rng = np.random.default_rng(0)
        n, k, errors, shares, values = 300, 4, [], [], []
        for _ in range(400):
            easy = rng.normal(1.0, 2.0, n)
            sides = []
            for own in (0.0, 1.0):
                logits = easy + own * rng.normal(size=n) + 0.3 * rng.normal(size=(k, 1))
                sides.append((rng.random((k, n)) < 1 / (1 + np.exp(-logits))).astype(float))
            found = of_seeds(Influence.of_means(sides[0]), Influence.of_means(sides[1]), n)
            errors.append(found.shared + found.varying)
            shares.append(found.shared)
            values.append(found.value)
        assert np.mean(errors) == pytest.approx(np.var(values), rel=0.25)
        assert 0 < np.mean(shares) < np.mean(errors)

    def test_few_seeds_decide_nothing(self):
        found = of_seeds(_of([0.9, 0.91]), _of([0.1, 0.11]), 100)
        assert found.interval(0.05) == (-np.inf, np.inf)
        assert not found.is_sure(0.05)

    def test_one_seed_of_a_side_says_at_least(self):
        (decision,) = decide(
            [of_seeds(_of([0.9], 1e-4), _of([0.8], 1e-4), 100)], "accuracy", [0.01]
        )
        assert decision.verdict is Verdict.UNDECIDED
        assert decision.effort is not None
        assert decision.effort.is_least

    def test_pairs_need_as_many(self):
        with pytest.raises(ValueError, match="as many seeds"):
            of_seeds(_of([0.1, 0.2]), _of([0.1]), 10, is_paired=True)

    def test_folds_as_nadeau_and_bengio(self):
        gaps = np.array([0.01, 0.03, 0.02, 0.05, 0.01, 0.02, 0.04, 0.03, 0.0, 0.02])
        found = of_splits(gaps, 900, 100, looks_early=False)
        low, high = found.interval(0.05)
        half = stats.t.ppf(0.975, 9) * np.sqrt((1 / 10 + 100 / 900) * gaps.var(ddof=1))
        assert (low, high) == pytest.approx((gaps.mean() - half, gaps.mean() + half))

    def test_divisions_that_agree_by_luck_are_no_surer_than_their_examples(self):
        gaps = np.array([0.05, 0.05, 0.05])
        assert of_splits(gaps, 320, 80).is_sure(0.05)
        found = of_splits(gaps, 320, 80, noise=0.04**2)
        assert not found.is_sure(0.05)
        assert found.each == pytest.approx(0.8 * 0.04**2)


class TestLooks:
    @pytest.mark.parametrize("ratio", [0.0, 0.125, 1.0, 4.0])
    def test_all_looks_together_keep_the_level(self, ratio: float):
        seeds = np.arange(1, 61)
        levels = np.array([level_at(k, 0.05, ratio) for k in seeds[FIRST_LOOK - 1 :].tolist()])
        rng = np.random.default_rng(0)
        shared = np.sqrt(ratio) * rng.normal(size=(20_000, 1))
        means = shared + rng.normal(size=(20_000, 60)).cumsum(axis=1) / seeds
        p = 2 * stats.norm.sf(np.abs(means / np.sqrt(ratio + 1 / seeds)))[:, FIRST_LOOK - 1 :]
        assert (p < levels).any(axis=1).mean() == pytest.approx(spent(60, 0.05), abs=0.004)

    def test_nothing_is_spent_before_the_first_look(self):
        assert level_at(FIRST_LOOK - 1, 0.05) == 0.0
        assert level_at(FIRST_LOOK, 0.05) == pytest.approx(spent(FIRST_LOOK, 0.05), rel=1e-3)

    def test_what_is_shared_makes_looks_less_dear(self):
        levels = [level_at(20, 0.05, ratio) for ratio in (0.0, 0.1, 1.0, 10.0)]
        assert levels == sorted(levels)
        assert levels[-1] < 0.05
        assert level_at(20, 0.05, 0.3) == level_at(20, 0.05, 0.25)

    def test_it_goes_on_for_ever(self):
        levels = [level_at(k, 0.05) for k in (10, 100, 200, 201, 5000)]
        assert levels == sorted(levels, reverse=True)
        assert levels[-1] > 0
        assert spent(10**9, 0.05) < 0.05

    def test_few_seeds_with_students_quantiles_keep_it_too(self):
        rng = np.random.default_rng(0)
        n_wrong = 0
        for _ in range(400):
            one, two = rng.normal(size=(2, 12))
            looks = (of_seeds(_of(one[:k]), _of(two[:k]), 100) for k in range(2, 13))
            n_wrong += any(found.is_sure(0.05) for found in looks)
        assert n_wrong / 400 <= 0.06


class TestDecisions:
    def test_the_four(self):
        differences = [OfShares(it) for it in (BETTER, WORSE, SAME, OPEN)]
        for found, verdict in zip(differences, Verdict, strict=True):
            (decision,) = decide([found], "accuracy", [0.02])
            assert decision.verdict is verdict
            assert (decision.effort is None) == (verdict is not Verdict.UNDECIDED)

    def test_what_is_undecided_may_be_nothing(self):
        found = OfShares(PairedCounts(200, 20, 9, 10))
        assert found.p > 0.05
        assert found.interval(0.05)[0] > 0
        (decision,) = decide([found], "accuracy", [0.01])
        assert decision.verdict is Verdict.UNDECIDED
        assert decision.interval == (0.0, found.interval(0.05)[1])

    def test_of_errors_less_is_better(self):
        (decision,) = decide([OfShares(BETTER)], "mean_absolute_error", [0.02])
        assert decision.verdict is Verdict.SECOND

    def test_what_is_surely_small_does_not_matter(self):
        found = OfShares(PairedCounts(99_000, 400, 200, 400))
        assert found.is_sure(0.05)
        assert decide([found], "accuracy", [0.01])[0].verdict is Verdict.SAME
        assert decide([found], "accuracy", [0.0001])[0].verdict is Verdict.FIRST

    def test_several_at_once_as_holm(self):
        counts = [PairedCounts(900, 30, b, 40) for b in (2, 13, 14, 15, 16, 29)]
        p = np.array([it.p for it in counts])
        order, sure = np.argsort(p), np.zeros(len(p), bool)
        for step, place in enumerate(order):
            if p[place] > 0.05 / (len(p) - step):
                break
            sure[place] = True
        decisions = decide([OfShares(it) for it in counts], "accuracy", [1e-6] * len(p))
        assert [it.verdict is Verdict.FIRST for it in decisions] == sure.tolist()
        assert 0 < sure.sum() < (p < 0.05).sum()

    def test_what_matters_of_a_number_is_a_share_of_the_reference(self):
        assert rope_of("root_mean_squared_error", 250.0) == pytest.approx(2.5)
        assert rope_of("accuracy", 0.5) == pytest.approx(0.01)

    def test_the_promise_is_always_more_than_there_is(self):
        rng = np.random.default_rng(0)
        n_promises = 0
        for _ in range(60):
            n = int(rng.integers(200, 8_000))
            b = int(rng.integers(n // 60, n // 20))
            c = b + int(rng.integers(0, 2 * np.sqrt(b)))
            counts = PairedCounts(n, b, c, n // 10)
            (decision,) = decide([OfShares(counts)], "accuracy", [0.01])
            if decision.effort is not None:
                n_promises += 1
                assert decision.effort.n_examples > counts.n
        assert n_promises > 20

    def test_the_promise_of_seeds_is_kept_in_nine_of_ten(self):
        """With variances that are known: of normal differences as large as what matters."""
        shared, each, target = 0.2**2, 0.6**2, 1.0
        n = seeds_needed(target, shared, each, 1, 0.05)
        assert n is not None
        rng = np.random.default_rng(0)
        n_found = 0
        for _ in range(300):
            luck = shared**0.5 * rng.normal()
            seeds = target + luck + each**0.5 * rng.normal(size=n)
            spread = float(seeds.var(ddof=1))
            found = OfSeeds(
                float(seeds.mean()), shared, np.inf, spread, spread / n, n - 1, n, 1, 100
            )
            n_found += found.is_sure(0.05)
        assert n_found / 300 > 0.85

    def test_where_examples_are_too_few_seeds_do_not_do_it(self):
        assert seeds_needed(0.01, 0.005**2, 0.005**2, 2, 0.05) is None
        found = OfSeeds(0.005, 0.005**2, 3999, 0.005**2, 0.005**2 / 6, 10, 6, 2, 4000)
        effort = found.effort((0.01,), 0.05)
        assert effort.n_seeds is None
        assert effort.n_examples is not None
        assert effort.n_examples > 4000


BETTER = PairedCounts(900, 60, 10, 30)
WORSE = PairedCounts(900, 10, 60, 30)
SAME = PairedCounts(9000, 20, 20, 300)
OPEN = PairedCounts(900, 40, 30, 30)


def _of(values, spread: float = 0.0) -> Influence:
    """Seeds whose values are known, of examples that add nothing, or noise of their own."""
    rng = np.random.default_rng(1)
    values = np.asarray(values, float)
    return Influence(values, spread * rng.normal(size=(len(values), 50)))
