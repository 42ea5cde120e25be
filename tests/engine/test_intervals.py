"""Intervals: against exact coverage, SciPy's bootstrap, and by hand; metrics against libraries."""

from __future__ import annotations

import jiwer
import numpy as np
import pytest
import sacrebleu
from made_predictions import of_anomalies, of_classes, of_labels, of_numbers, of_texts
from scipy import stats
from sklearn import metrics as sk

from engine.inference.evaluation.analysing import measure
from engine.inference.evaluation.anomalies import anomaly_metrics
from engine.inference.evaluation.evaluation import evaluate_predictions
from engine.inference.evaluation.intervals import Resampling, wilson
from engine.inference.evaluation.labels import label_metrics
from engine.inference.evaluation.scores import ties_of
from engine.spec.signature import Output, Task


class TestWilson:
    def test_as_scipy(self):
        for hits, total in ((0, 5), (3, 10), (181, 200), (7, 7)):
            expected = stats.binomtest(hits, total).proportion_ci(method="wilson")
            assert wilson(hits, total) == pytest.approx((expected.low, expected.high))

    @pytest.mark.parametrize("rate", np.arange(0.5, 0.991, 0.03).round(2))
    def test_it_holds_a_known_rate_in_93_to_97_of_100_test_parts(self, rate):
        n = 200
        ends = np.array([wilson(hits, n) for hits in range(n + 1)])
        holds = (ends[:, 0] <= rate) & (rate <= ends[:, 1])
        assert 0.93 <= stats.binom.pmf(np.arange(n + 1), n, rate)[holds].sum() <= 0.97

    def test_of_nothing_it_says_nothing(self):
        assert np.isnan(wilson(0, 0)).all()


class TestBootstrap:
    def test_as_scipy(self):
        values = np.random.default_rng(3).exponential(size=80)
        resampling = Resampling(80, n_replicates=5_000)
        sums = resampling.sums(np.stack([values, np.ones(80)], axis=1))
        found = resampling.resampled(sums, lambda s: s[..., :1] / s[..., 1:])
        # Draws of 80 spread less than means of 80 do, by what Student's quantiles make good.
        reach = np.sqrt(80 / 79) * stats.t.ppf(0.975, 79)
        expected = stats.bootstrap(
            (values,),
            np.mean,
            n_resamples=5_000,
            method="BCa",
            confidence_level=2 * stats.norm.cdf(reach) - 1,
            rng=np.random.default_rng(1),
        ).confidence_interval
        assert found.bca(0) == pytest.approx((expected.low, expected.high), abs=0.015)

    def test_intervals_hold_a_known_error(self):
        # 100 parts of 200: binomial chance makes 90 to 99 of 95.
        held = 0
        for seed in range(100):
            low, high = measure(
                of_numbers(200, seed=seed), Resampling(200, n_replicates=400)
            ).intervals["mean_absolute_error"]
            held += low <= 0.5 * np.sqrt(2 / np.pi) <= high
        assert 90 <= held <= 99

    def test_groups_widen_it(self):
        groups = np.arange(200) // 20
        alike = of_classes(200, seed=1, skill=0.5)
        truth = np.repeat(alike.truth[::20], 20)
        outputs = np.repeat(alike.outputs[::20], 20, axis=0)
        single = measure(of_classes_like(alike, truth, outputs, None))
        grouped = measure(of_classes_like(alike, truth, outputs, groups))
        assert grouped.methods["accuracy"] == "grouped bootstrap"
        assert single.methods["accuracy"] == "wilson"
        assert width(grouped, "accuracy") > 2 * width(single, "accuracy")

    def test_of_heavy_tails_more_than_scipys_bca_would_say(self):
        # Of Student's t with 5 degrees of freedom BCa holds the mean square in 90 of 100 parts.
        held = ours = theirs = 0
        for seed in range(40):
            rng = np.random.default_rng(seed)
            errors = 0.5 * rng.standard_t(5, size=(200, 1))
            truth = rng.normal(size=(200, 1))
            part = of_rows(of_numbers(200), np.arange(200), truth=truth, outputs=truth + errors)
            low, high = measure(part, Resampling(200, n_replicates=400)).intervals[
                "mean_squared_error"
            ]
            held += low <= 0.25 * 5 / 3 <= high
            ours += high - low
            expected = stats.bootstrap(
                (errors.ravel() ** 2,), np.mean, n_resamples=400, rng=np.random.default_rng(1)
            ).confidence_interval
            theirs += expected.high - expected.low
        assert held >= 36
        assert 1.1 * theirs < ours < 2.5 * theirs

    def test_what_a_root_and_r2_say_is_what_the_square_says(self):
        found = measure(of_numbers(120))
        low, high = found.intervals["mean_squared_error"]
        root = found.intervals["root_mean_squared_error"]
        assert root == pytest.approx((np.sqrt(low), np.sqrt(high)), rel=1e-6)
        assert found.intervals["r2_score"][1] <= 1.0

    @pytest.mark.parametrize("n", [1, 2, 3, 9])
    def test_few_numbers_have_wide_intervals_or_none(self, n):
        found = measure(of_numbers(n))
        low, high = found.intervals["mean_squared_error"]
        assert n == 1 or (low < found.metrics["mean_squared_error"] < high and low >= 0)

    def test_perfect_numbers_leave_no_doubt_of_the_error(self):
        part = of_numbers(50)
        found = measure(of_rows(part, part.rows, outputs=part.truth.copy()))
        assert found.metrics["mean_squared_error"] == 0.0
        assert found.intervals["mean_squared_error"] == (0.0, 0.0)

    def test_areas_of_few_positives_stay_between_0_and_1(self):
        truth = np.zeros(200, np.int64)
        truth[:3] = 1
        scores = np.linspace(0.01, 0.9, 200) * (1 - truth) + 0.85 * truth
        part = of_classes_like(of_classes(200, 2), truth, np.stack([1 - scores, scores], 1), None)
        for name in ("roc_auc", "average_precision"):
            low, high = measure(part).intervals[name]
            assert 0 < low < measure(part).metrics[name] < high < 1

    def test_forecasts_are_drawn_in_stretches(self):
        found = measure(of_numbers(300, task=Task.FORECASTING))
        assert found.resampling.is_grouped
        assert found.resampling.n_units == 43  # of ⌈300^(1/3)⌉ = 7 windows each

    def test_blocks_of_many_examples_are_as_wide_as_the_examples(self):
        part = of_numbers(20_000)
        few = measure(part, Resampling(20_000, max_units=1_000))
        expected = 2 * 1.96 * np.abs(part.outputs - part.truth).std() / np.sqrt(20_000)
        assert width(few, "mean_absolute_error") == pytest.approx(expected, rel=0.15)

    def test_where_all_is_right_there_is_doubt_all_the_same(self):
        found = measure(of_classes(12, skill=50.0))
        for name in ("accuracy", "balanced_accuracy", "f1_score"):
            assert found.metrics[name] == 1.0
            assert found.intervals[name][0] < 0.8
            assert found.intervals[name][1] == 1.0

    def test_every_value_lies_in_its_interval(self):
        for part in (of_classes(), of_labels(), of_numbers(), of_texts(), of_anomalies()):
            found = measure(part)
            assert found.intervals.keys() == found.metrics.keys()
            for name, (low, high) in found.intervals.items():
                assert low - 1e-9 <= found.metrics[name] <= high + 1e-9, name


def of_classes_like(like, truth, outputs, groups):
    from dataclasses import replace

    return replace(like, truth=truth, outputs=outputs, groups=groups)


def width(measured, name):
    low, high = measured.intervals[name]
    return high - low


class TestAgainstLibraries:
    @pytest.mark.parametrize("n_classes", [2, 3, 7])
    def test_classes(self, n_classes):
        part = of_classes(300, n_classes)
        found = measure(part).metrics
        kept = evaluate_predictions(
            "test", part.truth, part.outputs, Output.CLASSES, "y", part.class_names
        ).metrics
        assert {name: found[name] for name in kept} == pytest.approx(kept, abs=1e-9)
        assert found["log_loss"] == pytest.approx(sk.log_loss(part.truth, part.outputs), abs=1e-6)
        if n_classes == 2:
            second = part.outputs[:, 1]
            assert found["roc_auc"] == pytest.approx(sk.roc_auc_score(part.truth, second))
            assert found["average_precision"] == pytest.approx(
                sk.average_precision_score(part.truth, second)
            )
            return
        assert found["roc_auc_macro"] == pytest.approx(
            sk.roc_auc_score(part.truth, part.outputs, multi_class="ovr"), abs=1e-9
        )
        hot = np.eye(n_classes)[part.truth]
        assert found["average_precision_macro"] == pytest.approx(
            sk.average_precision_score(hot, part.outputs), abs=1e-9
        )
        if n_classes == 7:
            assert found["top_5_accuracy"] == pytest.approx(
                sk.top_k_accuracy_score(part.truth, part.outputs, k=5)
            )

    def test_areas_of_equal_scores(self):
        rng = np.random.default_rng(2)
        truth, scores = rng.integers(0, 2, 500), rng.integers(0, 9, 500) / 10
        outputs = np.stack([1 - scores, scores], axis=1)
        part = of_classes_like(of_classes(500, 2), truth, outputs, None)
        assert measure(part).metrics["roc_auc"] == pytest.approx(sk.roc_auc_score(truth, scores))
        np.testing.assert_array_equal(ties_of(np.array([0.3, 0.1, 0.3])), [1, 0, 1])

    def test_labels(self):
        part = of_labels()
        found = measure(part).metrics
        truth, said = part.truth.astype(bool), part.predicted.astype(bool)
        expected = label_metrics(truth, said, part.outputs)
        assert {name: found[name] for name in expected} == pytest.approx(expected, abs=1e-9)
        assert found["f1_macro"] == pytest.approx(sk.f1_score(truth, said, average="macro"))

    @pytest.mark.parametrize("n_values", [1, 4])
    def test_numbers(self, n_values):
        part = of_numbers(n_values=n_values)
        found = measure(part).metrics
        kept = evaluate_predictions("test", part.truth, part.outputs, Output.NUMBERS, "y").metrics
        assert {name: found[name] for name in kept} == pytest.approx(kept, rel=1e-9)
        if n_values == 1:
            assert found["median_absolute_error"] == pytest.approx(
                sk.median_absolute_error(part.truth, part.outputs)
            )

    def test_translations(self):
        part = of_texts()
        found = measure(part).metrics
        truth, said = part.truth.tolist(), part.outputs.tolist()
        assert found["bleu"] == pytest.approx(sacrebleu.corpus_bleu(said, [truth]).score, abs=1e-6)
        assert found["chrf"] == pytest.approx(sacrebleu.corpus_chrf(said, [truth]).score, abs=1e-6)
        assert found["exact_match"] == np.mean(part.truth == part.outputs)

    def test_translations_without_a_common_phrase(self):
        part = of_texts()
        for truth, said in ((["a b c d e"], ["a x b y z w"]), (["a b"], ["a c"]), (["a"], [""])):
            same = of_classes_like(part, np.array(truth, object), np.array(said, object), None)
            same = of_rows(same, np.arange(1))
            found = measure(same).metrics
            assert found["bleu"] == pytest.approx(
                sacrebleu.corpus_bleu(said, [truth]).score, abs=1e-6
            )
            assert found["chrf"] == pytest.approx(
                sacrebleu.corpus_chrf(said, [truth]).score, abs=1e-6
            )

    def test_transcriptions(self):
        part = of_texts(task=Task.TRANSCRIPTION)
        found = measure(part).metrics
        truth, said = part.truth.tolist(), part.outputs.tolist()
        assert found["word_error_rate"] == pytest.approx(jiwer.wer(truth, said), abs=1e-6)
        assert found["character_error_rate"] == pytest.approx(jiwer.cer(truth, said), abs=1e-6)
        assert "bleu" not in found

    def test_anomalies(self):
        part = of_anomalies()
        expected = anomaly_metrics(part.outputs, part.truth == 1, part.thresholds[0])
        found = measure(part).metrics
        assert {name: found[name] for name in expected} == pytest.approx(expected, abs=1e-9)

    def test_anomalies_of_which_nothing_is_known(self):
        found = measure(of_anomalies(is_known=False)).metrics
        assert set(found) == {"share_above_threshold", "mean_score"}


def of_rows(part, rows, **changes):
    from dataclasses import replace

    return replace(part, rows=rows, **changes)
