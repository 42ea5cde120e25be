"""The command `export`, its proof, and `verify`: what is changed is found, what is sound is not."""

import base64
import json
import shutil
import subprocess
import sys
import zlib
from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest
from export_cases import served, some_examples, written
from hostile_models import HOSTILE
from tiny_signatures import fitting_pairs

from engine.cli import main as cli
from engine.errors import Cancelled, WorkspaceError
from engine.inference.export import proof as proofs
from engine.inference.export.diagnosing import asked_in, first_different
from engine.inference.export.standalone import verify
from engine.service.results.exporting import models
from engine.service.results.exporting.places import BESIDE, handed_over, place_of

ROWS = 80


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A run whose model tells two classes by a number and a category."""
    folder = tmp_path_factory.mktemp("shop")
    rng = np.random.default_rng(4)
    lines = ["size,city,sold"]
    for _ in range(ROWS):
        size, city = rng.normal(), rng.choice(["Rome", "=Oslo", ""])
        lines.append(f"{size:.3f},{city},{'yes' if size + (city == 'Rome') > 0 else 'no'}")
    table = folder / "shop.csv"
    table.write_text("\n".join(lines))
    words = ["train", "--data", str(table), "--target", "sold", "--model", "mlp", "--epochs", "4"]
    words += ["--set", "units=8"]
    assert cli.main([*words, "--workspace", str(folder / "ws"), "--name", "shop", "--json"]) == 0
    return folder / "ws"


@pytest.fixture
def command(shop, capsys):
    """Runs a command: its exit code, the last of its JSON objects, and what it noted."""

    def run(*words):
        capsys.readouterr()
        stores = [] if words[0] == "verify" else ["--workspace", str(shop)]
        code = cli.main([*words, *stores, "--json"])
        said = capsys.readouterr()
        return code, json.loads(said.out.splitlines()[-1]) if said.out else None, said.err

    return run


@pytest.fixture(scope="module")
def exported(shop, tmp_path_factory):
    """The run's model as ONNX, handed over."""
    to = tmp_path_factory.mktemp("out") / "shop"
    words = ["export", "shop", "--format", "onnx", "--to", str(to)]
    assert cli.main([*words, "--workspace", str(shop), "--json"]) == 0
    return to


# ---- handing over


@pytest.mark.parametrize(("name", "file"), [("keras", "model.keras"), ("litert", "model.tflite")])
def test_a_model_is_handed_over_with_its_proof(command, tmp_path, monkeypatch, name, file):
    if name == "keras":  # else it is asked with all threads as well, by another process
        monkeypatch.setattr(models.os, "cpu_count", lambda: 1)
    code, found, _ = command("export", "shop", "--format", name, "--to", str(tmp_path / "out"))
    assert code == 0
    assert found["event"] == "exported"
    assert found["format"] == name
    assert Path(found["path"]) == tmp_path / "out" / file
    assert found["checked"] > 12  # the test part, and made rows beside it
    assert found["largest_difference"] < 1e-5
    assert found["same_class"] == 1.0
    assert found["test_metrics"]["test_accuracy"] == found["run_metrics"]["test_accuracy"]
    assert found["latency_ms"] > 0
    files = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert files == sorted(
        [file, "model.json", "predict.py", "verify.py", "proof.json", "example.py"]
    )
    if name == "keras":  # which takes seconds to begin
        return
    seen = proofs.asked(tmp_path / "out")
    assert not seen["problems"]
    assert "tensorflow" not in seen["modules"]
    assert "engine" not in seen["modules"]


def test_what_was_handed_over_runs_by_itself(exported):
    for words in (["verify.py"], ["example.py"]):
        ended = subprocess.run(
            [sys.executable, *words], cwd=exported, capture_output=True, text=True, check=False
        )
        assert ended.returncode == 0, ended.stderr
        assert ended.stdout
    assert "['yes']" in ended.stdout or "['no']" in ended.stdout
    assert ended.stdout.strip() == (exported / "example.py").read_text().splitlines()[-1][2:]


def test_the_file_says_itself_what_it_is(exported):
    import onnx

    model = onnx.load(exported / "model.onnx")
    said = {item.key: item.value for item in model.metadata_props}
    assert json.loads(said["output"])["names"] == ["no", "yes"]
    assert 0 < json.loads(said["metrics"])["test_accuracy"] <= 1
    assert [item.name for item in model.graph.input] == ["size", "city"]
    assert [item.name for item in model.graph.output] == ["probabilities"]


def test_a_file_may_lie_among_others(command, tmp_path):
    (tmp_path / "mine.txt").write_text("kept")
    path = tmp_path / "shop.onnx"
    code, found, _ = command("export", "shop", "--format", "onnx", "--to", str(path))
    assert (code, Path(found["path"])) == (0, path)
    assert (tmp_path / "mine.txt").read_text() == "kept"
    assert command("verify", str(path))[0] == 0
    assert not [item for item in tmp_path.iterdir() if item.name.startswith(".")]
    # Again, over itself; and not over another's.
    assert command("export", "shop", "--format", "onnx", "--to", str(path))[0] == 0
    other = tmp_path / "a.tflite"
    code, _, said = command("export", "shop", "--format", "litert", "--to", str(other))
    assert code == 2
    assert "holds other files, which are not replaced: example.py" in said


OWN = [
    ({"predict.py": "mine"}, "mine.onnx", "predict.py"),
    (
        {"model.json": "{}", "group1-shard1of1.bin": "weights"},
        "",
        "group1-shard1of1.bin, model.json",
    ),
    ({"model.json": '{"file": "model.onnx"}', "notes.txt": "mine"}, "", "model.json, notes.txt"),
]


@pytest.mark.parametrize(("files", "file", "named"), OWN)
def test_files_of_others_are_never_replaced(tmp_path, files, file, named):
    folder = tmp_path / "mine"
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text)
    with pytest.raises(WorkspaceError, match=f"not replaced: {named}"):
        place_of(folder / file, ".onnx", "model.onnx", BESIDE)


def test_what_lies_beside_a_file_replaces_nothing_of_others(tmp_path):
    (tmp_path / "sales_data.csv").write_text("mine")
    (tmp_path / "predict.py").write_text("mine")
    for text, is_replaced in (("mine", True), ("a copy", False)):
        place = place_of(tmp_path / "sales.py", ".py", "train.py")

        def export(place=place, text=text):
            with handed_over(place) as aside:
                (aside / "sales.py").write_text("a script")
                (aside / "sales_data.csv").write_text(text)

        if is_replaced:  # by the same
            export()
        else:
            with pytest.raises(WorkspaceError, match=r"not replaced: sales_data\.csv"):
                export()
    assert (tmp_path / "sales_data.csv").read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "predict.py", "sales.py", "sales_data.csv",
    ]  # fmt: skip


def test_an_earlier_export_is_replaced_if_nothing_lies_beside_it(exported, tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(exported, folder)
    (folder / "__pycache__").mkdir(exist_ok=True)  # verify.py has been run there
    assert place_of(folder, ".onnx", "model.onnx").folder == folder
    with pytest.raises(WorkspaceError, match="holds other files"):
        place_of(folder, ".tflite", "model.tflite")
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(WorkspaceError, match=r"notes\.txt"):
        place_of(folder, ".onnx", "model.onnx")


@pytest.mark.parametrize(
    ("to", "word"),
    [("full", "holds other files"), ("none/there", "There is no folder"), ("file", "is a file")],
)
def test_where_nothing_can_be_written_is_said(command, tmp_path, to, word):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("kept")
    (tmp_path / "file").write_text("kept")
    code, _, said = command("export", "shop", "--format", "onnx", "--to", str(tmp_path / to))
    assert code == 2
    assert word in said
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "full"]


def test_of_eight_bits_are_weights_alone_where_the_rest_cannot_be(command, tmp_path, monkeypatch):
    code, found, _ = command(
        "export", "shop", "--format", "litert_int8", "--to", str(tmp_path / "all")
    )
    assert (code, found["notes"]) == (0, [])
    assert 0 < found["largest_difference"] < 0.25
    from engine.inference.export import litert_file

    convert = litert_file.converted_apart

    def refuses(function, samples):
        if len(samples):
            raise ValueError("The converter itself breaks down over it.")
        return convert(function, samples)

    monkeypatch.setattr(litert_file, "converted_apart", refuses)
    code, found, _ = command(
        "export", "shop", "--format", "litert_int8", "--to", str(tmp_path / "weights")
    )
    assert code == 0
    assert found["notes"][0].startswith("Weights alone are of 8 bits")


def test_a_converter_that_breaks_down_ends_nothing_else(tmp_path):
    pair = next(pair for pair in fitting_pairs() if pair[0].name == "lstm")
    model = served(pair)
    with pytest.raises(ValueError, match="The converter"):
        written(model, "litert_int8", tmp_path, some_examples(model.contract))


def test_a_model_that_answers_otherwise_is_not_handed_over(command, tmp_path, monkeypatch):
    from engine.inference.export import boundary

    behind = boundary._behind
    monkeypatch.setattr(
        boundary, "_behind", lambda *given: lambda x: behind(*given)(x) * 0.99 + 0.004
    )
    code, found, said = command("export", "shop", "--format", "onnx", "--to", str(tmp_path / "out"))
    assert code == 1
    assert found["event"] == "export_refused"
    assert "The answer to example" in found["reason"]
    assert "what stands before or behind them differs" in found["reason"]
    assert "Not exported" in said
    assert not list(tmp_path.iterdir())


def test_what_a_format_does_not_have_is_told_with_the_layer(command, tmp_path, monkeypatch):
    from engine.inference.export import writing

    def refuses(*_):
        raise ValueError("No form for node 'mlp/hidden_1/Relu'")

    monkeypatch.setattr(writing, "boundary_of", refuses)
    code, found, _ = command("export", "shop", "--format", "onnx", "--to", str(tmp_path / "out"))
    assert code == 1
    assert "The format has no form for this model" in found["reason"]
    assert not list(tmp_path.iterdir())


def test_missing_packages_are_named_with_what_installs_them(command, tmp_path, monkeypatch):
    from engine.service.results import exporting

    monkeypatch.setattr(exporting, "_is_installed", lambda name: name != "onnxruntime")
    code, _, said = command("export", "shop", "--format", "onnx", "--to", str(tmp_path / "out"))
    assert code == 2
    assert "onnxruntime" in said
    assert "pip install 'descent[export]'" in said


def test_without_its_data_made_examples_are_asked(shop, command, tmp_path):
    table = shop.parent / "shop.csv"
    table.rename(tmp_path / "away.csv")
    try:
        code, found, _ = command(
            "export", "shop", "--format", "litert", "--to", str(tmp_path / "out")
        )
    finally:
        (tmp_path / "away.csv").rename(table)
    assert code == 0
    assert found["checked"] > 5
    assert found["test_metrics"] == {}
    assert "made examples were asked" in found["notes"][0]


def test_whoever_waits_can_end_it(exported):
    def stops():
        raise Cancelled

    with pytest.raises(Cancelled):
        proofs.asked(exported, watch=stops)


# ---- the layer that differs


def test_the_layer_is_found_from_which_on_answers_differ():
    pair = next(pair for pair in fitting_pairs() if pair[0].name == "cnn")
    network = served(pair).network
    x = np.random.default_rng(0).normal(size=(3, *network.input_shape[1:])).astype(np.float32)
    assert first_different(network, x, asked_in("onnx")) is None
    names = [layer.name for layer in network.layers]
    wrong = names[len(names) // 2]

    def ask(part, x):
        found = np.asarray(part(x))
        return found + 0.5 if any(layer.name == wrong for layer in part.layers) else found

    assert first_different(network, x, ask).name == wrong


# ---- verify


def check(folder):
    """What verify.py finds in a folder, in this process."""
    off = dict.fromkeys(("code", "outputs", "measure", "only_measure"))
    given = Namespace(folder=folder, threads=1, **off)
    try:
        return verify.checked(given)["problems"]
    except Exception as error:  # which verify.py tells, too
        return [str(error)]


def sealed(folder):
    """Makes digests and seal anew, so that answers alone tell."""
    proof = json.loads((folder / "proof.json").read_text())
    proof["files"] = {
        name: verify.hashlib.sha256((folder / name).read_bytes()).hexdigest()
        for name in proof["files"]
    }
    del proof["seal"]
    proofs.save_proof(folder, proof)


def edit_json(name, change):
    def mutate(folder):
        path = folder / name
        values = json.loads(path.read_text())
        change(values)
        path.write_text(json.dumps(values))

    return mutate


def edit_onnx(change):
    def mutate(folder):
        import onnx

        model = onnx.load(folder / "model.onnx")
        change(model)
        (folder / "model.onnx").write_bytes(model.SerializeToString())

    return mutate


def weight(place, factor):
    def change(model):
        import onnx

        large = [it for it in model.graph.initializer if np.prod(it.dims) > 3]
        tensor = large[place % len(large)]
        values = onnx.numpy_helper.to_array(tensor) * factor + 0.1
        tensor.CopyFrom(onnx.numpy_helper.from_array(values, tensor.name))

    return edit_onnx(change)


def encoder(change):
    def edit(model):
        (node,) = [node for node in model.graph.node if node.op_type == "LabelEncoder"]
        change({item.name: item for item in node.attribute})

    return edit_onnx(edit)


def bytes_of(name, change):
    def mutate(folder):
        path = folder / name
        path.write_bytes(change(path.read_bytes()))

    return mutate


def flip(place):
    def change(content):
        at = int(len(content) * place)
        return content[:at] + bytes([content[at] ^ 0xFF]) + content[at + 1 :]

    return change


def expected_moved(values):
    packed = values["outputs"]
    array = np.frombuffer(zlib.decompress(base64.b64decode(packed["zlib"])), packed["dtype"]) + 0.2
    packed["zlib"] = base64.b64encode(zlib.compress(array.tobytes())).decode()


NUMBERS = [
    *(weight(place, factor) for place in range(6) for factor in (0.0, 1.5, -1.0)),
    edit_json("model.json", lambda v: v["output"]["names"].reverse()),
    edit_json("model.json", lambda v: v["output"].update(names=["no", "maybe"])),
    edit_json("model.json", lambda v: v["inputs"][0].update(tensor="city")),
    edit_json("model.json", lambda v: v["inputs"][1].update(type="number")),
    edit_json("model.json", lambda v: v.update(entry="prepared")),
    edit_json("model.json", lambda v: v.update(file="other.onnx")),
    edit_json("model.json", lambda v: v["output"].update(type="numbers", scale=[2], offset=[0])),
    edit_json("proof.json", expected_moved),
    edit_json("proof.json", lambda v: v["inputs"]["size"].reverse()),
    edit_json("proof.json", lambda v: v["outputs"].update(dtype="<f8")),
    encoder(lambda a: a["keys_strings"].strings.reverse()),
    encoder(lambda a: a["keys_strings"].strings.__setitem__(0, b"Paris")),
    edit_onnx(lambda model: model.graph.node.pop()),
    edit_onnx(lambda model: setattr(model.opset_import[0], "version", 900)),
    edit_onnx(lambda model: model.graph.output.pop()),
    *(bytes_of("model.onnx", lambda c, share=share: c[: int(len(c) * share)])
      for share in (0.0, 0.3, 0.9)),
    bytes_of("predict.py", lambda c: c.replace(b"argmax(axis=1)", b"argmin(axis=1)").replace(
        b"1.0 - found, found", b"found, 1.0 - found")),
]  # fmt: skip
MARKS = [
    edit_json("model.json", lambda v: v["inputs"].reverse()),
    edit_json("model.json", lambda v: v["metrics"].update(test_accuracy=1.0)),
    edit_json("proof.json", lambda v: v["names"].update(names=["yes", "no"])),
    edit_json("proof.json", lambda v: v["versions"].pop("numpy")),
    edit_json("proof.json", lambda v: v["limits"].update(range=[1e9])),
    bytes_of("proof.json", lambda c: c[: len(c) // 2]),
    *(bytes_of(name, flip(place))
      for name in ("model.onnx", "model.json", "predict.py", "verify.py", "example.py")
      for place in (0.1, 0.6)),
    edit_json("proof.json", lambda v: v["limits"].update(difference=1e6)),
    edit_json("proof.json", lambda v: v["limits"].update(same=0.0)),
    edit_json("proof.json", lambda v: v["files"].pop("model.onnx")),
    edit_json("proof.json", lambda v: v.update(seal="")),
    edit_json("proof.json", lambda v: v["versions"].update(python="2")),
    lambda folder: (folder / "model.json").unlink(),
    lambda folder: (folder / "model.onnx").unlink(),
    edit_json("model.json", lambda v: v.update(name="another")),
    bytes_of("model.onnx", lambda c: c + b"\0"),
]  # fmt: skip


@pytest.mark.parametrize("place", range(len(NUMBERS) + len(MARKS)))
def test_whatever_is_changed_is_found(exported, tmp_path, place):
    folder = tmp_path / "copy"
    shutil.copytree(exported, folder)
    [*NUMBERS, *MARKS][place](folder)
    assert check(folder)


@pytest.mark.parametrize("place", range(len(NUMBERS)))
def test_what_changes_answers_is_found_by_the_answers_alone(exported, tmp_path, place):
    folder = tmp_path / "copy"
    shutil.copytree(exported, folder)
    NUMBERS[place](folder)
    try:
        sealed(folder)
    except FileNotFoundError:
        pytest.skip("it is gone")
    assert check(folder)


def test_what_is_sound_is_found_sound(exported, tmp_path):
    for place in range(60):
        folder = tmp_path / str(place)
        shutil.copytree(exported, folder)
        assert check(folder) == []


def test_at_least_sixty_changes_were_tried():
    assert len(NUMBERS) + len(MARKS) >= 60


def test_verify_never_runs_what_lies_in_the_folder(exported, command, tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(exported, folder)
    for name in ("verify.py", "predict.py"):
        (folder / name).write_text(f"open({str(tmp_path / 'mark')!r}, 'w')")
    code, found, _ = command("verify", str(folder))
    assert code == 1
    assert "'predict.py' was changed after it was written." in found["problems"]
    assert not (tmp_path / "mark").exists()


@pytest.mark.parametrize("name", [item.name for item in HOSTILE if "ambda" in item.name][:2])
def test_verify_opens_no_model_with_code_in_it(command, tmp_path, name):
    card = {"format": "keras", "file": "model.keras", "kind": "table", "output": {}, "prepare": {}}
    (tmp_path / "model.json").write_text(json.dumps(card))
    written_to = next(item for item in HOSTILE if item.name == name).write(tmp_path)
    written_to.rename(tmp_path / "model.keras")
    code, found, _ = command("verify", str(tmp_path / "model.keras"))
    assert code == 1
    assert found["problems"][0].startswith("It is not opened: ")


def test_verify_of_what_is_no_export(command, tmp_path):
    code, _, said = command("verify", str(tmp_path))
    assert code == 2
    assert f"'{tmp_path}' is no export of Descent" in said


def test_the_command_says_what_verify_says(exported, command, tmp_path):
    code, found, _ = command("verify", str(exported))
    assert (code, found["is_sound"], found["problems"]) == (0, True, [])
    folder = tmp_path / "copy"
    shutil.copytree(exported, folder)
    weight(0, 1.5)(folder)
    code, found, _ = command("verify", str(folder))
    assert (code, found["is_sound"]) == (1, False)


def test_texts_that_differ_are_counted():
    said, wanted = np.array(["one", "two", "three"], object), ["one", "two", "tree"]
    found = verify.compared(said, wanted, {"same": 1.0})
    assert found["problems"] == ["Only 66.7% of the texts are the same."]
    assert verify.compared(said, wanted, {"same": 0.6})["problems"] == []
