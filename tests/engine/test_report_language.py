"""A Chinese report holds what the engine said in Chinese, and names from the data as they are."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from engine_sentences import english_in
from tiny_results import network_for, result_of, tiny_run

from engine.datasets.base import silent
from engine.events.findings import DataFinding, Trouble
from engine.events.run_events import RunFinished
from engine.events.verdicts import Finding, FindingKind, Severity
from engine.inference.evaluation.analysis import Group
from engine.runs.store import RunStore
from engine.service.reports.document import Document, Heading, Paragraph, Table
from engine.service.reports.facts import RunFacts, facts_of
from engine.service.reports.making import card_of, report_of
from engine.spec.signature import Kind, Signature, Task

SIGNATURE = Signature(Kind.TABLE, Task.CLASSIFICATION, (4,), 3)
ENDED = "Stopped early: the validation loss has not improved for 5 epochs. 8 of 20 epochs."
PLAN = (
    "Many steps run in one call. XLA is off. The data is held in memory. All numbers have 32 bits."
)


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> tuple[RunFacts, Path]:
    """Of a run whose data has columns that are called as words of the engine are."""
    place = tmp_path_factory.mktemp("workspace")
    with RunStore(place) as store:
        run = tiny_run(store, SIGNATURE, network_for, "mlp")
        result_of(run)
        store.record([RunFinished(run.record.id, reason=ENDED)])
        run.record = replace(store.get(run.record.id), plan={"device": "CPU:0", "reason": PLAN})
        found = facts_of(run, silent)
    assert found.profile is not None
    assert found.analysis is not None
    profile = replace(
        found.profile,
        source_columns=("time", "training"),
        findings=(
            DataFinding(
                Trouble.MISSING,
                "time",
                "1 cell of 'time' holds no number and counts as a gap: training in line 7.",
                ("line 7", "training"),
            ),
        ),
        notes=("Numbers are written with a decimal comma.",),
        facts=(("Header", "the first line"), ("Text", "time")),
    )
    groups = tuple(
        Group(where, "time", "", 9, (), {}, {}, 0.5, 0.01)
        for where in ("time at most 6", "length in characters above 3 up to 9")
    )
    findings = (
        Finding(
            FindingKind.LEARNT,
            Severity.GOOD,
            "95.0 % of 20 test examples are right (95 %: 76 to 99 %); always saying 'training' "
            "would be right in 40.0 %.",
        ),
        Finding(FindingKind.LEARNT, Severity.NOTE, "A rule that nobody knows says so."),
    )
    analysis = replace(found.analysis, groups=groups, n_tried=30, findings=findings)
    return replace(found, profile=profile, analysis=analysis), place


@pytest.fixture(scope="module")
def report(facts: tuple[RunFacts, Path]) -> Document:
    told, place = facts
    with RunStore(place) as store:
        return report_of([told], store, "zh_CN")


def paragraphs(document: Document) -> list[str]:
    return [it.text for it in document.blocks if isinstance(it, Paragraph)]


def cells(document: Document) -> Iterator[str]:
    """Those of tables before the settings, which have names and no words."""
    for block in document.blocks:
        if isinstance(block, Heading) and block.text == "设置":
            return
        if isinstance(block, Table):
            yield from (cell for row in (block.header, *block.rows) for cell in row)


def test_verdict_data_and_end_are_chinese(report):
    told = paragraphs(report)
    right = "20 个测试样本中有 95.0 % 判断正确（95 % 区间：76 至 99 %）"
    assert f"{right}；总是回答“training”则有 40.0 % 正确。" in told
    assert (
        "“time”有 1 个单元格不是数值，按缺失处理：第 7 行的 training。 (第 7 行; training)"
    ) in told
    assert "数值以逗号为小数点。" in told
    found = set(cells(report))
    assert "已完成。提前停止：验证损失已有 5 轮没有改善。共完成 8 / 20 轮。" in found
    assert "一次调用执行多步。XLA 已关闭。数据驻留在内存中。所有数值均为 32 位。" in found
    assert {"表头", "第一行", "准确率", "Wilson 区间"} <= found


def test_names_stay_as_they_are(report):
    found = set(cells(report))
    assert "time 不超过 6" in found
    assert "字符数大于 3 且不超过 9" in found
    assert "time" in found
    assert "时间" not in found


def test_nothing_else_is_left_in_english(report):
    left = [text for text in (*paragraphs(report), *cells(report)) if english_in(text)]
    assert left == ["A rule that nobody knows says so."]


def test_of_a_model_card(facts):
    left = [text for text in paragraphs(card_of(facts[0], "zh_CN")) if english_in(text)]
    assert left == ["A rule that nobody knows says so."]


def test_an_english_report_says_what_was_kept(facts):
    told, place = facts
    with RunStore(place) as store:
        document = report_of([told], store, "en")
    assert told.findings[0].text in paragraphs(document)
    assert f"finished. {ENDED}" in set(cells(document))
