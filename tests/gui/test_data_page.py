"""The Data page: picking, looking, setting, and every way it can go wrong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from engine.datasets import DATASETS, FORMATS
from engine.errors import Problem
from engine.events.commands import InspectData
from engine.events.messages import Rejected
from gui.pages.data.column_table import MINIMUM
from gui.pages.data.data_page import DataPage
from gui.pages.data.profile_view import ProfileView
from gui.widgets.image_grid import EDGE, ImageGrid
from gui.widgets.parameter_fields import NumberField
from tests.gui.fake_data import fake_profile
from tests.gui.frame_fixtures import PageStage, page_stage


@pytest.fixture
def on(qtbot: QtBot, tmp_path: Path) -> Iterator[PageStage[DataPage]]:
    with page_stage(qtbot, tmp_path, DataPage) as made:
        yield made


def pick(on: PageStage[DataPage], name: str) -> None:
    """Picks a card as the mouse does, and waits for its profile."""
    with on.qtbot.waitSignal(on.controller.drafts.profile_changed, check_params_cb=bool):
        click_card(on, name)


def open_path(on: PageStage[DataPage], path: str) -> None:
    """Opens a file or folder, and waits for its profile."""
    with on.qtbot.waitSignal(on.controller.drafts.profile_changed, check_params_cb=bool):
        on.page.open_path(path)


def click_card(on: PageStage[DataPage], name: str) -> None:
    cards = on.page.cards
    index = cards._index_of(name)
    cards.scrollTo(index)
    place = cards.visualRect(index).center()
    on.qtbot.mouseClick(cards.viewport(), Qt.MouseButton.LeftButton, pos=place)


def shown_tabs(view: ProfileView) -> list[str]:
    return [view.tabs.tabText(index) for index in range(view.tabs.count())]


def inspected(on: PageStage[DataPage]) -> list[InspectData]:
    return [command for command in on.engine.commands if isinstance(command, InspectData)]


class TestPicking:
    def test_an_empty_page_says_what_to_do_first(self, on: PageStage[DataPage]) -> None:
        assert "Pick some data" in on.page.state_panel.title.text()
        assert on.page.state_panel.button.text() == "Open a file…"
        assert not on.page.next_button.isEnabled()

    def test_every_dataset_is_a_card_in_a_group(self, on: PageStage[DataPage]) -> None:
        assert {card.name for card in on.page.cards.cards} == set(DATASETS.names)
        groups = [card.group for card in on.page.cards.cards]
        known = ["Images", "Tables", "Texts", "Sound", "Video", "Series over time", "Control"]
        assert set(groups) <= {*known, "Made on the spot"}
        assert [group for group in dict.fromkeys(groups) if group in known] == [
            group for group in known if group in groups
        ]

    def test_a_click_picks_data_and_a_model_that_fits(self, on: PageStage[DataPage]) -> None:
        pick(on, "digits")
        assert on.controller.drafts.draft.source == "digits"
        assert on.controller.drafts.draft.model == DATASETS["digits"].recommended_model
        assert on.page.title.text() == DATASETS["digits"].title
        assert on.page.next_button.isEnabled()

    def test_arrow_keys_pick_too(self, on: PageStage[DataPage]) -> None:
        pick(on, "iris")
        with on.qtbot.waitSignal(on.controller.drafts.profile_changed, check_params_cb=bool):
            QTest.keyClick(on.page.cards, Qt.Key.Key_Down)
        assert on.controller.drafts.draft.source == "wine"

    def test_the_search_field_filters_by_every_word(self, on: PageStage[DataPage]) -> None:
        on.page.search.setText("two cla")
        assert "two_classes" in on.page.cards.shown_names
        assert "digits" not in on.page.cards.shown_names
        on.page.search.setText("nothing like this")
        assert on.page.cards.shown_names == ()
        on.page.search.clear()
        assert len(on.page.cards.shown_names) == len(DATASETS)

    def test_next_leads_to_the_model(self, on: PageStage[DataPage]) -> None:
        pick(on, "moons")
        with on.qtbot.waitSignal(on.page.page_requested) as asked:
            on.qtbot.mouseClick(on.page.next_button, Qt.MouseButton.LeftButton)
        assert asked.args == ["model"]

    def test_a_draft_from_elsewhere_is_shown(self, on: PageStage[DataPage]) -> None:
        with on.qtbot.waitSignal(on.controller.drafts.profile_changed, check_params_cb=bool):
            on.controller.drafts.choose_data("moons")
        assert on.page.cards.current_name == "moons"
        assert on.page.title.text() == DATASETS["moons"].title


class TestLooking:
    def test_images_are_shown_with_their_labels(self, on: PageStage[DataPage]) -> None:
        pick(on, "digits")
        view = on.page.profile_view
        assert view.tab == "images"
        assert view.view("images").n_images == len(fake_profile("digits").sample_x)
        assert "10 classes" in view.facts.text()

    def test_a_table_is_shown_as_points_rows_and_columns(self, on: PageStage[DataPage]) -> None:
        pick(on, "moons")
        view = on.page.profile_view
        assert shown_tabs(view) == ["Plot", "Rows", "Columns", "Overview", "Problems", "Batch"]
        profile = fake_profile("moons")
        view.show_tab("rows")
        model = view.view("rows").model()
        assert model.rowCount() == len(profile.sample_x)
        assert model.headerData(1, Qt.Orientation.Horizontal) == profile.feature_names[0]
        text = model.index(0, 1).data()
        assert float(text) == pytest.approx(float(profile.sample_x[0, 0]), rel=1e-4)
        assert model.index(0, 0).data() == profile.class_names[int(profile.sample_y[0])]
        view.show_tab("columns")
        columns = view.view("columns").model()
        assert columns.rowCount() == len(profile.columns)
        assert float(columns.index(0, MINIMUM).data()) == pytest.approx(
            profile.columns[0].minimum, rel=1e-4
        )

    def test_the_parts_are_named_with_their_sizes(self, on: PageStage[DataPage]) -> None:
        pick(on, "digits")
        n_train, n_validation, n_test = fake_profile("digits").split_sizes
        assert on.page.profile_view.split.text == (
            f"{n_train:,} training · {n_validation:,} validation · {n_test:,} test"
        )

    def test_the_tab_is_remembered_for_each_kind(self, on: PageStage[DataPage]) -> None:
        pick(on, "moons")
        on.page.profile_view.show_tab("columns")
        pick(on, "digits")
        pick(on, "noisy_line")
        assert on.page.profile_view.tab == "columns"

    def test_loading_is_said_where_the_data_will_be(self, on: PageStage[DataPage]) -> None:
        on.engine.inspect.close()
        click_card(on, "digits")
        on.qtbot.waitUntil(lambda: "Loading" in on.page.state_panel.title.text())
        assert not on.page.next_button.isEnabled()
        with on.qtbot.waitSignal(on.controller.drafts.profile_changed, check_params_cb=bool):
            on.engine.inspect.open()
        assert on.page.profile_view.isVisible()


class TestSetting:
    def test_a_dataset_brings_its_settings(self, on: PageStage[DataPage]) -> None:
        pick(on, "moons")
        form = on.page.data_settings.form
        assert form is not None
        noise = form.field("noise")
        assert isinstance(noise, NumberField)
        with on.qtbot.waitSignal(on.controller.drafts.profile_changed, check_params_cb=bool):
            noise.set_value(0.3)
        assert inspected(on)[-1].spec["data"]["parameters"] == {"noise": 0.3}
        pick(on, "digits")
        assert on.page.data_settings.form is None

    def test_parts_and_seed_are_asked_for(self, on: PageStage[DataPage]) -> None:
        pick(on, "moons")
        for form, name, value in (
            (on.page.data_settings.split_form, "test", 0.3),
            (on.page.data_settings.seed_form, "seed", 7),
        ):
            field = form.field(name)
            assert isinstance(field, NumberField)
            with on.qtbot.waitSignal(on.controller.drafts.profile_changed, check_params_cb=bool):
                field.set_value(value)
        assert inspected(on)[-1].spec["split"] == {"test": 0.3}
        assert inspected(on)[-1].spec["seed"] == 7

    def test_what_the_engine_finds_wrong_shows_at_its_field(self, on: PageStage[DataPage]) -> None:
        problem = Problem("data.parameters.noise", "So much noise.", "Use less.")
        on.engine.rejections["moons"] = Rejected("", problems=(problem,))
        with on.qtbot.waitSignal(on.controller.drafts.data_rejected):
            click_card(on, "moons")
        form = on.page.data_settings.form
        assert form is not None
        assert form.error_text("noise") == "So much noise. Use less."
        assert "marked" in on.page.state_panel.text.text()
        assert not on.page.next_button.isEnabled()

    def test_what_belongs_to_no_field_is_said_in_place(self, on: PageStage[DataPage]) -> None:
        on.engine.rejections["moons"] = Rejected("The disk is gone.", "Bring it back.")
        with on.qtbot.waitSignal(on.controller.drafts.data_rejected):
            click_card(on, "moons")
        text = on.page.state_panel.text.text()
        assert "The disk is gone." in text
        assert "Bring it back." in text


class TestFiles:
    def test_a_table_is_opened_and_the_engine_names_its_target(
        self, on: PageStage[DataPage]
    ) -> None:
        open_path(on, "/data/people.csv")
        draft = on.controller.drafts.draft
        assert (draft.source, draft.target) == ("/data/people.csv", None)
        target = on.page.data_settings.target
        assert target.columns == ("passenger.id", "age", "town", "fare", "survived")
        assert target.currentText() == "automatic: survived"
        assert on.page.title.text() == "people.csv"

    def test_another_target_can_be_chosen(self, on: PageStage[DataPage]) -> None:
        open_path(on, "/data/people.csv")
        target = on.page.data_settings.target
        target.setFocus()
        with on.qtbot.waitSignal(on.controller.drafts.draft_changed):
            QTest.keyClick(target, Qt.Key.Key_Down)
        assert on.controller.drafts.draft.target == "passenger.id"

    @pytest.mark.parametrize("source", ["/data/people.csv", "/data/pets"])
    def test_what_was_opened_stays_among_the_cards(
        self, on: PageStage[DataPage], source: str
    ) -> None:
        open_path(on, source)
        pick(on, "moons")
        assert on.page.cards.cards[0].group == "Your files and folders"
        assert on.page.cards.cards[0].name == source
        assert on.settings.get("data/recent_files", list[str]()) == [source]
        kind = FORMATS[fake_profile(source).format].kind
        assert on.page.cards.cards[0].icon == kind.value
        pick(on, source)
        assert on.controller.drafts.draft.source == source

    def test_a_file_that_cannot_be_read_says_why_and_is_not_remembered(
        self, on: PageStage[DataPage]
    ) -> None:
        on.engine.rejections["/data/bad.csv"] = Rejected("'bad.csv' is empty.", "Pick another.")
        with on.qtbot.waitSignal(on.controller.drafts.data_rejected):
            on.page.open_path("/data/bad.csv")
        assert "'bad.csv' is empty." in on.page.state_panel.text.text()
        assert on.settings.get("data/recent_files", list[str]()) == []
        assert on.page.state_panel.button.text() == "Look at it again"

    def test_data_that_was_mended_is_looked_at_again(self, on: PageStage[DataPage]) -> None:
        on.engine.rejections["/data/people.csv"] = Rejected("It is empty.", "Pick another.")
        with on.qtbot.waitSignal(on.controller.drafts.data_rejected):
            on.page.open_path("/data/people.csv")
        on.engine.rejections.clear()
        button = on.page.state_panel.button
        with on.qtbot.waitSignal(on.controller.drafts.profile_changed, check_params_cb=bool):
            on.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
        assert on.page.profile_view.isVisible()


class TestImageGrid:
    def test_small_images_are_enlarged_by_a_whole_factor(self, qtbot: QtBot) -> None:
        grid = ImageGrid()
        qtbot.addWidget(grid)
        image = np.zeros((2, 8, 8, 1), np.uint8)
        image[0, 0, 0, 0] = 255
        grid.set_images(image, ["a", "b"])
        picture = grid._canvas.pictures[0].toImage()
        factor = EDGE // 8
        assert picture.width() == 8 * factor
        inside = picture.pixelColor(factor - 1, factor - 1)
        outside = picture.pixelColor(factor, factor)
        assert (inside.value(), outside.value()) == (255, 0)

    def test_colours_stay_what_they_are(self, qtbot: QtBot) -> None:
        grid = ImageGrid()
        qtbot.addWidget(grid)
        image = np.zeros((1, 5, 7, 3), np.uint8)
        image[..., 0] = 200
        grid.set_images(image, ["red"])
        color = grid._canvas.pictures[0].toImage().pixelColor(2, 2)
        assert (color.red(), color.green(), color.blue()) == (200, 0, 0)
