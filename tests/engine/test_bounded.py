"""What is read is bounded: how long, how deep, of which kind; and refused in words."""

import io
import json
import os
import socket
import struct
import zipfile

import numpy as np
import pytest

from engine.files.bounded import (
    MAX_DEPTH,
    SpecialFileError,
    open_archive,
    open_plain,
    parse_json,
    parse_object,
    read_json,
    read_object,
    reason_of,
    sealed_text,
    special_reason,
    unsealed,
)
from engine.files.bounded_arrays import read_arrays

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes with names")


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_values_may_be_deep_but_not_without_end(opening, closing):
    value = parse_json(opening * MAX_DEPTH + "1" + closing * MAX_DEPTH)
    assert value is not None
    for depth in (MAX_DEPTH + 1, 200_000):
        with pytest.raises(ValueError, match="nested more than"):
            parse_json(opening * depth + "1" + closing * depth)
    with pytest.raises(ValueError, match="nested more than"):
        parse_json(opening * 200_000)


def test_brackets_in_texts_and_beside_each_other_are_not_deep():
    assert parse_json(json.dumps(["[" * 1000, [[]] * 1000]))[0] == "[" * 1000


@pytest.mark.parametrize("text", [b"\xff\xfe{}", b"", "{", 5, None, "[1]", "3", '"a"'])
def test_what_is_no_object_is_refused(text):
    with pytest.raises(ValueError, match=r"."):
        parse_object(text)


def test_a_file_may_be_as_long_as_is_asked_for(tmp_path):
    path = tmp_path / "values.json"
    path.write_text("[1, 2, 3]")
    assert read_json(path, limit=9) == [1, 2, 3]
    with pytest.raises(ValueError, match="longer than 8 bytes"):
        read_json(path, limit=8)
    path.write_bytes(b"\xef\xbb\xbf{}")  # as editors on Windows write it
    assert read_object(path) == {}


def test_pipes_sockets_and_devices_are_never_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket"))
    (tmp_path / "link").symlink_to(tmp_path / "pipe")
    for name, word in (("pipe", "pipe"), ("socket", "socket"), ("link", "pipe")):
        with pytest.raises(SpecialFileError, match=word) as caught:
            open_plain(tmp_path / name)
        assert word in reason_of(caught.value)
    assert "device" in special_reason(tmp_path.__class__("/dev/zero"))
    assert not special_reason(tmp_path)
    assert not special_reason(tmp_path / "none")


def _zip(**members):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def test_archives_are_no_larger_than_is_allowed(tmp_path):
    bomb = _zip(a=bytes(1 << 20), b=bytes(1 << 20))
    with open_archive(io.BytesIO(bomb), 1 << 22) as archive:
        assert archive.namelist() == ["a", "b"]
    with pytest.raises(ValueError, match="unpacked"):
        open_archive(io.BytesIO(bomb), 1 << 20)
    with pytest.raises(ValueError, match="20,000 files"):
        open_archive(io.BytesIO(_zip(**{str(n): b"" for n in range(20_000)})), 1 << 30)
    # A directory that promises four terabytes where some bytes are.
    place = bomb.index(b"PK\x01\x02")
    lying = bytearray(bomb)
    struct.pack_into("<I", lying, place + 24, 0xFFFF_FFF0)
    with pytest.raises(ValueError, match="promises"):
        open_archive(io.BytesIO(bytes(lying)), 1 << 50)


def test_arrays_are_read_as_they_were_written(tmp_path):
    path = tmp_path / "arrays.npz"
    arrays = {
        "plain": np.arange(6.0).reshape(2, 3),
        "turned": np.asfortranarray(np.arange(6).reshape(2, 3)),
        "one": np.float32(3),
        "none": np.zeros((0, 4)),
        "words": np.array(["a", "bcd"]),
    }
    np.savez_compressed(path, **arrays)
    found = read_arrays(path, 1 << 20)
    assert found.keys() == arrays.keys()
    for name, array in arrays.items():
        np.testing.assert_array_equal(found[name], array)
        assert found[name].dtype == np.asarray(array).dtype
        assert found[name].flags.writeable


def test_a_header_of_four_terabytes_takes_none(tmp_path):
    path = tmp_path / "arrays.npz"
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        file, {"descr": "<f8", "fortran_order": False, "shape": (1 << 39,)}
    )
    path.write_bytes(_zip(**{"x.npy": file.getvalue()}))
    with pytest.raises(ValueError, match="not those of its header"):
        read_arrays(path, 1 << 50)


def test_objects_are_never_unpickled(tmp_path):
    path = tmp_path / "arrays.npz"
    np.savez(path, x=np.array([{}], object))
    with pytest.raises(ValueError, match="objects"):
        read_arrays(path, 1 << 20)


def test_a_changed_digit_is_noticed_and_so_is_anothers_file():
    text = sealed_text({"mean": 5.25, "names": ["ä", "b"]}, "mine")
    assert unsealed(json.loads(text), "mine") == {"mean": 5.25, "names": ["ä", "b"]}
    assert unsealed({"mean": 5.25}, "mine") == {"mean": 5.25}  # of an older version
    with pytest.raises(ValueError, match="changed after"):
        unsealed(json.loads(text.replace("5.25", "5.35")), "mine")
    with pytest.raises(ValueError, match="belongs to something else"):
        unsealed(json.loads(text), "yours")
