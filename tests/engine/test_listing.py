"""Listing folders: whatever they hold, nothing ends the listing, and what was left out is named."""

import os

import numpy as np
import pytest
from PIL import Image

from engine.datasets import load_examples
from engine.datasets.files import glance, list_files
from engine.datasets.packing import packed
from engine.errors import Cancelled, DatasetError
from engine.spec.run_spec import DataSpec


def touch(path, content=b"x"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def names(listing):
    return [file.name for file in listing.files]


class TestListing:
    def test_sorted_by_name_with_class_and_part(self, tmp_path):
        for name in ("train/b/1.a", "train/a/2.a", "test/a/deep/3.A", "val/c/4.a", "5.a"):
            touch(tmp_path / name)
        listing = list_files(tmp_path, [".a"])
        found = {file.name: (file.class_name, file.part) for file in listing.files}
        assert found == {
            "5.a": ("", -1),
            "test/a/deep/3.A": ("a", 2),
            "train/a/2.a": ("a", 0),
            "train/b/1.a": ("b", 0),
            "val/c/4.a": ("c", 1),
        }
        assert names(listing) == sorted(found)
        assert all(file.path == tmp_path / file.name for file in listing.files)
        assert listing.class_names == ("a", "b", "c")
        assert listing.given.tolist() == [-1, 2, 0, 0, 1]

    def test_no_parts(self, tmp_path):
        touch(tmp_path / "a" / "1.a")
        assert list_files(tmp_path, [".a"]).given is None

    def test_names_of_any_kind(self, tmp_path):
        odd = [
            "with blank.a",
            "ünï/日本語 🐈.a",
            "x" * 253 + ".a",
            "a\nb.a",
            "'\"$.a",
            "-r.a",
            "%s.a",
        ]
        for name in odd:
            touch(tmp_path / "c" / name)
        assert sorted(names(list_files(tmp_path, [".a"]))) == sorted(f"c/{name}" for name in odd)

    @pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
    def test_name_that_is_no_text(self, tmp_path):
        try:
            touch(tmp_path / "c" / os.fsdecode(b"\xff.a"))
        except OSError:
            pytest.skip("this file system takes text only")
        (name,) = names(list_files(tmp_path, [".a"]))
        assert os.fsencode(name) == b"c/\xff.a"

    def test_hidden_files_are_passed_over(self, tmp_path):
        for name in (".git/1.a", "c/.2.a", "__MACOSX/3.a", "c/4.a"):
            touch(tmp_path / name)
        listing = list_files(tmp_path, [".a"])
        assert names(listing) == ["c/4.a"]
        assert listing.findings == ()

    def test_other_types_are_counted(self, tmp_path):
        for name in ("1.a", "2.b", "3.B", "4"):
            touch(tmp_path / name)
        (finding,) = list_files(tmp_path, [".a"]).findings
        assert finding.text == "Files of other types were passed over: 2 .b, 1 no suffix."
        assert finding.count == 3

    def test_excluded(self, tmp_path):
        for name in ("c/1.a", "c/2.a"):
            touch(tmp_path / name)
        assert names(list_files(tmp_path, [".a"], ["c/1.a", "nowhere"])) == ["c/2.a"]

    def test_links_in_a_circle(self, tmp_path):
        touch(tmp_path / "c" / "1.a")
        (tmp_path / "c" / "up").symlink_to(tmp_path, target_is_directory=True)
        (tmp_path / "self").symlink_to(tmp_path / "self")
        listing = list_files(tmp_path, [".a"])
        assert names(listing) == ["c/1.a"]
        texts = [name for finding in listing.findings for name in finding.names]
        assert texts == ["c/up: a link to a folder that was seen already"]

    def test_links_to_files_and_into_nothing(self, tmp_path):
        touch(tmp_path / "elsewhere" / "1.a")
        (tmp_path / "c").mkdir()
        (tmp_path / "c" / "link.a").symlink_to(tmp_path / "elsewhere" / "1.a")
        (tmp_path / "c" / "gone.a").symlink_to(tmp_path / "nothing")
        assert names(list_files(tmp_path, [".a"])) == ["c/gone.a", "c/link.a", "elsewhere/1.a"]

    @pytest.mark.skipif(
        not hasattr(os, "geteuid") or os.geteuid() == 0, reason="nothing is forbidden to root"
    )
    def test_forbidden_folder_is_named(self, tmp_path):
        touch(tmp_path / "open" / "1.a")
        touch(tmp_path / "closed" / "2.a")
        (tmp_path / "closed").chmod(0)
        try:
            listing = list_files(tmp_path, [".a"])
        finally:
            (tmp_path / "closed").chmod(0o700)
        assert names(listing) == ["open/1.a"]
        assert listing.findings[0].names == ("closed: permission denied",)

    def test_forbidden_for_anyone(self, tmp_path, monkeypatch):
        """The same as above where the tests run as root."""
        touch(tmp_path / "open" / "1.a")
        touch(tmp_path / "closed" / "2.a")
        scandir = os.scandir

        def forbid(folder):
            if str(folder).endswith("closed"):
                raise PermissionError(13, "Permission denied")
            return scandir(folder)

        monkeypatch.setattr(os, "scandir", forbid)
        listing = list_files(tmp_path, [".a"])
        assert names(listing) == ["open/1.a"]
        assert listing.findings[0].names == ("closed: permission denied",)
        with pytest.raises(DatasetError, match=r"closed' cannot be listed: permission denied"):
            glance(tmp_path / "closed")

    def test_can_be_cancelled_whatever_is_found(self, tmp_path):
        touch(tmp_path / "c" / "1.b")

        def stop(what, done, total):
            raise Cancelled

        with pytest.raises(Cancelled):
            list_files(tmp_path, [".a"], progress=stop)


class TestGlance:
    def test_file(self, tmp_path):
        seen = glance(tmp_path / "a.PNG")
        assert not seen.is_folder
        assert seen.share([".png"]) == 1

    def test_folder(self, tmp_path):
        for name in ("train/cats/1.png", "dogs/2.png", "labels.csv"):
            touch(tmp_path / name)
        seen = glance(tmp_path)
        assert seen.class_folders == ("cats", "dogs")
        assert seen.top_files == (tmp_path / "labels.csv",)
        assert seen.share([".png"]) == pytest.approx(2 / 3)

    def test_looks_at_a_limited_number(self, tmp_path, monkeypatch):
        monkeypatch.setattr("engine.datasets.files.GLANCE_FILES", 5)
        for index in range(50):
            touch(tmp_path / f"{index}.a")
        assert glance(tmp_path).suffixes.total() == 6

    def test_empty(self, tmp_path):
        (tmp_path / "only" / "folders").mkdir(parents=True)
        with pytest.raises(DatasetError, match="holds no files"):
            glance(tmp_path)
        with pytest.raises(DatasetError, match="holds no files"):
            load_examples(DataSpec(source=str(tmp_path)))


class TestFoldersOfImages:
    def test_names_of_any_kind_are_read(self, tmp_path):
        pixels = np.random.default_rng(0).integers(0, 256, (6, 4, 4), np.uint8)
        odd = ["with blank.png", "日本語 🐈.PNG", "x" * 251 + ".png"]
        for index, name in enumerate(odd * 2):
            path = tmp_path / "photos" / ("größe é" if index < 3 else "b c") / name
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels[index]).save(path)
        examples = packed(load_examples(DataSpec(source=str(tmp_path / "photos")))[1])
        assert examples.class_names == ("b c", "größe é")
        assert examples.n_samples == 6
        assert examples.findings == ()

    def test_unknown_types(self, tmp_path):
        touch(tmp_path / "a" / "1.xyz")
        with pytest.raises(DatasetError, match=r"no type that can be opened. Received: .*\.xyz"):
            load_examples(DataSpec(source=str(tmp_path)))
