"""What other packages add, in the window: offered like one's own, and never in its way."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from plugin_packages import found_sound, install, install_sample
from pytestqt.qtbot import QtBot

from engine.runs.store import RunStore
from engine.service import plugin_checks
from engine.spec.plugins import verdicts
from engine.spec.plugins.discovery import declared
from engine.spec.plugins.loading import PLUGINS
from engine.spec.plugins.plots import Chart, RunData, Series, checked_chart
from engine.spec.plugins.record import PluginState
from gui.pages.data.data_page import DataPage
from gui.pages.model.model_page import ModelPage
from gui.pages.results.plugin_plots import run_data
from gui.pages.results.results_page import ResultsPage
from gui.plots.chart_plot import ChartPlot
from gui.state.draft import Draft
from gui.state.settings import Settings
from tests.gui.frame_fixtures import PageStage, WindowStage, page_stage, window_stage
from tests.gui.run_fixtures import MOONS, Stage, stage
from tests.gui.spoken import SpokenMessages

RINGS = Draft(source="rings", model="wide", model_parameters={"units": 16})

FAILING_PLOT = """
from engine.api import Plot
class Failing(Plot):
    name, title, help = "failing", "Failing", "Fails."
    def draw(self, run):
        raise ValueError("no pencil")
"""


@pytest.fixture
def deferred(sample: Path) -> Path:
    """As in the program: nothing is loaded in the GUI thread."""
    PLUGINS.defer()
    return sample


def open_window(qtbot: QtBot, folder: Path) -> Iterator[WindowStage]:
    with window_stage(qtbot, folder) as on:
        qtbot.waitUntil(lambda: on.controller.plugins.is_loaded)
        yield on


@pytest.fixture
def on(deferred: Path, qtbot: QtBot, tmp_path: Path) -> Iterator[WindowStage]:
    yield from open_window(qtbot, tmp_path)


def page(on: WindowStage, name: str) -> DataPage | ModelPage | ResultsPage:
    return on.window.pages[name]


class TestWindow:
    def test_cards_are_there_and_can_be_picked(self, on: WindowStage) -> None:
        data, model = page(on, "data"), page(on, "model")
        assert "rings" in data.cards.shown_names
        data.cards.picked.emit("rings")
        assert on.controller.drafts.draft.source == "rings"
        assert on.controller.drafts.draft.model == "wide"
        assert data.title.text() == "Rings within rings"
        assert set(data.data_settings.form._rows) == {"n_samples", "seed"}
        assert "wide" in {card.name for card in model.cards.cards}
        assert model.cards.current_name == "wide"
        assert model.title.text() == "One wide layer"
        assert set(model.forms.form._rows) == {"units"}
        on.window.show_guide()
        assert model.about is not None

    def test_a_draft_of_the_last_session_is_known_once_they_are_loaded(
        self, deferred: Path, qtbot: QtBot, tmp_path: Path
    ) -> None:
        settings = Settings()
        settings.set("draft", RINGS.to_spec())
        settings.save()
        for on in open_window(qtbot, tmp_path):
            data, model = page(on, "data"), page(on, "model")
            assert data.title.text() == "Rings within rings"
            assert data.cards.current_name == "rings"
            assert model.forms.form.values() == {"units": 16}
            groups = {card.group for card in data.cards.cards if card.name == "rings"}
            assert groups == {"Made on the spot"}

    def test_what_is_new_is_checked_beside_the_window(
        self,
        plugin_site: Path,
        qtbot: QtBot,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        spoken: SpokenMessages,
    ) -> None:
        install_sample(plugin_site)
        points = {"descent.plots": {"bad": "bad:Bad"}}
        install(plugin_site, "bad-package", "bad", "raise SystemExit", points)
        PLUGINS.defer()

        def check_all(records, should_stop):
            """In place of processes: the window's part is what is tried here."""
            for record in records:
                found = replace(record, state=PluginState.READY, title=record.name)
                if record.name == "bad":
                    found = replace(
                        record, state=PluginState.REFUSED, reason="It left.", hint="Stay."
                    )
                verdicts.keep(found)
                yield found

        monkeypatch.setattr(plugin_checks, "check_all", check_all)
        for on in open_window(qtbot, tmp_path):
            qtbot.waitUntil(lambda on=on: "rings" in page(on, "data").cards.shown_names)
            said = spoken.take("warning")
            assert "“bad” of the package bad-package is left out. It left." in said.text
            assert said.hint == "Stay."
        assert "bad" not in sys.modules

    def test_what_is_left_out_is_named_at_later_starts_too(
        self, deferred: Path, qtbot: QtBot, tmp_path: Path, spoken: SpokenMessages
    ) -> None:
        for record in declared():
            if record.name in ("wide", "gap"):
                verdicts.keep(replace(record, state=PluginState.REFUSED, reason="No."))
        for on in open_window(qtbot, tmp_path):
            assert any("left out: “wide”, “gap”" in text for text in spoken.texts())
            assert "wide" not in {card.name for card in page(on, "model").cards.cards}

    def test_closing_gives_up_a_check_that_hangs(
        self, plugin_site: Path, qtbot: QtBot, tmp_path: Path
    ) -> None:
        points = {"descent.plots": {"slow": "slow:Slow"}}
        install(plugin_site, "slow-package", "slow", "while True: pass", points)
        PLUGINS.defer()
        for on in open_window(qtbot, tmp_path):
            assert [item.state for item in on.controller.plugins.records] == [PluginState.UNCHECKED]

    def test_without_any_nothing_is_said_and_nothing_takes_room(
        self, plugin_site: Path, qtbot: QtBot, tmp_path: Path, spoken: SpokenMessages
    ) -> None:
        for on in open_window(qtbot, tmp_path):
            assert "plots" not in page(on, "results").tabs.names
            assert page(on, "data").data_settings.augmentations.others == {}
        assert spoken.texts() == []


class TestAugmentations:
    @pytest.fixture
    def on(self, sample: Path, qtbot: QtBot, tmp_path: Path) -> Iterator[PageStage[DataPage]]:
        with page_stage(qtbot, tmp_path, DataPage) as made:
            qtbot.waitUntil(lambda: made.controller.plugins.is_loaded)
            yield made

    def test_a_box_and_its_settings_become_the_draft_s(self, on: PageStage[DataPage]) -> None:
        on.controller.drafts.choose_data("moons")
        augmentations = on.page.data_settings.augmentations
        on.page.data_settings.augmentation.set_open(True)
        jitter = augmentations.others["jitter"]
        assert jitter.isVisible()
        assert jitter.form.isHidden()
        jitter.box.click()
        assert on.controller.drafts.draft.augmentation == {"plugins": {"jitter": {}}}
        with on.qtbot.waitSignal(on.controller.drafts.draft_changed):
            jitter.form.field("amount").set_value(0.5)
        assert on.controller.drafts.draft.augmentation == {"plugins": {"jitter": {"amount": 0.5}}}
        with on.qtbot.waitSignal(on.controller.drafts.draft_changed):
            augmentations.own.field("noise").set_value(0.25)
        assert on.controller.drafts.draft.augmentation == {
            "noise": 0.25,
            "plugins": {"jitter": {"amount": 0.5}},
        }
        jitter.box.click()
        assert on.controller.drafts.draft.augmentation == {"noise": 0.25}

    def test_it_is_offered_for_its_kinds_of_data_alone(self, on: PageStage[DataPage]) -> None:
        jitter = on.page.data_settings.augmentations.others["jitter"]
        for source, is_offered in (("digits", True), ("seasons", False)):
            on.controller.drafts.choose_data(source)
            assert jitter.isHidden() is not is_offered

    def test_what_is_set_for_one_that_is_not_there_stays(self, on: PageStage[DataPage]) -> None:
        on.controller.drafts.choose_data("moons")
        gone = {"gone": {"share": 0.1}}
        on.controller.drafts.set_draft(
            on.controller.drafts.draft.with_augmentation({"plugins": gone})
        )
        augmentations = on.page.data_settings.augmentations
        augmentations.others["jitter"].box.click()
        assert on.controller.drafts.draft.augmentation == {"plugins": {**gone, "jitter": {}}}

    def test_a_wrong_setting_is_marked_at_its_field(self, on: PageStage[DataPage]) -> None:
        on.controller.drafts.choose_data("moons")
        wrong = {"plugins": {"jitter": {"amount": 7.0}}}
        on.controller.drafts.set_draft(on.controller.drafts.draft.with_augmentation(wrong))
        jitter = on.page.data_settings.augmentations.others["jitter"]
        assert "7" in jitter.form.error_text("amount")
        on.page.data_settings.augmentation.set_open(True)
        assert on.page.focus_field("augmentation.plugins.jitter.amount")


class TestPlots:
    @pytest.fixture
    def on(self, sample: Path, qtbot: QtBot, tmp_path: Path) -> Iterator[Stage[ResultsPage]]:
        points = {"descent.plots": {"failing": "failing_plot:Failing"}}
        install(sample, "failing-package", "failing_plot", FAILING_PLOT, points)
        found_sound()
        with stage(qtbot, tmp_path / "workspace", ResultsPage) as made:
            with qtbot.waitSignal(made.controller.repository.result_read):
                made.train(MOONS)
            made.page.tabs.show_tab("plots")
            yield made

    def test_a_plot_is_drawn_once_it_is_looked_at(self, on: Stage[ResultsPage]) -> None:
        gap = on.page.tabs.plugin_plots.folds["gap"]
        on.qtbot.waitUntil(gap.isVisible)
        assert gap.view is None
        gap.fold.set_open(True)
        on.qtbot.waitUntil(lambda: gap.view is not None and gap.view.labels == ("gap",))
        assert gap.view.isVisible()
        assert gap.words.text().endswith("4 epochs")
        run = on.controller.training.run
        with RunStore(on.engine.workspace) as store:
            epochs = store.epochs(run)
        (drawn,) = gap.view._drawn
        wanted = [epoch.metrics["val_loss"] - epoch.metrics["loss"] for epoch in epochs]
        np.testing.assert_allclose(drawn.y, wanted)

    def test_another_run_is_drawn_in_its_place(self, on: Stage[ResultsPage]) -> None:
        gap = on.page.tabs.plugin_plots.folds["gap"]
        gap.fold.set_open(True)
        on.qtbot.waitUntil(lambda: gap.view is not None)
        first = gap.view._drawn[0].y
        with on.qtbot.waitSignal(on.controller.repository.result_read):
            on.train(MOONS.with_training({"epochs": 2}))
        on.qtbot.waitUntil(lambda: len(gap.view._drawn) == 1 and len(gap.view._drawn[0].y) == 2)
        assert len(first) == 4

    def test_one_that_fails_says_so_in_its_place(
        self, on: Stage[ResultsPage], spoken: SpokenMessages
    ) -> None:
        failing = on.page.tabs.plugin_plots.folds["failing"]
        failing.fold.set_open(True)
        on.qtbot.waitUntil(lambda: "no pencil" in failing.words.text())
        said = spoken.take("error")
        assert "'failing' of the package 'failing-package' 1.0 failed" in said.text
        assert "Traceback" in said.details
        assert failing.view is None

    def test_it_is_given_what_the_run_recorded(self, on: Stage[ResultsPage]) -> None:
        with RunStore(on.engine.workspace) as store:
            data = run_data(store, on.controller.training.run)
            steps = store.steps(on.controller.training.run)
        assert data.model
        assert data.epochs.tolist() == [1, 2, 3, 4]
        assert {"loss", "val_loss"} <= set(data.metrics)
        assert set(data.steps) == set(steps)
        assert data.confusion.shape == (len(data.class_names),) * 2
        assert data.settings["data"]["source"] == "moons"


class TestChartPlot:
    def test_lines_points_and_bars_are_drawn_in_the_theme_s_colours(self, qtbot: QtBot) -> None:
        plot = ChartPlot()
        qtbot.addWidget(plot)
        chart = checked_chart(
            Chart(
                (
                    Series("a line", range(1000), np.sin(np.arange(1000) / 50)),
                    Series("points", [1, 2, 3], [0.5, np.nan, 1.5], "points"),
                    Series("bars", [0, 10, 20], [1, 2, 3], "bars"),
                    Series("nothing", [], []),
                ),
                "Epoch",
                "Loss",
            )
        )
        plot.set_chart(chart)
        plot.resize(600, 300)
        plot.show()
        plot.redraw()
        assert plot.labels == ("a line", "points", "bars")
        assert [entry.mark for entry in plot.legend.entries] == ["line", "dot", "area"]
        assert plot.legend.entries[2].value == "3"
        assert plot._drawn[2].bar_width == pytest.approx(8.0)
        (low, high), (bottom, top) = plot.view.viewRange()
        assert low <= -4
        assert high >= 999
        assert bottom <= -0.9
        assert top >= 3

    def test_another_chart_takes_its_place_and_none_says_so(self, qtbot: QtBot) -> None:
        plot = ChartPlot()
        qtbot.addWidget(plot)
        plot.show()
        for count in (2, 1):
            plot.set_chart(checked_chart(Chart((Series("s", [1, 2], [3, 4]),) * count)))
            plot.redraw()
            assert len(plot.labels) == count
        plot.set_chart(None)
        plot.redraw()
        assert plot.labels == ()
        assert "nothing to draw" in plot.empty_text


def test_runs_that_recorded_nothing_can_be_given_to_a_plot(tmp_path: Path) -> None:
    assert RunData("a run").epochs.shape == (0,)
