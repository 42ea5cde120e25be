"""The command line: its contract of events and exit codes, its settings, and its refusals."""

import dataclasses
import io
import json
import math
import os
import signal
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from engine.architectures import ARCHITECTURES
from engine.cli import main as cli
from engine.cli.commands import training
from engine.cli.commands.output import Output, error_lines, plain, table
from engine.cli.commands.progress import Progress
from engine.cli.commands.settings import spec_values
from engine.datasets.findings import unreadable
from engine.errors import DescentError, Problem, SpecError
from engine.events.run_events import (
    EpochEnded,
    PlanChosen,
    RunFinished,
    RunStarted,
    StepsDone,
)
from engine.runs.store import RunStore
from engine.spec.run_spec import RunSpec
from engine.training.prepared_data import prepare
from tests.warm_workers import WarmProgram

ROOT = Path(__file__).parents[2]
TRAIN_IRIS = ["train", "--data", "iris", "--model", "logistic_regression", "--epochs", "3"]


@pytest.fixture(autouse=True)
def workspace(tmp_path, monkeypatch):
    folder = tmp_path / "workspace"
    monkeypatch.setenv("DESCENT_WORKSPACE", str(folder))
    return folder


def parse(*words):
    return spec_values(cli.build_parser().parse_args(list(words)))


def start(*words, **options):
    return subprocess.Popen(
        [sys.executable, "main.py", *words],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        **options,
    )


def run(*words, start=start):
    """Runs a command in a process of its own: exit code, JSON objects, standard error."""
    process = start(*words, "--json")
    output, errors = process.communicate()
    return process.returncode, [json.loads(line) for line in output.splitlines()], errors


def run_warm(*words):
    """The same in a process that has TensorFlow already."""
    return run(*words, start=lambda *words: WarmProgram("main.py", *words))


def refuse(capsys, *words):
    """Runs a command that must be refused: its words on standard error."""
    assert cli.main(list(words)) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("Error: ")
    return captured.err


class TestEncodings:
    """Output redirected under Windows has the characters of one code page only."""

    @pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
    def test_text_and_json_get_through(self, encoding):
        stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
        Output(as_json=False, stream=stream).lines("β₀ of 'setosa'")
        Output(as_json=True, stream=stream).event("told", name="日本 · β₀")
        text, line = stream.buffer.getvalue().decode(encoding).splitlines()
        assert text == "?? of 'setosa'"
        assert json.loads(line) == {"event": "told", "name": "日本 · β₀"}


class TestUnknownHome:
    @pytest.mark.parametrize("flag", ["--data", "--spec", "--workspace"])
    def test_refused_in_words(self, capsys, flag):
        words = ["train", flag, "~no-such-user/x"]
        assert "home directory" in refuse(capsys, *words)


class TestTrain:
    def test_contract_from_training_to_prediction(self, workspace):
        code, events, errors = run(*TRAIN_IRIS)
        assert (code, errors) == (0, "")
        # On a busy machine steps take long enough to be measured, and the plan is told again.
        events = [it for place, it in enumerate(events) if it["event"] != "plan" or place == 1]
        names = [event["event"] for event in events]
        assert names == ["run_started", "plan", *["epoch_ended"] * 3, "run_finished"]
        first, last = events[0], events[-1]
        identity = first["run"]
        assert RunSpec.from_dict(first["spec"]).training.epochs == 3
        assert [finding["names"] for finding in first["findings"]] == [["row 143 = row 102"]]
        assert [event["epoch"] for event in events[2:5]] == [1, 2, 3]
        for event in events[2:5]:
            assert set(event["metrics"]) == {"loss", "accuracy", "val_loss", "val_accuracy"}
            assert event["duration_s"] > 0
        assert last["run"] == identity
        assert last["reason"]
        assert {"loss", "test_loss", "test_accuracy"} <= set(last["metrics"])

        code, (evaluated,), errors = run_warm("evaluate", identity[:-1])
        assert (code, errors) == (0, "")
        assert evaluated["event"] == "evaluated"
        expected = last["metrics"]["test_accuracy"]
        assert evaluated["metrics"]["accuracy"] == pytest.approx(expected)
        assert np.sum(evaluated["confusion"]) == evaluated["n_samples"]

        rows = ["5.1,3.5,1.4,0.2", "-6.5,3.0,5.8,2.2"]
        code, predictions, errors = run_warm("predict", first["name"], *rows)
        assert (code, errors) == (0, "")
        assert [item["input"] for item in predictions] == rows
        for item in predictions:
            assert item["event"] == "prediction"
            assert sum(item["probabilities"].values()) == pytest.approx(1.0, abs=1e-5)
            assert item["class"] == max(item["probabilities"], key=item["probabilities"].get)
        assert predictions[0]["class"] == "setosa"

        with RunStore(workspace) as store:
            assert [record.id for record in store.runs()] == [identity]
            assert len(store.epochs(identity)) == 3

    @pytest.mark.skipif(os.name == "nt", reason="Windows sends Ctrl-C to whole consoles")
    def test_ctrl_c_stops_and_keeps(self, workspace):
        process = start(
            "train", "--data", "digits", "--set", "filters=4", "--set", "epochs=10000", "--json"
        )
        events = []
        while not events or events[-1]["event"] != "epoch_ended":
            events.append(json.loads(process.stdout.readline()))
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate()
        last = json.loads(output.splitlines()[-1])
        assert (process.returncode, errors) == (130, "")
        assert last["event"] == "run_stopped"
        with RunStore(workspace) as store:
            record = store.get(last["run"])
            assert record.state == "stopped"
            assert record.epochs_done >= 1
            assert (store.folder(record.id) / "model.keras").exists()

    def test_nothing_is_started_on_bad_input(self, capsys, workspace):
        refuse(capsys, "train", "--data", "iris", "--epochs", "-1")
        assert list((workspace / "runs").iterdir()) == []


class TestRefusals:
    @pytest.mark.parametrize(
        ("words", "expected"),
        [
            (["train"], "--data NAME"),
            (["train", "--data", "irs"], "Did you mean 'iris'?"),
            (["train", "--data", "iris", "--model", "mpl"], "Did you mean 'mlp'?"),
            (["train", "--data", "missing/x.csv"], "no file or folder 'missing/x.csv'"),
            (["train", "--data", "iris", "--epochs", "two"], "training.epochs"),
            (["train", "--data", "iris", "--seed", "-1"], "Received: -1"),
            (["train", "--data", "iris", "--task", "cooking"], "Invalid choice: 'cooking'"),
            (["train", "--data", "iris", "--spec", "missing.json"], "no file 'missing.json'"),
            (["train", "--dat", "iris"], "--dat"),
            (["trian"], "Did you mean 'train'?"),
            (["runs", "lisst"], "Did you mean 'list'?"),
            (["evaluate", "nothing"], "no run named 'nothing'"),
            (["predict", "nothing", "1,2"], "no run named 'nothing'"),
            (["runs", "show", "nothing"], "no run named 'nothing'"),
            (["data", "inspect", "moon"], "Did you mean 'moons'?"),
            (["models", "describe", "cmn"], "Did you mean 'cnn'?"),
            ([], "COMMAND"),
        ],
    )
    def test_in_words_with_code_2(self, capsys, words, expected):
        assert expected.lower() in refuse(capsys, *words).lower()

    def test_all_wrong_fields_at_once(self, capsys):
        words = ["--epochs", "0", "--learning-rate", "x", "--validation-split", "2"]
        text = refuse(capsys, "train", "--data", "iris", *words)
        for field in ("training.epochs", "training.learning_rate", "split.validation"):
            assert field in text

    def test_target_that_does_not_exist(self, capsys, tmp_path):
        path = tmp_path / "small.csv"
        path.write_text("width,price\n" + "".join(f"{i},{i * 2.5}\n" for i in range(40)))
        text = refuse(capsys, "train", "--data", str(path), "--target", "prize")
        assert "Did you mean 'price'?" in text

    def test_workspace_that_cannot_be_made(self, capsys, tmp_path):
        (tmp_path / "file").touch()
        assert "Cannot write" in refuse(
            capsys, "runs", "list", "--workspace", str(tmp_path / "file" / "x")
        )

    @pytest.mark.parametrize("content", ["{", "[1]", '{"data": 3, "model": {}}'])
    def test_specification_that_is_none(self, capsys, tmp_path, content):
        path = tmp_path / "spec.json"
        path.write_text(content)
        refuse(capsys, "train", "--spec", str(path))

    def test_help_is_no_error(self, capsys):
        assert cli.main(["--help"]) == 0
        assert "train" in capsys.readouterr().out


class TestSettings:
    def test_bare_dotted_and_full_keys(self):
        values = parse(
            "train", "--data", "moons", "--model", "mlp", "--seed", "7",
            "--set", "units=64,32", "--set", "model.dropout=0.5", "--set", "training.optimizer=sgd",
            "--set", "data.parameters.noise=0.1", "--set", "batch-size=8", "--set", "test=0.2",
        )  # fmt: skip
        assert values["model"] == {"name": "mlp", "parameters": {"units": [64, 32], "dropout": 0.5}}
        assert values["data"]["parameters"] == {"noise": 0.1}
        assert values["training"] == {"optimizer": "sgd", "batch_size": 8}
        assert values["split"] == {"test": 0.2}
        assert values["seed"] == 7
        assert RunSpec.from_dict(values).model.parameters["dropout"] == 0.5

    def test_one_number_where_a_list_is_wanted(self):
        values = parse("train", "--data", "moons", "--model", "mlp", "--set", "model.units=64")
        assert values["model"]["parameters"] == {"units": [64]}

    def test_flags(self):
        values = parse(
            "train", "--data", "iris", "--epochs", "5", "--batch-size", "4", "--learning-rate",
            "1e-2", "--validation-split", "0.25", "--test-split", "0", "--task", "classification",
        )  # fmt: skip
        assert values["training"] == {"epochs": 5, "batch_size": 4, "learning_rate": 0.01}
        assert values["split"] == {"validation": 0.25, "test": 0}
        assert values["data"] == {"source": "iris", "task": "classification"}

    def test_model_that_the_data_recommends(self):
        values = parse("train", "--data", "digits", "--set", "filters=8")
        assert values["model"] == {"parameters": {"filters": [8]}}  # the CNN's own setting
        for name, model in (("digits", "cnn"), ("noisy_line", "linear_regression")):
            assert (
                prepare(RunSpec.from_dict(parse("train", "--data", name))).spec.model.name == model
            )

    def test_file_by_absolute_path(self, tmp_path, monkeypatch):
        (tmp_path / "table.csv").write_text("a,b\n1,2\n")
        monkeypatch.chdir(tmp_path)
        values = parse("train", "--data", "table.csv", "--target", "b")
        assert values["data"] == {"source": str(tmp_path / "table.csv"), "target": "b"}

    @pytest.mark.parametrize(
        ("key", "expected"),
        [("unit", "Did you mean 'units'?"), ("training.epoch", "Did you mean 'training.epochs'?")],
    )
    def test_unknown_key(self, key, expected):
        with pytest.raises(SpecError) as caught:
            parse("train", "--data", "iris", "--model", "mlp", "--set", f"{key}=1")
        (problem,) = caught.value.problems
        assert expected in problem.hint
        assert "model.dropout" in problem.hint

    def test_every_wrong_key_at_once(self):
        with pytest.raises(SpecError) as caught:
            parse("train", "--data", "iris", "--set", "a=1", "--set", "b", "--set", "=3")
        assert len(caught.value.problems) == 3

    def test_ambiguous_key(self, monkeypatch):
        from engine.cli.commands import settings

        both = [
            settings._Setting("model.noise", ("model", "parameters", "noise")),
            settings._Setting("data.noise", ("data", "parameters", "noise")),
        ]
        with pytest.raises(SpecError) as caught:
            settings._find("noise", both)
        assert caught.value.problems[0].hint == "Write model.noise or data.noise."
        assert settings._find("data.noise", both) is both[1]

    def test_a_setting_of_the_data_named_as_one_of_all_data(self):
        with pytest.raises(SpecError) as caught:
            parse("train", "--data", "number_words", "--set", "target=French")
        (problem,) = caught.value.problems
        assert problem.hint == "Write data.parameters.target or data.target."
        full = "data.parameters.target=French"
        values = parse("train", "--data", "number_words", "--set", full)
        assert values["data"]["parameters"] == {"target": "French"}

    def test_a_column_of_a_table(self, tmp_path):
        (tmp_path / "t.csv").write_text("a-b.c,2019,y\n1,2,0.5\n3,4,1.5\n")
        data = ("train", "--data", str(tmp_path / "t.csv"))
        given = ["a-b.c.type=category", "2019.decimal=comma", "a-b.c.constant=5=6"]
        values = parse(
            *data, *(part for item in given for part in ("--set", f"data.columns.{item}"))
        )
        assert values["data"]["columns"] == {
            "a-b.c": {"type": "category", "constant": "5=6"},
            "2019": {"decimal": "comma"},
        }
        with pytest.raises(SpecError) as caught:
            parse(*data, "--set", "data.columns.y.typ=number")
        assert "type, gaps, constant, decimal" in caught.value.problems[0].hint

    def test_names_stay_names(self, tmp_path):
        (tmp_path / "t.csv").write_text("2019,part,y\n1,2,0.5\n3,4,1.5\n")
        data = ("train", "--data", str(tmp_path / "t.csv"))
        for text, names in (("part", ["part"]), ("2019", ["2019"]), ("a, 1", ["a", "1"])):
            values = parse(*data, "--set", f"data.exclude={text}", "--set", "data.target=2019")
            assert values["data"]["exclude"] == names
            assert values["data"]["target"] == "2019"
        assert parse(*data, "--set", 'exclude=["a,b"]')["data"]["exclude"] == ["a,b"]

    def test_a_list_of_names_is_asked_for_as_such(self):
        with pytest.raises(SpecError) as caught:
            RunSpec.from_dict({"data": {"source": "iris", "exclude": "part"}})
        assert 'Must be a list of names, such as ["a", "b"].' in caught.value.problems[0].message

    def test_given_twice(self):
        with pytest.raises(SpecError, match=r"given twice. Received: 3 and 4"):
            parse("train", "--data", "iris", "--epochs", "3", "--set", "epochs=4")
        same = parse("train", "--data", "iris", "--epochs", "3", "--set", "epochs=3")
        assert same["training"] == {"epochs": 3}

    def test_specification_as_base(self, tmp_path):
        base = {
            "data": {"source": "moons", "parameters": {"noise": 0.3}},
            "model": {"name": "mlp", "parameters": {"units": [8]}},
            "training": {"epochs": 9, "optimizer": "sgd"},
            "seed": 5,
        }
        path = tmp_path / "spec.json"
        path.write_text(json.dumps(base))
        assert parse("train", "--spec", str(path)) == base
        changed = parse("train", "--spec", str(path), "--epochs", "2", "--set", "dropout=0.1")
        assert changed["training"] == {"epochs": 2, "optimizer": "sgd"}
        assert changed["model"]["parameters"] == {"units": [8], "dropout": 0.1}
        other = parse("train", "--spec", str(path), "--data", "xor", "--model", "mlp")
        assert other["data"] == {"source": "xor"}
        assert other["model"] == base["model"]
        other = parse("train", "--spec", str(path), "--model", "logistic_regression")
        assert other["model"] == {"name": "logistic_regression"}


class TestListings:
    def test_data(self, capsys):
        assert cli.main(["data", "list", "--json"]) == 0
        listed = json.loads(capsys.readouterr().out)["datasets"]
        assert {"digits", "iris", "noisy_line"} <= {item["name"] for item in listed}
        assert cli.main(["data", "list"]) == 0
        assert "Handwritten digits" in capsys.readouterr().out

    def test_inspect(self, capsys):
        assert cli.main(["data", "inspect", "iris", "--json"]) == 0
        values = json.loads(capsys.readouterr().out)
        assert values["n_samples"] == 150
        assert values["classes"] == {"setosa": 50, "versicolor": 50, "virginica": 50}
        assert sum(values["split"].values()) == 150
        assert cli.main(["data", "inspect", "diabetes"]) == 0
        assert "Regression of" in capsys.readouterr().out

    def test_models(self, capsys):
        assert cli.main(["models", "list", "--json"]) == 0
        names = [item["name"] for item in json.loads(capsys.readouterr().out)["models"]]
        assert names == list(ARCHITECTURES.names)
        assert cli.main(["models", "list"]) == 0
        assert "mlp" in capsys.readouterr().out

    def test_describe_without_data_needs_no_tensorflow(self, capsys):
        assert cli.main(["models", "describe", "cnn", "--json"]) == 0
        values = json.loads(capsys.readouterr().out)
        filters = next(item for item in values["parameters"] if item["name"] == "filters")
        assert filters["default"] == [32, 64]
        assert cli.main(["models", "describe", "cnn"]) == 0
        assert "Kernel" not in capsys.readouterr().err

    def test_describe_with_data_lists_layers(self):
        code, (values,), errors = run_warm("models", "describe", "mlp", "--data", "iris")
        assert (code, errors) == (0, "")
        assert values["layers"][-1]["output_shape"] == [3]
        assert values["n_parameters"] == sum(layer["n_parameters"] for layer in values["layers"])

    def test_devices(self):
        code, (values,), errors = run("devices")
        assert (code, errors) == (0, "")
        assert values["cpu_model"]
        assert values["memory_total"] > values["now"]["memory_used"] > 0
        assert values["gpus"] or values["diagnoses"][0]["what"]
        assert "CPU:0" in values["tensorflow"]["devices"]

    def test_runs(self, capsys, workspace):
        assert cli.main(["runs", "list"]) == 0
        assert "no run yet" in capsys.readouterr().out
        with RunStore(workspace) as store:
            spec = RunSpec.from_dict({"data": {"source": "iris"}, "model": {"name": "mlp"}})
            identity = store.create(spec, "mine", "Iris", "MLP").id
            epoch = EpochEnded(identity, 1, 10, {"loss": math.nan}, 1.0, 1.0, 10.0, True)
            store.record([epoch])
        assert cli.main(["runs", "list", "--json"]) == 0
        (listed,) = json.loads(capsys.readouterr().out)["runs"]
        assert (listed["id"], listed["name"], listed["metrics"]) == (
            identity,
            "mine",
            {"loss": None},
        )
        assert cli.main(["runs", "show", "mine", "--json"]) == 0
        shown = json.loads(capsys.readouterr().out)
        assert [item["epoch"] for item in shown["epochs"]] == [1]
        assert shown["spec"] == spec.to_dict()
        for words in (["runs", "list"], ["runs", "show", "mine"]):
            assert cli.main(words) == 0
            assert identity in capsys.readouterr().out

    def test_deleted_runs_are_listed_and_brought_back(self, capsys, workspace):
        assert cli.main(["runs", "list", "--deleted"]) == 0
        assert capsys.readouterr().out == "There is no deleted run.\n"
        with RunStore(workspace) as store:
            spec = RunSpec.from_dict({"data": {"source": "iris"}, "model": {"name": "mlp"}})
            kept, gone = (store.create(spec, name, "Iris", "MLP") for name in ("kept", "gone"))
            store.delete(gone.id)
        assert cli.main(["runs", "list", "--deleted", "--json"]) == 0
        (listed,) = json.loads(capsys.readouterr().out)["runs"]
        assert listed["name"] == "gone"
        moments = [datetime.fromisoformat(listed[name]) for name in ("deleted_at", "kept_until")]
        assert moments[1] - moments[0] == timedelta(days=30)
        assert cli.main(["runs", "list", "--deleted"]) == 0
        said = capsys.readouterr().out
        assert gone.id in said
        assert kept.id not in said
        said = refuse(capsys, "runs", "restore", "kept")
        assert "no deleted run named 'kept'" in said
        assert "is not deleted" in refuse(capsys, "runs", "restore", kept.id)
        assert cli.main(["runs", "restore", "gone"]) == 0
        assert gone.id in capsys.readouterr().out
        assert cli.main(["runs", "list"]) == 0
        assert gone.id in capsys.readouterr().out
        assert "Available: none." in refuse(capsys, "runs", "restore", "gone")

    @pytest.mark.parametrize("is_interrupted", [False, True])
    def test_a_training_tidies_up_unless_it_was_interrupted(self, workspace, is_interrupted):
        def start(listener):
            listener._signal = 2 if is_interrupted else 0
            return RunFinished("20261123-214501-a3f9", reason="Done.")

        with RunStore(workspace) as store:
            assert training._follow(start, store, Output(as_json=True)) == 0
        assert (workspace / "removal.json").exists() is not is_interrupted


class FakeTerminal:
    """A text stream that is a terminal or not, and breaks when told to."""

    def __init__(self, is_terminal=False):
        self.text = ""
        self._is_terminal = is_terminal

    def write(self, text):
        self.text += text

    def flush(self):
        pass

    def isatty(self):
        return self._is_terminal


class TestOutput:
    def test_numbers_that_json_does_not_know(self):
        values = {"a": math.nan, "b": [math.inf, np.float32(0.5)], "c": np.array([1, 2])}
        assert plain(values) == {"a": None, "b": [None, 0.5], "c": [1, 2]}

    def test_json_only(self):
        stream = FakeTerminal()
        output = Output(True, stream)
        output.lines("for people")
        output.event("plan", device="CPU:0")
        assert json.loads(stream.text) == {"event": "plan", "device": "CPU:0"}
        stream = FakeTerminal()
        output = Output(False, stream)
        output.event("plan", device="CPU:0")
        output.lines("for people")
        assert stream.text == "for people\n"

    def test_table(self):
        assert table(("a", "bb"), [("long", "1"), ("x", "")]) == ["a     bb", "long  1", "x"]

    def test_error_with_several_problems(self):
        error = SpecError([Problem("a.b", "Wrong.", "Mend it."), Problem("c", "Odd.")])
        assert error_lines(error) == ["Error: a.b: Wrong.", "  Mend it.", "Error: c: Odd."]
        assert error_lines(DescentError("Wrong.")) == ["Error: Wrong."]

    @pytest.mark.parametrize("is_terminal", [False, True])
    def test_progress(self, is_terminal):
        stream = FakeTerminal(is_terminal)
        progress = Progress(Output(False, stream))
        spec = RunSpec.from_dict({"data": {"source": "iris"}, "model": {"name": "mlp"}})
        profile = dataclasses.replace(
            prepare(spec).profile("iris"), findings=unreadable([("a.png", "is empty.")], 9)
        )
        progress.show(RunStarted("r", "Mine", spec, profile, 2, 4, 8))
        for reason in ("Measured.", "Faster."):
            progress.show(PlanChosen("r", "chunked", "CPU:0", True, resident=True, reason=reason))
        for epoch in (1, 2):
            losses = np.full(4, 0.25, np.float32)
            progress.show(StepsDone("r", epoch, 4 * epoch - 4, {"loss": losses}, 1.0 * epoch))
            metrics = {"loss": 0.25, "val_loss": 0.125}
            progress.show(EpochEnded("r", epoch, 4 * epoch, metrics, 1.0, 1.0, 8.0, epoch == 1))
        progress.finish()
        assert "Mine" in stream.text
        assert "1 file of 9 cannot be used and is skipped.\n  a.png: is empty." in stream.text
        assert stream.text.count("On CPU:0 with XLA.") == 1
        assert ("\r" in stream.text) == is_terminal
        assert ("50 %" in stream.text) == is_terminal
        assert "Epoch 2/2  1.0 s  loss 0.25  val_loss 0.125" in stream.text
        assert stream.text.endswith("\n")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems have a display")
def test_no_display_names_the_headless_command():
    hidden = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    environment = {key: value for key, value in os.environ.items() if key not in hidden}
    process = start(env=environment)
    output, errors = process.communicate()
    assert (process.returncode, output) == (2, "")
    assert "no display" in errors
    assert "train --data" in errors
