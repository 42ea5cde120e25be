"""Looks at the graph of a foreign SavedModel, without TensorFlow: it must only compute.

The file is a message of Protocol Buffers. Only its structure is read here, as the encoding says
(https://protobuf.dev/programming-guides/encoding/), never through TensorFlow's own C++. Numbers of
fields are those of TensorFlow's `saved_model.proto`, `meta_graph.proto`, `graph.proto`,
`function.proto`, `node_def.proto`, `attr_value.proto` and `saved_object_graph.proto`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from engine.files.bounded import read_whole
from engine.inference.foreign_models.operations import COMPUTING, SAVING
from engine.inference.foreign_models.refusal import Refused, told

GRAPH: Final = "saved_model.pb"
_OTHERS: Final = ("saved_model.pbtxt", "saved_model.cpb")
"""The same in other forms, of which TensorFlow might take one instead."""
_MAX_BYTES: Final = 1 << 30
_MAX_FIELDS: Final = 5_000_000
_MAX_DEPTH: Final = 32
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5

Field = tuple[int, memoryview]


def look_at_saved_model(folder: Path) -> None:
    """Makes sure that a SavedModel holds nothing but operations that compute.

    Args:
        folder: Of the SavedModel.

    Raises:
        Refused: It holds something else, or is none.
        OSError: It cannot be read.
    """
    for name in _OTHERS:
        if (folder / name).exists():
            raise Refused(f"'{name}'", "the graph may be in 'saved_model.pb' alone")
    if not (folder / GRAPH).is_file():
        raise Refused("the folder", f"it has no '{GRAPH}'")
    graphs = _Graphs()
    graphs.read(memoryview(read_whole(folder / GRAPH, _MAX_BYTES)))
    graphs.check()


@dataclass
class _Graphs:
    """What all graphs of a file consist of.

    Attributes:
        of_main: Operations of the main graph, which TensorFlow 2 does not run.
        of_functions: Operations of each function by name, and what they call.
        offered: Names of functions that can be called from outside.
    """

    of_main: set[str] = field(default_factory=set)
    of_functions: dict[str, set[str]] = field(default_factory=dict)
    offered: set[str] = field(default_factory=set)
    has_objects: bool = False
    n_fields: int = 0

    def check(self) -> None:
        """Refuses what does more than compute, by name."""
        if not self.has_objects:
            raise Refused(GRAPH, "it is of TensorFlow 1, which runs all of a graph to load it")
        called = self.offered.union(*self.of_functions.values())
        for name, used in [("", self.of_main), *self.of_functions.items()]:
            where = f"{GRAPH}, function {told(name)}" if name else f"{GRAPH}, the graph"
            # What saves and restores is called from the main graph alone, that is, by nobody.
            is_called = name in called
            for operation in sorted(used):
                if operation in COMPUTING or operation in self.of_functions:
                    continue
                if operation in SAVING and not is_called:
                    continue
                raise Refused(where, f"it has the operation {told(operation)}, which may do more "
                              "than compute")  # fmt: skip

    # ---- messages

    def read(self, message: memoryview) -> None:
        """Reads a `SavedModel`."""
        for number, value in self._fields(message):
            if number == 2:
                self._meta_graph(value)

    def _meta_graph(self, message: memoryview) -> None:
        for number, value in self._fields(message):
            if number == 2:
                self._graph(value)
            elif number == 7:
                self.has_objects = True
                self._objects(value)

    def _graph(self, message: memoryview) -> None:
        for number, value in self._fields(message):
            if number == 1:
                self._node(value, self.of_main)
            elif number == 2:
                for kind, item in self._fields(value):
                    if kind == 1:
                        self._function(item)
                    elif kind == 2:
                        raise Refused(GRAPH, "a function of it has a gradient of its own")

    def _function(self, message: memoryview) -> None:
        names, used = [""], set[str]()
        for number, value in self._fields(message):
            if number == 1:
                names += [_text(item) for kind, item in self._fields(value) if kind == 1]
            elif number == 3:
                self._node(value, used)
        # Of a field that is there twice the last counts.
        if names[-1] in self.of_functions or names[-1] in COMPUTING | SAVING:
            raise Refused(GRAPH, f"its function {told(names[-1])} has the name of something else")
        self.of_functions[names[-1]] = used

    def _node(self, message: memoryview, used: set[str]) -> None:
        operation = ""
        for number, value in self._fields(message):
            if number == 2:
                operation = _text(value)
            elif number == 5:
                self._attribute(value, used, 0)
        used.add(operation)

    def _attribute(self, message: memoryview, used: set[str], depth: int) -> None:
        """An entry of a node's attributes: functions that it names are called by it."""
        for number, value in self._fields(message):
            if number != 2:
                continue
            for kind, item in self._fields(value):
                if kind == 10:
                    self._called(item, used, depth)
                elif kind == 1:
                    for inner, function in self._fields(item):
                        if inner == 9:
                            self._called(function, used, depth)

    def _called(self, message: memoryview, used: set[str], depth: int) -> None:
        if depth > _MAX_DEPTH:
            raise Refused(GRAPH, f"its functions are named more than {_MAX_DEPTH} deep")
        for number, value in self._fields(message):
            if number == 1:
                used.add(_text(value))
            elif number == 2:
                self._attribute(value, used, depth + 1)

    def _objects(self, message: memoryview) -> None:
        for number, value in self._fields(message):
            if number == 2:
                self.offered |= {_text(item) for kind, item in self._fields(value) if kind == 1}

    def _fields(self, message: memoryview) -> Iterator[Field]:
        """The fields of a message that hold bytes, by number."""
        place, end = 0, len(message)
        while place < end:
            self.n_fields += 1
            if self.n_fields > _MAX_FIELDS:
                raise Refused(GRAPH, f"it has more than {_MAX_FIELDS:,} parts")
            tag, place = _varint(message, place)
            number, kind = tag >> 3, tag & 7
            if kind == _VARINT:
                _, place = _varint(message, place)
                continue
            size = {_FIXED64: 8, _FIXED32: 4}.get(kind)
            if kind == _BYTES:
                size, place = _varint(message, place)
            if size is None or place + size > end or not number:
                raise Refused(GRAPH, "it is damaged")
            if kind == _BYTES:
                yield number, message[place : place + size]
            place += size


def _varint(message: memoryview, place: int) -> tuple[int, int]:
    """A number of any length, and where it ends."""
    value = shift = 0
    while place < len(message) and shift < 70:
        byte = message[place]
        value |= (byte & 0x7F) << shift
        place, shift = place + 1, shift + 7
        if byte < 0x80:
            return value, place
    raise Refused(GRAPH, "it is damaged")


def _text(value: memoryview) -> str:
    return bytes(value).decode("utf-8", "replace")
