"""Changed data is noticed: which files, which columns; what was only touched has not changed."""

import json
import os

import numpy as np
import pytest
from PIL import Image

from engine.cli.commands.output import error_lines
from engine.errors import DataChanged, WorkspaceError
from engine.training.data_changes import is_untouched
from engine.training.defaults import parse
from engine.training.fingerprint import (
    FILE_NAME,
    check_data,
    data_change,
    keeping_content,
    noticed_change,
)
from engine.training.prepared_data import prepare

LONG_AGO_NS = 1_000_000_000_000_000_000


@pytest.fixture
def run(tmp_path):
    folder = tmp_path / "20261123-214501-a3f9"
    folder.mkdir()
    return folder


@pytest.fixture
def people(tmp_path):
    rows = [f"{20 + n},{150 + n},{'yes' if n % 3 else 'no'}" for n in range(30)]
    path = tmp_path / "data" / "people.csv"
    path.parent.mkdir()
    path.write_text("\n".join(["age,height,answer", *rows]) + "\n")
    return path


@pytest.fixture
def pictures(tmp_path):
    for place in range(12):
        path = tmp_path / "pictures" / ("left", "right")[place % 2] / f"{place}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((4, 4), place * 20, np.uint8)).save(path)
    return tmp_path / "pictures"


def prepared(source):
    data = {"source": str(source)}
    return prepare(parse({"data": data, "model": {"name": "mlp"}}))


def keep(source, run):
    data = prepared(source)
    with keeping_content(data, run):
        pass
    return data.spec


def change(source, run):
    """What was noticed, the same by whoever looks."""
    data = prepared(source)
    found = data_change(data, run)
    assert noticed_change(data.spec, run) == found
    if found:
        with pytest.raises(DataChanged) as caught:
            check_data(data, run)
        assert caught.value.message == found.text
        assert any("--accept-changed-data" in line for line in error_lines(caught.value))
        assert "--" not in caught.value.hint  # which a window shows, beside a button
        assert check_data(data, run, accepts_changes=True) == found.text
    else:
        assert check_data(data, run) == ""
    return found


def touch(path, time_ns=LONG_AGO_NS):
    os.utime(path, ns=(time_ns, time_ns))


def test_data_that_is_the_same_has_not_changed(people, run):
    keep(people, run)
    assert not change(people, run)
    touch(people)
    assert not change(people, run)
    people.write_bytes(people.read_bytes().replace(b"\n", b"\r\n"))  # the same cells
    assert not change(people, run)


def test_one_cell_is_told_by_its_column(people, run):
    keep(people, run)
    text = people.read_text()
    people.write_text(text.replace("25,155", "26,155"))
    found = change(people, run)
    assert found.text == ("1 file changed since this run was trained: people.csv (column 'age').")
    finding = found.to_finding()
    assert finding["kind"] == "data_changed"
    assert finding["text"] == found.text
    assert finding["evidence"]["columns"] == {"people.csv": ["age"]}
    assert finding["evidence"]["counts"]["changed"] == 1
    people.write_text(text.replace("25,155,yes", "25,155,no ").replace("21,151", "21,152"))
    assert change(people, run).columns == {"people.csv": ("height", "answer")}


def test_a_cell_that_changed_behind_the_clocks_back_is_noticed(people, run):
    keep(people, run)
    time_ns = people.stat().st_mtime_ns
    people.write_text(people.read_text().replace("25,155", "52,155"))
    touch(people, time_ns)
    assert data_change(prepared(people), run).columns == {"people.csv": ("age",)}


def test_a_gap_is_no_empty_text_and_cells_keep_to_their_rows(people, run):
    keep(people, run)
    people.write_text(people.read_text().replace("25,155", "2,5155"))
    assert change(people, run).columns == {"people.csv": ("age", "height")}


def test_files_are_named_that_changed_came_went_or_were_renamed(pictures, run):
    keep(pictures, run)
    Image.fromarray(np.full((4, 4), 255, np.uint8)).save(pictures / "left" / "0.png")
    (pictures / "left" / "2.png").rename(pictures / "right" / "two.png")
    (pictures / "right" / "3.png").unlink()
    Image.fromarray(np.full((4, 4), 77, np.uint8)).save(pictures / "right" / "new.png")
    touch(pictures / "left" / "4.png")
    found = change(pictures, run)
    assert found.changed == ("left/0.png",)
    assert found.renamed == (("left/2.png", "right/two.png"),)
    assert (found.added, found.removed) == (("right/new.png",), ("right/3.png",))
    assert found.text == (
        "1 file changed since this run was trained: left/0.png; 1 file was added: right/new.png; "
        "1 file was removed: right/3.png; 1 file was renamed: left/2.png → right/two.png."
    )


def test_many_files_are_counted_and_some_named(pictures, run):
    keep(pictures, run)
    for path in pictures.rglob("*.png"):
        Image.fromarray(np.full((4, 4), 3, np.uint8)).save(path)
    found = change(pictures, run)
    assert found.text.startswith("12 files changed since this run was trained: left/0.png, ")
    assert found.text.endswith(" and 7 more.")


def test_a_run_of_an_older_version_knows_what_it_knew(people, run):
    data = prepared(people)
    with keeping_content(data, run):
        pass
    digest = json.loads((run / FILE_NAME).read_text())["sha256"]
    (run / FILE_NAME).write_text(json.dumps({"sha256": digest}))
    assert check_data(data, run) == ""
    assert not data_change(data, run)
    people.write_text(people.read_text().replace("yes", "no", 1))
    with pytest.raises(DataChanged, match="no longer what the run began with"):
        check_data(prepared(people), run)


@pytest.mark.parametrize("damage", ["[" * 200_000, "{}", '{"sha256": 5}', ""])
def test_a_damaged_file_is_told(people, run, damage):
    keep(people, run)
    (run / FILE_NAME).write_text(damage)
    with pytest.raises(WorkspaceError, match=r"data\.json"):
        check_data(prepared(people), run)
    assert "not known" in check_data(prepared(people), run, accepts_changes=True)


def test_a_changed_mark_is_told_beside_the_numbers(people, run):
    keep(people, run)
    text = (run / FILE_NAME).read_text()
    mark = json.loads(text)["files"]["people.csv"][2]
    (run / FILE_NAME).write_text(text.replace(mark, "0" * len(mark)))
    found = data_change(prepared(people), run)
    assert found
    assert "is not known" in found.text
    assert found == noticed_change(prepared(people).spec, run)


def test_what_is_known_is_not_looked_at_again(people, run):
    keep(people, run)
    before = (run / FILE_NAME).stat()
    keep(people, run)
    assert (run / FILE_NAME).stat().st_mtime_ns == before.st_mtime_ns
    touch(people)
    keep(people, run)
    marks = json.loads((run / FILE_NAME).read_text())["files"]
    assert marks["people.csv"][1] == LONG_AGO_NS


def test_looking_reads_nothing(people, run, tmp_path):
    spec = keep(people, run)
    people.unlink()
    assert not noticed_change(spec, run)  # gone: nothing is known of it
    assert not is_untouched({"people.csv": object()}, spec.data.source)


def test_data_of_the_box_has_no_files(run):
    keep("iris", run)
    assert not change("iris", run)
