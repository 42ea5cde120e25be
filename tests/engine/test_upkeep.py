"""A workspace whose database is damaged or lost: the runs are found again, and nothing is lost."""

import json
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from stored_workspace import RUNS, unpack

from engine.cli import main as cli
from engine.errors import DatabaseDamaged, WorkspaceError
from engine.events.run_events import (
    EpochEnded,
    RunFinished,
    RunStarted,
    RunState,
    RunStopped,
    SettingChanged,
    StateChanged,
    StepsDone,
)
from engine.runs.copies import copies, thinned
from engine.runs.run_file import HISTORY_FILE
from engine.runs.run_folders import folders_of_runs
from engine.runs.store import RunStore
from engine.runs.workspace import WorkspaceLock
from engine.service.upkeep.checking import ProblemKind, check_workspace
from engine.service.upkeep.repairing import repair_workspace
from engine.spec.run_spec import RunSpec

SPEC = RunSpec.from_dict(
    {
        "data": {"source": "iris"},
        "model": {"name": "mlp", "parameters": {}},
        "training": {"epochs": 3},
    }
)
NOW = datetime.now(UTC)


def epoch(run, number, **metrics):
    metrics = metrics or {"loss": 1 / number, "val_loss": 2 / number}
    return EpochEnded(run, number, 5 * number, metrics, 2.0, 2.0 * number, 90.0, True, 0.01)


def fill(store, name, n_epochs=3):
    """A run with steps, epochs and a change, as a worker records it."""
    run = store.create(SPEC, name, "Iris", "MLP").id
    store.record([StateChanged(run, RunState.RUNNING)])
    for number in range(1, n_epochs + 1):
        losses = np.full(5, 1 / number, np.float32)
        store.record(
            [
                StepsDone(run, number, 5 * number - 5, {"loss": losses}, 2.0 * number),
                epoch(run, number),
            ]
        )
    store.record([SettingChanged(run, 2, 7, "training.learning_rate", 0.1, 0.05, "Asked.")])
    store.record([RunFinished(run, reason="Done.", metrics={"test_accuracy": 0.9})])
    return run


@pytest.fixture
def workspace(tmp_path):
    """Three runs; one renamed with a note, one deleted."""
    place = tmp_path / "workspace"
    with RunStore(place) as store:
        runs = [fill(store, name) for name in ("one", "two", "three")]
        store.rename(runs[1], "other")
        store.set_note(runs[1], "a note")
        store.delete(runs[2])
    return place


def everything(workspace):
    """What a workspace says of its runs; curves within epochs left out."""
    with RunStore(workspace) as store:
        records = store.runs() + store.runs(deleted=True)
        return {
            record.id: (record, store.epochs(record.id), store.changes(record.id))
            for record in records
        }


def content(workspace):
    """Every file of a workspace, byte for byte."""
    return {
        str(path.relative_to(workspace)): path.read_bytes() if path.is_file() else None
        for path in sorted(workspace.rglob("*"))
    }


def lose(path):
    path.unlink()


def zero(path):
    path.write_bytes(bytes(path.stat().st_size))


def empty(path):
    path.write_bytes(b"")


def truncate(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2 + 100])


def garble(path):
    path.write_bytes(b"not a database at all, for sure " * 400)


def spoil_inside(path):
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xa5" * (len(content) - 4096)
    path.write_bytes(content)


def schema_of_nothing(path):
    content = bytearray(path.read_bytes())
    content[60:64] = (-5).to_bytes(4, "big", signed=True)
    path.write_bytes(content)


def become_a_folder(path):
    path.unlink()
    path.mkdir()
    (path / "something").write_text("kept", encoding="utf-8")


def lose_a_table(path):
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("DROP TABLE runs")


def garble_a_name(path):
    """What SQLite then says of it is no text."""
    content = path.read_bytes()
    assert b"tablerunsruns" in content
    garbled = content.replace(b"tablerunsruns", b"tabler\x93nsr\x93ns")
    path.write_bytes(garbled.replace(b"CREATE TABLE runs", b"CREAXE TABLE runs"))


DAMAGES = [
    lose, zero, empty, truncate, garble, spoil_inside, schema_of_nothing, become_a_folder,
    lose_a_table, garble_a_name,
]  # fmt: skip


class TestDatabase:
    @pytest.mark.parametrize("damage", DAMAGES)
    def test_every_run_is_found_again_and_what_was_there_is_set_aside(
        self, workspace, damage, capsys
    ):
        before = everything(workspace)
        damage(workspace / "runs.sqlite")
        damaged = content(workspace)
        assert cli.main(["runs", "list", "--workspace", str(workspace)]) == 2
        told = capsys.readouterr()
        assert "workspace check --repair" in told.err
        assert "Traceback" not in told.err
        with pytest.raises(DatabaseDamaged), RunStore(workspace) as store:
            store.runs()
        assert not check_workspace(workspace).is_database_whole
        left = {name: value for name, value in content(workspace).items() if "logs" not in name}
        assert {name: left.get(name) for name in damaged} == damaged, "looking changes nothing"
        assert cli.main(["workspace", "check", "--repair", "--workspace", str(workspace)]) == 0
        assert "3 runs found again" in capsys.readouterr().out
        assert everything(workspace) == before
        if damage is not lose:
            (aside,) = (workspace / "damaged").iterdir()
            kept = {
                f"runs.sqlite{name[11:]}": value
                for name, value in damaged.items()
                if name.startswith("runs.sqlite")
            }
            assert {name: content(aside).get(name) for name in kept} == kept

    def test_looking_says_what_would_be_done_and_changes_nothing(self, workspace, capsys):
        garble(workspace / "runs.sqlite")
        before = content(workspace)
        assert cli.main(["workspace", "check", "--workspace", str(workspace), "--json"]) == 1
        (found,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert not found["is_sound"]
        kinds = [problem["kind"] for problem in found["problems"]]
        assert kinds == ["database", *["run_not_listed"] * 3]
        assert all(problem["remedy"] for problem in found["problems"])
        assert content(workspace) == before

    def test_a_whole_workspace_is_left_as_it_is(self, workspace, capsys):
        before = content(workspace)
        assert cli.main(["workspace", "check", "--workspace", str(workspace)]) == 0
        assert "Nothing is damaged." in capsys.readouterr().out
        assert content(workspace) == before
        done = repair_workspace(workspace)
        assert (done.found_again, done.aside) == ((), None)
        assert content(workspace) == before

    def test_what_was_written_last_waits_beside_the_database_and_is_read(self, workspace):
        with RunStore(workspace) as store:
            store.set_note(store.get("one").id, "not yet in the file itself")
            shutil.copytree(workspace, workspace.with_name("copied"))
        copied = workspace.with_name("copied")
        assert (copied / "runs.sqlite-wal").stat().st_size
        before = content(copied)
        found = check_workspace(copied)
        assert found.problems == ()
        assert content(copied) == before
        lose(copied / "runs.sqlite")
        with pytest.raises(DatabaseDamaged):
            RunStore(copied)
        assert (copied / "runs.sqlite-wal").exists(), "SQLite would throw it away"

    def test_a_database_that_another_process_is_just_making_is_not_called_lost(
        self, workspace, monkeypatch
    ):
        whole = workspace.with_name("whole.sqlite")
        shutil.copy(workspace / "runs.sqlite", whole)
        lose(workspace / "runs.sqlite")

        def finds_them_once_it_is_made(folder):
            shutil.copy(whole, workspace / "runs.sqlite")
            return folders_of_runs(folder)

        monkeypatch.setattr("engine.runs.database.folders_of_runs", finds_them_once_it_is_made)
        with RunStore(workspace) as store:
            assert {run.name for run in store.runs()} >= {"one"}

    def test_a_newer_schema_is_refused_and_left(self, workspace):
        with closing(sqlite3.connect(workspace / "runs.sqlite")) as database:
            database.execute("PRAGMA user_version = 99")
        before = content(workspace)
        for ask in (check_workspace, repair_workspace):
            with pytest.raises(WorkspaceError, match="newer version"):
                ask(workspace)
        assert content(workspace) == before

    def test_nobody_repairs_what_is_in_use(self, workspace, capsys):
        garble(workspace / "runs.sqlite")
        with WorkspaceLock(workspace):
            words = ["workspace", "check", "--repair", "--workspace", str(workspace)]
            assert cli.main(words) == 2
        assert "in use by" in capsys.readouterr().err

    def test_no_workspace_is_made_by_looking(self, tmp_path, capsys):
        assert cli.main(["workspace", "check", "--workspace", str(tmp_path / "none")]) == 2
        assert cli.main(["workspace", "check", "--repair", "--workspace", str(tmp_path / "x")]) == 2
        assert list(tmp_path.iterdir()) == []
        assert "There is no workspace" in capsys.readouterr().err


class TestFolders:
    def test_a_run_that_was_being_trained_has_every_epoch_up_to_then(self, tmp_path):
        with RunStore(tmp_path) as store:
            run = store.create(SPEC, "cut off", "Iris", "MLP").id
            store.record([_started(run), epoch(run, 1), epoch(run, 2, loss=0.25)])
            expected = store.epochs(run)
        lose(tmp_path / "runs.sqlite")
        with (tmp_path / "runs" / run / HISTORY_FILE).open("a") as file:
            file.write("0badc0de {half a li")
        repair_workspace(tmp_path)
        with RunStore(tmp_path) as store:
            record = store.get(run)
            assert store.epochs(run) == expected
            assert (record.epochs_done, record.epochs_planned) == (2, 3)
            assert record.metrics == {"loss": 0.25}

    def test_what_was_cut_stays_cut(self, tmp_path):
        with RunStore(tmp_path) as store:
            run = store.create(SPEC, "", "Iris", "MLP").id
            store.record([epoch(run, 1), epoch(run, 2), epoch(run, 3)])
            store.record([RunStopped(run, reason="Stopped.")])
            store.reopen(run, SPEC, kept=(5, 1))
            store.record([epoch(run, 2, loss=0.1), RunStopped(run, reason="Stopped.")])
            expected = store.epochs(run)
            assert [item.epoch for item in expected] == [1, 2]
        lose(tmp_path / "runs.sqlite")
        repair_workspace(tmp_path)
        with RunStore(tmp_path) as store:
            assert store.epochs(run) == expected

    def test_a_changed_line_is_left_out_and_never_a_wrong_number(self, tmp_path):
        with RunStore(tmp_path) as store:
            run = fill(store, "one")
        lose(tmp_path / "runs.sqlite")
        path = tmp_path / "runs" / run / HISTORY_FILE
        path.write_text(path.read_text().replace('"val_loss": 1.0', '"val_loss": 9.0'))
        repair_workspace(tmp_path)
        with RunStore(tmp_path) as store:
            assert [item.epoch for item in store.epochs(run)] == [1, 3]

    def test_runs_of_an_older_version_are_found_as_far_as_their_files_tell(self, tmp_path):
        workspace = unpack(tmp_path) / "workspace"
        with RunStore(workspace) as store:
            known = {run: store.epochs(run) for run in RUNS.values()}
            states = {run: store.get(run).state for run in RUNS.values()}
        for path in workspace.glob("runs/*/run.json"):
            path.unlink()
        lose(workspace / "runs.sqlite")
        done = repair_workspace(workspace)
        assert set(RUNS.values()) <= set(done.found_again)
        with RunStore(workspace) as store:
            for run, epochs in known.items():
                found = store.epochs(run)
                n_saved = len(found)
                assert n_saved
                assert [e.metrics for e in found] == [e.metrics for e in epochs[:n_saved]]
                record = store.get(run)
                assert record.spec.data.source
                assert record.state.is_active is False
                assert (record.state is RunState.FINISHED) == (states[run] is RunState.FINISHED)


class TestRows:
    @pytest.mark.parametrize(
        ("column", "value"),
        [
            ("state", "exploded"),
            ("created_at", "yesterday"),
            ("created_at", "2026-11-23"),
            ("created_at", "0001-01-01T00:00:00+00:00"),
            ("ended_at", 17),
            ("metrics", "{"),
            ("metrics", "[" * 100_000),
            ("metrics", '{"loss": "low"}'),
            ("metrics", "[1, 2]"),
            ("plan", "null"),
            ("epochs_done", "many"),
            ("epochs_planned", -1),
            ("duration_s", "long"),
            ("owner_pid", 2**40),
            ("owner_started_s", b"\x00"),
            ("name", b"\xff\xfe"),
            ("id", "../../elsewhere"),
            ("id", ""),
            ("best_epoch", "last"),
        ],
    )
    def test_a_bad_row_hides_itself_and_no_other(self, workspace, capsys, column, value):
        _spoil(workspace, "UPDATE runs SET {} = ? WHERE name = 'one'", column, value)
        assert cli.main(["runs", "list", "--workspace", str(workspace)]) == 0
        told = capsys.readouterr()
        assert "other" in told.out
        assert told.err.startswith("Warning: The run '")
        assert f"Its {column} is no " in told.err
        assert "Traceback" not in told.err
        assert cli.main(["runs", "list", "--json", "--workspace", str(workspace)]) == 0
        event, listed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert event["event"] == "run_unreadable"
        assert [run["name"] for run in listed["runs"]] == ["other"]
        with RunStore(workspace) as store:
            store.mark_interrupted()
            store.overdue()
            assert len(store.bad_rows()) == 1

    @pytest.mark.parametrize(
        ("column", "value"), [("state", "exploded"), ("metrics", "{"), ("name", b"\xff")]
    )
    def test_repairing_takes_it_from_its_folder(self, workspace, column, value):
        before = everything(workspace)
        _spoil(workspace, "UPDATE runs SET {} = ? WHERE name = 'one'", column, value)
        done = repair_workspace(workspace)
        assert len(done.found_again) == 1
        assert everything(workspace) == before
        with RunStore(workspace) as store:
            for run in before:
                assert len(store.steps(run)["loss"]) == 15, "curves stay as they were"

    def test_a_null_where_none_may_be(self, workspace, capsys):
        with closing(sqlite3.connect(workspace / "runs.sqlite")) as database, database:
            (text,) = database.execute(
                "SELECT sql FROM sqlite_master WHERE name = 'runs'"
            ).fetchone()
            database.execute("PRAGMA writable_schema = ON")
            database.execute(
                "UPDATE sqlite_master SET sql = ? WHERE name = 'runs'",
                (text.replace(" NOT NULL", ""),),
            )
        _spoil(workspace, "UPDATE runs SET {} = ? WHERE name = 'one'", "spec", None)
        assert cli.main(["runs", "list", "--workspace", str(workspace)]) == 0
        told = capsys.readouterr()
        assert "other" in told.out
        assert "Its spec is no text. Received: None." in told.err

    @pytest.mark.parametrize(
        ("column", "value"),
        [("metrics", "{"), ("step", "far"), ("metrics", b"\xff"), ("elapsed_s", -1)],
    )
    def test_a_bad_epoch_hides_itself_and_is_mended(self, workspace, capsys, column, value):
        before = everything(workspace)
        _spoil(workspace, "UPDATE epochs SET {} = ? WHERE epoch = 2", column, value)
        assert cli.main(["runs", "show", "one", "--workspace", str(workspace)]) == 0
        told = capsys.readouterr()
        assert f"Epoch 2 is not shown: its {column} is no " in told.err
        assert "\n3 *" in told.out
        assert check_workspace(workspace).problems[0].kind is ProblemKind.EPOCH
        repair_workspace(workspace)
        assert everything(workspace) == before

    @pytest.mark.parametrize(
        ("column", "value"), [("after", "much"), ("step", b"\xff"), ("reason", b"\xff")]
    )
    def test_a_bad_change_hides_itself_and_is_mended(self, workspace, capsys, column, value):
        before = everything(workspace)
        _spoil(workspace, "UPDATE changes SET {} = ?", column, value)
        assert cli.main(["runs", "show", "one", "--workspace", str(workspace)]) == 0
        assert f"A change of a setting is not shown: its {column} is no " in capsys.readouterr().err
        repair_workspace(workspace)
        assert everything(workspace) == before

    @pytest.mark.parametrize(
        ("column", "value"),
        [
            ("first_step", 2**50),
            ("first_step", -3),
            ("n_steps", 2**40),
            ("n_steps", "many"),
            ("numbers", b"odd"),
            ("numbers", "text"),
        ],
    )
    def test_a_bad_piece_of_a_curve_is_a_gap(self, workspace, column, value):
        with RunStore(workspace) as store:
            run = fill(store, "pieces", 1)
            kept = store.steps(run)["loss"]
            store.record([StepsDone(run, 2, 5, {"loss": kept}, 9.0)])
        statement = f"UPDATE steps SET {{}} = ? WHERE run = '{run}' AND first_step = 0"
        _spoil(workspace, statement, column, value)
        with RunStore(workspace) as store:
            found = store.steps(run)["loss"]
        assert np.isnan(found[:5]).all()
        assert found[5:].tolist() == kept.tolist()

    @pytest.mark.parametrize("value", ["", "[", "null", b"\xff", "[1, 2]"])
    def test_bad_names_of_layers_hide_the_flow_alone(self, workspace, value):
        _spoil(workspace, "UPDATE runs SET {} = ? WHERE name = 'one'", "flow_layers", value)
        with RunStore(workspace) as store:
            run = store.get("one").id
            assert store.flow(run) == []
            assert len(store.epochs(run)) == 3

    @pytest.mark.parametrize(
        ("statement", "said"),
        [
            ("UPDATE runs SET metrics = replace(metrics, '0.9', '0.8') WHERE name = 'one'", "run"),
            ("UPDATE epochs SET metrics = replace(metrics, '0.5', '0.4')", "Epoch 2 is not shown"),
            ("UPDATE epochs SET is_best = 0 WHERE epoch = 1", "Epoch 1 is not shown"),
            ("UPDATE steps SET numbers = zeroblob(length(numbers)) ", ""),
        ],
    )
    def test_a_changed_number_is_never_shown_as_right(self, workspace, capsys, statement, said):
        before = everything(workspace)
        with closing(sqlite3.connect(workspace / "runs.sqlite")) as database, database:
            database.execute(statement)
        cli.main(["runs", "show", "one", "--workspace", str(workspace)])
        told = capsys.readouterr().err
        assert said in told
        assert ("checksum" in told) == bool(said)
        with RunStore(workspace) as store:
            for run, (record, epochs, _) in before.items():
                shown = {record.id: record.metrics for record in store.runs()}
                assert shown.get(run, record.metrics) == record.metrics
                assert all(epoch in epochs for epoch in store.epochs(run))
                if "steps" in statement:
                    assert store.steps(run) == {}
        repair_workspace(workspace)
        assert everything(workspace) == before

    def test_a_bad_spec_leaves_the_metrics_to_be_shown(self, workspace, capsys):
        _spoil(workspace, "UPDATE runs SET {} = ? WHERE name = 'one'", "spec", "[[[")
        assert cli.main(["runs", "show", "one", "--json", "--workspace", str(workspace)]) == 0
        (shown,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert shown["spec"] is None
        assert len(shown["epochs"]) == 3
        assert cli.main(["resume", "one", "--workspace", str(workspace)]) == 2

    @pytest.mark.parametrize("name", ["", " ", "\t"])
    def test_nothing_is_offered_without_a_name(self, tmp_path, capsys, name):
        for n_runs in (0, 1):
            with RunStore(tmp_path) as store:
                for _ in range(n_runs):
                    store.create(SPEC, "x", "Iris", "MLP")
            _spoil(tmp_path, "UPDATE runs SET {} = ?", "name", name)
            assert cli.main(["runs", "show", "gone", "--workspace", str(tmp_path)]) == 2
            told = capsys.readouterr().err
            assert "Available: ." not in told
            assert "Available: ," not in told
            assert "There is no run named 'gone'." in told


class TestCopies:
    def test_one_a_day_of_what_has_changed_and_ten_in_all(self, workspace):
        with RunStore(workspace) as store:
            assert store.keep_copy(NOW) is not None
            assert store.keep_copy(NOW + timedelta(hours=2)) is None
            assert store.keep_copy(NOW + timedelta(days=1)) is None, "nothing has changed"
            run = store.get("one").id
            for day in range(2, 40):
                store.set_note(run, f"day {day}")
                assert store.keep_copy(NOW + timedelta(days=day)) is not None
        days = [round((moment - NOW).total_seconds() / 86_400) for moment, _ in copies(workspace)]
        ages = [39 - day for day in days]
        assert len(ages) == 10
        assert (ages[0], ages[-1]) == (0, 39)
        gaps = np.diff(ages)
        assert gaps[0] < gaps[-1], "the older, the farther apart"

    def test_the_newest_good_copy_brings_back_curves(self, workspace):
        before = everything(workspace)
        with RunStore(workspace) as store:
            good = store.keep_copy(NOW)
            assert good is not None
        bad = good.with_name("runs-29991231-235959.sqlite")
        garble(bad)
        garble(workspace / "runs.sqlite")
        done = repair_workspace(workspace)
        assert done.base == good.name
        assert everything(workspace) == before
        with RunStore(workspace) as store:
            assert all(len(store.steps(run)["loss"]) == 15 for run in before)

    def test_what_happened_since_the_copy_comes_from_the_folders(self, workspace):
        with RunStore(workspace) as store:
            assert store.keep_copy(NOW)
            store.rename(store.get("one").id, "renamed since")
            fill(store, "new since")
        before = everything(workspace)
        garble(workspace / "runs.sqlite")
        repair_workspace(workspace)
        assert everything(workspace) == before

    def test_of_a_damaged_database_none_is_made(self, workspace):
        with RunStore(workspace) as store:
            assert store.keep_copy(NOW)
        spoil_inside(workspace / "runs.sqlite")
        with pytest.raises(WorkspaceError), RunStore(workspace) as store:
            store.keep_copy(NOW + timedelta(days=2))
        assert len(copies(workspace)) == 1

    def test_thinning_keeps_the_ends(self):
        moments = [NOW - timedelta(days=day) for day in range(100)]
        kept = thinned(moments, NOW)
        assert len(kept) == 10
        assert (kept[0], kept[-1]) == (moments[0], moments[-1])
        assert thinned(moments[:4], NOW) == moments[:4]


def _started(run):
    return RunStarted(
        run, name="cut off", spec=SPEC, profile=None, epochs=3, steps_per_epoch=5, n_train=80
    )


def _spoil(workspace, statement, column, value):
    with closing(sqlite3.connect(workspace / "runs.sqlite")) as database, database:
        database.execute(statement.format(column), (value,))
