"""The check of plug-ins: what misbehaves is refused in words, and takes nothing along."""

from __future__ import annotations

import inspect
import re
import sys
import textwrap
import threading
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from plugin_packages import install

from engine import api
from engine.service.plugin_checks import Limits, check, check_all
from engine.service.plugin_checks.contracts import check_contract
from engine.service.plugin_checks.refusal import Refusal
from engine.spec.plugins.discovery import declared
from engine.spec.plugins.loading import PLUGINS, make
from engine.spec.plugins.record import Group, PluginRecord, PluginState
from engine.spec.plugins.verdicts import recall

PLOT = """
from engine.api import Plot
class Plug(Plot):
    name = title = "plug"
    def draw(self, run):
        return None
"""


def plug(site: Path, source: str, group: Group = Group.PLOTS, name: str = "plug") -> PluginRecord:
    """A package with one plug-in."""
    install(site, "other-package", "other", source, {group.value: {name: "other:Plug"}})
    (record,) = declared()
    return record


class TestProcess:
    """Each in a process of its own, which may end however it likes."""

    @pytest.mark.parametrize(
        ("source", "reason"),
        [
            ("import no_such_module", "ModuleNotFoundError: No module named 'no_such_module'"),
            ("import sys; sys.exit('enough')", "SystemExit: enough"),
            (
                "class E(BaseException): pass\nraise E('base')",
                "Received: E: base (other.py, line 2)",
            ),
            ("import os; os._exit(7)", "ended the process (exit code 7)"),
            ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "process (SIGSEGV)"),
            ("x = input('name? ')", "EOFError"),
            ("syntax error", "SyntaxError"),
            ("", "AttributeError"),
        ],
    )
    def test_whatever_an_import_does_is_a_reason(self, plugin_site, source, reason):
        record = plug(plugin_site, source)
        found = check(record)
        assert found.state is PluginState.REFUSED
        assert found.reason.startswith("Importing it")
        assert reason in found.reason
        assert found.hint
        assert "other" not in sys.modules

    def test_one_that_never_ends_is_ended(self, plugin_site):
        found = check(plug(plugin_site, "while True: pass"), Limits(import_s=0.5))
        assert found.reason == "Importing it did not end within 0.5 s."

    def test_last_words_are_kept_as_details(self, plugin_site):
        source = "import os\nprint('these are my last words', flush=True)\nos._exit(7)"
        assert "last words" in check(plug(plugin_site, source)).details

    def test_a_contract_that_never_ends_is_ended(self, plugin_site):
        source = PLOT.replace("return None", "\n        while True: pass")
        found = check(plug(plugin_site, source), Limits(contract_s=0.5))
        assert found.reason == "Trying it out did not end within 0.5 s."

    def test_keras_at_the_top_is_refused_with_what_mends_it(self, plugin_site):
        (plugin_site / "keras.py").write_text("")  # the real one would take seconds
        found = check(plug(plugin_site, f"import keras\n{PLOT}"))
        assert found.state is PluginState.REFUSED
        assert found.loads_keras
        assert "keras" in found.reason
        assert "inside build" in found.hint

    def test_one_that_prints_is_sound(self, plugin_site, capfd):
        found = check(plug(plugin_site, f"print('hello')\n{PLOT}"))
        assert (found.state, found.title) == (PluginState.READY, "plug")
        assert capfd.readouterr().out == ""

    def test_verdicts_are_kept_and_the_rest_goes_on(self, plugin_site):
        for name, source in (("first", "import os; os.abort()"), ("plug", PLOT)):
            install(
                plugin_site,
                name,
                f"of_{name}",
                source,
                {"descent.plots": {name: f"of_{name}:Plug"}},
            )
        states = {record.name: record.state for record in check_all(declared())}
        assert states == {"first": PluginState.REFUSED, "plug": PluginState.READY}
        assert {record.name: recall(record).state for record in declared()} == states

    def test_those_of_one_package_are_judged_each_by_itself(self, plugin_site):
        """Whatever one of them does to the process they share."""
        (plugin_site / "keras.py").write_text("")
        sources = {
            "crashes": "import os; os.abort()",
            "heavy": f"import keras\n{PLOT}",
            "leaves": "import sys; sys.exit()",
            "plug": PLOT,
        }
        for name, source in sources.items():
            (plugin_site / f"of_{name}.py").write_text(source)
        points = {"descent.plots": {name: f"of_{name}:Plug" for name in sources}}
        install(plugin_site, "several", "several", "", points)
        found = {item.name: item for item in check_all(declared())}
        assert "SIGABRT" in found["crashes"].reason
        assert "loads keras" in found["heavy"].reason
        assert "SystemExit" in found["leaves"].reason
        assert found["plug"].state is PluginState.READY

    def test_a_stop_leaves_the_rest_unchecked(self, plugin_site):
        record = plug(plugin_site, "while True: pass")
        asked = threading.Event()

        def should_stop() -> bool:
            """Once it has begun."""
            stops = asked.is_set()
            asked.set()
            return stops

        assert list(check_all([record], should_stop=should_stop)) == []
        assert recall(record).state is PluginState.UNCHECKED


@pytest.mark.parametrize(
    ("group", "name", "reason"),
    [
        (Group.DATASETS, "digits", "One of Descent's own datasets has this name"),
        (Group.FORMATS, "table", "One of Descent's own formats has this name"),
        (Group.ARCHITECTURES, "cnn", "One of Descent's own architectures has this name"),
        (Group.PLOTS, "Loss gap", "A name is lower case letters"),
    ],
)
def test_names_are_judged_without_an_import(plugin_site, group, name, reason):
    record = plug(plugin_site, "raise SystemExit", group, name)
    assert check(record).reason.startswith(reason)


# ---- contracts, here in the test's own process

DATA = """
from engine.api import *
import numpy as np

class P(Parameters):
    n: int = parameter(40, label="N", help="How many.", ge=1)

class Plug(Dataset):
    name, title, description = "plug", "Plug", "Some data."
    kind, task, parameters = Kind.TABLE, Task.REGRESSION, P

    def load(self, parameters, progress=silent):
        rng = np.random.default_rng(0)
        x = rng.normal(size=(parameters.n, 2))
        y = x[:, 0]
        return Examples(x, y, self.kind, self.task)
"""
MODEL = """
from engine.api import *

class P(Parameters):
    units: int = parameter(4, label="Units", help="How many.", ge=1)

class Plug(Architecture):
    name, title, short_title, summary = "plug", "Plug", "Plug", "A plug."
    kinds, tasks, parameters = (Kind.TABLE,), (Task.CLASSIFICATION,), P
    defaults = TrainingDefaults("adam", 0.01, 5, 8)

    def build(self, signature, parameters):
        import keras
        inputs = keras.Input(signature.input_shape)
        hidden = keras.layers.Dense(parameters.units)(inputs)
        return keras.Model(inputs, output_layer(signature)(hidden))
"""
FORMAT = """
from engine.api import *
import numpy as np

class Plug(Format):
    name, title, kind, suffixes = "plug", "Plug", Kind.TABLE, (".plug",)

    def likeness(self, glance):
        return 1.0 if glance.path.suffix == ".plug" else 0.0

    def open(self, path, data):
        return File(path, data)

    def example(self, folder):
        path = folder / "a.plug"
        path.write_text("")
        return path

class File(FileDataset):
    format = Plug()

    def load(self, parameters, progress=silent):
        x = np.arange(60.0).reshape(30, 2)
        return Examples(x, x[:, 0], self.kind, Task.REGRESSION)
"""
SHAKE = """
from engine.api import *
import numpy as np

class Plug(Augmentation):
    name, title, kinds = "plug", "Plug", (Kind.IMAGE, Kind.TEXT)

    def change(self, x, seed, parameters):
        import tensorflow as tf
        return tf.reverse(x, (1,))
"""
DRAW = """
from engine.api import *
import numpy as np

class Plug(Plot):
    name, title = "plug", "Plug"

    def draw(self, run):
        return Chart((Series("loss", run.epochs, run.metrics.get("loss", [])),))
"""
SOURCES = {
    Group.DATASETS: DATA,
    Group.ARCHITECTURES: MODEL,
    Group.FORMATS: FORMAT,
    Group.AUGMENTATIONS: SHAKE,
    Group.PLOTS: DRAW,
}


def judge(site: Path, group: Group, old: str = "", new: str = "") -> str:
    """Tries out a plug-in with one thing changed; what is said against it."""
    source = SOURCES[group]
    assert old in source
    record = plug(site, source.replace(old, new, 1) if old else source, group)
    try:
        check_contract(make(record), record)
    except Refusal as refusal:
        return refusal.reason if refusal.hint else "It does not say what to do."
    except Exception as error:
        return str(error)
    return ""


@pytest.mark.parametrize("group", SOURCES)
def test_what_keeps_its_contract_is_sound(plugin_site, group):
    assert judge(plugin_site, group) == ""


BROKEN = [
    (Group.DATASETS, '"plug", "Plug"', '"plug", ""', "Its 'title' must be a text"),
    (
        Group.DATASETS,
        'name, title, description = "plug"',
        'name, title, description = "plog"',
        "entry point 'plug'",
    ),
    (Group.DATASETS, "(Dataset)", "(Format)", "abstract"),
    (Group.DATASETS, "Kind.TABLE, Task", "'table', Task", "Its 'kind' must be a Kind"),
    (
        Group.DATASETS,
        "Task.REGRESSION, P",
        "Task.REGRESSION, dict",
        "must be a class derived from Parameters",
    ),
    (Group.DATASETS, "parameter(40,", "parameter(0,", "cannot be left at their defaults"),
    (Group.DATASETS, 'help="How many."', 'help=""', "parameter 'n' is not explained"),
    (Group.DATASETS, "default_rng(0)", "default_rng()", "other examples the second time"),
    (Group.DATASETS, "parameter(40", "parameter(4", "load returns 4 examples"),
    (
        Group.DATASETS,
        "y = x[:, 0]",
        "y = x[:3, 0]",
        "a target for each of 40 examples. Received: 3",
    ),
    (
        Group.DATASETS,
        "rng.normal(size=(parameters.n, 2))",
        "rng.normal(size=parameters.n)[:, None, None]",
        "must be (n_samples, columns)",
    ),
    (Group.DATASETS, "return Examples", "return ", "must return Examples. Received: tuple"),
    (
        Group.DATASETS,
        "self.kind, self.task)",
        "self.kind, Task.CLASSIFICATION)",
        "must name at least two classes",
    ),
    (
        Group.DATASETS,
        "    def load",
        "    recommended_model = 'mpl'\n    def load",
        "no architecture. Received: 'mpl'",
    ),
    (
        Group.DATASETS,
        "return Examples",
        "raise OSError('gone')\n        return Examples",
        "failed while loading. Received: OSError: gone",
    ),
    (Group.ARCHITECTURES, "(Kind.TABLE,), (Task", "Kind.TABLE, (Task", "must be a tuple of Kind"),
    (Group.ARCHITECTURES, "(Task.CLASSIFICATION,)", "(Task.TRANSLATION,)", "It fits no data"),
    (
        Group.ARCHITECTURES,
        "return keras.Model",
        "return ",
        "build must return a keras.Model. Received: tuple",
    ),
    (
        Group.ARCHITECTURES,
        "import keras\n",
        "import keras; raise ValueError('no bricks')\n",
        "no bricks",
    ),
    (
        Group.ARCHITECTURES,
        "output_layer(signature)(hidden)",
        "keras.layers.Dense(7)(hidden)",
        "its output has the shape (8, 7); (8, 1) is needed",
    ),
    (
        Group.ARCHITECTURES,
        "output_layer(signature)(hidden)",
        "keras.layers.Dense(signature.n_outputs)(hidden)",
        "no probabilities",
    ),
    (
        Group.ARCHITECTURES,
        "keras.layers.Dense(parameters.units)(inputs)",
        "type('Own', (keras.layers.Dense,), {})(4)(inputs)",
        "layers of its own: other.Own",
    ),
    (
        Group.ARCHITECTURES,
        "keras.Input(signature.input_shape)",
        "keras.Input((9,))",
        "its network takes (None, 9)",
    ),
    (Group.FORMATS, '(".plug",)', '"PLUG"', "suffixes must be a tuple"),
    (Group.FORMATS, "else 0.0", "else 0.5", "of a type that nobody knows"),
    (
        Group.FORMATS,
        "return 1.0 if",
        "return 3 if",
        "likeness must be a number from 0 to 1. Received: 3",
    ),
    (Group.FORMATS, 'folder / "a.plug"', 'folder / "a.plog"', "does not know its own example"),
    (Group.FORMATS, "return File(path, data)", "return open(path / 'no')", "failed while opening"),
    (Group.FORMATS, "x[:, 0], self", "x[:, 0] > 3, self", "Targets that are numbers"),
    (Group.AUGMENTATIONS, "tf.reverse(x, (1,))", "x[:, 1:]", "change must return float32"),
    (
        Group.AUGMENTATIONS,
        "tf.reverse(x, (1,))",
        "tf.cast(x, 'float32')",
        "change must return int32",
    ),
    (
        Group.AUGMENTATIONS,
        "tf.reverse(x, (1,))",
        "x + tf.cast(4 * tf.random.uniform(tf.shape(x)), x.dtype)",
        "another batch each time",
    ),
    (Group.AUGMENTATIONS, "tf.reverse(x, (1,))", "x / 0", "not finite"),
    (Group.PLOTS, "return Chart", "return ", "A Chart or None was expected. Received: tuple"),
    (
        Group.PLOTS,
        'run.metrics.get("loss", [])',
        'run.metrics["loss"]',
        "failed while drawing 'a beginning'",
    ),
    (Group.PLOTS, "run.epochs, run", "[1], run", "must be (points,) both"),
    (Group.PLOTS, "[])),", "[]), 'pie'),", "The style must be one of"),
]


@pytest.mark.parametrize(("group", "old", "new", "reason"), BROKEN)
def test_what_breaks_its_contract_is_told(plugin_site, group, old, new, reason):
    assert reason in judge(plugin_site, group, old, new)


def test_an_object_may_stand_in_place_of_a_class(plugin_site):
    record = plug(plugin_site, f"{DRAW}\nplug = Plug()", Group.PLOTS)
    record = replace(record, target="other:plug")
    assert check_contract(make(record), record) == "Plug"
    assert PLUGINS.objects(Group.PLOTS)["plug"][0] == record


# ---- what is written for authors

EXAMPLES = {
    Group.DATASETS: api.Dataset,
    Group.FORMATS: api.Format,
    Group.ARCHITECTURES: api.Architecture,
    Group.AUGMENTATIONS: api.Augmentation,
    Group.PLOTS: api.Plot,
}


@pytest.mark.parametrize("group", EXAMPLES)
def test_the_example_of_each_base_class_keeps_its_contract(plugin_site, group):
    base = EXAMPLES[group]
    example = textwrap.dedent(inspect.getdoc(base).partition("Example::\n")[2])
    name = re.search(r'name(?:, \w+)* = "(\w+)"', example)[1]
    shown = re.search(rf"class (\w+)\({base.__name__}\)", example)[1]
    source = f"from engine.api import *\nimport numpy as np\n{example}\nPlug = {shown}"
    record = plug(plugin_site, source, group, name)
    assert check_contract(make(record), record)


def test_the_guide_s_example_keeps_its_contract(plugin_site):
    guide = (Path(__file__).parents[2] / ".github" / "PLUGINS.md").read_text()
    project = tomllib.loads(re.search(r"```toml\n(.*?)```", guide, re.DOTALL)[1])["project"]
    source = re.search(r"```python\n(.*?)```", guide, re.DOTALL)[1]
    points = project["entry-points"]
    install(plugin_site, project["name"], "descent_rings", source, points, project["version"])
    (record,) = declared()
    assert check_contract(make(record), record) == "Rings within rings"
    assert all(f"`{name}`" in guide for name in EXAMPLES)
