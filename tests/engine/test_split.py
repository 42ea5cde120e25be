"""Parts: disjoint, complete, seeded, stratified; sizes by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.datasets import leakage
from engine.datasets.base import Examples
from engine.datasets.leakage import across_parts
from engine.datasets.split import Parts, split
from engine.errors import DatasetError
from engine.events.findings import Trouble
from engine.spec.run_spec import SplitSpec
from engine.spec.signature import Kind, Task


def labels(*counts: int) -> npt.NDArray[np.int64]:
    """Class indices: `counts[0]` zeros, then `counts[1]` ones, …"""
    return np.repeat(np.arange(len(counts)), counts)


def examples_of(y: npt.NDArray[Any], classes: tuple[str, ...] = (), **more: Any) -> Examples:
    """Examples of one column with these targets."""
    task = Task.CLASSIFICATION if classes else Task.REGRESSION
    x = np.arange(len(y), dtype=np.float64)[:, np.newaxis]
    return Examples(x, y, Kind.TABLE, task, ("row",), class_names=classes, **more)


def classify(y: npt.NDArray[np.int64], validation: float, test: float, seed: int = 0) -> Parts:
    spec = SplitSpec(validation=validation, test=test)
    classes = tuple(f"c{number}" for number in range(int(y.max()) + 1))
    return split(examples_of(y, classes), spec, seed)


def regress(n_samples: int, validation: float, test: float, seed: int = 0) -> Parts:
    spec = SplitSpec(validation=validation, test=test)
    return split(examples_of(np.linspace(0, 1, n_samples)), spec, seed)


@pytest.mark.parametrize(
    ("n_samples", "validation", "test", "sizes"),
    [
        (100, 0.15, 0.15, (70, 15, 15)),
        (1000, 0.2, 0.0, (800, 200, 0)),
        (1000, 0.0, 0.25, (750, 0, 250)),
        (10, 0.0, 0.0, (10, 0, 0)),
        (10, 0.15, 0.15, (6, 2, 2)),
        (7, 0.1, 0.1, (5, 1, 1)),
        (3, 0.15, 0.15, (1, 1, 1)),
        (2, 0.15, 0.0, (1, 1, 0)),
        (1, 0.0, 0.0, (1, 0, 0)),
    ],
)
def test_sizes_by_hand(
    n_samples: int, validation: float, test: float, sizes: tuple[int, int, int]
) -> None:
    assert regress(n_samples, validation, test).sizes == sizes


@pytest.mark.parametrize("n_samples", [0, 1, 2])
def test_too_few_to_divide_is_said(n_samples: int) -> None:
    with pytest.raises(DatasetError, match=f"with {n_samples}, none would be left") as caught:
        regress(n_samples, 0.15, 0.15)
    assert caught.value.hint


def test_classes_keep_their_proportion() -> None:
    y = labels(100, 40, 20)
    parts = classify(y, 0.2, 0.1)
    assert np.bincount(y[parts.train]).tolist() == [70, 28, 14]
    assert np.bincount(y[parts.validation]).tolist() == [20, 8, 4]
    assert np.bincount(y[parts.test]).tolist() == [10, 4, 2]


def test_regression_is_drawn_at_random() -> None:
    parts = regress(1000, 0.2, 0.2)
    # A tenth of the first hundred in order would mean that nothing was shuffled.
    assert 5 < np.count_nonzero(parts.test < 100) < 40
    assert not np.array_equal(parts.test, np.arange(800, 1000))


def test_same_seed_same_parts_other_seed_others() -> None:
    y = labels(50, 50)
    first, again, other = classify(y, 0.2, 0.2, 1), classify(y, 0.2, 0.2, 1), classify(y, 0.2, 0.2)
    for name in ("train", "validation", "test"):
        assert np.array_equal(getattr(first, name), getattr(again, name))
        assert not np.array_equal(getattr(first, name), getattr(other, name))


def test_single_example_of_a_class_is_refused_by_name() -> None:
    spec = SplitSpec()
    with pytest.raises(DatasetError, match="Class 'rare' has only 1 example") as caught:
        split(examples_of(labels(50, 1), ("common", "rare")), spec, 0)
    assert caught.value.hint


def test_many_single_examples_are_listed_briefly() -> None:
    names = tuple(f"c{number}" for number in range(20))
    with pytest.raises(DatasetError, match=r"Classes 'c0', .* and 15 more have only 1"):
        split(examples_of(np.arange(20), names), SplitSpec(), 0)


def test_single_example_is_fine_where_nothing_is_held_out() -> None:
    assert classify(labels(5, 1), 0.0, 0.0).sizes == (6, 0, 0)


def test_parts_smaller_than_the_number_of_classes() -> None:
    y = labels(*[5] * 10)
    parts = classify(y, 0.04, 0.04)
    assert parts.sizes == (46, 2, 2)
    assert len(np.unique(y[parts.train])) == 10


def test_training_part_smaller_than_the_number_of_classes_is_refused() -> None:
    with pytest.raises(DatasetError, match="would hold 2 of 20 examples, too few for 10 classes"):
        classify(labels(*[2] * 10), 0.45, 0.45)


def test_rare_class_stays_in_training_with_a_small_training_part() -> None:
    y = labels(98, 2)
    for seed in range(20):
        parts = classify(y, 0.45, 0.45, seed)
        assert np.count_nonzero(y[parts.train] == 1) >= 1


def several(n_samples: int = 400, seed: int = 3) -> Examples:
    """Examples with any number of labels, some of them rare."""
    rng = np.random.default_rng(seed)
    y = (rng.random((n_samples, 5)) < [0.5, 0.2, 0.05, 0.02, 0.01]).astype(np.uint8)
    names = tuple("abcde")
    return replace(examples_of(y, names), task=Task.MULTILABEL)


@pytest.mark.parametrize("seed", range(5))
def test_labels_keep_their_share_in_every_part(seed: int) -> None:
    examples = several(seed=seed)
    parts = split(examples, SplitSpec(validation=0.2, test=0.2), seed)
    assert (parts.method, parts.sizes) == ("stratified", (240, 80, 80))
    assert np.array_equal(np.sort(np.concatenate(parts.all)), np.arange(400))
    total = examples.y.sum(axis=0).astype(int)
    for part, share in zip(parts.all, (0.6, 0.2, 0.2), strict=True):
        held = examples.y[part].sum(axis=0)
        # Whole examples cannot be divided better than to one, or a few where labels come together.
        assert (np.abs(held - share * total) <= 2).all()
    drawn = split(examples, SplitSpec(method="random", validation=0.2, test=0.2), seed)
    assert drawn.method == "random"


def test_labels_are_divided_alike_by_one_seed_and_by_groups_in_the_data_all_the_same() -> None:
    examples = several()
    spec = SplitSpec()
    first, again, other = (
        split(examples, spec, 1),
        split(examples, spec, 1),
        split(examples, spec, 2),
    )
    assert all(np.array_equal(a, b) for a, b in zip(first.all, again.all, strict=True))
    assert not np.array_equal(first.test, other.test)
    grouped = replace(examples, groups=np.arange(400) // 10)
    assert split(grouped, spec, 1).method == "group"


def test_labels_of_a_run_from_before_are_divided_as_they_were() -> None:
    examples = several()
    spec = SplitSpec(by_labels=False)
    parts = split(examples, spec, 1)
    assert parts.method == "random"
    y = np.linspace(0, 1, 400)
    assert np.array_equal(parts.test, split(examples_of(y), SplitSpec(), 1).test)


def test_labels_with_parts_of_almost_nothing() -> None:
    examples = several(12)
    assert split(examples, SplitSpec(validation=0.1, test=0.1), 0).sizes == (10, 1, 1)
    assert split(examples, SplitSpec(validation=0.0, test=0.5), 0).sizes == (6, 0, 6)


def test_order_is_kept_within_parts() -> None:
    parts = classify(labels(30, 30), 0.2, 0.2)
    for part in (parts.train, parts.validation, parts.test):
        assert part.dtype == np.int64
        assert np.array_equal(part, np.sort(part))


@given(
    counts=st.lists(st.integers(2, 30), min_size=2, max_size=8),
    validation=st.sampled_from([0.0, 0.05, 0.15, 0.3, 0.45]),
    test=st.sampled_from([0.0, 0.05, 0.15, 0.3, 0.45]),
    seed=st.integers(0, 2**31 - 1),
)
def test_always_disjoint_complete_and_every_class_learnt(
    counts: list[int], validation: float, test: float, seed: int
) -> None:
    y = labels(*counts)
    try:
        parts = classify(y, validation, test, seed)
    except DatasetError:
        n_train = len(y) - sum(max(1, int(len(y) * share + 0.5)) for share in (validation, test))
        assert n_train < len(counts)
        return
    together = np.concatenate([parts.train, parts.validation, parts.test])
    assert np.array_equal(np.sort(together), np.arange(len(y)))
    assert set(y[parts.train]) == set(range(len(counts)))
    for part, share in ((parts.validation, validation), (parts.test, test)):
        assert (len(part) == 0) == (share == 0)
        assert abs(len(part) - len(y) * share) <= 1


class TestByGroup:
    def test_a_group_stays_together(self) -> None:
        groups = np.repeat([f"patient {number}" for number in range(30)], 7)
        parts = split(examples_of(np.linspace(0, 1, 210), groups=groups), SplitSpec(), 3)
        assert parts.method == "group"
        for first, second in ((0, 1), (0, 2), (1, 2)):
            assert not set(groups[parts.all[first]]) & set(groups[parts.all[second]])
        assert sorted(np.concatenate(parts.all)) == list(range(210))
        for part in (parts.validation, parts.test):
            assert 0.15 * 210 <= len(part) < 0.15 * 210 + 7

    def test_the_groups_of_a_column(self) -> None:
        houses = np.array(["a", "b", "c", "d"] * 10)
        examples = examples_of(np.linspace(0, 1, 40), column=lambda name: houses)
        parts = split(examples, SplitSpec(method="group", column="house"), 0)
        assert len({*houses[parts.train]} & {*houses[parts.test]}) == 0
        assert all(len(part) for part in parts.all)

    @pytest.mark.parametrize("seed", range(6))
    def test_a_group_larger_than_a_share_trains(self, seed: int) -> None:
        groups = np.repeat(["a", "b", "c"], [168, 124, 52])
        parts = split(examples_of(np.linspace(0, 1, 344), groups=groups), SplitSpec(), seed)
        assert parts.sizes == (168, 124, 52)

    def test_groups_of_a_part_do_not_exceed_its_share_by_far(self) -> None:
        groups = np.repeat(np.arange(40), np.arange(1, 41))
        for seed in range(6):
            parts = split(examples_of(np.linspace(0, 1, 820), groups=groups), SplitSpec(), seed)
            assert all(abs(size - 123) <= 5 for size in parts.sizes[1:])

    def test_too_few_groups_are_refused(self) -> None:
        groups = np.array(["a", "b"] * 10)
        with pytest.raises(DatasetError, match="2 groups for 3 parts"):
            split(examples_of(np.linspace(0, 1, 20), groups=groups), SplitSpec(), 0)


class TestByTime:
    def test_the_latest_test(self) -> None:
        times = np.random.default_rng(0).permutation(100)
        parts = split(examples_of(np.linspace(0, 1, 100), order=times), SplitSpec(), 0)
        assert parts.method == "time"
        assert parts.sizes == (70, 15, 15)
        assert times[parts.train].max() < times[parts.validation].min()
        assert times[parts.validation].max() < times[parts.test].min()

    def test_a_method_the_data_cannot_serve_is_refused(self) -> None:
        with pytest.raises(DatasetError, match="says nothing of times"):
            split(examples_of(np.linspace(0, 1, 20)), SplitSpec(method="time"), 0)
        with pytest.raises(DatasetError, match="no columns to divide by"):
            split(examples_of(np.linspace(0, 1, 20)), SplitSpec(method="time", column="t"), 0)


class TestGiven:
    def test_parts_are_those_of_the_data(self) -> None:
        given = np.array([0, 1, 2, 0, 0, 2, 1, 0], np.int8)
        parts = split(examples_of(np.linspace(0, 1, 8), given=given), SplitSpec(), 0)
        assert parts.method == "given"
        assert [part.tolist() for part in parts.all] == [[0, 3, 4, 7], [1, 6], [2, 5]]

    def test_a_missing_part_is_drawn_from_the_training_part(self) -> None:
        given = np.array([0] * 80 + [2] * 20, np.int8)
        parts = split(examples_of(labels(50, 50), ("a", "b"), given=given), SplitSpec(), 0)
        assert parts.test.tolist() == list(range(80, 100))
        assert parts.sizes == (68, 12, 20)

    def test_a_column_names_the_parts(self) -> None:
        names = np.array(["Train", "test", "dev", "train", ""], object)
        examples = examples_of(np.linspace(0, 1, 5), column=lambda name: names)
        parts = split(examples, SplitSpec(method="given", column="part"), 0)
        assert [part.tolist() for part in parts.all] == [[0, 3, 4], [2], [1]]

    def test_other_words_are_refused_by_name(self) -> None:
        names = np.array(["train", "holdout"], object)
        examples = examples_of(np.linspace(0, 1, 2), column=lambda name: names)
        with pytest.raises(DatasetError, match=r"must say train, validation or test.*holdout"):
            split(examples, SplitSpec(method="given", column="part"), 0)


def test_the_same_input_in_two_parts_is_found_by_name() -> None:
    x = np.arange(40, dtype=np.float64)[:, np.newaxis]
    given = np.array([0] * 30 + [1] * 5 + [2] * 5, np.int8)
    x[39] = x[3]
    names = tuple(f"{number}.png" for number in range(40))
    examples = Examples(
        x, np.linspace(0, 1, 40), Kind.TABLE, Task.REGRESSION, ("a",), given=given, names=names
    )
    (found,) = across_parts(examples, split(examples, SplitSpec(), 0))
    assert found.trouble is Trouble.ACROSS_PARTS
    assert (found.count, found.names) == (1, ("39.png = 3.png",))
    assert found.remedies[0].changes == {"split.leave_out": ("39.png",)}
    x[39] = 39
    assert across_parts(examples, split(examples, SplitSpec(), 0)) == ()


class TestLeavingOut:
    @pytest.mark.parametrize("seed", range(5))
    def test_copies_across_parts_go_at_once_and_nothing_else_moves(self, seed: int) -> None:
        random = np.random.default_rng(seed)
        x = random.integers(0, 60, 200).astype(np.float64)[:, np.newaxis]
        names = tuple(f"line {number}" for number in range(200))
        examples = Examples(
            x, np.linspace(0, 1, 200), Kind.TABLE, Task.REGRESSION, ("a",), names=names
        )
        before = split(examples, SplitSpec(), seed)
        (found,) = across_parts(examples, before)
        left_out = found.remedies[0].changes["split.leave_out"]
        after = split(examples, SplitSpec(leave_out=left_out), seed)
        assert across_parts(examples, after) == ()
        assert np.array_equal(after.train, before.train)
        for kept, part in zip(after.all[1:], before.all[1:], strict=True):
            gone = [names.index(name) for name in left_out]
            assert kept.tolist() == [index for index in part.tolist() if index not in gone]

    def test_a_name_that_is_none_is_refused(self) -> None:
        examples = examples_of(np.linspace(0, 1, 30))
        with pytest.raises(DatasetError, match=r"no example called 'cats/9.png'.*parts"):
            split(examples, SplitSpec(leave_out=("cats/9.png",)), 0)

    def test_something_must_be_left_to_learn_from(self) -> None:
        examples = examples_of(np.linspace(0, 1, 30))
        everything = tuple(examples.name_of(index) for index in range(30))
        with pytest.raises(DatasetError, match="training part is left out"):
            split(examples, SplitSpec(leave_out=everything), 0)


def test_large_examples_are_compared_few_at_a_time_or_not_at_all(monkeypatch) -> None:
    taken: list[int] = []

    class Watched:
        shape, dtype = (60, 1_000), np.dtype(np.float64)

        def __len__(self) -> int:
            return 60

        def __getitem__(self, places: slice) -> np.ndarray:
            rows = np.arange(60.0)[places]
            taken.append(len(rows))
            return np.repeat(rows[:, np.newaxis], 1_000, axis=1)

    monkeypatch.setattr(leakage, "_BLOCK_BYTES", 40_000)
    examples = replace(examples_of(np.linspace(0, 1, 60)), x=Watched())
    parts = split(examples, SplitSpec(), 0)
    assert across_parts(examples, parts) == ()
    assert (max(taken), sum(taken)) == (5, 60)
    taken.clear()
    monkeypatch.setattr(leakage, "_COMPARED_BYTES", 100_000)
    assert across_parts(examples, parts) == ()
    assert taken == []


def test_overlapping_windows_drawn_at_random_are_told_with_the_remedy() -> None:
    times = np.arange(40.0)
    examples = examples_of(np.linspace(0, 1, 40), order=times, until=times + 2)
    assert across_parts(examples, split(examples, SplitSpec(), 0)) == ()
    (found,) = across_parts(examples, split(examples, SplitSpec(method="random"), 0))
    assert found.remedies[0].changes["split.method"] == "time"


@pytest.mark.parametrize("method", ["random", "stratified"])
def test_learning_from_the_validation_part_leaves_the_test_part_as_it_was(method: Any) -> None:
    examples = examples_of(labels(30, 20), ("a", "b"))
    apart = split(examples, SplitSpec(method=method), 3)
    together = split(examples, SplitSpec(method=method, refit=True), 3)
    assert together.test.tolist() == apart.test.tolist()
    assert together.train.tolist() == sorted([*apart.train, *apart.validation])
    assert together.sizes == (35 + 7, 0, 8)
