"""Rows of a database that are damaged, and the copies that are kept of it."""

import json
import sqlite3
from contextlib import closing
from datetime import timedelta

import numpy as np
import pytest
import upkeep_cases
from upkeep_cases import (
    NOW,
    SPEC,
    everything,
    fill,
    garble,
    spoil,
    spoil_inside,
)

from engine.cli import main as cli
from engine.errors import WorkspaceError
from engine.events.run_events import (
    StepsDone,
)
from engine.runs.copies import copies, thinned
from engine.runs.store import RunStore
from engine.service.upkeep.checking import ProblemKind, check_workspace
from engine.service.upkeep.repairing import repair_workspace

workspace = upkeep_cases.workspace


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
        spoil(workspace, "UPDATE runs SET {} = ? WHERE name = 'one'", column, value)
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
        spoil(workspace, "UPDATE runs SET {} = ? WHERE name = 'one'", column, value)
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
        spoil(workspace, "UPDATE runs SET {} = ? WHERE name = 'one'", "spec", None)
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
        spoil(workspace, "UPDATE epochs SET {} = ? WHERE epoch = 2", column, value)
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
        spoil(workspace, "UPDATE changes SET {} = ?", column, value)
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
        spoil(workspace, statement, column, value)
        with RunStore(workspace) as store:
            found = store.steps(run)["loss"]
        assert np.isnan(found[:5]).all()
        assert found[5:].tolist() == kept.tolist()

    @pytest.mark.parametrize("value", ["", "[", "null", b"\xff", "[1, 2]"])
    def test_bad_names_of_layers_hide_the_flow_alone(self, workspace, value):
        spoil(workspace, "UPDATE runs SET {} = ? WHERE name = 'one'", "flow_layers", value)
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
        spoil(workspace, "UPDATE runs SET {} = ? WHERE name = 'one'", "spec", "[[[")
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
            spoil(tmp_path, "UPDATE runs SET {} = ?", "name", name)
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
