"""Boundary: what of a model goes into a file, by what its format can express.

Imported by workers only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf

from engine.inference.contract import Contract
from engine.inference.decoding import is_autoregressive
from engine.inference.export.card import NETWORK, PREPARED, RAW, RESTORED, columns_of, takes_columns
from engine.inference.export.sound import mel_levels
from engine.preprocessing.audio import SpectrogramInputs
from engine.preprocessing.inputs import ScaledInputs
from engine.preprocessing.table import TableInputs
from engine.preprocessing.table_features import Source
from engine.preprocessing.table_model import date_part, features_of
from engine.preprocessing.targets import NumberTargets
from engine.spec.signature import Kind


@dataclass(frozen=True)
class Boundary:
    """What a file computes.

    Attributes:
        function: Of tensors as `specs` say; gives one tensor, (batch, …).
        specs: What it takes, each by name.
        entry, exit: As in `engine.inference.export.card`.
        writes: Where texts are written token by token: what they begin with, and how long they may
            become; else None.
    """

    function: Callable[..., Any]
    specs: tuple[tf.TensorSpec, ...]
    entry: str
    exit: str
    writes: dict[str, int] | None = None


def boundary_of(network: keras.Model, contract: Contract, format: str) -> Boundary:
    """Decides what goes into a file of ONNX or LiteRT.

    All of the arithmetic, where the format has it: LiteRT knows no numbers of 64 bits, which
    columns of a table and series need before they are scaled.
    """
    batch = 1 if format.startswith("litert") else None
    is_wide = not format.startswith("litert")
    inputs = contract.preprocessing.inputs
    signature = contract.signature
    of_network = _behind(network, contract, is_wide)
    exit_ = RESTORED if is_wide else NETWORK
    if is_autoregressive(network, signature):
        shape = (batch, *network.inputs[0].shape[1:])
        writes = {"start": signature.n_classes, "length": signature.target_length}
        spec = tf.TensorSpec(shape, tf.int32, name="inputs")
        return Boundary(of_network, (spec,), PREPARED, exit_, writes)
    if isinstance(inputs, SpectrogramInputs):
        spec = tf.TensorSpec((batch, *inputs.raw_shape), tf.float32, name="inputs")
        return Boundary(lambda waves: of_network(mel_levels(waves, inputs)), (spec,), RAW, exit_)
    is_picture = signature.kind in (Kind.IMAGE, Kind.VIDEO)
    if isinstance(inputs, ScaledInputs) and (is_wide or is_picture):
        kind = tf.float32 if is_picture else tf.float64
        spec = tf.TensorSpec((batch, *inputs.raw_shape), kind, name="inputs")
        return Boundary(lambda x: of_network(_scaled(x, inputs)), (spec,), RAW, exit_)
    if isinstance(inputs, TableInputs) and is_wide and takes_columns(inputs):
        return _of_table(of_network, inputs, exit_)
    kind = tf.int32 if inputs.n_tokens else tf.float32
    spec = tf.TensorSpec((batch, *inputs.output_shape), kind, name="inputs")
    return Boundary(of_network, (spec,), PREPARED, exit_)


def _behind(network: keras.Model, contract: Contract, is_wide: bool) -> Callable[[Any], Any]:
    """The network, and the target's own unit behind it where numbers of 64 bits are known."""
    targets = contract.preprocessing.targets

    def asked(prepared: Any) -> Any:
        found = network(prepared, training=False)
        if not (is_wide and isinstance(targets, NumberTargets)):
            return found
        return tf.cast(found, tf.float64) * targets.scale + targets.offset

    return asked


def _scaled(x: Any, inputs: ScaledInputs) -> Any:
    kind = x.dtype.as_numpy_dtype
    scaled = (x - inputs.offset.astype(kind)) / inputs.scale.astype(kind)
    return tf.cast(scaled, tf.float32)


def _of_table(of_network: Callable[[Any], Any], inputs: TableInputs, exit_: str) -> Boundary:
    """The columns one by one, categories by their place, words by whether they are held."""
    columns = columns_of(inputs.sources, "onnx")
    groups = [
        [source for source in inputs.sources if source.column == item["name"]] for item in columns
    ]
    specs = tuple(
        tf.TensorSpec((None, len(item.get("words", "1"))), tf.float64, name=f"column_{number}")
        for number, item in enumerate(columns, start=1)
    )

    def function(*given: Any) -> Any:
        made = [part for x, group in zip(given, groups, strict=True) for part in _rows(x, group)]
        rows = tf.concat(made, axis=1) if len(made) > 1 else made[0]
        return of_network(features_of(rows, inputs.sources, inputs.features))

    return Boundary(function, specs, RAW, exit_)


def _rows(given: Any, group: list[Source]) -> list[Any]:
    """The columns of the raw rows that are made of a column of the table."""
    if group[0].type == "date":
        return [date_part(given, source.part) for source in group]
    return [given]
