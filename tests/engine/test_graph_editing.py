"""Edits of a graph, graphs that are wrong, models kept by name."""

import json

import pytest
from graph_pairs import chain

from engine.errors import DescentError, SpecError, UnknownNameError
from engine.graph import blocks, editing
from engine.graph.checking import check_nodes, checked_graph
from engine.graph.layer_graph import LayerNode
from engine.graph.layer_types import LAYER_TYPES
from engine.graph.library import ModelLibrary
from engine.spec.parameters import describe

GRAPH = chain(("Dense", {"units": 8}), ("Activation", {}), ("Dropout", {}), ("Dense", {"units": 2}))


def flow(graph):
    return [(node.name, *node.inputs) for node in graph.nodes]


def field_of(caught):
    return caught.value.problems[0].field


def test_a_layer_goes_between_one_and_what_takes_it():
    assert flow(editing.add_after(GRAPH, "dense_1", "Dense"))[1:4] == [
        ("dense_1", "input"), ("dense", "dense_1"), ("activation_2", "dense")
    ]  # fmt: skip


def test_what_took_a_removed_layer_takes_its_input():
    removed = editing.remove(GRAPH, ["activation_2", "dropout_3"])
    assert flow(removed) == [("input",), ("dense_1", "input"), ("dense_4", "dense_1")]


def test_a_copy_stands_behind_and_keeps_what_feeds_what():
    copied = editing.copy(GRAPH, ["dense_1", "activation_2"])
    assert flow(copied)[1:6] == [
        ("dense_1", "input"),
        ("activation_2", "dense_1"),
        ("dense", "activation_2"),
        ("activation", "dense"),
        ("dropout_3", "activation"),
    ]


def test_neighbours_change_places_and_back():
    moved = editing.move_up(GRAPH, "activation_2")
    assert flow(moved)[1:4] == [
        ("activation_2", "input"), ("dense_1", "activation_2"), ("dropout_3", "dense_1")
    ]  # fmt: skip
    assert editing.move_down(moved, "activation_2") == GRAPH


def test_a_new_name_is_followed():
    renamed = editing.rename(GRAPH, "dense_1", "first")
    assert flow(renamed)[1:3] == [("first", "input"), ("activation_2", "first")]


def test_a_residual_block_adds_what_passes_by_with_a_projection():
    wrapped = blocks.wrap_residual(GRAPH, ["dense_1", "activation_2"], "Dense")
    assert flow(wrapped)[3:6] == [
        ("projection", "input"), ("add", "projection", "activation_2"), ("dropout_3", "add")
    ]  # fmt: skip
    assert wrapped["projection"].parameters["units"] == 8


def test_a_branch_is_joined_behind_the_run():
    branched = blocks.add_branch(GRAPH, "activation_2", "Dense")
    assert flow(branched)[3:6] == [
        ("dense_branch", "dense_1"),
        ("concatenate", "activation_2", "dense_branch"),
        ("dropout_3", "concatenate"),
    ]


def test_inputs_are_set_and_the_order_follows():
    branched = blocks.add_branch(GRAPH, "activation_2", "Dense")
    other = editing.set_inputs(branched, "activation_2", ["dense_branch"])
    assert check_nodes(other.nodes) == []
    assert flow(other).index(("dense_branch", "dense_1")) < flow(other).index(
        ("activation_2", "dense_branch")
    )


@pytest.mark.parametrize(
    "edit",
    [
        lambda graph: editing.remove(graph, "input"),
        lambda graph: editing.remove(graph, "nowhere"),
        lambda graph: editing.move_up(graph, "dense_1"),
        lambda graph: editing.move_down(graph, "dense_4"),
        lambda graph: editing.rename(graph, "dense_1", "dense_4"),
        lambda graph: editing.rename(graph, "dense_1", "1st layer"),
        lambda graph: editing.set_inputs(graph, "dense_1", ["dense_4"]),
        lambda graph: editing.add_after(graph, "dense_1", "Dens"),
        lambda graph: blocks.wrap_residual(graph, ["dense_1", "dropout_3"]),
    ],
)
def test_edits_that_make_no_sense_are_refused(edit):
    with pytest.raises(SpecError) as caught:
        edit(GRAPH)
    assert caught.value.problems[0].message.endswith(".")


def _broken(change):
    values = json.loads(json.dumps(GRAPH.to_dict()))
    return change(values) or values


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (lambda v: [1], "graph"),
        (lambda v: v.update(schema_version=2), "graph.schema_version"),
        (lambda v: v.update(layers="none"), "graph.layers"),
        (lambda v: v.update(layers=[]), "graph.layers"),
        (lambda v: v.update(colour=1), "graph.colour"),
        (lambda v: v["layers"].insert(1, 5), "graph.layers.1"),
        (lambda v: v["layers"][1].update(type="Dens"), "graph.layers.1.type"),
        (lambda v: v["layers"][1].update(type=3), "graph.layers.1.type"),
        (lambda v: v["layers"][1].update(shape=3), "graph.layers.1.shape"),
        (lambda v: v["layers"][2].update(name="dense_1"), "graph.layers.2.name"),
        (lambda v: v["layers"][1]["parameters"].update(units=0),
         "graph.layers.1.parameters.units"),
        (lambda v: v["layers"][1]["parameters"].update(unit=1),
         "graph.layers.1.parameters.unit"),
        (lambda v: v["layers"][1]["parameters"].update(
            keras={"kernel_initializer": {"module": "os", "class_name": "system"}}),
         "graph.layers.1.parameters.keras"),
        (lambda v: v["layers"][1]["parameters"].update(
            call={"args": [{"input": 4}], "kwargs": {}}), "graph.layers.1.parameters.call"),
        (lambda v: v["layers"][1].update(inputs=[]), "graph.layers.1.inputs"),
        (lambda v: v["layers"][1].update(inputs=["input", "input"]), "graph.layers.1.inputs"),
        (lambda v: v["layers"][1].update(inputs="input"), "graph.layers.1.inputs"),
        (lambda v: v["layers"][1].update(inputs=["nowhere"]), "graph.layers.1.inputs"),
        (lambda v: v["layers"][1].update(inputs=["dense_1"]), "graph.layers.1.inputs"),
        (lambda v: v["layers"][1].update(inputs=["dense_4"]), "graph.layers.1.inputs"),
        (lambda v: v["layers"][2].update(inputs=["input"]), "graph.layers.1"),
        (lambda v: v["layers"].insert(1, dict(v["layers"][0], name="two")), "graph.layers.1"),
    ],
)  # fmt: skip
def test_a_broken_graph_is_refused_at_the_place(change, field):
    with pytest.raises(SpecError) as caught:
        checked_graph(_broken(change))
    assert field in [problem.field for problem in caught.value.problems]
    assert all(problem.message.endswith(".") for problem in caught.value.problems)


def test_a_lambda_is_refused():
    nodes = [*GRAPH.nodes, LayerNode("code", "OtherLayer", ("dense_4",), {"layer": "Lambda"})]
    assert [item.field for item in check_nodes(nodes)] == ["layers.5.parameters.keras"]


@pytest.mark.parametrize("kind", LAYER_TYPES, ids=lambda item: item.name)
def test_every_type_is_explained_and_has_defaults(kind):
    kind.parameters()
    assert kind.help.endswith(".")
    assert all(item.label and item.help.endswith(".") for item in describe(kind.parameters))


def test_models_are_kept_by_name(tmp_path):
    library = ModelLibrary(tmp_path)
    assert library.names == ()
    library.save("My net", GRAPH)
    assert library.load("My net").graph == GRAPH
    with pytest.raises(DescentError, match="saved already"):
        library.save("my NET", GRAPH)
    library.rename("My net", "Other")
    assert library.load("Other").title == "Other"
    (tmp_path / "models" / "bad.json").write_text("{", encoding="utf-8")
    models, wrong = library.models()
    assert [item.name for item in models] == ["Other"]
    assert "not JSON" in wrong[0]
    marked = library.path("Other").read_bytes()
    library.path("Other").write_bytes(b"\xef\xbb\xbf" + marked)  # as Notepad may save it
    assert library.load("Other").graph == GRAPH
    library.delete("Other")
    with pytest.raises(UnknownNameError):
        library.load("Other")


@pytest.mark.parametrize("name", ["", "../out", "a/b", "con", " x", "x" * 61])
def test_names_that_no_file_can_have_are_refused(name, tmp_path):
    with pytest.raises(DescentError, match="is named with"):
        ModelLibrary(tmp_path).save(name, GRAPH)
