"""What the layer editor stands on: the history, the outline, and what is still known of layers."""

from __future__ import annotations

import pytest

from engine.events.messages import LayerInfo
from engine.graph.layer_graph import LayerGraph, LayerNode
from gui.editor import moves
from gui.editor.history import MOST_STEPS, History
from gui.editor.layer_rows import Described, make_rows
from gui.editor.outline import outline


def graph(*layers: tuple[str, str]) -> LayerGraph:
    """A graph of Dense layers: (name, names of the inputs)."""
    return LayerGraph.from_nodes(
        [LayerNode(name, "Dense", tuple(inputs.split())) for name, inputs in layers]
    )


class TestHistory:
    def test_goes_back_and_forward(self) -> None:
        history = History("a")
        history.push("b", "To b")
        history.push("c", "To c")
        assert (history.undo_label, history.redo_label) == ("To c", "")
        assert history.undo() == "b"
        assert (history.undo_label, history.redo_label) == ("To b", "To c")
        assert history.redo() == "c"

    def test_stays_at_its_ends(self) -> None:
        history = History("a")
        assert history.undo() == "a"
        assert history.redo() == "a"

    def test_what_was_undone_is_forgotten_by_a_new_step(self) -> None:
        history = History("a")
        history.push("b", "To b")
        history.undo()
        history.push("c", "To c")
        assert history.redo_label == ""
        assert history.undo() == "a"

    def test_a_number_typed_digit_by_digit_is_one_step(self) -> None:
        history = History("")
        for text in ("1", "12", "128"):
            history.push(text, "Units", key="units")
        assert history.undo() == ""

    def test_typing_after_an_undo_is_a_step_of_its_own(self) -> None:
        history = History("")
        history.push("1", "Units", key="units")
        history.push("b", "Other")
        history.undo()
        history.push("12", "Units", key="units")
        assert history.undo() == "1"

    def test_the_same_state_is_no_step(self) -> None:
        history = History("a")
        history.push("a", "Nothing")
        assert history.undo_label == ""

    def test_the_oldest_steps_are_let_go(self) -> None:
        history = History(-1)
        for state in range(MOST_STEPS + 10):
            history.push(state, "On")
        for _ in range(MOST_STEPS + 10):
            history.undo()
        assert history.state == 10
        assert history.redo() == 11


class TestOutline:
    def test_a_chain_is_flat_and_says_no_sources(self) -> None:
        rows = outline(graph(("in", ""), ("a", "in"), ("b", "a")))
        assert [(row.depth, row.sources) for row in rows] == [(0, ()), (0, ()), (0, ())]

    def test_a_residual_block_is_indented(self) -> None:
        rows = outline(graph(("in", ""), ("a", "in"), ("b", "a"), ("add", "in b"), ("out", "add")))
        assert [row.depth for row in rows] == [0, 1, 1, 0, 0]
        assert rows[3].sources == ("in", "b")

    def test_parallel_branches_say_where_they_come_from(self) -> None:
        rows = outline(graph(("in", ""), ("a", "in"), ("b", "in"), ("join", "a b")))
        assert [row.depth for row in rows] == [0, 1, 1, 0]
        assert rows[2].sources == ("in",)

    def test_blocks_in_blocks_are_indented_twice(self) -> None:
        rows = outline(
            graph(
                ("in", ""), ("a", "in"), ("b", "a"), ("c", "a b"), ("join", "in c"), ("out", "join")
            )
        )
        assert [row.depth for row in rows] == [0, 1, 2, 1, 0, 0]

    def test_blocks_one_after_another_stay_apart(self) -> None:
        rows = outline(
            graph(("in", ""), ("a", "in"), ("add", "in a"), ("b", "add"), ("more", "add b"))
        )
        assert [row.depth for row in rows] == [0, 1, 0, 1, 0]

    def test_what_nothing_takes_is_told(self) -> None:
        rows = outline(graph(("in", ""), ("a", "in"), ("b", "in")))
        assert [row.is_unused for row in rows] == [False, True, False]

    def test_wrong_inputs_have_rows_too(self) -> None:
        rows = outline(graph(("a", "b"), ("b", "nowhere a"), ("c", "c")))
        assert [row.sources for row in rows] == [("b",), ("nowhere", "a"), ("c",)]


class TestKnown:
    BEFORE = graph(("in", ""), ("a", "in"), ("b", "a"))
    SAID = Described(
        BEFORE,
        [
            LayerInfo("in", "Input", (4,), 0),
            LayerInfo("a", "Dense", (8,), 40, inputs=("in",)),
            LayerInfo("b", "Dense", (2,), 18, inputs=("a",)),
        ],
    )
    AFTER = LayerGraph(
        (BEFORE.nodes[0], LayerNode("a", "Dense", ("in",), {"units": 9}), BEFORE.nodes[2])
    )

    def test_all_is_known_of_what_was_asked(self) -> None:
        rows = make_rows(self.BEFORE, self.SAID, {}, is_answered=True)
        assert [(row.shape, row.count, row.is_stale) for row in rows] == [
            ("4", "0", False),
            ("8", "40", False),
            ("2", "18", False),
        ]

    def test_what_comes_after_a_change_is_stale_until_the_answer(self) -> None:
        rows = make_rows(self.AFTER, self.SAID, {}, is_answered=False)
        assert [row.is_stale for row in rows] == [False, True, True]
        assert rows[2].shape == "2"

    def test_what_comes_after_a_mistake_is_unknown(self) -> None:
        rows = make_rows(self.AFTER, self.SAID, {"a": "Too many units."}, is_answered=True)
        assert [row.shape for row in rows] == ["4", "–", "–"]
        assert rows[1].reason == "Too many units."
        assert "Too many units." in rows[1].spoken


class TestMoves:
    @pytest.mark.parametrize(
        ("before", "behind"), [(28, 28), (28, 26), (26, 13), (28, 14), (27, 14), (9, 2), (7, 1)]
    )
    def test_a_projection_brings_what_passes_by_to_the_size_behind(
        self, before: int, behind: int
    ) -> None:
        image = LayerGraph(
            (
                LayerNode("in", "Input", (), {"shape": [before, before, 3]}),
                LayerNode("conv", "Conv2D", ("in",), {"filters": 8}),
            )
        )
        shapes = {"in": (before, before, 3), "conv": (behind, behind, 8)}
        added = moves.wrap_residual(image, ["conv"], shapes)["projection"].parameters
        (kernel, _), (stride, _) = added["kernel_size"], added["strides"]
        assert added["padding"] == "valid"
        assert added["filters"] == 8
        assert (before - kernel) // stride + 1 == behind

    def test_no_projection_where_the_shape_stays(self) -> None:
        before = graph(("in", ""), ("a", "in"))
        wrapped = moves.wrap_residual(before, ["a"], {"in": (4,), "a": (4,)})
        assert [node.name for node in wrapped.nodes] == ["in", "a", "add"]

    @pytest.mark.parametrize(
        ("names", "row", "wanted"),
        [(["b"], 1, "in b a c"), (["a"], 4, "in b c a"), (["a", "b"], 4, "in c a b")],
    )
    def test_moving_keeps_the_order_of_what_is_moved(
        self, names: list[str], row: int, wanted: str
    ) -> None:
        chain = graph(("in", ""), ("a", "in"), ("b", "a"), ("c", "b"))
        moved = moves.move(chain, names, row)
        assert " ".join(node.name for node in moved.nodes) == wanted
        assert all(
            node.inputs == (moved.nodes[at].name,) for at, node in enumerate(moved.nodes[1:])
        )
