"""The command `explain` and the questions behind it, on one small run of a table with gaps."""

import json

import numpy as np
import pytest

from engine.cli import main as cli
from engine.datasets.base import silent
from engine.errors import DatasetError, WorkspaceError
from engine.events.explaining import Explained, ExplainExample, ExplainModel, ModelExplained
from engine.events.watch import Watch
from engine.inference.evaluation.explanations import load_explanation
from engine.inference.serving import ServedModel
from engine.runs.store import RunStore
from engine.service.results import answer
from engine.service.results.explaining import background_of
from engine.service.results.opened_run import OPENED

WATCH = Watch(lambda _: None, lambda: False)


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A table in which size decides alone, and the run of a model that knows it."""
    folder = tmp_path_factory.mktemp("shop")
    rng = np.random.default_rng(4)
    lines = ["size,city,day,note,sold"]
    for _ in range(200):
        size = rng.normal()
        city = rng.choice(["Rome", "=Oslo", ""])
        sold = "yes" if size > 0 else "no"
        lines.append(f"{size:.3f},{city},2024-0{rng.integers(1, 9)}-03,{rng.integers(9)},{sold}")
    table = folder / "shop.csv"
    table.write_text("\n".join(lines))
    words = ["train", "--data", str(table), "--target", "sold", "--model", "mlp", "--epochs", "8"]
    assert cli.main([*words, "--workspace", str(folder / "ws"), "--name", "shop", "--json"]) == 0
    return folder / "ws"


@pytest.fixture
def explain(shop, capsys):
    def ask(*words, code=0):
        capsys.readouterr()
        assert cli.main(["explain", "shop", *words, "--workspace", str(shop)]) == code
        said = capsys.readouterr()
        return said.out if code == 0 else said.err

    return ask


def test_a_row_typed_out_is_explained_by_its_columns(explain):
    (line,) = explain("1.5,Rome,2024-03-03,4", "--json").splitlines()
    found = json.loads(line)
    assert found["event"] == "explanation"
    assert found["parts"] == ["size", "city", "day", "note"]
    assert found["cells"][:3] == ["1.5", "Rome", "2024-03-03"]
    assert int(np.argmax(np.abs(found["values"]))) == 0
    assert found["target"] == "yes"
    assert found["complete"]
    assert found["sum"] == pytest.approx(found["prediction"] - found["baseline"], abs=1e-4)
    assert sum(found["values"]) == pytest.approx(found["sum"], abs=1e-3)
    assert set(found["sanity"]) == {"correlation", "limit", "shuffled_layers", "passed"}


def test_words_say_what_adds_and_what_it_sums_to(explain):
    said = explain("1.5,Rome,,4", "--class", "no")
    assert "Why sold no" in said
    assert "day = (gap)" in said
    assert "the mean prediction for 64 rows of the training part" in said


def test_a_row_of_the_data_counts_from_one_and_in_a_part_where_one_is_named(explain, shop):
    row = json.loads(explain("--row", "7", "--json"))
    assert (row["input"], row["row"]) == ("line 8", 6)
    assert json.loads(explain("--row", "line 8", "--json"))["row"] == 6
    first = json.loads(explain("--row", "1", "--part", "test", "--json"))
    with RunStore(shop) as store:
        assert first["row"] == int(OPENED.get("shop", store).prepared().parts.test[0])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--row", "0"], "200 examples. Received: --row 0"),
        (["--row", "x"], "Received: --row x"),
        (["--row", "999", "--part", "test"], "The test part has"),
        (["--row", "1", "1,Rome,,4"], "one of them is explained at a time"),
        (["1,Rome,,4", "--part", "test"], "--part says where --row counts"),
        (["--class", "yes"], "belong to an example"),
        (["1,Rome,,4", "--class", "yess"], "Did you mean 'yes'?"),
        (["1,Rome,,4", "--method", "grad_cam"], "Available: shap"),
        (["1,Rome"], "Received 2"),
    ],
)
def test_what_cannot_be_explained_is_refused_with_what_can(explain, words, said):
    assert said in explain(*words, code=2)


def test_the_whole_model_is_explained_once_and_kept(explain, shop):
    found = json.loads(explain("--json"))
    assert found["importance"][0]["column"] == "size"
    low, high = found["importance"][0]["interval"]
    assert 0 < low < found["importance"][0]["value"] < high
    assert "size" in [curve["column"] for curve in found["dependence"]]
    assert "What accuracy loses where a column is shuffled" in explain()
    with RunStore(shop) as store:
        run = OPENED.get("shop", store)
        kept = answer(ExplainModel(run.record.id), shop, WATCH)
        assert isinstance(kept, ModelExplained)
        assert kept.is_kept
        assert not answer(ExplainModel(run.record.id, anew=True), shop, WATCH).is_kept
        assert load_explanation(run.folder, "another model") is None
        path = run.folder / "explanations" / "model.json"
        path.write_text(path.read_text().replace("size", "sise", 1))
        with pytest.raises(WorkspaceError, match="changed after it was written"):
            load_explanation(run.folder, run.contract.model_digest)
        assert not answer(ExplainModel(run.record.id), shop, WATCH).is_kept  # made anew


def test_questions_of_the_window_are_answered_with_their_key(shop):
    with RunStore(shop) as store:
        run = OPENED.get("shop", store).record.id
    found = answer(ExplainExample(run, 3, key="mine"), shop, WATCH)
    assert isinstance(found, Explained)
    assert (found.row, found.name, found.key) == (3, "line 5", "mine")
    with pytest.raises(DatasetError, match="nothing to explain"):
        answer(ExplainExample(run), shop, WATCH)
    with pytest.raises(DatasetError, match="200 examples"):
        answer(ExplainExample(run, 900), shop, WATCH)


def test_the_explained_number_is_what_the_model_predicts(shop):
    with RunStore(shop) as store:
        run = OPENED.get("shop", store)
        x = run.prepared().examples.x[np.array([5])]
        others = background_of(run, silent)
        found = run.explainer.explain(x, others, target="yes")
        sure = float(ServedModel.load(run.folder).predict(x)[0, 0])
        assert found.prediction == pytest.approx(sure, abs=1e-6)
        mean = float(ServedModel.load(run.folder).predict(others).mean())
        assert found.baseline == pytest.approx(mean, abs=1e-5)
