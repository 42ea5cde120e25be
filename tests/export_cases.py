"""Exports of small networks, and what the code that goes out with them answers.

`written(model, format, folder, x)` writes what an export writes, but for the proof;
`answered(folder, inputs)` asks it in this process, by that code.
"""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import numpy as np
from explaining_cases import contract_of, network_of, raw_example

from engine.inference.export.card import FILE_NAME as CARD
from engine.inference.export.composing import FILE_NAME as PREDICT
from engine.inference.export.composing import predict_code
from engine.inference.export.references import inputs_of
from engine.inference.export.writing import write_model
from engine.inference.serving import ServedModel
from engine.service.results.exporting import FORMATS

MODEL_FORMATS = tuple(item.name for item in FORMATS if item.is_model)
FILES = {"keras": "model.keras", "saved_model": "saved_model", "onnx": "model.onnx"}


def served(pair):
    """A model of an architecture for a signature, with weights unlike those it begins with."""
    network = network_of(pair)
    rng = np.random.default_rng(1)
    for variable in network.trainable_variables:
        noise = 0.05 * rng.standard_normal(variable.shape)
        variable.assign(np.asarray(variable) + noise.astype(variable.dtype))
    return ServedModel(network, contract_of(pair[1]))


def some_examples(contract, n=6):
    """Examples that differ, (n, *raw_shape)."""
    first = raw_example(contract.signature)
    if first.dtype == object:
        words = str(first[0]).split()
        found = np.empty(n, object)
        found[:] = [" ".join(words[place % 2 :]) for place in range(n)]
        return found
    rng = np.random.default_rng(2)
    return first + rng.normal(size=(n, *first.shape[1:]))


def written(model, format, folder: Path, samples):
    """Writes a model with its card and its code; returns the card."""
    folder.mkdir(exist_ok=True)
    path = folder / FILES.get(format, "model.tflite")
    card = write_model(model, format, path, {"name": "a run"}, samples)
    (folder / CARD).write_text(json.dumps(card), "utf-8")
    (folder / PREDICT).write_text(predict_code(card), "utf-8")
    return card


def answered(folder: Path, inputs):
    """What the code in a folder answers."""
    return loaded(folder).outputs(inputs)


def loaded(folder: Path):
    """The model in a folder, opened by the code that lies there."""
    spec = importlib.util.spec_from_file_location("predict", folder / PREDICT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Model(folder)


def expected_of(model, x):
    """What Descent says, as code outside says it."""
    found = model.predict(x)
    if model.contract.signature.is_binary:
        return np.concatenate([1.0 - found, found], axis=1)
    return found


def asked(model, format, folder: Path, x):
    """What the exported model answers, and what it should."""
    written(model, format, folder, x)
    return answered(folder, inputs_of(model.contract, x)), expected_of(model, x)
