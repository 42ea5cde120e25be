"""Where the workspace is, and that one window at a time trains into it."""

import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from engine.errors import WorkspaceError
from engine.runs.workspace import default_workspace
from engine.runs.workspace_lock import WorkspaceLock, WorkspaceLocked

HOLD = """
import sys
from pathlib import Path
from engine.runs.workspace_lock import WorkspaceLock
lock = WorkspaceLock(Path(sys.argv[1]))
lock.acquire()
print("held", flush=True)
sys.stdin.read()
"""
ROOT = Path(__file__).parents[2]


@pytest.fixture
def holder(tmp_path):
    """Another process that holds the lock of `tmp_path`."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert process.stdout.readline().strip() == "held"
    yield process
    process.kill()
    process.communicate()


def test_environment_names_the_workspace(monkeypatch, tmp_path):
    monkeypatch.setenv("DESCENT_WORKSPACE", str(tmp_path / "mine"))
    assert default_workspace() == tmp_path / "mine"


def test_workspace_is_in_the_users_data_directory_otherwise(monkeypatch):
    monkeypatch.delenv("DESCENT_WORKSPACE", raising=False)
    assert default_workspace().is_absolute()
    assert "descent" in str(default_workspace()).lower()


def test_second_window_is_told_who_holds_it(holder, tmp_path):
    with pytest.raises(WorkspaceLocked) as caught:
        WorkspaceLock(tmp_path).acquire()
    assert caught.value.pid == holder.pid
    assert str(holder.pid) in caught.value.message
    assert "--workspace" in caught.value.hint
    assert pickle.loads(pickle.dumps(caught.value)).pid == holder.pid


def test_lock_of_a_killed_window_is_free(holder, tmp_path):
    holder.kill()
    holder.wait()
    with WorkspaceLock(tmp_path) as lock:
        assert lock.is_held


def test_two_in_one_process_exclude_each_other(tmp_path):
    first, second = WorkspaceLock(tmp_path), WorkspaceLock(tmp_path)
    first.acquire()
    first.acquire()
    with pytest.raises(WorkspaceLocked, match=str(os.getpid())):
        second.acquire()
    first.release()
    first.release()
    second.acquire()
    assert second.is_held
    assert not first.is_held
    second.release()


def test_unreadable_holder_is_still_refused(tmp_path):
    with WorkspaceLock(tmp_path):
        (tmp_path / "window.json").write_text("{")
        with pytest.raises(WorkspaceLocked, match="another Descent window") as caught:
            WorkspaceLock(tmp_path).acquire()
    assert caught.value.pid is None


def test_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(WorkspaceError, match=r"Cannot write .*file") as caught:
        WorkspaceLock(tmp_path / "file" / "workspace").acquire()
    assert caught.value.hint
