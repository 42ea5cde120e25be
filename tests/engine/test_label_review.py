"""A review of labels: what is hidden, what is blind, what is taken back, and what becomes of it."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from engine.cli import main as cli
from engine.datasets.corrections.log import CorrectionLog, log_path
from engine.errors import WorkspaceError
from engine.events.labelling import CompareOnTest, StartReview
from engine.events.review import Decision, Review, ReviewItem
from engine.inference.suspects.review_file import FILE_NAME, load_review, save_review
from engine.runs.store import RunStore
from engine.service.results import answer
from engine.service.results.comparing import paired_interval


def item(row: int, part: str = "train", is_control: bool = False) -> ReviewItem:
    return ReviewItem(
        row, f"row {row + 1}", f"mark {row}", "cat", "cat", part, is_control, "dog", 0.1
    )


def review(*items: ReviewItem) -> Review:
    return Review("run", "pets.csv", "pet", "print", "classes", ("cat", "dog"), items, {})


class TestHidden:
    def test_until_it_is_answered(self) -> None:
        begun = review(item(0), item(1))
        assert not begun.shows_opinion(0)
        assert begun.answer(Decision.KEEP).shows_opinion(0)

    def test_of_the_test_part_until_the_end(self) -> None:
        begun = review(item(0, "test"), item(1)).answer(Decision.CORRECT, "dog")
        assert not begun.shows_opinion(0)
        over = begun.next_open().answer(Decision.KEEP)
        assert over.is_over
        assert over.shows_opinion(0)

    def test_what_is_said_afterwards_is_not_blind(self) -> None:
        begun = review(item(0), item(1)).answer(Decision.KEEP)
        assert begun.answers[0].is_blind
        assert not begun.undo().answer(Decision.CORRECT, "dog").answers[0].is_blind

    def test_a_test_label_may_be_thought_over_while_nothing_was_shown(self) -> None:
        begun = review(item(0, "test"), item(1)).answer(Decision.KEEP)
        assert begun.answer(Decision.CORRECT, "dog").answers[0].is_blind
        over = begun.go(1).answer(Decision.KEEP)
        assert not over.go(0).answer(Decision.CORRECT, "dog").answers[0].is_blind


def test_the_reviewers_own_errors_are_counted() -> None:
    begun = review(item(0, is_control=True), item(1, is_control=True), item(2))
    begun = begun.answer(Decision.CORRECT, "dog").next_open().answer(Decision.KEEP)
    assert begun.controls == (1, 2)
    assert begun.next_open().place == 2


def test_undo_goes_back_step_by_step() -> None:
    begun = review(item(0), item(1)).answer(Decision.KEEP).answer(Decision.EXCLUDE)
    assert begun.undo().answers[0].decision is Decision.KEEP
    assert begun.undo().undo().answers == {}
    assert begun.undo().undo().undo().answers == {}


def test_comes_back_after_a_restart(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    begun = review(item(0, "test"), item(1), item(2, is_control=True))
    begun = (
        begun.answer(Decision.CORRECT, "dog", "then").next_open().answer(Decision.EXCLUDE).undo()
    )
    save_review(begun, folder)
    assert load_review(folder) == begun
    path = folder / FILE_NAME
    path.write_text(path.read_text().replace('"correct"', '"keep"'))
    with pytest.raises(WorkspaceError, match="cannot be read"):
        load_review(folder)
    path.unlink()
    assert load_review(folder) is None


class TestCorrections:
    def test_are_those_of_the_suspects(self) -> None:
        begun = review(item(0), item(1, is_control=True), item(2))
        begun = begun.answer(Decision.CORRECT, "dog", "then").next_open()
        begun = begun.answer(Decision.EXCLUDE).next_open().answer(Decision.EXCLUDE)
        log = CorrectionLog("pets.csv", "pet").reviewed(begun, "ann")
        assert [(it.row, it.label, it.who) for it in log.in_effect] == [
            (0, "dog", "ann"),
            (2, None, "ann"),
        ]
        assert log.reviewed(begun, "bob") == log  # nothing new

    def test_what_is_taken_back_holds_no_more(self) -> None:
        begun = review(item(0), item(1)).answer(Decision.EXCLUDE)
        log = CorrectionLog("pets.csv", "pet").reviewed(begun, "ann")
        log = log.reviewed(begun.undo(), "ann")
        assert log.in_effect == ()
        assert len(log.entries) == 1

    def test_those_of_earlier_reviews_stay(self) -> None:
        first = CorrectionLog("pets.csv", "pet").reviewed(
            review(item(7)).answer(Decision.EXCLUDE), "ann"
        )
        both = first.reviewed(review(item(0)).answer(Decision.EXCLUDE), "ann")
        assert [it.row for it in both.in_effect] == [0, 7]

    def test_what_is_not_answered_takes_nothing_back(self) -> None:
        first = CorrectionLog("pets.csv", "pet").reviewed(
            review(item(7)).answer(Decision.EXCLUDE), "ann"
        )
        again = review(item(0), item(7))
        assert first.reviewed(again, "bob") == first
        kept = again.answer(Decision.KEEP).next_open()
        assert [it.row for it in first.reviewed(kept, "bob").in_effect] == [7]
        both = kept.answer(Decision.KEEP)
        assert first.reviewed(both, "bob").in_effect == ()


def test_paired_interval_covers() -> None:
    rng = np.random.default_rng(0)
    held = 0
    for seed in range(100):
        low, high = paired_interval(rng.normal(0.1, 1, 200), seed)
        held += low <= 0.1 <= high
    assert 88 <= held <= 100


# ---- on a run


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two clear classes of which some labels are wrong."""
    rng = np.random.default_rng(0)
    path = tmp_path_factory.mktemp("data") / "pets.csv"
    lines = ["height,weight,pet"]
    for row in range(120):
        kind = row % 2
        x, y = rng.normal(10 * kind, 1, 2)
        label = 1 - kind if row % 20 == 3 else kind
        lines.append(f"{x:.3f},{y:.3f},{('cat', 'dog')[label]}")
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, table: Path) -> Path:
    folder = tmp_path_factory.mktemp("workspace")
    train = ["train", "--data", str(table), "--workspace", str(folder), "--epochs", "2", "--json"]
    assert cli.main([*train, "--name", "first"]) == 0
    return folder


@pytest.fixture
def workspace(tmp_path: Path, trained: Path) -> Path:
    """One of its own: a review that was begun goes on."""
    return shutil.copytree(trained, tmp_path / "workspace")


def run_id(workspace: Path, name: str) -> str:
    with RunStore(workspace) as store:
        return store.get(name).id


def test_from_suspects_to_a_better_run(workspace: Path, table: Path, capsys) -> None:
    first = run_id(workspace, "first")
    ready = answer(StartReview(first), workspace, lambda *it: None)
    begun = ready.review
    planted = {row for row in range(120) if row % 20 == 3}
    suspects = {it.row for it in begun.items if not it.is_control}
    assert planted <= suspects
    assert sum(it.is_control for it in begun.items) >= 3
    assert not {it.row for it in begun.items if it.is_control} & planted
    again = answer(StartReview(first), workspace, lambda *it: None)
    assert again.review == begun  # it goes on

    while not begun.is_over:
        shown = begun.items[begun.place]
        right = ("cat", "dog")[shown.row % 2]
        if shown.label == right:
            begun = begun.answer(Decision.KEEP).next_open()
        else:
            begun = begun.answer(Decision.CORRECT, right, "then").next_open()
    assert begun.controls[0] == 0
    path = log_path(workspace, begun.source, begun.target)
    log = CorrectionLog(begun.source, begun.target).reviewed(begun, "ann")
    frozen = log.freeze(path)
    assert {it.row for it in log.in_effect} == planted
    assert cli.main([
        "train", "--data", str(table), "--workspace", str(workspace), "--epochs", "2",
        "--name", "second", "--set", f"data.corrections={frozen}", "--json",
    ]) == 0  # fmt: skip
    second = run_id(workspace, "second")
    compared = answer(CompareOnTest(second, first), workspace, lambda *it: None)
    assert compared.metric == "accuracy"
    assert compared.n == 18
    low, high = compared.difference
    assert low <= compared.values[1] - compared.values[0] <= high

    # What was corrected is known by its label in the data, so it can be corrected once more.
    fresh = answer(StartReview(second), workspace, lambda *it: None).review
    labels = {it.row: it.value for it in fresh.items}
    lines = table.read_text().splitlines()[1:]
    assert all(lines[row].endswith(str(value)) for row, value in labels.items())
    capsys.readouterr()


def test_others_come_when_all_were_looked_at(workspace: Path) -> None:
    first = run_id(workspace, "first")
    begun = answer(StartReview(first), workspace, lambda *it: None).review
    more = answer(StartReview(first, anew=True), workspace, lambda *it: None).review
    assert not {it.row for it in more.items} & {it.row for it in begun.items}
