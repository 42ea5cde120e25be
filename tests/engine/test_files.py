"""Atomic writes: the old copy or the new one, never half of either."""

import errno
import os
import subprocess
import sys

import pytest

from engine.errors import WorkspaceError
from engine.files import atomic_directory, atomic_write, recover_directory


def names(folder):
    return sorted(item.name for item in folder.iterdir())


def dead_pid():
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def disk_full(*_):
    raise OSError(errno.ENOSPC, "No space left on device")


def fail_while_writing(target):
    with atomic_directory(target) as folder:
        (folder / "weights").write_text("new")
        raise ZeroDivisionError


class TestAtomicWrite:
    def test_writes_text_as_utf8_and_bytes_as_they_are(self, tmp_path):
        atomic_write(tmp_path / "text", "ε\r\n")
        atomic_write(tmp_path / "bytes", b"\x00\xff")
        assert (tmp_path / "text").read_bytes() == "ε\r\n".encode()
        assert (tmp_path / "bytes").read_bytes() == b"\x00\xff"
        assert names(tmp_path) == ["bytes", "text"]

    def test_replaces(self, tmp_path):
        atomic_write(tmp_path / "file", "old and longer")
        atomic_write(tmp_path / "file", "new")
        assert (tmp_path / "file").read_text() == "new"

    def test_full_disk_keeps_the_old_file_and_says_so(self, tmp_path, monkeypatch):
        atomic_write(tmp_path / "file", "old")
        monkeypatch.setattr(os, "fsync", disk_full)
        with pytest.raises(WorkspaceError, match="No space left") as caught:
            atomic_write(tmp_path / "file", "new")
        assert "disk is full" in caught.value.hint
        assert (tmp_path / "file").read_text() == "old"
        assert names(tmp_path) == ["file"]

    def test_missing_folder_is_said_in_words(self, tmp_path):
        with pytest.raises(WorkspaceError, match=r"Cannot write .*nowhere"):
            atomic_write(tmp_path / "nowhere" / "file", "x")

    def test_data_is_flushed_before_the_rename_and_the_directory_after(self, tmp_path, monkeypatch):
        seen = []
        monkeypatch.setattr(os, "fsync", lambda descriptor: seen.append(names(tmp_path)))
        atomic_write(tmp_path / "file", "x")
        assert len(seen) == 2
        assert seen[0] != ["file"]
        assert seen[1] == ["file"]


class TestAtomicDirectory:
    def test_appears_complete(self, tmp_path):
        target = tmp_path / "checkpoint"
        with atomic_directory(target) as folder:
            (folder / "deep").mkdir()
            (folder / "deep" / "weights").write_bytes(b"w")
            assert not target.exists()
        assert (target / "deep" / "weights").read_bytes() == b"w"
        assert names(tmp_path) == ["checkpoint"]

    def test_an_exception_keeps_the_old_one(self, tmp_path):
        target = tmp_path / "best"
        with atomic_directory(target) as folder:
            (folder / "weights").write_text("old")
        with pytest.raises(ZeroDivisionError):
            fail_while_writing(target)
        assert (target / "weights").read_text() == "old"
        assert names(tmp_path) == ["best"]

    def test_replaces_the_old_one_whole(self, tmp_path):
        target = tmp_path / "best"
        for name in ("old", "new"):
            with atomic_directory(target) as folder:
                (folder / name).touch()
        assert names(target) == ["new"]
        assert names(tmp_path) == ["best"]

    def test_full_disk_keeps_the_old_one(self, tmp_path, monkeypatch):
        target = tmp_path / "best"
        with atomic_directory(target) as folder:
            (folder / "weights").write_text("old")
        monkeypatch.setattr(os, "fsync", disk_full)
        with (
            pytest.raises(WorkspaceError, match="No space left"),
            atomic_directory(target) as folder,
        ):
            (folder / "weights").write_text("new")
        assert (target / "weights").read_text() == "old"
        assert names(tmp_path) == ["best"]

    def test_death_between_the_renames_brings_the_old_one_back(self, tmp_path):
        (tmp_path / ".best.previous").mkdir()
        (tmp_path / ".best.previous" / "weights").write_text("old")
        recover_directory(tmp_path / "best")
        assert (tmp_path / "best" / "weights").read_text() == "old"
        assert names(tmp_path) == ["best"]

    def test_leftovers_of_dead_processes_go_and_those_of_living_ones_stay(self, tmp_path):
        dead = tmp_path / f".best.{dead_pid()}-0123abcd.tmp"
        alive = tmp_path / f".best.{os.getpid()}-0123abcd.tmp"
        other = tmp_path / f".last.{dead_pid()}-0123abcd.tmp"
        for folder in (dead, alive, other):
            folder.mkdir()
        with atomic_directory(tmp_path / "best"):
            pass
        assert names(tmp_path) == sorted(["best", alive.name, other.name])
