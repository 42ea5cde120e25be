"""What leaves a run as data: history and predictions as tables, event files for TensorBoard."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from made_predictions import of_anomalies, of_classes, of_labels, of_numbers, of_texts
from tiny_results import Guesser, tiny_run

from engine.datasets.base import silent
from engine.errors import Cancelled, DescentError
from engine.events.run_events import EpochEnded, RunFinished
from engine.runs.store import RunStore
from engine.service.results.exporting import FORMATS, format_named
from engine.service.results.exporting.columns import write_columns
from engine.service.results.exporting.tables import prediction_columns
from engine.service.results.opened_run import OpenedRun
from engine.spec.signature import Kind, Signature, Task

SIGNATURE = Signature(Kind.TABLE, Task.CLASSIFICATION, (4,), 3)
EPOCHS = [
    {"loss": 1.25, "accuracy": 0.5, "val_loss": 1.5, "val_accuracy": 0.25},
    {"loss": 0.1 + 0.2, "accuracy": 0.75, "val_loss": 1.0, "val_accuracy": 0.5},
    {"loss": 0.25, "accuracy": 1.0, "val_loss": float("nan"), "val_accuracy": 0.5},
]


def epochs_of(run: str) -> list[EpochEnded]:
    return [
        EpochEnded(run, number, 4 * number, metrics, 0.5, 0.5 * number, 200.0, number < 3, 0.01)
        for number, metrics in enumerate(EPOCHS, start=1)
    ]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> OpenedRun:
    """A run of three epochs that has ended."""
    with RunStore(tmp_path_factory.mktemp("workspace")) as store:
        made = tiny_run(store, SIGNATURE, Guesser)
        store.record([*epochs_of(made.record.id), RunFinished(made.record.id, reason="Done.")])
        made.record = store.get(made.record.id)
        return made


def export(run: OpenedRun, format: str, to: Path):
    return format_named(format).export(run, to, silent)


def rows_of(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def columns_of(path: Path) -> dict[str, list[str]]:
    header, *rows = rows_of(path)
    return dict(zip(header, map(list, zip(*rows, strict=True)), strict=True))


class TestHistory:
    def test_each_number_reads_back_as_it_is(self, run, tmp_path):
        done = export(run, "history", tmp_path / "history.csv")
        table = columns_of(tmp_path / "history.csv")
        assert table["epoch"] == ["1", "2", "3"]
        for name in EPOCHS[0]:
            expected = [epoch[name] for epoch in EPOCHS]
            np.testing.assert_array_equal(list(map(float, table[name])), expected)
        assert table["is_best"] == ["yes", "yes", "no"]
        assert done.size_bytes == Path(done.path).stat().st_size
        assert not done.checked

    def test_parquet_holds_the_same(self, run, tmp_path):
        export(run, "history", tmp_path / "history.parquet")
        table = pd.read_parquet(tmp_path / "history.parquet")
        assert table["is_best"].tolist() == [True, True, False]
        assert table["step"].tolist() == [4, 8, 12]
        np.testing.assert_array_equal(table["val_loss"], [1.5, 1.0, np.nan])

    def test_a_metric_called_as_a_column_gets_a_number(self, tmp_path):
        with RunStore(tmp_path / "w") as store:
            made = tiny_run(store, SIGNATURE, Guesser)
            store.record([replace(epochs_of(made.record.id)[0], metrics={"step": 7.0, "=x": 1.0})])
            export(made, "history", tmp_path / "history.csv")
        header, row = rows_of(tmp_path / "history.csv")
        assert dict(zip(header, row, strict=True))["step_2"] == "7.0"
        assert header[-1] == "'=x"

    def test_none_without_an_epoch(self, tmp_path):
        with RunStore(tmp_path / "w") as store:
            made = tiny_run(store, SIGNATURE, Guesser)
        for name in ("history", "tensorboard"):
            with pytest.raises(DescentError, match="No epoch"):
                export(made, name, tmp_path / "out")
        assert not (tmp_path / "out.csv").exists()


class TestPredictions:
    def test_every_part_with_truth_and_probabilities(self, run, tmp_path):
        done = export(run, "predictions", tmp_path / "all.csv")
        table = pd.read_csv(done.path)
        parts, examples = run.prepared().parts, run.prepared().examples
        for part in ("train", "validation", "test"):
            mine = table[table["part"] == part]
            rows = mine["row"].to_numpy() - 1
            np.testing.assert_array_equal(rows, getattr(parts, part))
            truth = [examples.class_names[place] for place in examples.y[rows]]
            assert mine[f"true_{examples.target_name}"].tolist() == truth
        shares = table.filter(like="probability_").to_numpy()
        assert shares.shape == (len(examples.y), 3)
        np.testing.assert_allclose(shares.sum(axis=1), 1.0, rtol=1e-5)
        said = table[f"predicted_{examples.target_name}"]
        best = [examples.class_names[place] for place in shares.argmax(axis=1)]
        assert said.tolist() == best

    def test_what_is_kept_leaves_where_the_data_is_gone(self, tmp_path):
        with RunStore(tmp_path / "w") as store:
            made = tiny_run(store, SIGNATURE, Guesser)
        replace(of_classes(20), rows=np.arange(20)).save(made.folder)
        gone = OpenedRun(made.record, made.folder)  # its data is called "tiny", which is no data
        done = export(gone, "predictions", tmp_path / "kept.parquet")
        table = pd.read_parquet(done.path)
        assert table["part"].unique().tolist() == ["test"]
        assert any("train part" in note for note in done.notes)

    def test_nothing_is_written_where_there_is_nothing(self, tmp_path):
        with RunStore(tmp_path / "w") as store:
            made = tiny_run(store, SIGNATURE, Guesser)
        gone = OpenedRun(made.record, made.folder)
        with pytest.raises(DescentError):
            export(gone, "predictions", tmp_path / "kept.csv")
        assert not list(tmp_path.glob("*.csv"))

    def test_a_cell_is_no_formula_in_csv_and_itself_in_parquet(self, tmp_path):
        bad = "=cmd|' /C calc'!A0"
        part = replace(of_classes(3), class_names=(bad, "+b", 'c,\n"d'), names=("@x", "-1", "\tz"))
        columns = prediction_columns(part)
        write_columns(tmp_path / "a.csv", [columns])
        for cells in rows_of(tmp_path / "a.csv"):
            assert not any(cell.startswith(("=", "+", "@", "\t")) for cell in cells)
        write_columns(tmp_path / "a.parquet", [columns])
        table = pd.read_parquet(tmp_path / "a.parquet")
        assert table["name"].tolist() == ["@x", "-1", "\tz"]
        assert set(table["true_kind"]) <= {bad, "+b", 'c,\n"d'}

    @pytest.mark.parametrize(
        ("part", "names"),
        [
            (of_labels(9, 2), ["true_tags", "predicted_tags", "probability_l0", "probability_l1"]),
            (of_numbers(9), ["true_y", "predicted_y"]),
            (of_numbers(9, 2), ["true_y_1", "true_y_2", "predicted_y_1", "predicted_y_2"]),
            (of_texts(9), ["true_text", "predicted_text"]),
            (of_anomalies(9), ["true_unusual", "score", "unusual"]),
            (of_anomalies(9, is_known=False), ["true_unusual", "score", "unusual"]),
        ],
        ids=lambda it: "" if isinstance(it, list) else f"{it.task}-{it.truth.shape}",
    )
    def test_of_every_kind_of_output(self, part, names, tmp_path):
        columns = prediction_columns(part)
        assert list(columns)[3:] == names
        for suffix in ("csv", "parquet"):
            assert write_columns(tmp_path / f"a.{suffix}", [columns, columns]) == 18
        read, kept = columns_of(tmp_path / "a.csv"), pd.read_parquet(tmp_path / "a.parquet")
        if part.outputs.dtype != object:
            column = "score" if part.is_anomaly else names[-1]
            outputs = part.outputs.reshape(9, -1)[:, -1]
            np.testing.assert_array_equal(list(map(float, read[column][:9])), outputs)
            np.testing.assert_array_equal(kept[column][:9], outputs)
        if part.is_anomaly:
            expected = np.where(part.outputs > 1.5, "yes", "no")
            assert kept["unusual"].tolist()[:9] == expected.tolist()

    def test_half_of_a_pair_of_signs_is_marked(self, tmp_path):
        part = replace(of_classes(2), names=("a\ud83d", "b"), target_name="\udcff")
        for suffix in ("csv", "parquet"):
            write_columns(tmp_path / f"a.{suffix}", [prediction_columns(part)])
        assert columns_of(tmp_path / "a.csv")["name"] == ["a?", "b"]
        assert pd.read_parquet(tmp_path / "a.parquet")["name"].tolist() == ["a?", "b"]

    def test_a_stop_leaves_what_was_there(self, run, tmp_path):
        path = tmp_path / "all.csv"
        path.write_text("before")

        def stopped(what: str, done: int, total: int) -> None:
            if what == "Writing" and done:
                raise Cancelled

        with pytest.raises(Cancelled):
            format_named("predictions").export(run, path, stopped)
        assert path.read_text() == "before"
        assert [it.name for it in tmp_path.iterdir()] == ["all.csv"]


@pytest.fixture(scope="module")
def folder(run, tmp_path_factory):
    """Event files of the run."""
    folder = tmp_path_factory.mktemp("out") / "events"
    export(run, "tensorboard", folder)
    return folder


class TestTensorBoard:
    @staticmethod
    def read(folder: Path):
        accumulator = pytest.importorskip(
            "tensorboard.backend.event_processing.event_accumulator"
        ).EventAccumulator(str(folder))
        return accumulator.Reload()

    @pytest.mark.parametrize(("part", "prefix"), [("train", ""), ("validation", "val_")])
    def test_its_own_reader_finds_each_epoch(self, folder, part, prefix):
        import tensorflow as tf

        events = self.read(folder / part)
        for name in ("loss", "accuracy"):
            found = events.Tensors(f"epoch_{name}")
            assert [event.step for event in found] == [1, 2, 3]
            values = [float(tf.make_ndarray(event.tensor_proto)) for event in found]
            expected = [epoch[f"{prefix}{name}"] for epoch in EPOCHS]
            np.testing.assert_allclose(values, expected, rtol=1e-6)
            metadata = events.SummaryMetadata(f"epoch_{name}")
            assert metadata.plugin_data.plugin_name == "scalars"

    def test_epochs_are_as_far_apart_as_they_were(self, folder, run):
        events = self.read(folder / "train").Tensors("epoch_loss")
        began = run.record.created_at.timestamp()
        times = [event.wall_time - began for event in events]
        np.testing.assert_allclose(times, [0.5, 1.0, 1.5], atol=1e-3)

    def test_settings_are_text(self, folder):
        events = self.read(folder / "train")
        text = events.Tensors("settings")[0].tensor_proto.string_val[0].decode()
        assert "| training.epochs | " in text
        assert events.SummaryMetadata("settings").plugin_data.plugin_name == "text"

    def test_a_folder_with_something_in_it_stays(self, run, tmp_path):
        (tmp_path / "mine.txt").write_text("mine")
        with pytest.raises(DescentError, match="something in"):
            export(run, "tensorboard", tmp_path)
        assert [it.name for it in tmp_path.iterdir()] == ["mine.txt"]


class TestWhereTo:
    @pytest.mark.parametrize("format", ["history", "predictions"])
    @pytest.mark.parametrize("name", ["a.txt", "gone/a.csv", "folder.csv"])
    def test_a_wrong_place_is_refused(self, run, tmp_path, format, name):
        (tmp_path / "folder.csv").mkdir()
        with pytest.raises(DescentError):
            export(run, format, tmp_path / name)
        assert [it.name for it in tmp_path.iterdir()] == ["folder.csv"]

    def test_a_suffix_is_added_where_there_is_none(self, run, tmp_path):
        assert export(run, "history", tmp_path / "a").path.endswith("a.csv")

    def test_each_format_can_be_found(self):
        names = [item.name for item in FORMATS]
        assert len(set(names)) == len(names)
