"""The guide's texts: every architecture and parameter explained, in every language."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from PySide6.QtGui import QColor

from engine.architectures import ARCHITECTURES
from engine.spec.parameters import describe
from engine.spec.run_spec import RunSpec
from engine.spec.signature import Kind, Task
from gui.guide import pages
from gui.guide.controls import CONTROLS, GROUPS, Situation, owners, places
from gui.guide.formula import formula_image, formula_size, typeset
from gui.guide.html import page_html, symbols_html
from gui.guide.pages import (
    DIAGNOSES,
    HEADINGS,
    LANGUAGES,
    TOPICS,
    GuidePage,
    page_names,
    read_page,
)
from gui.guide.parameter_words import explain
from gui.guide.words import WORDS

WITH_FORMULAS = [*(item.name for item in ARCHITECTURES), *DIAGNOSES]
NAMES = [*WITH_FORMULAS, *TOPICS]
DIGITS = Situation("cnn", {}, Kind.IMAGE, Task.CLASSIFICATION)
CONTROL = re.compile(r"\(control:(\w+)\)")
NO_WORDS = re.compile(r"\(field:[\w.]+\)|`[^`]+`")
"""Ways to settings, and what is typed: the same in every language."""
WIDEST, HIGHEST = 480, 80
"""Room for a formula, in pixels; one that is larger would have to be shrunk beyond reading."""


def page_of(name: str, language: str) -> GuidePage:
    page = read_page(name, language)
    assert page is not None, f"{name} has no page in {language}"
    return page


def html_of(name: str, language: str, situation: Situation = DIGITS) -> str:
    return page_html(page_of(name, language), situation, lambda latex: f"[{latex}]")


class TestContract:
    @pytest.mark.parametrize("language", LANGUAGES)
    def test_every_architecture_diagnosis_and_topic_has_a_page(self, language: str) -> None:
        assert set(page_names(language)) == set(NAMES)

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_every_page_has_every_section(self, language: str) -> None:
        for name in NAMES:
            page = page_of(name, language)  # refuses a page without its sections
            assert page.title
            assert all(len(text) > 20 for text in page.sections.values()), name
            html = html_of(name, language)
            assert [mark for mark in ("$", "control:", "](", "**") if mark in html] == [], name

    def test_formulas_are_typeset_and_the_same_in_both_languages(self) -> None:
        for name in NAMES:
            english, chinese = page_of(name, "en"), page_of(name, "zh_CN")
            assert english.formulas == chinese.formulas, name
            assert bool(english.formulas) == (name in WITH_FORMULAS), name
            for formula in english.formulas:
                size = formula_size(formula)
                assert 10 < size.width() <= WIDEST, formula
                assert 5 < size.height() <= HIGHEST, formula

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_symbols_in_the_text_need_no_latex(self, language: str) -> None:
        for name in NAMES:
            for text in page_of(name, language).sections.values():
                prose = re.sub(r"\$\$.+?\$\$", "", text, flags=re.DOTALL)
                assert "\\" not in prose, name
                assert prose.count("$") % 2 == 0, name

    def test_chinese_pages_are_chinese(self) -> None:
        for name in NAMES:
            for section, text in page_of(name, "zh_CN").sections.items():
                if section not in ("formula", "reading"):
                    words = NO_WORDS.sub("", text)
                    assert len(re.findall(r"[\u4e00-\u9fff]", words)) > 0.4 * len(words), name
        assert not any(re.search(r"[\u4e00-\u9fff]", html_of(name, "en")) for name in NAMES)

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_every_declared_parameter_is_explained(self, language: str) -> None:
        missing = []
        for architecture in ARCHITECTURES:
            for parameter in describe(architecture.parameters):
                words = explain(parameter, architecture.name, language)
                if not (words.is_own and words.label and words.help):
                    missing.append(f"{architecture.name}.{parameter.name} ({parameter.unit})")
        assert missing == []

    @pytest.mark.parametrize("name", TOPICS)
    def test_a_topic_leads_to_the_same_settings_in_both_languages(self, name: str) -> None:
        english, chinese = (
            re.findall(r"\(field:([\w.]+)\)", "\n".join(page_of(name, one).sections.values()))
            for one in LANGUAGES
        )
        assert english == chinese
        fields = RunSpec.model_fields
        for path in english:
            group, _, setting = path.partition(".")
            declared = fields[group].annotation
            assert not setting or setting in declared.model_fields, path  # type: ignore[union-attr]

    def test_both_languages_have_the_same_words(self) -> None:
        assert WORDS["en"].keys() == WORDS["zh_CN"].keys()
        assert HEADINGS["en"].keys() == HEADINGS["zh_CN"].keys()


class TestControls:
    def test_both_languages_name_the_same_controls(self) -> None:
        for name in DIAGNOSES:
            found = [CONTROL.findall(page_of(name, one).sections["helps"]) for one in LANGUAGES]
            assert found[0] == found[1]
            assert len(found[0]) >= 6
            assert set(found[0]) <= CONTROLS.keys()

    def test_every_control_is_somewhere(self) -> None:
        assert [
            name for name in CONTROLS if not (places(name, DIGITS) or any(owners(name, DIGITS)))
        ] == []

    def test_controls_name_architectures_that_exist(self) -> None:
        named = {model for control in CONTROLS.values() for model in control.by_nature}
        assert named <= {item.name for item in ARCHITECTURES}

    def test_settings_of_controls_are_explained_in_chinese(self) -> None:
        paths = [path for control in CONTROLS.values() for path in control.settings]
        for group, declared in GROUPS.items():
            for item in describe(declared):
                if f"{group}.{item.name}" in paths:
                    assert explain(item, group, "zh_CN").is_own, f"{group}.{item.name}"

    def test_a_control_leads_to_its_setting_with_its_present_value(self) -> None:
        values = {"model": {"parameters": {"dropout": 0.25}}, "training": {"learning_rate": 0.01}}
        situation = Situation("cnn", values, Kind.IMAGE, Task.CLASSIFICATION)
        html = html_of("overfitting", "en", situation)
        assert '<a href="field:model.parameters.dropout">Dropout = 0.25</a>' in html
        html = html_of("exploding_gradients", "en", situation)
        assert '<a href="field:training.learning_rate">Learning rate = 0.01</a>' in html

    def test_what_an_architecture_lacks_is_found_in_others_that_fit_the_data(self) -> None:
        situation = Situation("logistic_regression", {}, Kind.TABLE, Task.CLASSIFICATION)
        assert places("dropout", situation) == ()
        assert "mlp" in owners("dropout", situation)[0]
        html = html_of("overfitting", "en", situation)
        assert 'Logistic regression has no such setting. Others do: <a href="page:mlp">' in html

    def test_what_no_architecture_for_the_data_has_is_found_in_others(self) -> None:
        assert owners("gated_cells", DIGITS)[0] == ()
        html = html_of("vanishing_gradients", "en", DIGITS)
        assert 'No architecture for this data has it; for other data: <a href="page:lstm">' in html

    def test_what_an_architecture_has_by_nature_is_said(self) -> None:
        html = html_of("vanishing_gradients", "en", Situation("lstm"))
        assert "Long short-term memory (LSTM) has this by nature." in html

    def test_what_a_model_of_ones_own_lacks_can_be_added_to_its_layers(self) -> None:
        html = html_of("overfitting", "en", Situation("custom"))
        assert '<a href="field:model.parameters.graph">Add, change or remove layers</a>' in html

    def test_what_means_nothing_for_the_data_is_said(self) -> None:
        situation = Situation("mlp", {}, Kind.TABLE, Task.REGRESSION)
        assert places("label_smoothing", situation) == ()
        assert "It means nothing for this data." in html_of("overfitting", "en", situation)
        assert places("label_smoothing", DIGITS)[0].path == "training.label_smoothing"

    def test_schedules_and_stopping_are_settings_like_others(self) -> None:
        values = {"stopping": {"patience": 7}, "schedule": {"warmup": 2.0}}
        situation = Situation("cnn", values, Kind.IMAGE, Task.CLASSIFICATION)
        html = html_of("overfitting", "en", situation)
        assert '<a href="field:stopping.patience">Stop early after = 7</a>' in html
        html = html_of("exploding_gradients", "en", situation)
        assert '<a href="field:schedule.warmup">Warm-up = 2</a>' in html
        assert '<a href="field:training.clip_norm">Clip gradients = automatic</a>' in html

    def test_without_known_data_augmentation_is_not_offered(self) -> None:
        assert places("augmentation", Situation("cnn")) == ()
        assert places("augmentation", DIGITS)[0].path == "augmentation"


class TestHtml:
    def test_parameters_of_the_present_model_tell_their_values(self) -> None:
        situation = Situation("cnn", {"model": {"parameters": {"kernel_size": 5}}})
        html = html_of("cnn", "en", situation)
        assert '<a href="field:model.parameters.kernel_size"><b>Kernel size</b></a>' in html
        assert "now 5 · usual 3 · from 1 to 15 · pixels" in html
        assert "32, 64, as usual" in html

    def test_parameters_of_another_model_lead_nowhere(self) -> None:
        html = html_of("mlp", "en", DIGITS)
        assert "field:" not in html
        assert "usual 32, 32" in html

    def test_a_closed_and_an_open_range_in_chinese(self) -> None:
        parameters = {item.name: item for item in describe(ARCHITECTURES["cnn"].parameters)}
        assert explain(parameters["kernel_size"], "cnn", "zh_CN").allowed == "1 至 15"
        assert explain(parameters["strength"], "cnn", "zh_CN").allowed.startswith("大于 0、不大于")

    def test_symbols(self) -> None:
        assert symbols_html("x_{t-1}") == "<i>x</i><sub><i>t</i>-1</sub>"
        assert symbols_html("2^{l-1}") == "2<sup><i>l</i>-1</sup>"
        assert symbols_html("ŷ_i") == "<i>ŷ</i><sub><i>i</i></sub>"
        assert symbols_html("a < b") == "<i>a</i> &lt; <i>b</i>"

    def test_a_list_of_what_helps_must_name_controls(self) -> None:
        page = page_of("overfitting", "en")
        for text, words in (("- Dropout.", "must be a list"), ("- [A](control:b).", "'b'")):
            broken = GuidePage(page.name, "en", page.title, {**page.sections, "helps": text})
            with pytest.raises(ValueError, match=words):
                page_html(broken, DIGITS, str)


class TestReading:
    def test_an_unknown_page_is_none(self) -> None:
        assert read_page("no_such_page", "en") is None
        assert read_page("../en/cnn", "zh_CN") is None

    def test_a_page_without_title_section_or_text_is_refused(self) -> None:
        good = "# T\n" + "".join(
            f"## {HEADINGS['en'][name]}\ntext\n" for name in pages.OF_ARCHITECTURES
        )
        assert pages.parse_page("cnn", "en", good).title == "T"
        for broken, words in (
            (good[2:], "begin with"),
            (good.replace("## Idea", "## Ideas"), "Ideas"),
            (good.replace("## When not\ntext\n", ""), "When not"),
            (good.replace("## Formula\ntext", "## Formula\n"), "no text: Formula"),
        ):
            with pytest.raises(ValueError, match=words):
                pages.parse_page("cnn", "en", broken)

    def test_a_broken_formula_is_refused_with_its_text(self) -> None:
        with pytest.raises(ValueError, match=r"cannot be typeset: .*frac"):
            typeset(r"\frac{1}{", "#000000")


class TestFormula:
    def test_it_is_drawn_in_the_colour_asked_for_and_as_sharp_as_the_screen(self) -> None:
        image = formula_image(r"\frac{1}{2}", "#ff0000", 1.0, 2.0)
        size = formula_size(r"\frac{1}{2}")
        assert image.width() == round(2 * size.width())
        assert image.devicePixelRatio() == 2.0
        colors = {
            QColor(image.pixelColor(x, y)).name()
            for x in range(image.width())
            for y in range(image.height())
            if image.pixelColor(x, y).alpha() == 255
        }
        assert colors == {"#ff0000"}

    def test_it_is_smaller_where_there_is_less_room(self) -> None:
        whole, half = (formula_image("x + y + z", "#000000", scale, 1.0) for scale in (1.0, 0.5))
        assert half.width() == pytest.approx(whole.width() / 2, abs=1)


def test_a_window_that_opens_does_not_load_what_is_not_looked_at_yet() -> None:
    later = (
        "ziamath",
        "markdown_it",
        "pygments",
        "gui.editor.layer_editor",
        "gui.network.model_picture",
        "engine.graph.layer_types",
    )
    code = f"""import sys, gui.window.main_window
from gui.window.page_list import PAGES, page_class
pages = [page_class(name) for name in PAGES]
print([name for name in {later} if name in sys.modules])"""
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "[]"
