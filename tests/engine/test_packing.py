"""Rows packed in memory or on disk: the same rows, found again, and bad files left out."""

import json
import os
import shutil

import numpy as np
import pytest

from engine.datasets import packed_cache, packing
from engine.datasets.base import Examples
from engine.datasets.packing import DiskRows, FileRows, packed, read_ahead, stored_rows
from engine.errors import Cancelled, DatasetError
from engine.files import cache_folder
from engine.spec.signature import Kind, Task


def read_row(path):
    content = path.read_bytes()
    if content == b"bad":
        raise DatasetError("is bad.")
    if content == b"odd":
        raise ZeroDivisionError("inside a decoder")
    return np.frombuffer(content, np.uint8).reshape(2, 3)


@pytest.fixture
def files(tmp_path):
    paths = []
    for index in range(50):
        paths.append(tmp_path / "data" / f"{index:02}.bin")
        paths[-1].parent.mkdir(exist_ok=True)
        paths[-1].write_bytes(bytes(range(index, index + 6)))
    return paths


def examples(paths, settings="s"):
    rows = FileRows(paths, read_row, (2, 3), np.uint8, settings)
    y = np.arange(len(paths), dtype=np.int64)
    names = tuple(path.name for path in paths)
    return Examples(rows, y, Kind.IMAGE, Task.CLASSIFICATION, class_names=("a",), names=names)


@pytest.fixture(params=["memory", "disk"])
def where(request, monkeypatch):
    if request.param == "disk":
        monkeypatch.setattr(packing, "MEMORY_LIMIT", 10)
    return request.param


def count_reads(monkeypatch):
    seen = []
    original = FileRows.try_read
    monkeypatch.setattr(FileRows, "try_read", lambda s, i: seen.append(i) or original(s, i))
    return seen


class TestFileRows:
    def test_reads_what_is_asked(self, files):
        rows = examples(files).x
        assert rows.shape == (50, 2, 3)
        assert len(rows) == 50
        np.testing.assert_array_equal(
            rows[[3, 1]], np.stack([read_row(files[3]), read_row(files[1])])
        )
        assert rows[4:7].shape == (3, 2, 3)
        assert rows[2].shape == (1, 2, 3)

    def test_reasons(self, files):
        files[0].write_bytes(b"bad")
        files[1].write_bytes(b"odd")
        files[2].unlink()
        rows = examples(files).x
        assert rows.try_read(0) == "is bad."
        assert rows.try_read(1) == "ZeroDivisionError: inside a decoder"
        assert rows.try_read(2) == "no such file or directory"

    def test_key_changes_with_a_file_or_the_settings(self, files):
        keys = {examples(files).x.key, examples(files).x.key}
        assert len(keys) == 1
        keys.add(examples(files, "other").x.key)
        keys.add(examples(files[1:]).x.key)
        state = files[0].stat()
        os.utime(files[0], ns=(state.st_atime_ns, state.st_mtime_ns + 1))
        keys.add(examples(files).x.key)
        files[0].write_bytes(b"longer than before")
        keys.add(examples(files).x.key)
        assert len(keys) == 5

    def test_read_ahead_keeps_the_order(self, files, monkeypatch):
        for bundle in (1, 40, 1 << 20):
            monkeypatch.setattr(packing, "_BUNDLE_BYTES", bundle)
            found = list(read_ahead(examples(files).x))
            assert [index for index, _ in found] == list(range(50))
            assert all(row[0, 0] == index for index, row in found)


class TestPacked:
    def test_all_rows(self, files, where):
        x = packed(examples(files)).x
        assert isinstance(x, DiskRows if where == "disk" else np.ndarray)
        np.testing.assert_array_equal(x[:], np.stack([read_row(path) for path in files]))

    def test_bad_files_are_left_out_and_named(self, files, where):
        files[0].write_bytes(b"bad")
        files[20].write_bytes(b"odd")
        found = packed(examples(files))
        assert found.n_samples == len(found.y) == len(found.names) == 48
        assert found.y.tolist() == [i for i in range(50) if i not in (0, 20)]
        np.testing.assert_array_equal(found.x[:][:, 0, 0], found.y)
        (finding,) = found.findings
        assert finding.count == 2
        assert finding.names == ("00.bin: is bad.", "20.bin: ZeroDivisionError: inside a decoder")

    def test_nothing_left(self, files, where):
        for path in files:
            path.write_bytes(b"bad")
        with pytest.raises(DatasetError, match=r"None of the 50 files.*'00.bin': is bad"):
            packed(examples(files))

    def test_arrays_are_left_alone(self, files):
        array = Examples(np.zeros((3, 2)), np.zeros(3), Kind.TABLE, Task.REGRESSION)
        assert packed(array) is array

    def test_can_be_cancelled_and_leaves_nothing(self, files, where):
        def stop(what, done, total):
            raise Cancelled

        with pytest.raises(Cancelled):
            packed(examples(files), stop)
        folder = cache_folder() / "packed"
        assert not folder.exists() or not list(folder.iterdir())


class TestDisk:
    @pytest.fixture(autouse=True)
    def small_memory(self, monkeypatch):
        monkeypatch.setattr(packing, "MEMORY_LIMIT", 10)

    def test_found_again_without_reading(self, files, monkeypatch):
        files[7].write_bytes(b"bad")
        first = packed(examples(files))
        seen = count_reads(monkeypatch)
        second = packed(examples(files))
        assert seen == []
        np.testing.assert_array_equal(first.x[:], second.x[:])
        assert first.findings == second.findings
        assert second.n_samples == 49

    def test_read_anew_where_a_file_changed(self, files, monkeypatch):
        packed(examples(files))
        files[3].write_bytes(bytes(6))
        seen = count_reads(monkeypatch)
        assert not packed(examples(files)).x[3].any()
        assert sorted(seen) == list(range(50))

    def test_no_room(self, files, monkeypatch):
        usage = shutil.disk_usage("/")._replace(free=1000)
        monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
        words = r"takes \d.* on disk.*Free in .*: 0\.98 KB"
        with pytest.raises(DatasetError, match=words) as caught:
            packed(examples(files))
        assert "DESCENT_CACHE" in caught.value.hint

    def test_folder_that_cannot_be_made(self, files, tmp_path, monkeypatch):
        (tmp_path / "file").write_text("")
        monkeypatch.setenv("DESCENT_CACHE", str(tmp_path / "file"))
        with pytest.raises(DatasetError, match="cannot be unpacked into"):
            packed(examples(files))

    def test_the_oldest_rows_go_where_the_cache_is_full(self, files, monkeypatch):
        packed(examples(files, "old"))
        (old,) = (cache_folder() / "packed").iterdir()
        os.utime(old, (1, 1))
        packed(examples(files, "newer"))
        monkeypatch.setattr(packed_cache, "CACHE_LIMIT", 1_200)
        packed(examples(files, "newest"))
        left = list((cache_folder() / "packed").iterdir())
        assert old not in left
        assert len(left) in (1, 2)

    def test_index_is_json_with_reasons(self, files):
        files[0].write_bytes(b"bad")
        packed(examples(files))
        (path,) = (cache_folder() / "packed").glob("*/index.json")
        assert json.loads(path.read_text())["skipped"] == [[0, "is bad."]]


class TestDiskRows:
    @pytest.fixture
    def rows(self, tmp_path):
        values = np.arange(60, dtype=np.int16).reshape(10, 2, 3)
        path = tmp_path / "rows.bin"
        path.write_bytes(b"head" + values.tobytes())
        return DiskRows(path, values.shape, values.dtype, offset=4), values

    @pytest.mark.parametrize(
        "chosen",
        [3, slice(2, 7), slice(None), [5, 1, 1], np.array([9, 0]), np.zeros(0, np.int64)],
    )
    def test_indexed_as_an_array(self, rows, chosen):
        on_disk, values = rows
        np.testing.assert_array_equal(on_disk[chosen], values[chosen])

    def test_describes_itself(self, rows):
        on_disk, values = rows
        assert (on_disk.shape, on_disk.dtype, len(on_disk)) == (values.shape, values.dtype, 10)

    def test_rows_are_copies(self, rows):
        on_disk, values = rows
        on_disk[0:1][:] = 0
        np.testing.assert_array_equal(on_disk[0], values[0])

    def test_pages_are_given_back_and_read_again(self, rows, monkeypatch):
        monkeypatch.setattr(packing, "_RELEASE_AFTER", 1)
        on_disk, values = rows
        for index in range(10):
            np.testing.assert_array_equal(on_disk[[index]], values[[index]])


class TestStoredRows:
    def test_written_once(self):
        values = np.arange(12, dtype=np.int32).reshape(4, 3)
        calls = []

        def blocks():
            calls.append(1)
            yield values[:1].tobytes()
            yield values[1:].tobytes()

        for _ in range(2):
            rows = stored_rows("key", values.shape, values.dtype, blocks)
            np.testing.assert_array_equal(rows[:], values)
        assert calls == [1]

    def test_failure_leaves_nothing(self):
        def blocks():
            yield b"half"
            raise DatasetError("damaged.")

        with pytest.raises(DatasetError, match="damaged"):
            stored_rows("key", (10,), np.uint8, blocks)
        assert list((cache_folder() / "packed").iterdir()) == []
