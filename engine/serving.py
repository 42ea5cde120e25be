"""The model that is saved: raw values in, predictions in the target's own unit out.

Scaling is part of it, so whoever opens the file needs nothing else. Imported by workers only.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import keras
import numpy as np

from engine.errors import WorkspaceError
from engine.preprocessing import Preprocessing
from engine.problem import Contract, Signature, Task
from engine.runs.files import atomic_write

MODEL_FILE = "model.keras"
CONTRACT_FILE = "contract.json"


def serving_model(
    network: keras.Model, signature: Signature, preprocessing: Preprocessing
) -> keras.Model:
    """Puts scaling in front of a trained network, and the target's unit behind it.

    Returns:
        A model from raw inputs (batch, *input_shape) to predictions (batch, outputs).
    """
    inputs = keras.Input(signature.input_shape, name="inputs")
    outputs = network(_scaling(preprocessing)(inputs))
    if signature.task is Task.REGRESSION:
        unit = keras.layers.Rescaling(
            preprocessing.target_scale, preprocessing.target_offset, name="unit_of_target"
        )
        outputs = unit(outputs)
    return keras.Model(inputs, outputs, name=f"{network.name}_with_scaling")


def _scaling(preprocessing: Preprocessing) -> keras.layers.Layer:
    if preprocessing.scale.ndim == 0:
        return keras.layers.Rescaling(1.0 / float(preprocessing.scale), name="scaling")
    return keras.layers.Normalization(
        mean=preprocessing.offset, variance=np.square(preprocessing.scale), name="scaling"
    )


def save_model(model: keras.Model, folder: Path) -> None:
    """Saves a model as `model.keras` in a run's folder, whole or not at all."""
    with tempfile.TemporaryDirectory() as aside:
        path = Path(aside) / MODEL_FILE  # Keras insists on the suffix, and saves in place
        model.save(path)
        atomic_write(folder / MODEL_FILE, path.read_bytes())


def load_model(folder: Path) -> keras.Model:
    """Loads the model of a run.

    Raises:
        WorkspaceError: The run has none, or it cannot be read.
    """
    path = folder / MODEL_FILE
    if not path.exists():
        raise WorkspaceError(
            "This run has no saved model.",
            "A model is saved when a run finishes, or is stopped and kept.",
        )
    try:
        return keras.saving.load_model(path, compile=False)
    except (OSError, ValueError) as error:
        raise WorkspaceError(f"The saved model cannot be read: {error}.") from error


def save_contract(contract: Contract, folder: Path) -> None:
    """Writes down beside the model what its inputs and outputs are called."""
    atomic_write(folder / CONTRACT_FILE, json.dumps(contract.to_dict(), indent=1))


def read_contract(folder: Path) -> Contract:
    """Reads what the inputs and outputs of a run's model are called.

    Raises:
        WorkspaceError: The run has no saved model.
    """
    try:
        values = json.loads((folder / CONTRACT_FILE).read_text(encoding="utf-8"))
        return Contract.from_dict(values)
    except (OSError, ValueError, KeyError) as error:
        raise WorkspaceError(
            f"The model of this run cannot be used: {error}.",
            "A model is saved when a run finishes, or is stopped and kept.",
        ) from error
