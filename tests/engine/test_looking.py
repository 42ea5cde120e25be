"""A workspace that cannot be written can be looked at, and nothing in it is changed."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from engine.cli import main as cli
from engine.errors import WorkspaceError
from engine.events.run_events import EpochEnded, RunFinished, RunState
from engine.runs import database as database_module
from engine.runs.places import DATABASE, write_problem
from engine.runs.store import RunStore
from engine.runs.workspace_lock import WorkspaceLock
from engine.spec.run_spec import RunSpec

SPEC = RunSpec.from_dict(
    {
        "data": {"source": "iris"},
        "model": {"name": "mlp", "parameters": {}},
        "training": {"epochs": 3},
    }
)


@pytest.fixture
def workspace(tmp_path):
    place = tmp_path / "workspace"
    with RunStore(place) as store:
        run = store.create(SPEC, "kept", "Iris", "MLP").id
        store.record([EpochEnded(run, 1, 5, {"loss": 0.5}, 1.0, 1.0, 80.0, True)])
        store.record([RunFinished(run, reason="Done.", metrics={"test_accuracy": 0.9})])
    return place


@pytest.fixture
def read_only(monkeypatch):
    """Makes a workspace one that cannot be written, as far as the program is told.

    What really cannot be written is tried below, where the system allows it.
    """
    real = os.access

    def freeze(folder):
        def access(path, mode, **more):
            inside = Path(path) == folder or folder in Path(path).parents
            return real(path, mode, **more) and not (inside and mode & os.W_OK)

        monkeypatch.setattr(os, "access", access)

    return freeze


def content(workspace):
    return {
        str(path.relative_to(workspace)): path.read_bytes() if path.is_file() else None
        for path in sorted(workspace.rglob("*"))
        if "logs" not in path.parts
    }


def test_it_lists_and_shows_and_changes_nothing(workspace, read_only, capsys):
    read_only(workspace)
    before = content(workspace)
    for words in (["runs", "list"], ["runs", "list", "--deleted"], ["runs", "show", "kept"]):
        assert cli.main([*words, "--workspace", str(workspace), "--json"]) == 0
        assert capsys.readouterr().err == ""
    assert content(workspace).keys() - before.keys() <= {f"{DATABASE}-shm", f"{DATABASE}-wal"}


@pytest.mark.parametrize(
    "words",
    [
        ["train", "--data", "iris"],
        ["resume", "kept", "--epochs", "5"],
        ["runs", "restore", "kept"],
    ],
)
def test_what_would_change_it_is_refused_before_anything_is_read(
    workspace, read_only, capsys, words
):
    read_only(workspace)
    assert cli.main([*words, "--workspace", str(workspace)]) == 2
    told = capsys.readouterr().err
    assert "can only be looked at" in told
    assert "--workspace" in told


def test_a_store_that_looks_writes_nothing(workspace, read_only):
    read_only(workspace)
    with RunStore(workspace) as store:
        run = store.runs()[0].id
        for change in (
            lambda: store.rename(run, "other"),
            lambda: store.set_note(run, "note"),
            lambda: store.delete(run),
            lambda: store.create(SPEC, "", "Iris", "MLP"),
            lambda: store.record([RunFinished(run, reason="Again.")]),
            lambda: store.keep_copy(),
        ):
            with pytest.raises(WorkspaceError, match="can only be looked at"):
                change()
        assert store.mark_interrupted() == []
        assert store.get(run).name == "kept"


def test_what_waits_beside_the_database_is_read_and_stays(tmp_path, workspace, read_only):
    """The last commits lie in the log: to pass it over would show wrong numbers."""
    frozen = tmp_path / "frozen"
    with RunStore(workspace) as store:
        store.set_note(store.get("kept").id, "written last")
        shutil.copytree(workspace, frozen)
    (frozen / f"{DATABASE}-shm").unlink()
    assert b"written last" in (frozen / f"{DATABASE}-wal").read_bytes()
    read_only(frozen)
    with RunStore(frozen) as store:
        assert store.get("kept").note == "written last"
        assert store.problem is not None


def test_an_older_schema_is_read_without_being_changed(workspace, read_only):
    path = workspace / DATABASE
    with closing(sqlite3.connect(path)) as database, database:
        added = {
            "runs": ("origin", "metrics_crc", "findings"),
            "epochs": ("crc",),
            "steps": ("crc",),
        }
        for table, columns in added.items():
            for column in columns:
                database.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
        database.execute("PRAGMA user_version = 3")
        database.execute("PRAGMA journal_mode = DELETE").fetchone()
    before = path.read_bytes()
    read_only(workspace)
    with RunStore(workspace) as store:
        assert [record.name for record in store.runs()] == ["kept"]
    assert path.read_bytes() == before


def test_an_active_run_whose_process_is_gone_is_shown_as_interrupted(workspace, read_only):
    with closing(sqlite3.connect(workspace / DATABASE)) as database, database:
        database.execute("UPDATE runs SET state = 'running', owner_started_s = 1")
    read_only(workspace)
    with RunStore(workspace) as store:
        assert store.runs()[0].state is RunState.INTERRUPTED


def test_a_window_takes_it_only_to_look(workspace, read_only):
    read_only(workspace)
    before = content(workspace)
    with pytest.raises(WorkspaceError, match="can only be looked at"):
        WorkspaceLock(workspace).acquire()
    assert content(workspace) == before


@pytest.mark.parametrize("code", [sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR])
def test_a_disk_without_room_is_looked_at_and_called_what_it_is(
    workspace, monkeypatch, capsys, code
):
    def refuse(connection):
        error = sqlite3.OperationalError("database or disk is full")
        error.sqlite_errorcode = code
        raise error

    before = content(workspace)
    monkeypatch.setattr(database_module, "_use_write_ahead_log", refuse)
    assert cli.main(["runs", "list", "--workspace", str(workspace)]) == 0
    assert "kept" in capsys.readouterr().out
    assert cli.main(["train", "--data", "iris", "--workspace", str(workspace)]) == 2
    told = capsys.readouterr().err
    assert "can only be looked at" in told
    assert ("disk is full" if code == sqlite3.SQLITE_FULL else "may be broken") in told
    assert content(workspace) == before


# ---- disks that really cannot be written


@pytest.fixture(params=["mounted read-only", "locked files", "no permission"])
def frozen(request, workspace, tmp_path):
    """The workspace where the system itself refuses to write; how to run a program on it."""
    if os.name == "nt" or not hasattr(os, "geteuid"):
        pytest.skip("This system freezes folders in another way.")
    is_root = os.geteuid() == 0
    if request.param == "no permission":
        modes = {path: path.stat().st_mode for path in (workspace, *workspace.rglob("*"))}
        if is_root and not shutil.which("setpriv"):
            pytest.skip("Nobody else can be, without setpriv.")
        for path in modes:
            path.chmod(0o555 if path.is_dir() else 0o444)
        for path in (workspace.parent, *workspace.parents[1:3]):
            if is_root:
                path.chmod(path.stat().st_mode | 0o055)
        yield (
            workspace,
            ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"][: 4 if is_root else 0],
        )
        for path, mode in modes.items():
            path.chmod(mode)
        return
    mounting = request.param == "mounted read-only"
    place = tmp_path / "mounted"
    place.mkdir()
    if mounting:
        freeze = [["mount", "--bind", str(workspace), str(place)],
                  ["mount", "-o", "remount,ro,bind", str(place)]]  # fmt: skip
        thaw = ["umount", str(place)]
    else:
        place = workspace
        freeze = [["chattr", "-R", "+i", str(place)]]
        thaw = ["chattr", "-R", "-i", str(place)]
    if not is_root or not shutil.which(freeze[0][0]):
        pytest.skip("Only an administrator can freeze a folder.")
    done = [subprocess.run(words, capture_output=True, check=False) for words in freeze]
    try:
        if any(item.returncode for item in done):
            pytest.skip("The system does not allow it here.")
        yield place, []
    finally:
        subprocess.run(thaw, capture_output=True, check=False)


SCRIPT = """
import json, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from engine.errors import WorkspaceError
from engine.runs.store import RunStore
from engine.runs.workspace_lock import WorkspaceLock
from engine.cli import main as cli
place = Path(sys.argv[1])
codes = [cli.main([*words, "--workspace", str(place)]) for words in (
    ["runs", "list"], ["runs", "show", "kept"], ["train", "--data", "iris"])]
with RunStore(place) as store:
    found = [(record.name, len(store.epochs(record.id))) for record in store.runs()]
    try:
        store.rename(store.runs()[0].id, "other")
        refused = ""
    except WorkspaceError as error:
        refused = error.message
try:
    WorkspaceLock(place).acquire()
    held = ""
except WorkspaceError as error:
    held = error.message
print(json.dumps({"found": found, "refused": refused, "held": held, "codes": codes}))
"""


def test_a_disk_that_refuses_is_looked_at(frozen):
    place, wrapper = frozen
    before = content(place)
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [*wrapper, sys.executable, "-c", SCRIPT, str(place), str(root)],
        capture_output=True, text=True, check=False, cwd=root,
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip
    hidden = ("Permission", "No module named 'numpy'")  # an environment that is root's alone
    if wrapper and not done.stdout and any(words in done.stderr for words in hidden):
        pytest.skip("Nobody else may run the program here.")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["codes"] == [0, 0, 2]
    assert "Traceback" not in done.stderr
    assert told["found"] == [["kept", 1]]
    assert "can only be looked at" in told["refused"]
    assert "can only be looked at" in told["held"]
    assert content(place) == before


def test_a_folder_that_can_be_written_has_no_problem(workspace, tmp_path):
    assert write_problem(workspace) is None
    assert write_problem(tmp_path / "none") is None
