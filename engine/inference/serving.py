"""The model that is saved: raw values in, predictions in the target's own unit out.

Preprocessing is part of the file, so whoever opens it with Keras needs nothing else. Descent itself
prepares in float64 and asks the network inside, which is exact for values of any size.
Imported by workers only.
"""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras
import numpy.typing as npt

from engine.architectures import ARCHITECTURES
from engine.errors import WorkspaceError
from engine.files import atomic_write, cannot_write
from engine.inference.contract import Contract
from engine.inference.decoding import MAX_SAVED_LENGTH, is_autoregressive, predictor, written
from engine.preprocessing.targets import NumberTargets, TokenTargets

FILE_NAME = "model.keras"


class ServedModel:
    """A trained network with the contract it keeps.

    Args:
        network: From prepared inputs to scaled outputs.
        contract: What goes in and comes out.
    """

    def __init__(self, network: keras.Model, contract: Contract) -> None:
        if not network.compiled:
            # By default Keras compiles with XLA, which takes longer than a few predictions.
            network.jit_compile = False
        self._network = network
        self._contract = contract

    def predict(self, x: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Predicts from raw inputs.

        Args:
            x: (n_samples, *raw_shape), gaps as in `Examples.x`.

        Returns:
            Numbers: values in the target's unit, (n_samples, n_values). Classes: probabilities,
            (n_samples, n_outputs). Tokens: texts, (n_samples,).
        """
        contract = self._contract
        preprocessing, signature = contract.preprocessing, contract.signature
        predict = predictor(
            self._network, signature, preprocessing, self._outputs, contract.beam_width
        )
        return predict(preprocessing.transform_x(x))

    def _outputs(self, prepared: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return self._network.predict(prepared, verbose=0)

    def save(self, folder: Path) -> None:
        """Saves model and contract in a run's folder, each whole or not at all.

        Raises:
            WorkspaceError: They cannot be written.
        """
        try:
            with tempfile.TemporaryDirectory() as aside:
                path = Path(aside) / FILE_NAME  # Keras insists on the suffix, and saves in place
                model = self.with_preprocessing()
                with _without_training(self._network):
                    model.save(path)
                content = path.read_bytes()
        except OSError as error:
            raise cannot_write(folder / FILE_NAME, error) from error
        atomic_write(folder / FILE_NAME, content)
        self._contract.save(folder)

    @classmethod
    def load(cls, folder: Path) -> ServedModel:
        """Loads the model of a run.

        Raises:
            WorkspaceError: The run has none, or it cannot be read.
        """
        contract = Contract.load(folder)
        try:
            model = keras.saving.load_model(folder / FILE_NAME, compile=False)
        except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
            raise WorkspaceError(
                f"The saved model cannot be read: {error}.",
                "Train it again with the same settings.",
            ) from error
        network = next(layer for layer in model.layers if isinstance(layer, keras.Model))
        return cls(network, contract)

    def with_preprocessing(self) -> keras.Model:
        """The network with preprocessing in front of it and the target's unit behind it.

        Returns:
            A model from raw inputs (batch, *raw_shape) to predictions (batch, …). Translations
            come as their tokens, (batch, target_length) of str, padded with empty ones: joined,
            they are the text. A network that writes token by token, where it may write more than
            `MAX_SAVED_LENGTH`, takes what is written so far as a second input, ids (batch,
            target_length) that begin with `n_classes`, and says what follows.
        """
        contract = self._contract
        inputs, prepared = contract.preprocessing.inputs.build(ARCHITECTURES.names)
        targets = contract.preprocessing.targets
        signature = contract.signature
        if is_autoregressive(self._network, signature):
            if signature.target_length > MAX_SAVED_LENGTH:
                so_far = keras.Input((signature.target_length,), dtype="int32", name="so_far")
                asked = self._network(keras.ops.concatenate([prepared, so_far], axis=1))
                return keras.Model([inputs, so_far], asked, name=self._full_name)
            outputs = written(self._network, prepared, signature)
        else:
            outputs = self._network(prepared)
        if isinstance(targets, TokenTargets) and not targets.blank_first:
            outputs = targets.tokens_of(outputs)
        if isinstance(targets, NumberTargets):
            # In float64: near 10⁹, float32 knows whole numbers to 64 only.
            scaled = keras.ops.multiply(keras.ops.cast(outputs, "float64"), targets.scale)
            outputs = keras.ops.add(scaled, targets.offset)
        return keras.Model(inputs, outputs, name=self._full_name)

    @property
    def _full_name(self) -> str:
        return f"{self._network.name}_with_preprocessing"


@contextmanager
def _without_training(network: keras.Model) -> Iterator[None]:
    """A context in which a network is saved without what only training needs.

    Its loss may be one that Keras alone does not know, and an optimizer may hold twice as many
    numbers as there are weights.
    """
    compiled, optimizer = network.compiled, getattr(network, "optimizer", None)
    network.compiled, network.optimizer = False, None
    try:
        yield
    finally:
        network.compiled, network.optimizer = compiled, optimizer
