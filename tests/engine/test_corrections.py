"""Corrected labels: beside the data, bound to their examples, taken back, exported, learnt from."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.cli import main as cli
from engine.datasets.corrections.log import (
    CORRECT,
    EXCLUDE,
    Correction,
    CorrectionLog,
    log_path,
)
from engine.datasets.corrections.marks import ContentMarks, label_value, target_of
from engine.errors import DatasetError
from engine.spec.run_spec import RunSpec
from engine.training.prepared_data import DividedData, look

ANIMALS = ["cat", "dog", "fish"]


def write_table(path: Path, n: int = 60) -> Path:
    rng = np.random.default_rng(0)
    lines = ["height,weight,colour,animal"]
    for row in range(n):
        kind = row % 3
        height, weight = 10 * kind + rng.normal(), 5 * kind + rng.normal()
        lines.append(f"{height:.3f},{weight:.3f},{['red', 'blue'][row % 2]},{ANIMALS[kind]}")
    path.write_text("\n".join(lines) + "\n")
    return path


def looked(source: str | Path, corrections: Path | None = None, **data) -> DividedData:
    path = None if corrections is None else str(corrections)
    return look(RunSpec.from_dict({"data": {"source": str(source), "corrections": path, **data}}))


def entry(divided: DividedData, row: int, label=None, **others) -> Correction:
    examples = divided.examples
    marks = ContentMarks(examples, divided.dataset.name)
    return Correction(
        row,
        examples.name_of(row),
        marks.of(row),
        label_value(examples, examples.y[row]),
        EXCLUDE if label is None else CORRECT,
        label,
        "ann",
        "2026-11-30T08:00:00+00:00",
        **others,
    )


def log_of(divided: DividedData, *entries: Correction) -> CorrectionLog:
    return CorrectionLog(divided.dataset.name, divided.examples.target_name, tuple(entries))


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return write_table(tmp_path / "animals.csv")


class TestApplied:
    def test_labels_change_and_parts_stay(self, table: Path, tmp_path: Path) -> None:
        before = looked(table)
        row, gone = (int(it) for it in before.parts.train[:2])
        other = next(
            it for it in ANIMALS if it != label_value(before.examples, before.examples.y[row])
        )
        path = tmp_path / "log.json"
        log_of(before, entry(before, row, other), entry(before, gone)).save(path)
        after = looked(table, path)
        assert after.examples.class_names[after.examples.y[row]] == other
        untouched = np.arange(60) != row
        np.testing.assert_array_equal(after.examples.y[untouched], before.examples.y[untouched])
        np.testing.assert_array_equal(after.parts.test, before.parts.test)
        np.testing.assert_array_equal(after.parts.validation, before.parts.validation)
        assert set(before.parts.train) - set(after.parts.train) == {gone}
        profile = after.profile(str(table))
        assert ("Corrections", "1 label corrected, 1 example left out") in profile.facts
        finding = next(it for it in profile.findings if "corrected" in it.text)
        assert finding.count == 2
        assert finding.remedies[0].changes == {"data.corrections": None}
        assert table.read_text() == write_table(tmp_path / "again.csv").read_text()

    def test_test_labels_only_blind(self, table: Path, tmp_path: Path) -> None:
        before = looked(table)
        first, second = (int(it) for it in before.parts.test[:2])
        labels = [label_value(before.examples, before.examples.y[it]) for it in (first, second)]
        others = [next(it for it in ANIMALS if it != label) for label in labels]
        path = tmp_path / "log.json"
        log_of(
            before,
            entry(before, first, others[0], is_blind=True),
            entry(before, second, others[1], is_blind=False),
        ).save(path)
        after = looked(table, path)
        names = [after.examples.class_names[after.examples.y[it]] for it in (first, second)]
        assert names == [others[0], labels[1]]
        assert any("1 of the test part is not used" in it.text for it in after.examples.findings)

    def test_numbers_labels_and_texts(self, tmp_path: Path) -> None:
        divided = looked("noisy_line")
        path = tmp_path / "log.json"
        log_of(divided, entry(divided, 3, 41.5)).save(path)
        assert looked("noisy_line", path).examples.y[3] == 41.5
        divided = looked("dates")
        log_of(divided, entry(divided, 3, "2001-02-03")).save(path)
        assert looked("dates", path).examples.y[3] == "2001-02-03"

    def test_leaving_a_column_out_changes_no_example(self, table: Path, tmp_path: Path) -> None:
        before = looked(table)
        path = tmp_path / "log.json"
        log_of(before, entry(before, 0)).save(path)
        columns = {"colour": {"type": "ignore"}}
        assert 0 not in np.concatenate(looked(table, path, columns=columns).parts.all)


class TestRefused:
    @pytest.fixture
    def path(self, table: Path, tmp_path: Path) -> Path:
        before = looked(table)
        path = tmp_path / "log.json"
        log_of(before, entry(before, 5, "cat")).save(path)
        return path

    def test_another_example_in_its_place(self, table: Path, path: Path) -> None:
        lines = table.read_text().splitlines()
        lines[6] = "99," + lines[6].split(",", 1)[1]
        table.write_text("\n".join(lines) + "\n")
        with pytest.raises(DatasetError, match="another example"):
            looked(table, path)

    def test_another_label_in_its_place(self, table: Path, path: Path) -> None:
        lines = table.read_text().splitlines()
        lines[6] = lines[6].rsplit(",", 1)[0] + ",dog"
        table.write_text("\n".join(lines) + "\n")
        with pytest.raises(DatasetError, match=r"It was 'fish'\. Received: 'dog'"):
            looked(table, path)

    def test_rows_that_are_gone(self, table: Path, path: Path) -> None:
        table.write_text("\n".join(table.read_text().splitlines()[:5]) + "\n")
        with pytest.raises(DatasetError, match="no longer in the data"):
            looked(table, path, task="classification")

    def test_a_class_that_is_none(self, table: Path, path: Path) -> None:
        before = looked(table)
        log_of(before, entry(before, 5, "horse")).save(path)
        with pytest.raises(DatasetError, match="no class 'horse'"):
            looked(table, path)

    @pytest.mark.parametrize("content", ["", "{", "[]", '{"schema_number": 1}'])
    def test_damaged(self, table: Path, tmp_path: Path, content: str) -> None:
        path = tmp_path / "log.json"
        path.write_text(content)
        with pytest.raises(DatasetError, match="cannot be read"):
            looked(table, path)

    def test_changed_by_hand(self, table: Path, path: Path) -> None:
        path.write_text(path.read_text().replace('"cat"', '"dog"'))
        with pytest.raises(DatasetError, match="changed after it was written"):
            looked(table, path)

    def test_not_there(self, table: Path, tmp_path: Path) -> None:
        with pytest.raises(DatasetError, match="no corrections"):
            looked(table, tmp_path / "none.json")

    def test_a_forecast(self, tmp_path: Path) -> None:
        path = tmp_path / "log.json"
        CorrectionLog("seasons", "").save(path)
        with pytest.raises(DatasetError, match="no labels"):
            looked("seasons", path)


class TestLog:
    def test_the_last_word_counts_and_can_be_taken_back(self, tmp_path: Path) -> None:
        divided = looked("iris")
        log = log_of(divided).with_entry(entry(divided, 7, "virginica"))
        log = log.with_entry(entry(divided, 7, "versicolor")).with_entry(entry(divided, 9))
        assert [(it.row, it.label) for it in log.in_effect] == [(7, "versicolor"), (9, None)]
        log = log.undo(7)
        assert [it.row for it in log.in_effect] == [9]
        assert len(log.entries) == 3  # what was taken back is still known
        log.save(tmp_path / "log.json")
        assert CorrectionLog.load(tmp_path / "log.json") == log

    def test_a_frozen_version_stays(self, tmp_path: Path) -> None:
        divided = looked("iris")
        path = log_path(tmp_path, "iris", "species")
        log = log_of(divided).with_entry(entry(divided, 7, "virginica"))
        first = log.freeze(path)
        assert first == log.freeze(path)
        second = log.with_entry(entry(divided, 8)).freeze(path)
        assert first != second
        assert CorrectionLog.load(first).in_effect == log.in_effect
        assert first.name.startswith("1 label corrected (")

    def test_as_csv_without_formulas(self) -> None:
        divided = looked("iris")
        dangerous = replace(entry(divided, 7, "=virginica"), who="@ann")
        rows = list(csv.DictReader(io.StringIO(log_of(divided, dangerous).to_csv())))
        assert rows[0]["label"] == "'=virginica"
        assert rows[0]["who"] == "'@ann"
        assert rows[0]["before"] == "setosa"
        assert rows[0]["action"] == "correct"

    def test_each_data_has_its_own(self, tmp_path: Path) -> None:
        paths = {log_path(tmp_path, *of) for of in (("a", "x"), ("a", "y"), ("b", "x"))}
        assert len(paths) == 3


def test_a_label_is_the_same_as_json() -> None:
    for source in ("iris", "noisy_line", "dates"):
        examples = looked(source).examples
        value = json.loads(json.dumps(label_value(examples, examples.y[4])))
        np.testing.assert_array_equal(target_of(examples, value), examples.y[4])


def test_a_run_learns_from_corrected_labels(table: Path, tmp_path: Path, capsys) -> None:
    before = looked(table)
    path = log_of(before, entry(before, int(before.parts.train[0]))).freeze(tmp_path / "log.json")
    arguments = [
        "train",
        "--data",
        str(table),
        "--epochs",
        "1",
        "--json",
        "--workspace",
        str(tmp_path / "ws"),
        "--set",
        f"data.corrections={path}",
    ]
    assert cli.main(arguments) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    started = next(line for line in lines if line["event"] == "run_started")
    assert started["spec"]["data"]["corrections"] == str(path)
    assert cli.main(["evaluate", lines[-1]["run"], "--workspace", str(tmp_path / "ws")]) == 0
