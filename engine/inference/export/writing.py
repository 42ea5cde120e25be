"""Writes a model in any of the formats. Imported by workers only."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from engine.datasets.base import AnyArray
from engine.inference.decoding import MAX_SAVED_LENGTH, is_autoregressive
from engine.inference.export.boundary import Boundary, boundary_of
from engine.inference.export.card import PREPARED, RAW, RESTORED, card_of
from engine.inference.serving import ServedModel


def write_model(
    model: ServedModel, format: str, path: Path, about: Mapping[str, Any], samples: AnyArray
) -> dict[str, Any]:
    """Writes a model.

    Args:
        model: The model of a run.
        format: The name of a format.
        path: The file, or folder, to write.
        about: What the card says of the run.
        samples: Examples of the training part in the data's own units, (n, *raw_shape); none: in
            8 bits are weights alone.

    Returns:
        Its card.

    Raises:
        Exception: Whatever a converter raises of what it cannot convert.
    """
    contract, network = model.contract, model.network
    if format in ("keras", "saved_model"):
        return _write_keras(model, format, path, about)
    boundary = boundary_of(network, contract, format)
    card = card_of(contract, format, path.name, boundary.entry, boundary.exit, about)
    if boundary.writes:
        card["writes"] = boundary.writes
    if format == "onnx":
        from engine.inference.export.onnx_file import write_onnx

        write_onnx(boundary, card, path)
    else:
        from engine.inference.export.litert_file import write_litert

        write_litert(boundary, card, path, _as_taken(samples, model, boundary))
    return card


def _write_keras(
    model: ServedModel, format: str, path: Path, about: Mapping[str, Any]
) -> dict[str, Any]:
    from engine.inference.export.keras_files import tensors_of, write_keras, write_saved_model

    full, signature = model.with_preprocessing(), model.contract.signature
    card = card_of(model.contract, format, path.name, RAW, RESTORED, about)
    is_long = signature.target_length > MAX_SAVED_LENGTH
    if is_autoregressive(model.network, signature) and is_long:
        card["writes"] = {"start": signature.n_classes, "length": signature.target_length}
    if format == "saved_model":
        write_saved_model(full, card, path)
        return card
    if "inputs" in card:  # by the names that Keras knows, which has its own rules for them
        for item, tensor in zip(card["inputs"], tensors_of(full), strict=True):
            item["tensor"] = tensor
    write_keras(model.network, full, card, path)
    return card


def _as_taken(samples: AnyArray, model: ServedModel, boundary: Boundary) -> AnyArray:
    """Examples as the file takes them, (n, …)."""
    if not len(samples):
        return np.zeros((0, *boundary.specs[0].shape[1:]))
    if boundary.entry == PREPARED:
        samples = model.contract.preprocessing.transform_x(samples)
    if boundary.writes:
        start = np.full((len(samples), 1), boundary.writes["start"], np.int32)
        rest = np.zeros((len(samples), boundary.writes["length"] - 1), np.int32)
        samples = np.concatenate([samples, start, rest], axis=1)
    return samples
