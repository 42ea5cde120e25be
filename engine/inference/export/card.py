"""The card of an exported model, `model.json`: what goes in, what comes out, and what it is worth.

Code that goes out with the model (`standalone`) reads it, and so may any other program.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from engine import __version__
from engine.inference.contract import Contract
from engine.preprocessing.inputs import ScaledInputs
from engine.preprocessing.table import TableInputs
from engine.preprocessing.table_features import Source
from engine.preprocessing.targets import (
    AnomalyTargets,
    ClassTargets,
    LabelTargets,
    NumberTargets,
    TokenTargets,
)
from engine.preprocessing.text import TextInputs
from engine.spec.signature import Kind

FILE_NAME: Final = "model.json"
SCHEMA_NUMBER: Final = 1
RAW, PREPARED = "raw", "prepared"
"""What the model's file takes: the data's own values, or what the network receives."""
RESTORED, NETWORK = "restored", "network"
"""What it gives: the target's own terms, or what the network says."""

_PLAIN_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


def card_of(
    contract: Contract,
    format: str,
    file: str,
    entry: str,
    exit: str,
    about: Mapping[str, Any],
) -> dict[str, Any]:
    """Describes a model.

    Args:
        contract: What it takes and gives.
        format: The name of its format.
        file: The name of its file.
        entry: `RAW` or `PREPARED`.
        exit: `RESTORED` or `NETWORK`.
        about: What else is to be said of it: the run, its metrics, the data.

    Returns:
        JSON-ready values. ``inputs`` names the columns of a table, each with the tensor that takes
        it and what that ``takes``; ``prepare`` and ``output`` say what stands before and behind the
        file; ``writes``, where a text is written token by token, what it begins with and how long
        it may become.
    """
    card: dict[str, Any] = {
        "schema": SCHEMA_NUMBER,
        "made_by": f"Descent {__version__}",
        **about,
        "format": format,
        "file": file,
        "kind": contract.signature.kind.value,
        "task": contract.signature.task.value,
        "entry": entry,
        "exit": exit,
        "output": output_of(contract),
        "prepare": _prepare(contract),
    }
    inputs = contract.preprocessing.inputs
    if isinstance(inputs, TableInputs) and takes_columns(inputs):
        card["inputs"] = columns_of(inputs.sources, format)
    if contract.signature.kind is Kind.IMAGE:
        card["resize"] = contract.reading.get("resize", "stretch")
    return card


def takes_columns(inputs: TableInputs) -> bool:
    """The columns of the table are known; of files of older versions they are not."""
    return all(source.column for source in inputs.sources)


def columns_of(sources: Sequence[Source], format: str) -> list[dict[str, Any]]:
    """The columns of a table, each with its name, the tensor that takes it, and what it holds."""
    found: list[dict[str, Any]] = []
    for name in dict.fromkeys(source.column for source in sources):
        group = [source for source in sources if source.column == name]
        first = group[0]
        item: dict[str, Any] = {"name": name, "type": first.type, "takes": "number"}
        if first.type == "text":
            # Only Keras and TensorFlow have what finds words in a text.
            takes = "words" if format == "onnx" else "text"
            item |= {"words": [it.word for it in group], "unit": first.unit, "takes": takes}
        elif first.type != "number" and first.type != "date":
            item |= {"values": list(first.values), "takes": "text"}
        taken = {other["tensor"] for other in found}
        found.append({**item, "tensor": _tensor(name, len(found) + 1, format, taken)})
    return found


def _tensor(column: str, number: int, format: str, taken: set[str]) -> str:
    """The name of a column's tensor: its own where the format can have it."""
    if format == "onnx":
        label = column or "column"
        while label in taken:
            label += "_"
        return label
    # TensorFlow wants names that could be a parameter's in Python.
    is_plain = _PLAIN_NAME.fullmatch(column) and not keyword.iskeyword(column)
    label = column if is_plain else f"column_{number}"
    while label in taken:
        label += "_"
    return label


def output_of(contract: Contract) -> dict[str, Any]:
    """What the model gives, and how it is read."""
    targets, name = contract.preprocessing.targets, contract.target_name
    if isinstance(targets, ClassTargets):
        return {"type": "classes", "name": name, "names": list(contract.class_names)}
    if isinstance(targets, LabelTargets):
        limits = targets.thresholds.tolist()
        names = list(contract.class_names)
        return {"type": "labels", "name": name, "names": names, "thresholds": limits}
    if isinstance(targets, NumberTargets):
        scale, offset = targets.scale.tolist(), targets.offset.tolist()
        return {"type": "numbers", "name": name, "scale": scale, "offset": offset}
    if isinstance(targets, AnomalyTargets):
        return {"type": "anomaly", "name": name, "threshold": targets.threshold}
    assert isinstance(targets, TokenTargets)
    tokenizer = targets.tokenizer
    return {
        "type": "tokens",
        "name": name,
        "unit": tokenizer.unit,
        "exact": tokenizer.exact,
        "blank_first": targets.blank_first,
        "vocabulary": tokenizer.storable,
    }


def _prepare(contract: Contract) -> dict[str, Any]:
    """What stands before the network, as far as code outside needs it."""
    inputs = contract.preprocessing.inputs
    values = {"type": inputs.type, "raw_shape": list(inputs.raw_shape), **inputs.to_dict()}
    if isinstance(inputs, ScaledInputs):
        values["feature_names"] = list(contract.feature_names)
    if isinstance(inputs, TextInputs):
        values["tokenizer"] = {**values["tokenizer"], "vocabulary": inputs.tokenizer.storable}
    return values
