"""Files of a run that are damaged, or made to harm, are refused in a sentence; no other run is."""

import json
import os
import shutil
import zipfile

import pytest

from tests.workspace_files import ask, files_of, known, train_two, write_table

ROW = "3,4,red"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A workspace with two runs, and their ids."""
    folder = tmp_path_factory.mktemp("made")
    workspace = folder / "workspace"
    table = write_table(folder / "data" / "answers.csv")
    runs = train_two(workspace, table)
    return workspace, runs


@pytest.fixture
def copied(made, tmp_path):
    workspace, runs = made
    shutil.copytree(workspace, tmp_path / "workspace")
    return tmp_path / "workspace", runs


def folder_of(workspace, run):
    return workspace / "runs" / run


def refused(workspace, run, *words):
    """Both commands that open a model say what is wrong, and change nothing."""
    before = files_of(workspace / "runs")
    for command in (("evaluate", run), ("predict", run, ROW)):
        answer = ask(*command, workspace=workspace)
        assert answer.code == 2, answer
        assert not answer.events
        assert "Traceback" not in answer.errors
        for word in words:
            assert word in answer.errors
    assert files_of(workspace / "runs") == before
    return answer.errors


def rewrite_json(path, change, keep_digest=False):
    values = json.loads(path.read_text())
    if not keep_digest:
        values.pop("digest", None)
    change(values)
    path.write_text(json.dumps(values))


def rewrite_model(path, change, **members):
    """Changes the configuration in a model's file, under right checksums."""
    with zipfile.ZipFile(path) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(contents["config.json"])
    change(config)
    contents["config.json"] = json.dumps(config).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in (contents | members).items():
            archive.writestr(name, content)


def forget_model(folder):
    """Makes a contract that does not know its model's file, as those of older versions do."""
    rewrite_json(folder / "contract.json", lambda values: values.pop("model_digest"))


def layers_of(config):
    """Every layer's configuration, those of models within included."""
    if isinstance(config, dict):
        if "class_name" in config:
            yield config
        for value in config.values():
            yield from layers_of(value)
    elif isinstance(config, list):
        for value in config:
            yield from layers_of(value)


def test_whole_runs_say_what_they_are(made):
    workspace, (run, _) = made
    evaluated = known(ask("evaluate", run, workspace=workspace).events, "evaluated")
    shown = ask("runs", "show", run, workspace=workspace).last
    assert shown["metrics"]["test_accuracy"] == evaluated["metrics"]["accuracy"]
    kinds = [finding["kind"] for finding in evaluated["findings"]]
    assert "learnt_nothing" in kinds  # of four test examples
    assert "changed_data" not in kinds
    predicted = known(ask("predict", run, ROW, workspace=workspace).events, "prediction")
    assert predicted["class"] in ("yes", "no")
    assert predicted["findings"] == []


def _too_few(values):
    values["class_names"] = values["class_names"][:1]


def _wrong_type(values):
    values["feature_names"] = 5


def _text_for_list(values):
    values["class_names"] = "no"


def _of_the_future(values):
    values["schema_version"] = 99


def _many_outputs(values):
    values["signature"]["n_classes"] = 7
    values["class_names"] = list("abcdefg")


def _minus(values):
    values["signature"]["input_shape"] = [-4]


def _no_preprocessing(values):
    values["preprocessing"] = []


@pytest.mark.parametrize(
    "change", [_too_few, _wrong_type, _text_for_list, _many_outputs, _minus, _no_preprocessing]
)
def test_a_contract_that_does_not_go_together_is_refused(copied, change):
    workspace, (run, _) = copied
    rewrite_json(folder_of(workspace, run) / "contract.json", change)
    words = () if change is _many_outputs else ("contract", "Train it again")
    refused(workspace, run, *words)


def test_a_contract_of_the_future_is_refused(copied):
    workspace, (run, _) = copied
    rewrite_json(folder_of(workspace, run) / "contract.json", _of_the_future)
    refused(workspace, run, "newer version", "99", "Update Descent")


@pytest.mark.parametrize("text", ["[" * 200_000, "", "[]", "null", '{"a":' * 200_000, "\udcff"])
def test_a_contract_that_is_none_is_refused(copied, text):
    workspace, (run, _) = copied
    path = folder_of(workspace, run) / "contract.json"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    refused(workspace, run, "contract.json", "damaged")


def test_one_changed_digit_of_a_contract_is_noticed(copied):
    workspace, (run, _) = copied
    path = folder_of(workspace, run) / "contract.json"
    text = path.read_text()
    place = text.index('"offset": ') + len('"offset": ')
    path.write_text(text[:place] + ("2" if text[place] != "2" else "3") + text[place + 1 :])
    refused(workspace, run, "contract.json", "changed after it was written")


@pytest.mark.parametrize("name", ["model.keras", "contract.json"])
def test_files_of_another_run_are_refused(copied, name):
    workspace, (run, other) = copied
    shutil.copy(folder_of(workspace, other) / name, folder_of(workspace, run) / name)
    refused(workspace, run, "changed after it was written, or belongs to")


def test_a_changed_model_is_noticed(copied):
    workspace, (run, _) = copied
    path = folder_of(workspace, run) / "model.keras"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    refused(workspace, run, "model.keras", "changed")
    forget_model(folder_of(workspace, run))  # then its own checksums tell
    refused(workspace, run, "model.keras")


def _without_inner(config):
    config["config"]["layers"] = [
        layer
        for layer in config["config"]["layers"]
        if layer["class_name"] not in ("Functional", "Sequential")
    ]


def _huge(config):
    *_, last = (layer for layer in layers_of(config) if layer["class_name"] == "Dense")
    last["config"]["units"] = 10**9


def _reads_a_file(config):
    layer = next(layer for layer in layers_of(config) if layer["class_name"] == "Dense")
    layer.update(class_name="StringLookup", config={"vocabulary": "/etc/passwd"})


def _runs_code(config):
    layer = next(layer for layer in layers_of(config) if layer["class_name"] == "Dense")
    layer.update(class_name="Lambda", config={"function": {"class_name": "__lambda__"}})


def _foreign_module(config):
    layer = next(layer for layer in layers_of(config) if layer["class_name"] == "Dense")
    layer.update(module="os", class_name="system")


def _downloads(config):
    layer = next(layer for layer in layers_of(config) if layer["class_name"] == "Dense")
    layer.update(module="keras.utils", class_name="get_file")


def _deep(config):
    value = []
    for _ in range(300):
        value = [value]
    config["config"]["deep"] = value


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (_without_inner, "model.keras"),
        (_huge, "weights, which the file cannot hold"),
        (_reads_a_file, "/etc/passwd"),
        (_runs_code, "Lambda"),
        (_foreign_module, "os.system"),
        (_downloads, "keras.utils.get_file"),
        (_deep, "nested more than"),
    ],
)
def test_a_model_that_is_made_to_harm_is_refused_by_name(copied, change, word):
    workspace, (run, _) = copied
    folder = folder_of(workspace, run)
    rewrite_model(folder / "model.keras", change)
    refused(workspace, run, "changed after it was written")
    forget_model(folder)
    refused(workspace, run, word)


def test_a_bomb_in_a_models_file_is_refused(copied):
    workspace, (run, _) = copied
    folder = folder_of(workspace, run)
    forget_model(folder)
    path = folder / "model.keras"
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("assets/bomb", bytes(80 << 20))
    refused(workspace, run, "unpacked")


@pytest.mark.parametrize("name", ["model.keras", "contract.json", "data.json"])
def test_a_pipe_in_place_of_a_file_is_never_opened(copied, name):
    workspace, (run, other) = copied
    path = folder_of(workspace, run) / name
    path.unlink()
    os.mkfifo(path)
    answer = ask("predict", run, ROW, workspace=workspace)
    assert "pipe" in answer.errors + json.dumps(answer.events)
    assert "Traceback" not in answer.errors
    assert ask("predict", other, ROW, workspace=workspace).code == 0
    assert ask("runs", "list", workspace=workspace).code == 0


def test_what_is_given_is_no_pipe(copied, tmp_path):
    workspace, (run, _) = copied
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    (tmp_path / "pipe").mkdir()
    os.mkfifo(tmp_path / "pipe" / "in.csv")
    for words in (
        ("predict", run, pipe),
        ("train", "--data", pipe),
        ("data", "inspect", pipe),
        ("train", "--spec", pipe),
        ("models", "describe", pipe.with_suffix(".json")),
    ):
        if words[-1].suffix == ".json":
            os.mkfifo(words[-1])
        where = None if words[0] == "data" else workspace
        answer = ask(*words, workspace=where)
        assert answer.code == 2, words
        assert "it is a pipe, not a file" in answer.errors, words
    assert ask("data", "inspect", tmp_path / "pipe", workspace=None).code == 2


def test_evaluation_of_another_run_is_not_shown(copied):
    from engine.errors import WorkspaceError
    from engine.inference.evaluation.evaluation import Evaluation

    workspace, (run, other) = copied
    assert Evaluation.load(folder_of(workspace, run)) is not None
    for change in (
        lambda path: shutil.copy(folder_of(workspace, other) / path.name, path),
        lambda path: path.write_text(path.read_text().replace("0.", "1.", 1)),
        lambda path: path.write_text("{"),
        lambda path: path.write_text('{"schema_number": 1, "classes": [[]], "metrics": 5}'),
    ):
        change(folder_of(workspace, run) / "evaluation.json")
        with pytest.raises(WorkspaceError, match="evaluation"):
            Evaluation.load(folder_of(workspace, run))


def test_a_checkpoint_whose_files_are_all_anothers_is_not_gone_on_from(copied):
    from engine.training.checkpoint import DamagedError, read_checkpoint

    workspace, (run, other) = copied
    folder, others = (folder_of(workspace, it) / "checkpoints" for it in (run, other))
    path = folder / "best-000001"
    path = path if path.exists() else next(folder.glob("*-*"))
    assert read_checkpoint(path).variables
    for source in (others / path.name, next(it for it in folder.glob("*-*") if it != path)):
        shutil.rmtree(path)
        shutil.copytree(source, path)
        with pytest.raises(DamagedError, match="belongs to something else"):
            read_checkpoint(path)
    rewrite_json(path / "manifest.json", lambda values: values.clear())
    with pytest.raises(DamagedError, match="is not in its manifest"):
        read_checkpoint(path)
