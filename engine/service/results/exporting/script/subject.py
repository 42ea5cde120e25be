"""What a script has to give again: a run, its data as Descent prepared it, and its network."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.datasets.base import AnyArray, Examples, IndexArray
from engine.errors import DescentError
from engine.runs.record import RunRecord
from engine.spec.run_spec import RunSpec
from engine.spec.signature import Kind, Signature
from engine.training.prepared_data import PreparedData
from engine.training.steps.feed import BLOCK_BYTES
from engine.training.steps.input_pipeline import row_bytes

if TYPE_CHECKING:
    import keras

    from engine.training.model.transfer import Beginning

PARTS = ("train", "validation", "test")


class NotWritten(DescentError):
    """A part of a run that cannot be said in plain code, in a sentence that names it."""


@dataclass(frozen=True)
class Subject:
    """A run to be written as a script.

    Attributes:
        record: The run.
        prepared: Its data.
        epochs: So many are trained, unless a rule ends it before.
        beginning: What was learnt elsewhere, and is begun with; None: nothing.
    """

    record: RunRecord
    prepared: PreparedData
    epochs: int
    beginning: Beginning | None = None

    @property
    def spec(self) -> RunSpec:
        return self.prepared.spec

    @property
    def examples(self) -> Examples:
        return self.prepared.examples

    @property
    def signature(self) -> Signature:
        return self.prepared.signature

    @property
    def is_table(self) -> bool:
        """Each column has a name and is read by it."""
        return self.examples.kind is Kind.TABLE

    @property
    def raw_bytes(self) -> int:
        """Bytes of the inputs before they are prepared, texts as they were numbers."""
        x = self.examples.x
        return int(np.prod(x.shape, dtype=np.int64)) * x.dtype.itemsize

    @cached_property
    def x(self) -> AnyArray:
        """All inputs as they were read, (n_samples, …)."""
        return self.examples.x[np.arange(self.examples.n_samples)]

    def rows(self, part: str) -> IndexArray:
        """Which examples a part has, (n,)."""
        rows: IndexArray = getattr(self.prepared.parts, part)
        return rows

    def prepared_x(self, part: str) -> AnyArray:
        """A part as the network receives it, (n, …)."""
        rows, block = self.rows(part), max(1, BLOCK_BYTES // row_bytes(self.signature))
        transform = self.prepared.preprocessing.transform_x
        cuts = np.split(rows, range(block, len(rows), block))
        return np.concatenate([transform(self.examples.x[some]) for some in cuts])

    def prepared_y(self, part: str) -> AnyArray:
        """What is learnt of a part, (n, …)."""
        return self.prepared.preprocessing.transform_y(self.examples.y[self.rows(part)])

    @cached_property
    def network(self) -> keras.Model:
        """The network with its first weights, as it was before the first step."""
        from engine.training.model.building import build
        from engine.training.model.starting import start

        network = build(self.spec, self.signature)
        start(network, self.prepared)
        if self.beginning is not None:
            self.beginning.apply(network)
        return network

    @cached_property
    def wanted(self) -> dict[str, str]:
        """Digests of everything that is prepared, by the name the script has for it."""
        found = {}
        for part in PARTS:
            if len(self.rows(part)):
                found[f"x_{part}"] = digest(self.prepared_x(part))
                found[f"y_{part}"] = digest(self.prepared_y(part))
        return found


def digest(values: AnyArray) -> str:
    """Of an array's type, shape and bits."""
    array = np.ascontiguousarray(values)
    told = hashlib.sha256(f"{array.dtype.str} {array.shape}".encode())
    told.update(array.tobytes())
    return told.hexdigest()


def differing(wanted: Mapping[str, str], names: Mapping[str, Any]) -> list[str]:
    """Which of the wanted arrays are missing, or are others bit by bit, in what code has left."""
    found = []
    for name, expected in wanted.items():
        value = names.get(name)
        if not isinstance(value, np.ndarray) or digest(value) != expected:
            found.append(name)
    return found
