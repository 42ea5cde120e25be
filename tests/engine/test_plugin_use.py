"""What other packages add, in runs: trained on, gone afterwards, or failing in the middle."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from plugin_packages import found_sound, install

from engine.architectures import ARCHITECTURES
from engine.cli import main as cli
from engine.datasets import open_dataset, recognise
from engine.errors import PluginError, SpecError
from engine.events.run_events import RunFailed, RunFinished
from engine.preprocessing.augmentation import AUGMENTATIONS
from engine.runs.store import RunStore
from engine.service import execution, running
from engine.service.preview import preview_batch
from engine.spec.plugins.loading import PLUGINS
from engine.spec.plugins.plots import PLOTS, RunData
from engine.spec.plugins.used import FILE_NAME
from engine.spec.run_spec import DataSpec
from engine.spec.signature import Kind, Task
from engine.training.control import TrainingControl
from engine.training.defaults import parse

RINGS = {
    "data": {"source": "rings"},
    "augmentation": {"plugins": {"jitter": {"amount": 0.2}}},
    "training": {"epochs": 2},
}


@pytest.fixture
def store(tmp_path: Path):
    with RunStore(tmp_path / "workspace") as store:
        yield store


def train(spec: dict, store: RunStore) -> tuple[object, list[object]]:
    events: list[object] = []
    return running.train(spec, store, events.append, TrainingControl()), events


class TestUse:
    def test_a_run_is_trained_on_what_a_package_adds(self, sample, store):
        ended, _ = train(RINGS, store)
        assert isinstance(ended, RunFinished)
        record = store.get(ended.run)
        assert (record.dataset_title, record.model_title) == ("Rings within rings", "Wide")
        spec = record.spec
        assert spec.model.name == "wide"
        assert spec.model.parameters == {"units": 64}
        assert spec.augmentation.plugins == {"jitter": {"amount": 0.2}}
        used = json.loads((store.folder(ended.run) / FILE_NAME).read_text())["plugins"]
        assert {(item["name"], item["package"], item["version"]) for item in used} == {
            (name, "descent-sample", "1.2.0") for name in ("rings", "wide", "jitter")
        }
        assert execution.evaluate(ended.run, store).metrics

    def test_a_run_without_plug_ins_writes_none_down(self, store):
        spec = {"data": {"source": "moons"}, "model": {"name": "mlp"}, "training": {"epochs": 1}}
        ended, _ = train(spec, store)
        assert not (store.folder(ended.run) / FILE_NAME).exists()

    def test_an_augmentation_changes_what_is_trained_on(self, sample):
        plain = preview_batch({"data": {"source": "rings"}})
        changed = preview_batch(
            {"data": {"source": "rings"}, "augmentation": {"plugins": {"jitter": {}}}}
        )
        np.testing.assert_array_equal(plain.x, changed.before)
        ratio = changed.x / changed.before
        assert not np.array_equal(changed.x, plain.x)
        assert ((ratio > 0.9 - 1e-6) & (ratio < 1.1 + 1e-6)).all()

    @pytest.mark.parametrize("scaling", ["standard", "none"])
    def test_an_augmentation_of_images_sees_them_from_0_to_1(self, sample, scaling, monkeypatch):
        seen = []
        jitter = AUGMENTATIONS["jitter"]._augmentation
        change = type(jitter).change

        def watch(self, x, seed, parameters):
            seen.append(float(np.max(x)))
            return change(self, x, seed, parameters)

        monkeypatch.setattr(type(jitter), "change", watch)
        spec = {
            "data": {"source": "digits"},
            "preprocessing": {"scaling": scaling},
            "augmentation": {"plugins": {"jitter": {}}},
        }
        batch = preview_batch(spec)
        assert seen == [pytest.approx(1.0)]
        assert batch.x.max() == pytest.approx(batch.before.max(), rel=0.1)

    def test_settings_of_augmentations_are_checked_with_all_others(self, sample):
        with pytest.raises(SpecError) as caught:
            parse(
                {
                    "data": {"source": "rings"},
                    "augmentation": {"plugins": {"jitter": {"amount": 7}, "jiter": {}}},
                }
            )
        by_field = {problem.field: problem for problem in caught.value.problems}
        assert set(by_field) == {
            "augmentation.plugins.jitter.amount",
            "augmentation.plugins.jiter",
        }
        assert "'jitter'" in by_field["augmentation.plugins.jiter"].hint

    def test_an_augmentation_that_does_not_fit_the_data_is_refused(self, sample):
        spec = {"data": {"source": "seasons"}, "augmentation": {"plugins": {"jitter": {}}}}
        with pytest.raises(SpecError, match="Jitter does not fit series"):
            preview_batch(spec)

    def test_files_of_a_format_are_opened_as_any(self, sample, tmp_path, store):
        path = tmp_path / "some.kv"
        lines = [f"a={i} b={i % 3} class={'odd' if i % 2 else 'even'}" for i in range(60)]
        path.write_text("\n".join(lines))
        assert recognise(path).name == "key_value"
        profile = execution.inspect_data({"data": {"source": str(path)}}).profile
        assert (profile.format, profile.class_names) == ("key_value", ("even", "odd"))
        spec = {
            "data": {"source": str(path)},
            "model": {"name": "mlp"},
            "training": {"epochs": 1},
        }
        ended, _ = train(spec, store)
        used = json.loads((store.folder(ended.run) / FILE_NAME).read_text())["plugins"]
        assert [item["name"] for item in used] == ["key_value"]


class TestGone:
    """The package was uninstalled after a run was made with it."""

    @pytest.fixture
    def run(self, sample, store, monkeypatch):
        ended, _ = train(RINGS, store)
        for path in sample.iterdir():
            shutil.rmtree(path)
        PLUGINS.forget()
        return ended.run

    def test_evaluate_and_resume_say_which_is_missing(self, run, store):
        for ask in (
            lambda: execution.evaluate(run, store),
            lambda: running.resume(
                run, {"training.epochs": 4}, store, lambda event: None, TrainingControl()
            ),
        ):
            with pytest.raises(PluginError) as caught:
                ask()
            words = str(caught.value)
            assert "the dataset 'rings' of the package 'descent-sample' 1.2.0" in words
            assert "pip install descent-sample" in words

    def test_it_can_be_listed_shown_and_asked_for_predictions(self, run, store, capsys):
        workspace = ["--workspace", str(store.folder(run).parents[1])]
        assert cli.main(["runs", "list", "--json", *workspace]) == 0
        (listed,) = json.loads(capsys.readouterr().out)["runs"]
        assert listed["name"] == "Rings within rings · Wide"
        assert cli.main(["runs", "show", run, *workspace]) == 0
        assert cli.main(["predict", run, "1,0", "--json", *workspace]) == 0
        assert cli.main(["evaluate", run, *workspace]) == 2
        assert "descent-sample" in capsys.readouterr().err


FAILING = """
from engine.api import *
import sys

class Parameters_(Parameters):
    how: str = parameter("well", label="How", help="How it goes.")

class Data(Dataset):
    name, title, description = "failing_data", "Failing", "Fails when asked to."
    kind, task, parameters = Kind.TABLE, Task.REGRESSION, Parameters_

    def load(self, parameters, progress=silent):
        import numpy as np
        print("loading, as people like to be told")
        if parameters.how == "exit":
            sys.exit(3)
        if parameters.how == "error":
            raise KeyError("no such thing")
        if parameters.how == "refuse":
            raise DatasetError("The disk is in the cupboard.", "Fetch it.")
        x = np.random.default_rng(0).normal(size=(40, 2))
        return Examples(x, x[:39 if parameters.how == "short" else 40, 0], self.kind, self.task)

class Model(Architecture):
    name, title, short_title, summary = "failing_model", "Failing", "Failing", "Fails."
    kinds, tasks, parameters = (Kind.TABLE,), (Task.REGRESSION,), Parameters_
    defaults = TrainingDefaults("sgd", 0.01, 1, 8)

    def misfit(self, kind, task):
        if kind is Kind.AUDIO:
            raise ValueError("never thought of sounds")
        return super().misfit(kind, task)

    def title_of(self, values):
        if values.get("how") == "untitled":
            raise ValueError("no title")
        return "Failing well"

    def build(self, signature, parameters):
        import keras
        print("building")
        if parameters.how == "error":
            raise ValueError("these bricks do not fit")
        if parameters.how == "nothing":
            return None
        inputs = keras.Input(signature.input_shape)
        return keras.Model(inputs, output_layer(signature)(inputs))

class Files(Format):
    name, title, kind = "failing_files", "Failing", Kind.TABLE

    def likeness(self, glance):
        raise RuntimeError("cannot look")

    def open(self, path, data):
        raise RuntimeError("cannot open")

class Drawing(Plot):
    name = title = "failing_plot"

    def draw(self, run):
        return 5 if run.name == "five" else 1 / 0

class Shake(Augmentation):
    name = title = "failing_shake"
    kinds, parameters = (Kind.TABLE,), Parameters_

    def change(self, x, seed, parameters):
        if parameters.how == "error":
            raise ValueError("does not shake")
        import tensorflow as tf

        if parameters.how == "type":
            return tf.cast(x, tf.int32)
        return x[: tf.shape(x)[0] // 2]
"""


@pytest.fixture
def failing(plugin_site: Path) -> None:
    """A package that passed its check and fails at use."""
    points = {
        "descent.datasets": {"failing_data": "failing:Data"},
        "descent.architectures": {"failing_model": "failing:Model"},
        "descent.formats": {"failing_files": "failing:Files"},
        "descent.plots": {"failing_plot": "failing:Drawing"},
        "descent.augmentations": {"failing_shake": "failing:Shake"},
    }
    install(plugin_site, "failing-package", "failing", FAILING, points, "0.3")
    found_sound()


class TestFailingAtUse:
    @pytest.mark.parametrize(
        ("how", "said"),
        [
            ("exit", "SystemExit: 3"),
            ("error", "KeyError: 'no such thing'"),
            ("short", "There must be a target for each of 40 examples. Received: 39"),
        ],
    )
    def test_data_that_cannot_be_loaded_names_the_package(self, failing, how, said):
        with pytest.raises(PluginError) as caught:
            execution.inspect_data({"data": {"source": "failing_data", "parameters": {"how": how}}})
        words = caught.value.message
        assert words.startswith(
            "The dataset 'failing_data' of the package 'failing-package' 0.3 failed while loading."
        )
        assert said in words
        assert "Traceback" in caught.value.details

    def test_what_a_plug_in_says_itself_is_passed_on(self, failing):
        data = {"source": "failing_data", "parameters": {"how": "refuse"}}
        with pytest.raises(Exception, match="in the cupboard") as caught:
            execution.inspect_data({"data": data})
        assert not isinstance(caught.value, PluginError)

    @pytest.mark.parametrize(
        ("how", "said"),
        [("error", "ValueError: these bricks do not fit"), ("nothing", "Received: NoneType")],
    )
    def test_a_model_that_cannot_be_built_names_the_package(self, failing, how, said, store):
        spec = {
            "data": {"source": "failing_data"},
            "model": {"name": "failing_model", "parameters": {"how": how}},
        }
        for ask in (lambda: train(spec, store), lambda: execution.describe_model(spec)):
            with pytest.raises(PluginError) as caught:
                ask()
            assert "of the package 'failing-package' 0.3 failed while building" in str(caught.value)
            assert said in str(caught.value)

    def test_an_augmentation_that_fails_ends_the_run_with_its_name(self, failing, store):
        for how, said in (
            ("error", "does not shake"),
            ("type", "change must return float32"),
            ("fewer", "which may be the cause"),
        ):
            spec = {
                "data": {"source": "failing_data"},
                "model": {"name": "mlp"},
                "training": {"epochs": 1},
                "augmentation": {"plugins": {"failing_shake": {"how": how}}},
            }
            ended, _ = train(spec, store)
            assert isinstance(ended, RunFailed)
            assert said in ended.reason + ended.hint
            assert "the augmentation 'failing_shake' of" in (ended.reason + ended.hint).lower()
            assert "Traceback" in ended.details

    def test_lists_of_models_do_without_its_words(self, failing):
        model = ARCHITECTURES["failing_model"]
        assert "failed while saying what data it fits" in model.misfit(Kind.AUDIO, Task.REGRESSION)
        assert model.title_of({"how": "untitled"}) == "Failing"
        assert model.title_of({}) == "Failing well"

    def test_other_files_are_opened_all_the_same(self, failing, tmp_path):
        path = tmp_path / "a.csv"
        path.write_text("a,b\n1,2\n")
        assert recognise(path).name == "table"
        with pytest.raises(PluginError, match="cannot open"):
            open_dataset(DataSpec(source=str(path), format="failing_files"))

    def test_plots_say_why_nothing_is_drawn(self, failing):
        for run, said in (("five", "A Chart or None was expected"), ("any", "division by zero")):
            with pytest.raises(PluginError, match=said):
                PLOTS["failing_plot"].draw(RunData(run))

    def test_what_it_prints_is_kept_out_of_json(self, failing, capsys, tmp_path):
        words = ["train", "--data", "failing_data", "--model", "failing_model", "--epochs", "1"]
        assert cli.main([*words, "--json", "--workspace", str(tmp_path / "w")]) == 0
        printed = capsys.readouterr()
        events = [json.loads(line)["event"] for line in printed.out.splitlines()]
        assert events[0] == "run_started"
        assert events[-1] == "run_finished"
        assert "as people like to be told" in printed.err
