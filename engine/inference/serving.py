"""The model that is saved: raw values in, predictions in the target's own unit out.

Preprocessing is part of the file, so whoever opens it with Keras needs nothing else. Descent itself
prepares in float64 and asks the network inside, which is exact for values of any size.
Imported by workers only.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import keras
import numpy.typing as npt
import tensorflow as tf

from engine.architectures import ARCHITECTURES
from engine.devices.out_of_memory import MEMORY_HINT, is_out_of_memory, memory_text
from engine.errors import DescentError, TrainingError, WorkspaceError
from engine.files import atomic_write, cannot_write
from engine.files.bounded import reason_of
from engine.inference.contract import MODEL_FILE_NAME as FILE_NAME
from engine.inference.contract import Contract
from engine.inference.decoding import MAX_SAVED_LENGTH, is_autoregressive, predictor, written
from engine.inference.model_file import digest_of, load_model
from engine.preprocessing.targets import AnomalyTargets, NumberTargets, TokenTargets

logger = logging.getLogger(__name__)


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

    @property
    def network(self) -> keras.Model:
        """From prepared inputs to scaled outputs."""
        return self._network

    @property
    def contract(self) -> Contract:
        """What goes in and comes out."""
        return self._contract

    def predict(self, x: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Predicts from raw inputs.

        Args:
            x: (n_samples, *raw_shape), gaps as in `Examples.x`.

        Returns:
            Numbers: values in the target's unit, (n_samples, n_values). Classes: probabilities,
            (n_samples, n_outputs). Tokens: texts, (n_samples,).

        Raises:
            WorkspaceError: Its contract says what cannot be done with such inputs.
        """
        return self._predicted(self._at_length, x)

    def answer(self, x: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Predicts from a few raw inputs, as `predict` does, in a fraction of the time.

        Keras's `predict` makes a data set, callbacks and a progress of every call, which takes
        longer than most networks. Here the network is one call of a graph that was traced once.

        Args:
            x: (n_samples, *raw_shape), all of them in memory at once.

        Returns:
            As `predict`.

        Raises:
            WorkspaceError: As `predict`.
        """
        return self._predicted(self._at_once, x)

    def _predicted(
        self, predict: Callable[[npt.NDArray[Any]], npt.NDArray[Any]], x: npt.NDArray[Any]
    ) -> npt.NDArray[Any]:
        try:
            return predict(self._contract.preprocessing.transform_x(x))
        except DescentError:
            raise
        except Exception as error:  # NumPy's, Keras's and TensorFlow's have nothing in common
            if is_out_of_memory(error):
                raise TrainingError(memory_text(error), MEMORY_HINT) from error
            logger.info("A model cannot be used", exc_info=True)
            raise WorkspaceError(
                "The model of this run cannot be used: what it is told to do with its inputs "
                f"cannot be done ({reason_of(error)}).",
                "Train it again with the same settings.",
            ) from error

    @cached_property
    def _at_length(self) -> Callable[[npt.NDArray[Any]], npt.NDArray[Any]]:
        return self._predictor(lambda prepared: self._network.predict(prepared, verbose=0))

    @cached_property
    def _at_once(self) -> Callable[[npt.NDArray[Any]], npt.NDArray[Any]]:
        dtype = "int32" if self._contract.signature.n_tokens else "float32"
        taken = tf.TensorSpec((None, *self._network.inputs[0].shape[1:]), dtype)

        @tf.function(input_signature=[taken], autograph=False)  # type: ignore[untyped-decorator]
        def outputs_of(prepared: tf.Tensor) -> tf.Tensor:
            return self._network(prepared, training=False)

        return self._predictor(
            lambda prepared: outputs_of(tf.convert_to_tensor(prepared, dtype)).numpy()
        )

    def _predictor(
        self, outputs_of: Callable[[npt.NDArray[Any]], npt.NDArray[Any]]
    ) -> Callable[[npt.NDArray[Any]], npt.NDArray[Any]]:
        contract = self._contract
        return predictor(
            self._network,
            contract.signature,
            contract.preprocessing,
            outputs_of,
            contract.beam_width,
        )

    def save(self, folder: Path) -> None:
        """Saves model and contract in a run's folder, each whole or not at all.

        Raises:
            WorkspaceError: They cannot be written.
        """
        try:
            with tempfile.TemporaryDirectory() as aside:
                path = Path(aside) / FILE_NAME  # Keras insists on the suffix, and saves in place
                model = self.with_preprocessing()
                with without_training(self._network):
                    model.save(path)
                content = path.read_bytes()
        except OSError as error:
            raise cannot_write(folder / FILE_NAME, error) from error
        atomic_write(folder / FILE_NAME, content)
        replace(self._contract, model_digest=digest_of(content)).save(folder)

    @classmethod
    def load(cls, folder: Path) -> ServedModel:
        """Loads the model of a run.

        Raises:
            WorkspaceError: The run has none, or it cannot be read.
        """
        contract = Contract.load(folder)
        model = load_model(folder / FILE_NAME, contract.model_digest)
        layers = getattr(model, "layers", ())
        network = next((layer for layer in layers if isinstance(layer, keras.Model)), None)
        if network is None:
            raise WorkspaceError(
                f"The saved model '{FILE_NAME}' holds no network, as one of Descent's does.",
                "Train it again with the same settings.",
            )
        _check_shapes(network, contract)
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
                given = keras.ops.concatenate([prepared, so_far], axis=1)
                asked = self._network(given, training=False)
                return keras.Model([inputs, so_far], asked, name=self._full_name)
            outputs = written(self._network, prepared, signature)
        else:
            # Some layers, such as Resizing, have those behind them train unless they are told.
            outputs = self._network(prepared, training=False)
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


def _check_shapes(network: keras.Model, contract: Contract) -> None:
    """Makes sure that a network takes and gives what its contract says.

    Raises:
        WorkspaceError: It does not.
    """
    signature = contract.signature
    taken, given = network.inputs[0].shape[1:], network.outputs[0].shape[-1]
    is_score = isinstance(contract.preprocessing.targets, AnomalyTargets)
    wanted = given if is_score else signature.n_outputs
    # One that writes token by token takes what is written so far behind the source.
    fits = is_autoregressive(network, signature) or tuple(taken) == signature.input_shape
    if not fits or given != wanted:
        raise WorkspaceError(
            f"The saved model '{FILE_NAME}' does not belong to the contract beside it: it takes "
            f"{tuple(taken)} and gives {given}. Expected: {signature.input_shape} and {wanted}.",
            "Train it again with the same settings.",
        )


@contextmanager
def without_training(network: keras.Model) -> Iterator[None]:
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
