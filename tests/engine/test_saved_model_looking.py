"""A SavedModel that others wrote: what does more than compute is refused before it is opened."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf
from export_cases import served, some_examples, written
from tiny_signatures import EVERYTHING, fitting_pairs

from engine.cli.main import main
from engine.inference.foreign_models.operations import COMPUTING, SAVING
from engine.inference.foreign_models.refusal import Refused
from engine.inference.foreign_models.saved_model import GRAPH, look_at_saved_model

SPEC = tf.TensorSpec((None, 2), tf.float32, name="x")


def _saved(folder: Path, call: Callable[[tf.Tensor], Any]) -> Path:
    """A SavedModel that answers by a function."""
    module = tf.Module()
    module.weight = tf.Variable(2.0)
    module.call = tf.function(call, input_signature=[SPEC])
    tf.saved_model.save(module, folder, signatures={"serving_default": module.call})
    return folder


def _writes(path: Path) -> Callable[[tf.Tensor], tf.Tensor]:
    def call(x: tf.Tensor) -> tf.Tensor:
        with tf.control_dependencies([tf.raw_ops.WriteFile(filename=str(path), contents="evil")]):
            return tf.identity(x)

    return call


def _reads(path: Path) -> Callable[[tf.Tensor], tf.Tensor]:
    return lambda x: x + tf.cast(tf.strings.length(tf.io.read_file(str(path))), tf.float32)


def _runs(x: tf.Tensor) -> tf.Tensor:
    return tf.numpy_function(lambda it: it, [x], tf.float32)


def _prints(x: tf.Tensor) -> tf.Tensor:
    tf.print(x, output_stream="file:///tmp/never")
    return tf.identity(x)


def _in_a_branch(path: Path) -> Callable[[tf.Tensor], tf.Tensor]:
    inner = _writes(path)
    return lambda x: tf.cond(tf.reduce_sum(x) > 0, lambda: inner(x), lambda: tf.identity(x))


def _saves(path: Path) -> Callable[[tf.Tensor], tf.Tensor]:
    """What each SavedModel may hold, but called by what answers."""

    def call(x: tf.Tensor) -> tf.Tensor:
        save = tf.raw_ops.SaveV2(
            prefix=str(path), tensor_names=["x"], shape_and_slices=[""], tensors=[x]
        )
        with tf.control_dependencies([save]):
            return tf.identity(x)

    return call


def test_what_only_computes_is_opened(tmp_path: Path) -> None:
    look_at_saved_model(
        _saved(tmp_path, lambda x: tf.nn.softmax(tf.linalg.matmul(x, x, False, True)))
    )


@pytest.mark.parametrize(
    ("make", "operation"),
    [
        (_writes, "WriteFile"),
        (_in_a_branch, "WriteFile"),
        (_reads, "ReadFile"),
        (_saves, "SaveV2"),
        (lambda path: _runs, "PyFunc"),
        (lambda path: _prints, "PrintV2"),
    ],
    ids=["writes", "writes in a branch", "reads", "saves", "runs Python", "prints"],
)  # fmt: skip
def test_what_does_more_is_refused_by_its_name(
    tmp_path: Path, make: Callable[[Path], Callable[[tf.Tensor], Any]], operation: str
) -> None:
    folder = _saved(tmp_path / "model", make(tmp_path / "mark"))
    with pytest.raises(Refused, match=rf"has the operation '(Eager)?{operation}'"):
        look_at_saved_model(folder)


def test_the_mark_appears_where_nobody_looks_and_not_by_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, mark = tmp_path / "export", tmp_path / "mark"
    folder.mkdir()
    _saved(folder / "saved_model", _writes(mark))
    card = {"format": "saved_model", "file": "saved_model", "kind": "table", "output": {},
            "prepare": {}}  # fmt: skip
    (folder / "model.json").write_text(json.dumps(card))
    (folder / "proof.json").write_text("{}")
    assert main(["verify", str(folder), "--json"]) == 1
    (problem,) = json.loads(capsys.readouterr().out)["problems"]
    assert problem.startswith("It is not opened: saved_model.pb, function ")
    assert "'WriteFile'" in problem
    assert not mark.exists()
    tf.saved_model.load(folder / "saved_model").signatures["serving_default"](tf.zeros((1, 2)))
    assert mark.read_text() == "evil"


@pytest.mark.parametrize("file", ["../saved_model", "/etc", "inner/saved_model"])
def test_what_lies_elsewhere_is_not_opened(
    tmp_path: Path, file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is looked at is what is opened."""
    card = {"format": "saved_model", "file": file, "kind": "table", "output": {}, "prepare": {}}
    (tmp_path / "model.json").write_text(json.dumps(card))
    (tmp_path / "proof.json").write_text("{}")
    assert main(["verify", str(tmp_path), "--json"]) == 1
    (problem,) = json.loads(capsys.readouterr().out)["problems"]
    assert problem.endswith("which lies elsewhere.")


def test_damaged_files_are_refused(tmp_path: Path) -> None:
    folder = _saved(tmp_path, lambda x: x * 2)
    whole = (folder / GRAPH).read_bytes()
    for change in (
        whole[: len(whole) // 2],
        b"\xff" * 40,
        b"",
        b"\x0b" + whole,
        whole.replace(b"Identity", b"EvilCall"),
    ):
        (folder / GRAPH).write_bytes(change)
        with pytest.raises(Refused):
            look_at_saved_model(folder)
    (folder / GRAPH).write_bytes(whole)
    look_at_saved_model(folder)
    (folder / "saved_model.pbtxt").write_text("")
    with pytest.raises(Refused, match="pbtxt"):
        look_at_saved_model(folder)


def test_what_it_reads_is_what_tensorflow_reads(tmp_path: Path) -> None:
    """The same operations as TensorFlow's own reader finds, function by function."""
    from tensorflow.core.protobuf import saved_model_pb2

    from engine.inference.foreign_models.saved_model import _Graphs

    folder = _saved(tmp_path, _in_a_branch(tmp_path / "mark"))
    content = (folder / GRAPH).read_bytes()
    graphs = _Graphs()
    graphs.read(memoryview(content))
    (meta,) = saved_model_pb2.SavedModel.FromString(content).meta_graphs
    functions = meta.graph_def.library.function
    assert graphs.of_main >= {node.op for node in meta.graph_def.node}
    assert graphs.of_functions.keys() == {item.signature.name for item in functions}
    for item in functions:
        assert graphs.of_functions[item.signature.name] >= {node.op for node in item.node_def}
    assert graphs.offered == set(meta.object_graph_def.concrete_functions)


def test_all_operations_are_tensorflows() -> None:
    from tensorflow.python.framework import op_def_registry

    unknown = [name for name in COMPUTING | SAVING if op_def_registry.get(name) is None]
    assert not unknown
    assert not COMPUTING & SAVING


def _of_each_architecture() -> Iterator[Any]:
    """Some in an ordinary run, all of them once a release."""
    seen: set[str] = set()
    for pair in fitting_pairs():
        name = pair[0].name
        if name not in seen:
            marks = () if name in ("table_ensemble", "transformer", "text_cnn") else EVERYTHING
            yield pytest.param(pair, id=name, marks=marks)
        seen.add(name)


@pytest.mark.parametrize("pair", list(_of_each_architecture()))
def test_what_descent_writes_itself_only_computes(pair: Any, tmp_path: Path) -> None:
    model = served(pair)
    written(model, "saved_model", tmp_path, some_examples(model.contract))
    look_at_saved_model(tmp_path / "saved_model")
