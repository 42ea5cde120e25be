"""ScoredExamples: choosing and sorting what a model says; and the command `errors`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from sklearn import metrics as sk

from engine.cli.main import main
from engine.inference.evaluation.predictions import Predictions
from engine.inference.evaluation.scored import ORDERS, ScoredExamples
from engine.runs.store import RunStore
from engine.spec.run_spec import RunSpec
from engine.spec.signature import Output, Task

NAMES = ("cat", "dog", "cow")


def classes(n: int = 200, seed: int = 0) -> Predictions:
    random = np.random.default_rng(seed)
    outputs = random.dirichlet(np.ones(3), n)
    truth = random.integers(0, 3, n)
    rows = random.permutation(10 * n)[:n]
    return Predictions(
        "test", Task.CLASSIFICATION, Output.CLASSES, rows, truth, outputs, "pet", NAMES, n_all=n
    )


def numbers(truth: list[float], said: list[float]) -> Predictions:
    y, p = (np.array(values, np.float64).reshape(-1, 1) for values in (truth, said))
    rows = np.arange(len(y))
    return Predictions("test", Task.REGRESSION, Output.NUMBERS, rows, y, p, "price", n_all=len(y))


def test_the_worst_come_first() -> None:
    found = classes()
    scored = ScoredExamples.of(found)
    order = scored.ordered(scored.everything, "loss")
    by_hand = [
        sk.log_loss([found.truth[i]], [found.outputs[i]], labels=[0, 1, 2]) for i in order[:20]
    ]
    assert by_hand == sorted(by_hand, reverse=True)
    assert by_hand[0] == pytest.approx(scored.losses.max())


def test_the_surest_and_the_least_sure_come_first() -> None:
    scored = ScoredExamples.of(classes())
    surest = scored.ordered(scored.wrong(), "confidence")
    assert np.all(np.diff(scored.confidence[surest]) <= 0)
    assert scored.ordered(scored.wrong(), "doubt")[0] == surest[-1]
    assert not scored.is_right[surest].any()


def test_rows_are_sorted_as_in_the_data() -> None:
    scored = ScoredExamples.of(classes())
    rows = scored.predictions.rows[scored.ordered(scored.everything, "row")]
    assert np.all(np.diff(rows) > 0)


@pytest.mark.parametrize("chosen", [slice(None), slice(10, 90)])
def test_the_nearest_outputs_come_first(chosen: slice) -> None:
    scored = ScoredExamples.of(classes())
    places = scored.everything[chosen]
    order = scored.ordered(places, "similarity", 33)
    outputs = scored.predictions.outputs
    distances = np.linalg.norm(outputs[order] - outputs[33], axis=1)
    assert order[0] == 33
    assert np.all(np.diff(distances) >= -1e-7)


def test_the_cells_are_those_of_the_confusion_matrix() -> None:
    found = classes()
    scored = ScoredExamples.of(found)
    wanted = sk.confusion_matrix(found.truth, found.outputs.argmax(axis=1))
    np.testing.assert_array_equal(scored.confusion, wanted)
    for true, said in np.ndindex(3, 3):
        assert len(scored.cell(true, said)) == wanted[true, said]


def test_rows_of_other_parts_have_no_place() -> None:
    scored = ScoredExamples.of(classes())
    rows = scored.predictions.rows
    strangers = np.setdiff1d(np.arange(2000), rows)[:3]
    wanted = [int(rows[7]), int(strangers[0]), int(rows[3]), int(strangers[1])]
    assert scored.places_of(wanted).tolist() == [7, 3]
    assert scored.places_of([]).tolist() == []


def test_what_is_no_number_is_the_worst() -> None:
    scored = ScoredExamples.of(numbers([1, 2, 3], [1.5, float("nan"), 9]))
    assert scored.ordered(scored.everything, "loss").tolist() == [1, 2, 0]
    assert not scored.has_confidence
    assert scored.orders == ("loss", "row", "similarity")


def test_an_empty_part_is_sorted_like_any_other() -> None:
    found = classes(1)
    empty = Predictions(
        "test", found.task, found.output, found.rows[:0], found.truth[:0], found.outputs[:0],
        "pet", NAMES,
    )  # fmt: skip
    scored = ScoredExamples.of(empty)
    for name in ORDERS:
        assert scored.ordered(scored.everything, name).tolist() == []
    assert scored.places_of([1, 2]).tolist() == []


def test_an_unknown_order_is_refused() -> None:
    scored = ScoredExamples.of(classes(3))
    with pytest.raises(ValueError, match="Received: 'beauty'"):
        scored.ordered(scored.everything, "beauty")


def test_labels_and_scores_are_said_in_words() -> None:
    labels = Predictions(
        "test", Task.MULTILABEL, Output.LABELS, np.arange(2), np.array([[1, 1], [0, 0]], np.uint8),
        np.array([[0.9, 0.2], [0.3, 0.1]]), "tags", ("red", "blue"),
        thresholds=np.array([0.5, 0.5]),
    )  # fmt: skip
    scored = ScoredExamples.of(labels)
    assert (scored.truth_text(0), scored.predicted_text(0)) == ("red, blue", "red")
    assert scored.truth_text(1) == "none"
    assert scored.confidence.tolist() == pytest.approx([0.85, 0.8])
    assert scored.wrong().tolist() == [0]
    unusual = Predictions(
        "test", Task.ANOMALY, Output.NUMBERS, np.arange(2), np.array([-1, -1]),
        np.array([0.1, 3.0]), "score", thresholds=np.array([1.0]),
    )  # fmt: skip
    scored = ScoredExamples.of(unusual)
    assert (scored.truth_text(1), scored.predicted_text(1)) == ("", "unusual")
    assert scored.ordered(scored.everything, "confidence").tolist() == [1, 0]


# ---- the command


@pytest.fixture
def run(tmp_path: Path) -> tuple[Path, str]:
    """A run without a model whose predictions were kept."""
    spec = RunSpec.from_dict(
        {"data": {"source": "iris"}, "model": {"name": "mlp"}, "training": {"epochs": 1}}
    )
    with RunStore(tmp_path) as store:
        record = store.create(spec, "Pets", "Pets", "MLP")
        classes().save(store.folder(record.id))
    return tmp_path, record.id


Asked = Callable[..., tuple[int, list[dict[str, object]], str]]


@pytest.fixture
def ask(run: tuple[Path, str], capsys: pytest.CaptureFixture[str]) -> Asked:
    def asked(*options: str) -> tuple[int, list[dict[str, object]], str]:
        code = main(["errors", run[1], "--workspace", str(run[0]), *options])
        told = capsys.readouterr()
        lines = told.out.splitlines() if "--json" in options else []
        return code, [json.loads(line) for line in lines], told.out + told.err

    return asked


def test_errors_lists_the_worst_first(ask: Asked) -> None:
    code, (head, *found), _ = ask("--json", "--limit", "7")
    scored = ScoredExamples.of(classes())
    assert code == 0
    assert head["n_errors"] == len(scored.wrong())
    assert len(found) == 7
    losses = [item["loss"] for item in found]
    assert losses == sorted(losses, reverse=True)
    assert set(found[0]) >= {"name", "row", "truth", "predicted", "confidence", "loss", "file"}
    assert all(item["truth"] != item["predicted"] for item in found)


def test_errors_of_one_class_by_confidence(ask: Asked) -> None:
    code, (_, *found), _ = ask("--json", "--class", "dog", "--sort", "confidence")
    assert code == 0
    assert {item["truth"] for item in found} == {"dog"}
    sure = [item["confidence"] for item in found]
    assert sure == sorted(sure, reverse=True)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--class", "fox"), "Received: fox"),
        (("--limit", "0"), "Received: 0"),
        (("--limit", "many"), "Received: many"),
    ],
)
def test_errors_refuses_what_is_wrong(ask: Asked, options: tuple[str, ...], words: str) -> None:
    code, _, told = ask(*options)
    assert code == 2
    assert words in told


def test_errors_says_it_in_a_table(ask: Asked) -> None:
    code, _, told = ask("--limit", "3")
    assert code == 0
    assert "errors among 200 examples of the test part" in told
    assert told.count("\n") == 6
