"""Reports of runs: what stands in them, that nothing leads out of them, that text stays text."""

from __future__ import annotations

import ast
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from markdown_it import MarkdownIt
from tiny_results import Guesser, network_for, result_of, tiny_run
from tiny_signatures import SIGNATURES

import engine.service.reports as reports
from engine.datasets.base import silent
from engine.errors import DescentError
from engine.events.run_events import EpochEnded, RunFailed, RunFinished
from engine.runs.store import RunStore
from engine.service.reports import charts
from engine.service.reports.document import (
    COLORS,
    DARK,
    Document,
    Heading,
    Paragraph,
    Picture,
    Table,
    on_paper,
)
from engine.service.reports.facts import facts_of
from engine.service.reports.formulas import formula_picture
from engine.service.reports.html import html_of
from engine.service.reports.making import card_of, report_of
from engine.service.reports.markdown import escaped, markdown_of
from engine.service.reports.packing import packed, unpacked
from engine.service.reports.printing import print_document
from engine.service.reports.svg import fitting, ticks, width_of
from engine.service.reports.words import _CHINESE, Words
from engine.service.results.exporting import format_named
from engine.service.results.exporting.options import ReportOptions
from engine.service.results.opened_run import OpenedRun
from engine.spec.signature import Kind, Signature, Task

SIGNATURE = Signature(Kind.TABLE, Task.CLASSIFICATION, (4,), 3)
BAD = "<script>alert(1)</script>"
VERY_BAD = f'{BAD}"><img src=x onerror=alert(2)>\u202e\x00&amp;]]>--><!--'


class Reader(HTMLParser):
    """What a browser would find: tags, attributes and text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(self.words)


def ended(run: OpenedRun, store: RunStore, **changes: str) -> OpenedRun:
    run_id = run.record.id
    epochs = [
        EpochEnded(run_id, n, n, {"loss": 1 / n, "val_loss": 2 / n}, 0.1, 0.1 * n, 9.0, True, 0.1)
        for n in (1, 2, 3)
    ]
    store.record([*epochs, RunFinished(run_id, reason="Done.")])
    if "name" in changes:
        store.rename(run_id, changes["name"])
    if "note" in changes:
        store.set_note(run_id, changes["note"])
    run.record = store.get(run_id)
    return run


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("workspace")


@pytest.fixture(scope="module")
def run(place: Path) -> OpenedRun:
    with RunStore(place) as store:
        made = tiny_run(store, SIGNATURE, network_for, "mlp")
        result_of(made)
        return ended(made, store, name="A run & more", note="To be checked.")


@pytest.fixture(scope="module")
def facts(run: OpenedRun):
    return facts_of(run, silent)


@pytest.fixture(scope="module")
def report(facts, place: Path) -> str:
    with RunStore(place) as store:
        return html_of(report_of([facts], store, "en"))


class TestContents:
    def test_nothing_is_unknown(self, facts):
        assert facts.problems == ()

    def test_every_number_stands_in_it(self, facts, report):
        text = Reader(report).text
        for name, value in facts.metrics.items():
            if np.isfinite(value):
                assert name.replace("_", " ") in text
                assert f"{value:.4g}" in text
        for low, high in facts.analysis.intervals.values():
            if np.isfinite([low, high]).all():
                assert f"{low:.4g} to {high:.4g}" in text
        for score in facts.analysis.baselines:
            assert score.title in text
        for finding in facts.findings:
            assert finding.text in text

    def test_where_it_comes_from_stands_in_it(self, facts, report):
        text = Reader(report).text
        for said in ("A run & more", facts.record.id, "To be checked.", "training.epochs"):
            assert said in text
        for size in facts.profile.split_sizes:
            assert f"{size:,}" in text
        for column in facts.profile.columns:
            assert column.name in text
        for layer in facts.model.layers:
            assert layer.name in text
        assert f"{facts.model.n_parameters:,}" in text
        for section in ("Question", "Verdict", "Data", "Division", "Model", "Formula", "Settings"):
            assert section in text

    def test_of_the_place_of_a_file_only_its_name(self, run, place):
        settings = {**run.record.settings, "data": {"source": "/home/ada/secret/plan/x.csv"}}
        record = replace(run.record, spec_json=json.dumps(settings))
        with RunStore(place) as store:
            told = facts_of(run, silent)
            text = html_of(report_of([replace(told, record=record)], store, "en"))
        assert "x.csv" in text
        assert "secret" not in text

    @pytest.mark.parametrize(
        "signature",
        SIGNATURES,
        ids=lambda it: f"{it.kind}-{it.task}-{it.n_classes}-{it.n_values}",
    )
    def test_of_every_task(self, signature, tmp_path):
        with RunStore(tmp_path) as store:
            made = tiny_run(store, signature, network_for)
            result_of(made)
            told = facts_of(ended(made, store), silent)
            assert told.problems == ()
            assert 1 <= len(told.examples) <= 3
            for language in ("en", "zh_CN"):
                document = report_of([told], store, language)
                reader = Reader(html_of(document))
                assert reader.tags.count("svg") >= 1
                say = Words(language)
                for example in told.examples:
                    for text in (example.name, example.explanation.said, example.truth):
                        assert say.sentence(text, told.names) in reader.text
                assert unpacked(packed(document)).blocks
                assert markdown_of(card_of(told, language))

    def test_what_a_table_leaves_out_is_said(self, facts, place):
        columns = facts.profile.columns * 40
        profile = replace(facts.profile, columns=columns)
        with RunStore(place) as store:
            text = html_of(report_of([replace(facts, profile=profile)], store, "en"))
        assert f"{len(columns) - 60} more are not shown." in text

    def test_of_a_run_that_failed_before_its_first_epoch(self, tmp_path):
        with RunStore(tmp_path) as store:
            made = tiny_run(store, SIGNATURE, Guesser)
            (made.folder / "contract.json").unlink()
            store.record([RunFailed(made.record.id, reason="It broke.", details="Traceback")])
            opened = OpenedRun(store.get(made.record.id), made.folder)
            told = facts_of(opened, silent)
            text = Reader(html_of(report_of([told, told], store, "zh_CN"))).text
        assert "It broke." in text
        assert "失败" in text

    def test_without_model_and_data_the_rest_is_told(self, tmp_path):
        with RunStore(tmp_path) as store:
            made = ended(tiny_run(store, SIGNATURE, Guesser), store)
            (made.folder / "contract.json").unlink()
            told = facts_of(OpenedRun(made.record, made.folder), silent)
            text = Reader(html_of(report_of([told], store, "en"))).text
        assert len(told.problems) >= 2
        for problem in told.problems:
            assert problem in text
        assert "Curves" in text
        assert "Results" not in text


class TestHtml:
    def test_nothing_leads_out_of_it(self, report):
        reader = Reader(report)
        assert not {"script", "a", "link", "iframe", "object", "base", "img"} & set(reader.tags)
        names = {name for name, _ in reader.attributes}
        assert not {"href", "src", "action", "data"} & names
        links = [value for name, value in reader.attributes if name == "xlink:href"]
        assert all(link.startswith("data:image/png;base64,") for link in links)
        assert not [name for name in names if name.startswith("on")]
        assert "@import" not in report
        assert "url(" not in report
        addresses = set(re.findall(r"https?://[^\s\"'<>]+", report))
        # Names, which nobody asks for.
        assert addresses <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}

    def test_a_browser_is_told_to_load_nothing(self, report):
        policy = dict(Reader(report).attributes)
        assert "default-src 'none'" in report
        assert policy["lang"] == "en"

    @pytest.mark.parametrize("text", [BAD, VERY_BAD])
    def test_text_from_outside_is_text(self, text):
        picture = charts.bars([charts.Value(text, 1.0)], text)
        said = Document(
            text,
            text,
            "en",
            (
                Heading(text, 1),
                Heading(text),
                Paragraph(text, "warning", text),
                Table([(text, text)], (text, text), (1,), text),
                Table([(text, text)]),
                replace(picture, text=text, caption=text),
            ),
            text,
        )
        plain = html_of(replace(said, title="", subtitle="", blocks=(), foot=""))
        reader = Reader(html_of(said))
        assert "script" not in reader.tags
        assert "img" not in reader.tags
        assert not [name for name, _ in reader.attributes if name.startswith("on")]
        assert BAD in reader.text
        assert "\x00" not in reader.text
        assert set(reader.tags) - set(Reader(plain).tags) <= {
            *("h2", "p", "b", "div", "table", "caption", "thead", "tr", "th", "tbody", "td"),
            *("figure", "figcaption", "svg", "text", "line", "rect", "footer"),
        }

    def test_a_column_a_class_and_a_run_that_are_scripts(self, tmp_path):
        with RunStore(tmp_path) as store:
            made = tiny_run(store, SIGNATURE, network_for)
            prepared = made._prepared
            examples = replace(
                prepared.examples,
                feature_names=(BAD, "b", "c", "d"),
                class_names=(BAD, "b", "c"),
                target_name=BAD,
            )
            made._prepared = replace(prepared, examples=examples)
            contract = replace(made.contract, feature_names=examples.feature_names, target_name=BAD)
            vars(made)["contract"] = replace(contract, class_names=examples.class_names)
            vars(made)["model"] = network_for(made._prepared, made.contract)
            made.contract.save(made.folder)
            result_of(made)
            told = facts_of(ended(made, store, name=BAD, note=BAD), silent)
            for document in (report_of([told, told], store, "en"), card_of(told, "zh_CN")):
                reader = Reader(html_of(document))
                assert "script" not in reader.tags
                assert reader.text.count(BAD) > 5
            rendered = Reader(MarkdownIt().render(markdown_of(card_of(told, "en"))))
        assert "script" not in rendered.tags
        assert BAD in rendered.text

    def test_colours_are_the_same_names_in_light_and_dark(self):
        assert COLORS.keys() == DARK.keys()


class TestMarkdown:
    @pytest.mark.parametrize(
        "text",
        [BAD, "[a](javascript:alert(1))", "![a](http://x/y.png)", "a|b", "# no", "- no", "1. no"],
    )
    def test_text_is_text(self, text):
        rendered = Reader(MarkdownIt("commonmark").enable("table").render(escaped(text)))
        assert rendered.tags == ["p"]
        assert rendered.text.strip() == text

    def test_a_table_has_its_cells(self):
        document = Document("t", "s", "en", (Table([("a|b", "1\n2")], ("x", "y")),))
        rendered = Reader(MarkdownIt("commonmark").enable("table").render(markdown_of(document)))
        assert rendered.tags.count("td") == 2
        assert "a|b" in rendered.text


class TestWords:
    def test_all_that_is_said_is_said_in_chinese(self):
        """Every literal that is given to `say` has its words."""
        said: set[str] = set()
        for path in Path(reports.__file__).parent.glob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "say":
                    said |= {it.value for it in node.args if isinstance(it, ast.Constant)}
        assert len(said) > 50
        assert said <= _CHINESE.keys()

    def test_the_gaps_are_the_same(self):
        for english, chinese in _CHINESE.items():
            gaps = [sorted(re.findall(r"\{(\w+)\}", text)) for text in (english, chinese)]
            assert gaps[0] == gaps[1], english

    def test_what_comes_from_outside_is_no_pattern(self):
        assert Words("zh_CN")("{x.__class__}") == "{x.__class__}"
        assert Words("en")("Predict '{target}' from {inputs}.", target="{0}", inputs="{x}")

    def test_a_report_in_chinese(self, facts, place):
        with RunStore(place) as store:
            text = html_of(report_of([facts], store, "zh_CN"))
        assert 'lang="zh-Hans"' in text
        for word in ("结论", "数据划分", "95 % 区间"):
            assert word in text


class TestPictures:
    @pytest.mark.parametrize(
        ("low", "high"), [(0, 1), (-3, 7), (1e-9, 2e-9), (1e12, 1e12 + 5), (5, 5)]
    )
    def test_ticks_are_round_and_inside(self, low, high):
        found = ticks(low, high)
        assert 1 <= len(found) <= 12
        room = 1e-6 * (high - low) or 1e-9
        assert all(low - room <= tick <= high + room for tick in found)

    def test_text_fits(self):
        for text in ("a" * 100, "汉" * 100, "short"):
            shown = fitting(text, 80)
            assert width_of(shown) <= 80
            assert text.startswith(shown.removesuffix("…"))

    @pytest.mark.parametrize(
        "y", [[], [1.0], [1.0, float("nan"), 2.0], [float("inf"), 1.0], [3.0, 3.0], [float("nan")]]
    )
    def test_curves_of_odd_values(self, y):
        line = charts.Line("<b>", [float(n + 1) for n in range(len(y))], y)
        picture = charts.curves([line], "loss", "epoch", 1.0)
        svg = on_paper(picture.svg)
        assert "nan" not in svg
        assert "inf" not in svg
        assert "var(" not in svg

    def test_values_without_numbers(self):
        values = [charts.Value("a", float("nan")), charts.Value("b", 1.0, float("nan"), 2.0)]
        for picture in (charts.bars(values, "x"), charts.with_intervals(values, "x")):
            assert "nan" not in picture.svg

    def test_counts_of_a_class_that_nothing_is_of(self):
        picture = charts.confusion(np.array([[0, 0], [1, 1_234_567]]), ["a", "b"], "t", "p")
        assert "1,234,567" in picture.svg

    def test_a_formula_is_outlines(self):
        picture = formula_picture(r"\frac{1}{n} \sum_i x_i")
        assert "<text" not in picture.svg
        assert picture.width > picture.height > 0
        assert formula_picture(r"\frac{") is None


class TestComparison:
    def test_several_runs_side_by_side(self, place, run, tmp_path):
        with RunStore(place) as store:
            other = tiny_run(store, SIGNATURE, network_for, "logistic_regression")
            result_of(other)
            ended(other, store, name="Another")
        options = ReportOptions("en", (other, run))
        done = format_named("report").export(run, tmp_path / "r.html", silent, options)
        reader = Reader(Path(done.path).read_text("utf-8"))
        assert "Comparison of 2 runs" in reader.text  # the run itself is not compared with itself
        assert "model.name" in reader.text
        assert reader.text.count("Another") > 2
        assert "difference to the first" in reader.text
        assert "Which is better?" in reader.text
        assert "Undecided between" in reader.text
        assert reader.text.count("This is about the two trained models.") == 1


class TestPdf:
    def test_pages_without_a_display(self, facts, place, monkeypatch):
        for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
            monkeypatch.delenv(name, raising=False)
        with RunStore(place) as store:
            document = report_of([facts], store, "zh_CN")
        many = [("<script>" + "w" * 300, "汉字 " * 40)] * 60
        blocks = (Paragraph(VERY_BAD, "fault", BAD), Table(many, ("a", "b")), *document.blocks)
        pdf = print_document(replace(document, blocks=blocks))
        assert pdf.startswith(b"%PDF-")
        assert pdf.rstrip().endswith(b"%%EOF")
        n_pages = int(re.search(rb"/Count (\d+)", pdf)[1])
        assert 4 < n_pages < 40
        assert len(pdf) < 2 << 20
        for word in (b"/JavaScript", b"/URI", b"/OpenAction", b"/Launch"):
            assert word not in pdf

    def test_what_cannot_be_printed_is_said(self, monkeypatch):
        monkeypatch.setattr("engine.service.reports.printing.PRINTER", "no.such.module")
        with pytest.raises(DescentError, match=r"cannot be printed.*no\.such"):
            print_document(Document("t", "s", "en"))

    def test_what_is_sent_comes_out_as_it_was(self):
        blocks = (
            Heading("\ud83d half", 1),
            Paragraph(VERY_BAD, "note", "x"),
            Table([["1", "2"]], ["a", "b"], [1], "c"),
            Picture("<svg/>", 1.5, 2.0, "t", "c"),
        )
        document = Document("t", "s", "zh_CN", blocks, "f")
        assert unpacked(packed(document)) == document


class TestCommand:
    def test_a_card(self, run, place, tmp_path, capsys):
        from engine.cli.main import main as command

        to = tmp_path / "card.md"
        typed = ["export", run.record.id, "--format", "card", "--to", str(to), "--json"]
        assert command([*typed, "--language", "zh_CN", "--workspace", str(place)]) == 0
        assert json.loads(capsys.readouterr().out)["event"] == "exported"
        assert "## 用途与局限" in to.read_text("utf-8")

    @pytest.mark.parametrize(
        ("more", "said"),
        [
            ((), "Of the data itself, {n} examples are part of this file."),
            (("--no-examples",), "The data itself is not part of this file."),
        ],
    )
    def test_examples_are_handed_on_only_where_they_may(
        self, more, said, facts, run, place, tmp_path, monkeypatch
    ):
        from engine.cli.main import main as command

        class Opened:  # the run with its data, which lies in no file
            def get(self, reference, store):
                return run

        monkeypatch.setattr("engine.cli.commands.exporting.OPENED", Opened())
        to = tmp_path / "report.html"
        typed = ["export", run.record.id, "--format", "report", "--to", str(to), *more]
        assert command([*typed, "--workspace", str(place)]) == 0
        text = Reader(to.read_text("utf-8")).text
        assert said.format(n=len(facts.examples)) in text
        assert ("Examples, explained" in text) == (not more)

    def test_a_language_is_for_reports(self, run, place, tmp_path, capsys):
        from engine.cli.main import main as command

        typed = ["export", run.record.id, "--format", "history", "--to", str(tmp_path / "a.csv")]
        for more in (["--language", "en"], ["--no-examples"]):
            assert command([*typed, *more, "--workspace", str(place)]) == 2
            assert "are for reports" in capsys.readouterr().err
