"""Verdicts of runs: told while they train without flicker, kept with them, printed at their end."""

import json
import sqlite3

import numpy as np
import pytest

from engine.cli.main import main
from engine.events.run_events import (
    EpochEnded,
    RunEvent,
    RunFailed,
    RunFinished,
    StepsDone,
    VerdictChanged,
)
from engine.events.verdicts import Finding, FindingKind, Place, Severity
from engine.inference.advice.watching import N_HELD, VerdictWatch
from engine.runs.places import DATABASE
from engine.runs.schema import MIGRATIONS
from engine.runs.store import RunStore
from engine.service.results.judging import findings_of_run
from engine.service.results.opened_run import OpenedRun
from engine.spec.run_spec import RunSpec
from engine.spec.signature import Kind, Signature, Task
from tests import advice_evidence as made

SPEC = RunSpec.from_dict({"data": {"source": "moons"}, "model": {"name": "mlp"}})
FOUND = Finding(
    FindingKind.OVERFITTING,
    Severity.WARNING,
    "Overfits since epoch 3: “größer”.",
    {"since": 3, "rise": 0.5, "layers": {"dense": 0.25}, "nothing": None},
    Place("curves", (4, 9), "größer"),
)


class _Clock:
    """Each look at it takes a second."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 1.0
        return self.now


class TestWhileItRuns:
    def watch(self, **more) -> tuple[VerdictWatch, list[RunEvent]]:
        said: list[RunEvent] = []
        signature = Signature(Kind.TABLE, Task.CLASSIFICATION, (4,), 3)
        watch = VerdictWatch(
            "run", made.spec(), signature, made.CLASS_TARGETS, 40, said.append, **more
        )
        return watch, said

    def go(self, watch: VerdictWatch, losses: list[float], first: int = 1) -> None:
        for number, loss in enumerate(losses, first):
            steps = {"loss": np.full(4, loss, np.float32)}
            watch(StepsDone("run", number, 4 * (number - 1), steps, float(number)))
            metrics = {"loss": loss, "val_loss": loss, "accuracy": 0.4, "val_accuracy": 0.4}
            watch(EpochEnded("run", number, 4 * number, metrics, 1.0, float(number), 100.0, False))

    def verdicts(self, said: list[RunEvent]) -> list[VerdictChanged]:
        return [event for event in said if isinstance(event, VerdictChanged)]

    def test_what_holds_for_some_epochs_is_told_behind_the_epoch(self):
        watch, said = self.watch(clock=lambda: 0.0)
        self.go(watch, [1.095] * 12)
        (verdict,) = self.verdicts(said)
        assert [it.kind for it in verdict.findings] == [FindingKind.LEARNT_NOTHING]
        assert verdict.epoch == 4 + N_HELD  # rules need four epochs to say so
        before = said[said.index(verdict) - 1]
        assert isinstance(before, EpochEnded)
        assert before.epoch == verdict.epoch
        assert watch.told == verdict.findings

    def test_one_odd_epoch_neither_tells_nor_takes_back(self):
        watch, said = self.watch(clock=lambda: 0.0)
        self.go(watch, [1.095] * 12)
        self.go(watch, [0.9], first=13)
        self.go(watch, [1.095] * 5, first=14)
        assert all(len(it.findings) == 1 for it in self.verdicts(said))

    def test_what_is_no_longer_so_is_taken_back(self):
        watch, said = self.watch(clock=lambda: 0.0)
        self.go(watch, [1.095] * 12)
        self.go(watch, list(made.falling(1.0, 0.3, 12)), first=13)
        assert [len(it.findings) for it in self.verdicts(said)] == [1, 1, 0]

    def test_old_numbers_are_told_anew_ever_more_rarely(self):
        watch, said = self.watch(clock=lambda: 0.0)
        self.go(watch, [1.095] * 60)
        assert [it.epoch for it in self.verdicts(said)] == [7, 14, 28, 56]

    def test_a_sound_run_says_nothing(self):
        watch, said = self.watch(clock=lambda: 0.0)
        self.go(watch, list(made.falling(1.1, 0.2, 30)))
        assert not self.verdicts(said)

    def test_it_is_asked_rarely_where_asking_takes_long(self):
        """A look takes a second: for a hundred seconds it is not asked again."""
        watch, said = self.watch(clock=_Clock())
        self.go(watch, [1.095] * 60)
        assert not self.verdicts(said)

    def test_a_run_that_goes_on_knows_its_history(self):
        history = [{"loss": 1.095, "val_loss": 1.095, "accuracy": 0.4}] * 10
        watch, _ = self.watch(clock=lambda: 0.0, history=history)
        self.go(watch, [1.095], first=11)
        evidence = watch.evidence()
        assert evidence.n_epochs == 11
        assert np.isnan(evidence.losses.first)


class TestStored:
    @pytest.fixture
    def store(self, tmp_path):
        with RunStore(tmp_path) as opened:
            yield opened

    @pytest.fixture
    def run(self, store):
        return store.create(SPEC, "", "Moons", "MLP").id

    def test_findings_are_read_back_as_they_were(self, store, run, tmp_path):
        store.record([RunFinished(run, reason="Done.", findings=(FOUND,))])
        with RunStore(tmp_path) as again:
            record = again.get(run)
        assert record.findings == (FOUND,)
        assert record.to_dict()["verdict"] == [FOUND.to_dict()]

    def test_what_is_told_while_it_runs_stays_where_it_breaks_off(self, store, run):
        store.record([VerdictChanged(run, 7, (FOUND,))])
        assert store.get(run).findings == (FOUND,)
        store.record([RunFailed(run, reason="The disk is full.")])
        assert store.get(run).findings == (FOUND,)

    def test_the_end_replaces_what_was_told_before(self, store, run):
        store.record([VerdictChanged(run, 7, (FOUND,)), RunFinished(run, reason="Done.")])
        assert store.get(run).findings == ()

    def test_a_run_that_goes_on_has_said_nothing_yet(self, store, run):
        store.record([RunFinished(run, reason="Done.", findings=(FOUND,))])
        store.reopen(run, SPEC)
        assert store.get(run).findings == ()

    def test_numbers_of_numpy_and_no_numbers_are_stored(self, store, run):
        evidence = {"rise": np.float32(0.5), "n": np.int64(3), "gone": float("nan")}
        odd = Finding(FindingKind.LEARNT, Severity.NOTE, "Odd.", evidence)
        store.record([RunFinished(run, reason="Done.", findings=(odd,))])
        (found,) = store.get(run).findings
        assert found.evidence == {"rise": 0.5, "n": 3, "gone": None}

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "{",
            "{}",
            "[1, null, {}]",
            '[{"kind": "of tomorrow", "severity": "note", "text": "", "evidence": {}}]',
            "null",
        ],
    )
    def test_damaged_findings_hide_no_run(self, store, run, tmp_path, text):
        with sqlite3.connect(tmp_path / DATABASE) as connection:
            connection.execute("UPDATE runs SET findings = ?", (text,))
        assert store.get(run).findings == ()

    def test_a_database_of_before_has_none(self, tmp_path):
        path = tmp_path / DATABASE
        with sqlite3.connect(path) as connection:
            for script in MIGRATIONS[:4]:
                connection.executescript(script)
            connection.execute("PRAGMA user_version = 4")
        with RunStore(tmp_path) as store:
            run = store.create(SPEC, "", "Moons", "MLP").id
            assert store.get(run).findings == ()


@pytest.fixture(scope="module")
def shuffled(tmp_path_factory):
    """A table whose classes have nothing to do with its columns."""
    generator = np.random.default_rng(5)
    rows = [
        f"{x:.4f},{y:.4f},{'yes' if label else 'no'}"
        for x, y, label in zip(
            generator.normal(size=900),
            generator.normal(size=900),
            generator.random(900) < 0.5,
            strict=True,
        )
    ]
    path = tmp_path_factory.mktemp("data") / "shuffled.csv"
    path.write_text("\n".join(["a,b,answer", *rows]), "utf-8")
    return path


OPTIONS = ("--target", "answer", "--model", "logistic_regression", "--epochs", "3")


@pytest.fixture(scope="module")
def trained(shuffled, tmp_path_factory):
    """A workspace with one run that learnt nothing."""
    workspace = tmp_path_factory.mktemp("workspace")
    code = main(
        ["train", "--data", str(shuffled), *OPTIONS, "--workspace", str(workspace), "--json"]
    )
    assert code == 0
    return workspace


class TestAtTheEnd:
    def test_it_is_kept_with_the_run(self, trained):
        with RunStore(trained) as store:
            (record,) = store.runs()
            first = record.findings[0]
            assert (first.kind, first.severity) == (FindingKind.LEARNT_NOTHING, Severity.FAULT)
            assert first.text.startswith("No better than always saying")

    def test_it_is_printed(self, shuffled, tmp_path, capfd):
        main(["train", "--data", str(shuffled), *OPTIONS, "--workspace", str(tmp_path)])
        out = capfd.readouterr().out
        assert "(!!) No better than always saying" in out
        main(["train", "--data", str(shuffled), *OPTIONS, "--workspace", str(tmp_path), "--json"])
        last = json.loads(capfd.readouterr().out.splitlines()[-1])
        assert last["event"] == "run_finished"
        assert last["findings"][0]["kind"] == "learnt_nothing"
        assert set(last["findings"][0]) == {"kind", "severity", "text", "evidence", "place"}

    def test_it_is_found_again_with_what_was_learnt_since(self, trained):
        """Simple models are fitted later; what is known of the run then is more."""
        from engine.inference.evaluation.predictions import Predictions

        with RunStore(trained) as store:
            (record,) = store.runs()
            run = OpenedRun(record, store.folder(record.id))
        test = Predictions.load(run.folder)
        better = made.boosted(-0.3, -0.1)
        found = findings_of_run(run, test, None, [better], "accuracy")
        kinds = [it.kind for it in found]
        assert kinds[0] is FindingKind.LEARNT_NOTHING
        assert FindingKind.WORSE_THAN_BASELINE in kinds

    def test_a_loss_that_is_no_number_is_told_with_its_step(self, tmp_path, capfd):
        rows = [f"{i % 7},{i % 3},{'x' if i % 2 else 'y'}" for i in range(60)]
        rows[:45] = [f"1e30,{i % 3},{'x' if i % 2 else 'y'}" for i in range(45)]
        path = tmp_path / "huge.csv"
        path.write_text("\n".join(["a,b,c", *rows]), "utf-8")
        spec = {
            "data": {"source": str(path), "target": "c"},
            "model": {"name": "mlp"},
            "preprocessing": {"scaling": "none"},
            "training": {"epochs": 4},
        }
        (tmp_path / "spec.json").write_text(json.dumps(spec), "utf-8")
        options = ["--spec", str(tmp_path / "spec.json"), "--json"]
        assert main(["train", *options, "--workspace", str(tmp_path / "w")]) == 1
        last = json.loads(capfd.readouterr().out.splitlines()[-1])
        assert last["event"] == "run_failed"
        assert last["findings"][0]["kind"] == "not_finite"
        assert last["findings"][0]["evidence"]["step"] >= 1
