"""What the Data page shows of each kind of data: samples to see and hear, and one batch."""

from __future__ import annotations

import builtins
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from engine.events.commands import PreviewBatch
from engine.events.messages import Rejected
from engine.events.profile import Trace
from engine.spec.signature import Kind
from gui.pages.data.batch_view import BatchView, as_pixels, words_of
from gui.pages.data.clip_view import ClipView
from gui.pages.data.data_page import DataPage
from gui.pages.data.profile_view import wanted_tabs
from gui.pages.data.sound_view import SoundView
from gui.plots.dates import are_dates, date_text, date_ticks
from gui.plots.sound_plots import MOST_POINTS, envelope
from gui.plots.trace_plot import TraceView
from gui.widgets.curve_grid import CurveGrid
from gui.widgets.image_grid import ImageGrid
from gui.widgets.text_table import TextTable
from tests.gui.fake_data import fake_profile
from tests.gui.fake_media import Media, put_media
from tests.gui.frame_fixtures import PageStage, page_stage

SOURCES = {
    "/data/people.csv": ["plot", "rows", "columns", "overview", "problems", "batch"],
    "/data/pets": ["images", "overview", "problems", "batch"],
    "/data/names": ["texts", "overview", "problems", "batch"],
    "/data/sentences.tsv": ["texts", "problems", "batch"],
    "/data/tones": ["sounds", "overview", "problems", "batch"],
    "/data/spoken": ["sounds", "problems", "batch"],
    "/data/clips": ["clips", "overview", "problems", "batch"],
    "/data/river.csv": ["series", "curves", "problems", "batch"],
    "/data/cart.npz": ["rows", "columns", "problems", "batch"],
}


@pytest.fixture
def on(qtbot: QtBot, tmp_path: Path) -> Iterator[PageStage[DataPage]]:
    with page_stage(qtbot, tmp_path, DataPage) as made:
        yield made


def look(on: PageStage[DataPage], source: str, tab: str) -> Any:
    """Opens data, and returns what a tab shows of it."""
    with on.qtbot.waitSignal(on.controller.drafts.profile_changed, check_params_cb=bool):
        on.page.open_path(source)
    on.page.profile_view.show_tab(tab)
    return on.page.profile_view.view(tab)


def look_at_batch(on: PageStage[DataPage], source: str) -> BatchView:
    """Opens data, and waits until its batch is drawn."""
    view = look(on, source, "batch")
    assert isinstance(view, BatchView)
    on.qtbot.waitUntil(lambda: view.view is not None)
    return view


class TestTabs:
    @pytest.mark.parametrize("source", SOURCES)
    def test_each_kind_has_the_tabs_that_say_something_of_it(self, source: str) -> None:
        assert wanted_tabs(fake_profile(source)) == SOURCES[source]

    @pytest.mark.parametrize("source", SOURCES)
    def test_every_tab_can_be_looked_at(self, on: PageStage[DataPage], source: str) -> None:
        for tab in SOURCES[source]:
            look(on, source, tab)
            assert on.page.profile_view.tab == tab

    def test_the_overview_tells_facts_notes_classes_and_distributions(
        self, on: PageStage[DataPage]
    ) -> None:
        view = look(on, "/data/names", "overview")
        assert view.facts["Cut into"] == "characters"
        assert view.class_bars is not None
        assert [one.accessibleName() for one in view.histograms] == ["Length (characters)"]
        assert "first line" in look(on, "/data/people.csv", "overview").notes[0]

    @pytest.mark.parametrize(
        ("source", "words"),
        [
            ("/data/names", "120 texts · 19 tokens each · 6 classes"),
            ("/data/tones", "40 recordings · 8 kHz · 10 classes"),
            ("/data/clips", "12 clips · 8 frames of 32×32×1 · 2 classes"),
            ("/data/river.csv", "865 windows · 30 steps, 1 channel · predicts 6 steps"),
            ("/data/cart.npz", "200 rows · 4 features · predicts 2 numbers"),
            ("/data/spoken", "24 recordings · 8 kHz · with their text"),
        ],
    )
    def test_the_line_above_says_how_much_of_what(
        self, on: PageStage[DataPage], source: str, words: str
    ) -> None:
        look(on, source, "problems")
        assert on.page.profile_view.facts.text() == words


class TestSamples:
    def test_categories_and_gaps_read_as_in_the_file(self, on: PageStage[DataPage]) -> None:
        model = look(on, "/data/people.csv", "rows").model()
        profile = fake_profile("/data/people.csv")
        assert model.index(0, 1).data() == ""  # its age is missing
        town = int(profile.sample_x[1, 1])
        assert model.index(1, 2).data() == ("Oslo", "Bergen", "Ålesund")[town]

    def test_several_numbers_have_a_column_each(self, on: PageStage[DataPage]) -> None:
        model = look(on, "/data/cart.npz", "rows").model()
        headings = [
            model.headerData(column, Qt.Orientation.Horizontal)
            for column in range(model.columnCount())
        ]
        assert headings == ["push", "brake", "position", "velocity", "angle", "turn"]
        first = fake_profile("/data/cart.npz").sample_y[0]
        assert float(model.index(0, 0).data()) == pytest.approx(first[0], rel=1e-4)

    def test_texts_are_listed_with_the_chosen_one_in_full(self, on: PageStage[DataPage]) -> None:
        view = look(on, "/data/names", "texts")
        assert isinstance(view, TextTable)
        assert view.model.headings == ("Language", "Text")
        view.table.setCurrentIndex(view.model.index(1, 0))
        profile = fake_profile("/data/names")
        assert str(profile.sample_x[1]) in view.full.toPlainText()

    def test_pairs_are_listed_side_by_side(self, on: PageStage[DataPage]) -> None:
        view = look(on, "/data/sentences.tsv", "texts")
        assert view.model.headings == ("English", "German")
        assert view.model.text_at(0, 0) == "twenty-one"
        assert view.model.text_at(0, 1) == "einundzwanzig"

    def test_a_sound_is_drawn_as_wave_and_spectrogram(self, on: PageStage[DataPage]) -> None:
        view = look(on, "/data/tones", "sounds")
        assert isinstance(view, SoundView)
        view.table.setCurrentIndex(view.model.index(2, 0))
        view.wave.redraw()
        assert view.wave.curve.xData[-1] == pytest.approx(1.0, abs=0.01)
        assert view.spectrogram.image.image.shape[0] == 40
        assert view.model.text_at(2, 2).endswith(".wav")

    def test_a_recording_is_read_with_its_text(self, on: PageStage[DataPage]) -> None:
        view = look(on, "/data/spoken", "sounds")
        assert view.model.headings[0] == "Sentence"
        assert view.caption.text() == view.model.text_at(0, 0)

    def test_without_qt_multimedia_it_says_so_and_shows_the_rest(
        self, on: PageStage[DataPage], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        view = look(on, "/data/tones", "sounds")
        real = builtins.__import__

        def without(name: str, *more: Any, **options: Any) -> Any:
            if name == "PySide6.QtMultimedia":
                raise ImportError("libpulse.so.0: cannot open shared object file")
            return real(name, *more, **options)

        monkeypatch.setattr(builtins, "__import__", without)
        on.qtbot.waitUntil(view.play.isVisible)
        on.qtbot.mouseClick(view.play, Qt.MouseButton.LeftButton)
        assert "libpulse" in view.caption.text()
        assert not view.play.isEnabled()
        assert view.spectrogram.image.image.size

    def test_one_recording_after_the_other_is_heard(
        self, on: PageStage[DataPage], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        media = Media()
        put_media(monkeypatch, media)
        view = look(on, "/data/tones", "sounds")
        on.qtbot.waitUntil(view.play.isVisible)
        on.qtbot.mouseClick(view.play, Qt.MouseButton.LeftButton)
        assert view.play.text() == "Stop"
        first = media.playing
        media.played_s = 0.25
        on.qtbot.waitUntil(lambda: view.wave.playhead.value() == 0.25)
        view.table.setCurrentIndex(view.model.index(1, 0))
        assert media.playing != first  # the next goes on
        assert [sink.is_on for sink in media.sinks] == [False, True]
        on.qtbot.mouseClick(view.play, Qt.MouseButton.LeftButton)
        assert view.play.text() == "Play"
        assert not view.wave.playhead.isVisible()
        media.loudspeaker.is_there = False
        on.qtbot.mouseClick(view.play, Qt.MouseButton.LeftButton)
        assert not view.play.isEnabled()
        assert "no loudspeaker" in view.play.toolTip()
        view.set_sounds(np.ones((1, 10), np.int16), 8_000, ["a"], "key", [""])
        assert view.play.isEnabled()
        assert not view.spectrogram.columns()  # it is too short for one

    def test_clips_move_when_played_or_hovered(self, on: PageStage[DataPage]) -> None:
        view = look(on, "/data/clips", "clips")
        assert isinstance(view, ClipView)
        on.qtbot.waitUntil(view.isVisible)
        assert view.timer.interval() == 100
        view.grid.hovered.emit(3)
        view.step()
        assert view.frames[3] == 1
        assert sum(view.frames) == 1
        view.grid.hovered.emit(-1)
        assert not view.timer.isActive()
        view.play.click()
        assert view.timer.isActive()
        view.step()
        assert view.frames == (1, 1, 1, 2, *([1] * 8))
        on.page.profile_view.show_tab("overview")
        assert not view.timer.isActive()

    def test_series_show_their_parts(self, on: PageStage[DataPage]) -> None:
        view = look(on, "/data/river.csv", "series")
        assert isinstance(view, TraceView)
        trace = fake_profile("/data/river.csv").traces[0]
        regions = [shade.getRegion() for shade in view.plot.shades]
        assert regions == [trace.ends, (trace.ends[1], trace.times[-1])]
        assert "Validation part" in view.plot.legend.text()
        assert view.plot.axis_x.kind == "date"

    def test_one_of_several_series_can_be_chosen(self, qtbot: QtBot) -> None:
        view = TraceView()
        qtbot.addWidget(view)
        rows = np.arange(50.0)
        view.set_traces([Trace(name, rows, rows) for name in "abc"])
        assert len(view.plot.curves) == 3
        view.choice.setCurrentIndex(2)
        assert [entry.name for entry in view.plot.legend.entries] == ["b"]
        assert view.plot.axis_x.kind == "count"


class TestBatch:
    def test_a_batch_is_asked_for_when_its_tab_is_looked_at(self, on: PageStage[DataPage]) -> None:
        look(on, "/data/pets", "images")
        assert not any(isinstance(c, PreviewBatch) for c in on.engine.commands)
        look_at_batch(on, "/data/names")
        asked = [c for c in on.engine.commands if isinstance(c, PreviewBatch)]
        assert [command.spec["data"]["source"] for command in asked] == ["/data/names"]

    @pytest.mark.parametrize(
        ("source", "widget"),
        [
            ("/data/people.csv", TextTable),
            ("/data/pets", ImageGrid),
            ("/data/names", TextTable),
            ("/data/tones", ImageGrid),
            ("/data/clips", ClipView),
            ("/data/river.csv", CurveGrid),
        ],
    )
    def test_each_kind_is_drawn_in_its_own_way(
        self, on: PageStage[DataPage], source: str, widget: type
    ) -> None:
        view = look_at_batch(on, source)
        assert isinstance(view.view, widget)
        assert "8 examples" in view.caption.text()
        assert view.after.isHidden()

    def test_another_kind_replaces_the_one_before(self, on: PageStage[DataPage]) -> None:
        assert isinstance(look_at_batch(on, "/data/pets").view, ImageGrid)
        view = look(on, "/data/river.csv", "batch")
        on.qtbot.waitUntil(lambda: isinstance(view.view, CurveGrid))

    def test_before_and_after_augmentation_can_be_compared(self, on: PageStage[DataPage]) -> None:
        view = look_at_batch(on, "/data/pets")
        draft = on.controller.drafts.draft.with_augmentation({"rotate": 20.0})
        with on.qtbot.waitSignal(on.controller.batches.batch_changed, check_params_cb=bool):
            on.controller.drafts.set_draft(draft)
        assert not view.after.isHidden()
        grid = view.view
        assert isinstance(grid, ImageGrid)
        after = grid._canvas.pictures[0].toImage()
        on.qtbot.mouseClick(view.before, Qt.MouseButton.LeftButton)
        assert grid._canvas.pictures[0].toImage() != after

    def test_no_batch_says_why_and_can_be_tried_again(self, on: PageStage[DataPage]) -> None:
        answer = on.engine.batch
        on.engine.batch = lambda _: Rejected("The disk is gone.", "Bring it back.")
        view = look(on, "/data/pets", "batch")
        on.qtbot.waitUntil(lambda: "disk is gone" in view.state_panel.text.text())
        on.engine.batch = answer
        on.qtbot.waitUntil(view.state_panel.button.isVisible)
        on.qtbot.mouseClick(view.state_panel.button, Qt.MouseButton.LeftButton)
        on.qtbot.waitUntil(lambda: view.view is not None)

    def test_the_newest_question_alone_is_answered(self, on: PageStage[DataPage]) -> None:
        on.engine.preview.close()
        view = look(on, "/data/pets", "batch")
        on.qtbot.waitUntil(lambda: any(isinstance(c, PreviewBatch) for c in on.engine.commands))
        seen: list[Any] = []
        on.controller.batches.batch_changed.connect(seen.append)
        with on.qtbot.waitSignal(on.controller.batches.batch_changed, check_params_cb=bool):
            on.controller.drafts.set_draft(
                on.controller.drafts.draft.with_augmentation({"zoom": 0.2})
            )
            on.engine.preview.open()
        assert not view.after.isHidden()
        assert len([batch for batch in seen if batch is not None]) == 1

    def test_pixels_keep_their_brightness(self) -> None:
        x = np.array([0.0, 0.5, 1.0], np.float32).reshape(1, 1, 3, 1)
        assert as_pixels(x, x).reshape(-1).tolist() == [0, 127, 255]
        scaled = x * 4 - 2
        assert as_pixels(scaled, scaled).reshape(-1).tolist() == [0, 127, 255]

    def test_tokens_read_as_words_with_the_padding_counted(self) -> None:
        ids = np.array([2, 3, 1, 0, 0])
        assert words_of(ids, ("", "�", "the", " ")) == "the · ␣ · �  (+ 2)"


class TestSettings:
    @pytest.mark.parametrize(
        ("source", "shown"),
        [
            ("/data/pets", {"flip", "rotate", "shift", "zoom", "brightness", "noise"}),
            ("/data/names", {"token_dropout"}),
            ("/data/river.csv", {"noise", "scale"}),
        ],
    )
    def test_augmentation_offers_what_fits_the_kind(
        self, on: PageStage[DataPage], source: str, shown: set[str]
    ) -> None:
        look(on, source, "problems")
        form = on.page.data_settings.augmentations.own
        assert {name for name, row in form._rows.items() if not row.isHidden()} == shown

    def test_texts_can_be_cut_in_another_way(self, on: PageStage[DataPage]) -> None:
        look(on, "/data/pets", "images")
        form = on.page.data_settings.shaping_form
        assert form.isHidden()
        look(on, "/data/names", "texts")
        assert not form.isHidden()
        with on.qtbot.waitSignal(on.controller.drafts.profile_changed, check_params_cb=bool):
            form.field("tokens").set_value("word")
        assert on.controller.drafts.draft.preprocessing == {"tokens": "word"}

    def test_columns_of_weights_and_of_groups_are_chosen(self, on: PageStage[DataPage]) -> None:
        look(on, "/data/people.csv", "rows")
        settings = on.page.data_settings
        settings.weights.chosen.emit("fare")
        settings.split_column.chosen.emit("town")
        assert on.controller.drafts.draft.weights == "fare"
        assert on.controller.drafts.draft.split == {"column": "town"}
        settings.split_column.chosen.emit(None)
        assert on.controller.drafts.draft.split == {}

    def test_the_format_is_named_and_can_be_changed(self, on: PageStage[DataPage]) -> None:
        look(on, "/data/river.csv", "series")
        box = on.page.data_settings.format
        assert box.itemText(0) == "automatic: Series over time, in a table"
        place = box.findData("table")
        box.setCurrentIndex(place)
        with on.qtbot.waitSignal(on.controller.drafts.profile_changed, check_params_cb=bool):
            box.activated.emit(place)
        assert on.controller.drafts.draft.format == "table"

    def test_there_is_data_of_every_kind(self) -> None:
        assert {profile.signature.kind for profile in map(fake_profile, SOURCES)} == set(Kind)


class TestDrawing:
    def test_a_long_recording_is_drawn_by_its_extremes(self) -> None:
        wave = np.zeros(100_000)
        wave[54_321] = 0.8
        times, values = envelope(wave, 8_000)
        assert len(values) <= MOST_POINTS + 2
        assert values.max() == 0.8
        assert times[int(values.argmax())] == pytest.approx(54_321 / 8_000, abs=0.02)

    @pytest.mark.parametrize(
        ("days", "labels"),
        [
            (3 * 365, ["2020", "2021", "2022"]),
            (100, ["2020-01", "2020-02", "2020-03", "2020-04"]),
        ],
    )
    def test_dates_are_ticked_where_years_and_months_begin(
        self, days: int, labels: list[str]
    ) -> None:
        start = float(np.datetime64("2020-01-01", "s").astype(np.int64))
        ((spacing, ticks),) = date_ticks(start, start + days * 86_400, 4)
        assert [date_text(tick, spacing) for tick in ticks][: len(labels)] == labels

    def test_numbers_of_rows_are_no_dates(self) -> None:
        assert not are_dates(np.arange(1000.0))
        assert are_dates(np.array([1.5e9, 1.6e9]))
        assert are_dates(np.array([-1e9, 0.0]))
