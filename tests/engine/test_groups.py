"""Groups in which a model is worse: planted ones are named, others not; tests against SciPy."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from made_predictions import of_anomalies, of_classes, of_labels, of_numbers, of_texts
from scipy import stats

from engine.datasets.base import Examples
from engine.inference.groups.attributes import Attribute, attributes_of
from engine.inference.groups.candidates import candidates_of, class_candidates
from engine.inference.groups.searching import find_groups
from engine.inference.groups.testing import Errors, Test, holm
from engine.spec.signature import Kind, Task

SITES = np.array(["north", "south", "east", "west"], object)


def columns(n, seed=0):
    rng = np.random.default_rng(1_000 + seed)
    return [
        Attribute("site", SITES[rng.integers(0, 4, n)]),
        Attribute("age", rng.integers(18, 90, n).astype(float)),
        Attribute("weight", np.where(rng.random(n) < 0.1, np.nan, rng.normal(size=n))),
    ]


def blamed(part, where, share=0.5):
    """The same predictions, of which those in a group are mostly wrong."""
    outputs = part.outputs.copy()
    rng = np.random.default_rng(9)
    spoilt = np.flatnonzero(where)[rng.random(int(where.sum())) < share]
    outputs[spoilt] = np.roll(outputs[spoilt], 1, axis=1)
    return replace(part, outputs=outputs)


class TestTesting:
    def test_right_and_wrong_as_fisher(self):
        values = np.r_[np.ones(9), np.zeros(11), np.ones(12), np.zeros(68)]
        test = Test(Errors(values))
        expected = stats.fisher_exact([[9, 11], [12, 68]], "greater").pvalue
        assert np.exp(test.log_p(np.arange(20))) == pytest.approx(expected)

    def test_amounts_as_mann_and_whitney(self):
        values = np.random.default_rng(0).integers(0, 30, 200).astype(float)
        test = Test(Errors(values))
        expected = stats.mannwhitneyu(
            values[:40], values[40:], alternative="greater", method="asymptotic"
        ).pvalue
        assert np.exp(test.log_p(np.arange(40))) == pytest.approx(expected, rel=1e-3)

    def test_examples_that_belong_together_are_one_witness(self):
        values = np.r_[np.ones(40), np.zeros(160)]
        alone = Test(Errors(values)).log_p(np.arange(50))
        together = Test(Errors(values, np.arange(200) // 10)).log_p(np.arange(50))
        assert alone < together < 0

    def test_holm_by_hand(self):
        found = np.exp(holm(np.log([0.01, 0.04, 0.03]), 3))
        np.testing.assert_allclose(found, [0.03, 0.06, 0.06])
        np.testing.assert_allclose(np.exp(holm(np.log([0.01]), 200)), [1.0])


class TestSearch:
    def test_a_planted_value_is_named_first(self):
        part, known = of_classes(800), columns(800)
        is_bad = known[0].values == "east"
        groups, n_tried = find_groups(blamed(part, is_bad), known)
        assert groups[0].where == "site = east"
        assert (groups[0].column, groups[0].value, groups[0].n) == ("site", "east", is_bad.sum())
        assert n_tried > 10
        assert groups[0].p_value < 0.01
        assert groups[0].metrics["accuracy"] < groups[0].elsewhere - 0.2
        low, high = groups[0].intervals["accuracy"]
        assert low < groups[0].metrics["accuracy"] < high
        assert set(groups[0].rows) == set(np.flatnonzero(is_bad).tolist())

    def test_rows_are_those_of_the_data_the_worst_first(self):
        part, known = of_classes(800, rows=np.arange(800) + 5_000), columns(800)
        part = blamed(part, known[0].values == "east")
        group = find_groups(part, known)[0][0]
        losses = part.losses[np.array(group.rows) - 5_000]
        assert (np.diff(losses) <= 0).all()

    def test_a_planted_range_is_named(self):
        part, known = of_classes(800), columns(800)
        groups, _ = find_groups(blamed(part, known[1].values > 80), known)
        assert groups[0].where.startswith("age above")

    def test_what_is_missing_can_be_a_group(self):
        part, known = of_numbers(800), columns(800)
        outputs = part.outputs + 3.0 * np.isnan(known[2].values)[:, np.newaxis]
        groups, _ = find_groups(replace(part, outputs=outputs), known)
        assert groups[0].where == "weight is missing"
        assert groups[0].metrics["root_mean_squared_error"] > 2 * groups[0].elsewhere

    def test_near_copies_are_named_once(self):
        part, known = of_classes(800), columns(800)
        is_bad = known[0].values == "east"
        rng = np.random.default_rng(4)
        # Sharpness tells the same site, and nearly as well.
        blur = Attribute("sharpness", rng.normal(size=800) - 6.0 * is_bad, is_measured=True)
        code = Attribute("code", np.where(is_bad, "E", "other").astype(object))
        groups, _ = find_groups(blamed(part, is_bad), [blur, code, *known])
        assert len(groups) == 1
        assert groups[0].column in ("site", "code")  # what the data says, not what was measured

    def test_two_planted_groups_are_both_named(self):
        part, known = of_classes(1_500), columns(1_500)
        part = blamed(part, known[0].values == "east")
        part = blamed(part, known[0].values == "west", 0.4)
        assert {it.where for it in find_groups(part, known)[0]} == {"site = east", "site = west"}

    @pytest.mark.parametrize("make", [of_classes, of_numbers, of_labels])
    def test_where_nothing_is_planted_nothing_is_named(self, make):
        named = [find_groups(make(600, seed=seed), columns(600, seed))[0] for seed in range(10)]
        assert sum(map(bool, named)) == 0

    @pytest.mark.parametrize("make", [of_labels, of_texts, of_anomalies])
    def test_every_kind_can_have_groups(self, make):
        part = make(600)
        known = columns(600)
        is_bad = known[0].values == "east"
        outputs = part.outputs.copy()
        if part.is_anomaly:
            outputs[is_bad] += 2.0
        elif outputs.dtype == object:
            outputs[is_bad] = "nothing alike"
        else:
            outputs[is_bad] = 1 - outputs[is_bad]
        assert find_groups(replace(part, outputs=outputs), known)[0][0].where == "site = east"

    def test_a_pair_of_classes_taken_for_each_other(self):
        rng = np.random.default_rng(1)
        truth = np.repeat(np.arange(6), 100)
        said = np.where((truth < 2) & (rng.random(600) < 0.5), 1 - truth, truth)
        part = replace(of_classes(600, 6), truth=truth, outputs=np.eye(6)[said])
        groups, n_tried = find_groups(part, [])
        assert groups[0].where == "kind = c0 or c1"
        assert n_tried == 6 + 15

    @pytest.mark.parametrize(
        "part",
        [of_classes(5), of_anomalies(100, is_known=False), of_classes(0)],
        ids=["few", "unknown", "none"],
    )
    def test_where_nothing_can_be_said_nothing_is_tried(self, part):
        assert find_groups(part, columns(len(part))) == ((), 0)

    def test_overlapping_windows_name_no_stretch_of_time(self):
        # Errors that wander slowly, as those of forecasts do.
        part = of_numbers(400, task=Task.FORECASTING, noise=0.0)
        drift = np.convolve(np.random.default_rng(3).normal(size=409), np.ones(10) / 3, "valid")
        part = replace(part, outputs=part.truth + drift[:, np.newaxis])
        time = Attribute("time", np.arange(400.0))
        assert find_groups(part, [time])[0] == ()


class TestCandidates:
    def test_ranges_hold_what_they_say(self):
        values = np.random.default_rng(0).exponential(size=400)
        for found in candidates_of(Attribute("x", values), 10):
            inside = values[found.places]
            words = found.value.split()
            if found.value.startswith("at most"):
                assert inside.max() <= float(words[-1]) * 1.001
            else:
                assert inside.min() > float(words[1]) * 0.999

    def test_few_numbers_are_values(self):
        names = [it.where for it in candidates_of(Attribute("doors", np.arange(90) % 3.0), 10)]
        assert names == ["doors = 0", "doors = 1", "doors = 2"]

    def test_a_constant_makes_no_group(self):
        assert not list(candidates_of(Attribute("x", np.full(50, 2.0)), 10))
        assert not list(candidates_of(Attribute("x", np.full(50, np.nan)), 10))
        assert not list(candidates_of(Attribute("x", np.full(50, "", object)), 10))

    def test_long_values_are_cut(self):
        values = np.array(["a" * 90, "b\nb"] * 20, object)
        found = [it.value for it in candidates_of(Attribute("note", values), 10)]
        assert sorted(map(len, found)) == [3, 40]

    def test_pairs_are_counted_though_only_confused_ones_are_tested(self):
        found, n_tried = class_candidates(of_classes(400, 5, skill=50.0), 10)
        assert len(found) == 5
        assert n_tried == 15


class TestAttributes:
    def test_every_column_but_the_target_used_or_not(self):
        kept = {"a": np.arange(4.0), "id": np.array(["x", None, "y", "z"], object)}
        examples = Examples(
            np.zeros((4, 1)),
            np.zeros(4),
            Kind.TABLE,
            Task.REGRESSION,
            ("a",),
            "y",
            source_columns=("a", "id", "y"),
            column=kept.__getitem__,
        )
        found = {it.column: it.values for it in attributes_of(examples, np.array([1, 3]))}
        assert found["a"].tolist() == [1.0, 3.0]
        assert found["id"].tolist() == ["", "z"]
        assert "y" not in found

    def test_pictures_are_measured_and_their_names_read(self):
        rng = np.random.default_rng(0)
        sharp = rng.integers(0, 255, (3, 8, 8, 1)).astype(np.uint8)
        grey = np.full((3, 8, 8, 1), 90, np.uint8)
        examples = Examples(
            np.concatenate([sharp, grey]),
            np.zeros(6, np.int64),
            Kind.IMAGE,
            Task.CLASSIFICATION,
            class_names=("cat", "dog"),
            names=tuple(f"cat/{'north' if k < 3 else 'east'}_{k}.png" for k in range(6)),
        )
        found = {it.column: it.values for it in attributes_of(examples, np.arange(6))}
        assert found["file name"].tolist() == ["north"] * 3 + ["east"] * 3
        assert found["sharpness"][:3].min() > 10 * found["sharpness"][3:].max()
        assert found["brightness"][3:].tolist() == [90.0] * 3
        assert "folder" not in found  # it is the class

    def test_texts_by_length(self):
        texts = np.array(["a b c", "word", ""], object)
        examples = Examples(texts, np.zeros(3), Kind.TEXT, Task.REGRESSION)
        found = {it.column: it.values for it in attributes_of(examples, np.arange(3))}
        assert found["length in words"].tolist() == [3, 1, 0]
        assert found["length in characters"].tolist() == [5, 4, 0]

    def test_sounds_by_loudness_and_length(self):
        sounds = np.zeros((2, 100), np.int16)
        sounds[1, :50] = 1_000
        examples = Examples(sounds, np.zeros(2), Kind.AUDIO, Task.REGRESSION, rate=100)
        found = {it.column: it.values for it in attributes_of(examples, np.arange(2))}
        assert found["length in seconds"].tolist() == [0.0, 0.5]
        assert found["loudness"][0] == 0.0
