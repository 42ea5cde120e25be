"""Keras's own file and TensorFlow's SavedModel, with preprocessing inside.

Imported by workers only.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import keras
import tensorflow as tf

from engine.files.bounded import open_archive, parse_object
from engine.inference.serving import without_training

Card = Mapping[str, Any]

METADATA: Final = "metadata.json"
_MOST_METADATA: Final = 1 << 24
EXTRA: Final = "assets.extra"
"""TensorFlow's own place for what a SavedModel's consumers may want to know."""


def tensors_of(model: keras.Model) -> list[str]:
    """Names of what a model takes, in order."""
    given = model.input
    return list(given) if isinstance(given, dict) else [tensor.name for tensor in model.inputs]


def write_keras(network: keras.Model, model: keras.Model, card: Card, path: Path) -> None:
    """Writes Keras's file; what it says of itself stands in its metadata.

    Args:
        network: As it was trained.
        model: The network with preprocessing around it.
        card: Of the model.
        path: The file.
    """
    with without_training(network):
        model.save(path)
    aside = path.with_name(f"{path.name}.plain")
    path.rename(aside)
    limit = 2 * aside.stat().st_size + _MOST_METADATA
    with open_archive(aside, limit) as source, zipfile.ZipFile(path, "w") as target:
        for item in source.infolist():
            content = source.read(item)
            if item.filename == METADATA:
                content = json.dumps({**parse_object(content), "descent": _brief(card)}).encode()
            target.writestr(item, content)
    aside.unlink()


def write_saved_model(model: keras.Model, card: Card, path: Path) -> None:
    """Writes a SavedModel whose inputs have the names that the card tells."""
    names = [item["tensor"] for item in card["inputs"]] if "inputs" in card else None
    keys = tensors_of(model)
    names = names or [_plain(key) for key in keys]
    is_dict = isinstance(model.input, dict)
    # By their names: Keras sorts what a dict holds.
    tensors = [model.input[key] for key in keys] if is_dict else model.inputs
    specs = [
        tf.TensorSpec(tensor.shape, tensor.dtype, name=name)
        for tensor, name in zip(tensors, names, strict=True)
    ]

    def answer(*given: Any) -> dict[str, Any]:
        asked = dict(zip(keys, given, strict=True)) if is_dict else [*given]
        return {"outputs": model(asked if len(given) > 1 or is_dict else given[0], training=False)}

    module = tf.Module()
    module.model = model
    traced = tf.function(answer, input_signature=specs, autograph=False)
    tf.saved_model.save(module, str(path), signatures=traced.get_concrete_function())
    (path / EXTRA).mkdir()
    (path / EXTRA / "descent.json").write_text(json.dumps(_brief(card)), "utf-8")


def _plain(key: str) -> str:
    return key if key.isidentifier() else "inputs"


def _brief(card: Card) -> dict[str, Any]:
    return {key: value for key, value in card.items() if key not in ("prepare", "inputs")}
