"""Plug-ins: found without being imported, loaded once they are sound, and named when they fail."""

from __future__ import annotations

import json
import sys
from dataclasses import replace

import pytest
from plugin_packages import found_sound, install, install_sample

from engine.architectures import ARCHITECTURES
from engine.cli import main as cli
from engine.datasets import DATASETS, FORMATS, open_dataset
from engine.errors import SpecError, UnknownNameError
from engine.preprocessing.augmentation import AUGMENTATIONS
from engine.spec.plugins import verdicts
from engine.spec.plugins.discovery import declared
from engine.spec.plugins.loading import PLUGINS
from engine.spec.plugins.plots import PLOTS
from engine.spec.plugins.record import Group, PluginRecord, PluginState
from engine.spec.run_spec import DataSpec
from engine.training.defaults import parse


class TestDiscovery:
    def test_what_a_package_declares_is_found_without_importing_it(self, plugin_site):
        install_sample(plugin_site)
        found = {(record.group, record.name): record for record in declared()}
        assert set(found) == {
            (Group.DATASETS, "rings"),
            (Group.ARCHITECTURES, "wide"),
            (Group.FORMATS, "key_value"),
            (Group.AUGMENTATIONS, "jitter"),
            (Group.PLOTS, "gap"),
        }
        assert {record.state for record in found.values()} == {PluginState.UNCHECKED}
        rings = found[Group.DATASETS, "rings"]
        assert (rings.package, rings.version) == ("descent-sample", "1.2.0")
        assert "descent_sample" not in sys.modules

    def test_names_that_two_packages_share_are_refused_in_words(self, plugin_site):
        for package in ("first", "second"):
            points = {"descent.plots": {"same": f"{package}:Same"}}
            install(plugin_site, package, package, "raise ImportError", points)
        assert {record.state for record in declared()} == {PluginState.REFUSED}
        for record in declared():
            assert record.reason == "Several packages use this name: first, second."

    def test_damaged_metadata_is_passed_over(self, plugin_site):
        install(plugin_site, "good", "good", "", {"descent.plots": {"good": "good:Good"}})
        damaged = plugin_site / "damaged-1.0.dist-info"
        damaged.mkdir()
        (damaged / "entry_points.txt").write_bytes(b"[descent.plots\n\xff\xfe = = nothing")
        assert [record.name for record in declared()] == ["good"]

    def test_nothing_is_loaded_that_was_not_found_sound(self, plugin_site):
        install_sample(plugin_site)
        assert "rings" not in DATASETS
        with pytest.raises(UnknownNameError, match="has not been checked yet"):
            open_dataset(DataSpec(source="rings"))
        assert "descent_sample" not in sys.modules


class TestVerdicts:
    def test_a_verdict_is_kept_until_the_files_or_the_version_change(self, plugin_site):
        install_sample(plugin_site)
        before = {record.name: record for record in declared()}
        refused = replace(
            before["rings"], state=PluginState.REFUSED, reason="It hangs.", hint="Mend it."
        )
        verdicts.keep(refused)
        assert verdicts.recall(before["rings"]) == refused
        assert verdicts.recall(before["wide"]) == before["wide"]
        assert verdicts.recall(replace(before["rings"], version="1.3")).state is (
            PluginState.UNCHECKED
        )
        source = plugin_site / "descent_sample" / "__init__.py"
        source.write_text(source.read_text() + "\n# mended\n")
        assert verdicts.recall(before["rings"]).state is PluginState.UNCHECKED

    def test_a_damaged_file_is_no_verdict(self, plugin_site, private_cache):
        install_sample(plugin_site)
        found_sound()
        for path in (private_cache / "plugins").iterdir():
            path.write_text('{"mark": 1, "record"')
        assert {verdicts.recall(item).state for item in declared()} == {PluginState.UNCHECKED}

    def test_what_was_checked_meanwhile_is_seen_after_a_refresh(self, plugin_site):
        install_sample(plugin_site)
        assert "wide" not in ARCHITECTURES
        PLUGINS.refresh()
        assert "wide" not in ARCHITECTURES
        found_sound()
        assert "wide" not in ARCHITECTURES
        PLUGINS.refresh()
        assert "wide" in ARCHITECTURES


class TestRegistries:
    def test_plug_ins_stand_behind_what_is_in_the_box(self, sample):
        assert DATASETS.names == (*DATASETS.own_names, "rings")
        assert list(ARCHITECTURES.names)[-1] == "wide"
        assert FORMATS["key_value"].suffixes == (".kv",)
        assert [item.name for item in AUGMENTATIONS] == ["jitter"]
        assert [item.name for item in PLOTS] == ["gap"]
        assert len(DATASETS) == len(list(DATASETS))

    def test_a_question_that_the_box_answers_loads_none(self, sample):
        assert "digits" in DATASETS
        assert ARCHITECTURES["cnn"].name == "cnn"
        assert "descent_sample" not in sys.modules

    def test_a_window_s_thread_never_loads_any(self, sample):
        PLUGINS.defer()
        assert "rings" not in DATASETS
        assert "descent_sample" not in sys.modules
        PLUGINS.load()
        assert "rings" in DATASETS

    def test_one_that_fails_here_though_it_was_sound_is_left_out_and_named(self, plugin_site):
        points = {"descent.datasets": {"gone": "broken:Gone"}}
        install(plugin_site, "broken", "broken", "import no_such_module", points)
        install_sample(plugin_site)
        found_sound()
        assert "rings" in DATASETS
        with pytest.raises(UnknownNameError) as caught:
            open_dataset(DataSpec(source="gone"))
        assert "the package 'broken' has it" in str(caught.value).lower()
        assert "no_such_module" in str(caught.value)

    def test_a_plug_in_may_look_at_the_registries_while_it_is_imported(self, plugin_site):
        source = (
            "from engine.architectures import ARCHITECTURES\n"
            "from engine.api import Plot\n"
            "seen = ARCHITECTURES.names\n"
            "class Curious(Plot):\n"
            "    name = title = 'curious'\n"
            "    def draw(self, run): return None\n"
        )
        points = {"descent.plots": {"curious": "curious_plot:Curious"}}
        install(plugin_site, "curious", "curious_plot", source, points)
        found_sound()
        assert PLOTS.names == ("curious",)

    def test_its_recommended_model_counts_only_where_it_is_there(self, sample):
        assert DATASETS["rings"].recommended_model == "wide"
        PLUGINS.forget()
        wide = next(item for item in declared() if item.name == "wide")
        verdicts.keep(replace(wide, state=PluginState.REFUSED, reason="No."))
        assert DATASETS["rings"].recommended_model == ""

    def test_unknown_names_of_all_sorts_say_why(self, sample):
        wide = next(item for item in declared() if item.name == "wide")
        verdicts.keep(replace(wide, state=PluginState.REFUSED, reason="It hangs."))
        with pytest.raises(SpecError) as caught:
            parse({"data": {"source": "iris"}, "model": {"name": "wide"}})
        (problem,) = caught.value.problems
        assert "'descent-sample' has it, but it is left out: It hangs." in problem.message


class TestCommandLine:
    def test_settings_of_augmentations(self, sample):
        parsed = cli.build_parser().parse_args(
            ["train", "--data", "rings", "--set", "augmentation.plugins.jitter.amount=0.5"]
        )
        from engine.cli.commands.settings import spec_values

        assert spec_values(parsed)["augmentation"] == {"plugins": {"jitter": {"amount": 0.5}}}
        parsed.set = ["augmentation.plugins.jitter={}"]
        assert spec_values(parsed)["augmentation"] == {"plugins": {"jitter": {}}}
        parsed.set = ["augmentation.plugins.jitter.much=1"]
        with pytest.raises(SpecError, match=r"augmentation\.plugins\.jitter\.amount"):
            spec_values(parsed)

    def test_lists_name_what_packages_add(self, sample, capsys):
        assert cli.main(["data", "list", "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["datasets"][-1]["name"] == "rings"
        assert cli.main(["models", "describe", "wide"]) == 0
        assert "as wide as you like" in capsys.readouterr().out

    def test_without_any_it_says_how_to_write_one(self, plugin_site, capsys):
        assert cli.main(["plugins"]) == 0
        assert "engine/api.py" in capsys.readouterr().out
        assert cli.main(["plugins", "--json"]) == 0
        assert json.loads(capsys.readouterr().out) == {"plugins": []}

    def test_lists_those_that_are_sound_and_those_that_are_not(self, sample, capsys):
        install(sample, "broken", "broken", "1 / 0", {"descent.plots": {"bad": "broken:Bad"}})
        assert cli.main(["plugins", "--json"]) == 0
        listed = {item["name"]: item for item in json.loads(capsys.readouterr().out)["plugins"]}
        assert listed["rings"]["state"] == "ready"
        assert listed["bad"]["state"] == "refused"
        assert "ZeroDivisionError" in listed["bad"]["reason"]
        assert (listed["bad"]["package"], listed["bad"]["version"]) == ("broken", "1.0")
        assert cli.main(["plugins"]) == 0
        printed = capsys.readouterr()
        assert "bad: Importing it failed." in printed.out
        assert "Checking the plug-ins 'bad' of broken" in printed.err


def test_a_record_survives_json() -> None:
    record = PluginRecord(Group.PLOTS, "a", "b:C", "d", "1", PluginState.REFUSED, reason="No.")
    assert PluginRecord.from_dict(json.loads(json.dumps(record.to_dict()))) == record
