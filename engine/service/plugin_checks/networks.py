"""The contract of what needs Keras: architectures, and changes of batches."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from engine.architectures import ARCHITECTURES
from engine.devices.tensorflow import load_tensorflow
from engine.errors import SpecError
from engine.service.plugin_checks.refusal import Refusal
from engine.service.plugin_checks.tiny_data import SIGNATURES, eight_rows, some_inputs
from engine.spec.run_spec import AugmentationSpec, DataSpec, ModelSpec, RunSpec
from engine.spec.signature import Kind, Output, Signature, Task
from engine.training.defaults import resolve

if TYPE_CHECKING:
    import keras

Array = npt.NDArray[Any]

_SEED: Final = (3, 1)


def check_networks(name: str) -> None:
    """Builds an architecture for small data of every kind and task it fits, and tries each.

    Raises:
        Refusal, PluginError: It does not keep its contract.
    """
    architecture = ARCHITECTURES[name]
    fitting = [item for item in SIGNATURES if not architecture.misfit(item.kind, item.task)]
    if not fitting:
        raise Refusal(
            "It fits no data: Descent knows no pair of one of its kinds and one of its tasks.",
            "Check its kinds and tasks.",
        )
    specs, refused = [], ""
    for signature in fitting:
        asked = RunSpec(data=DataSpec(source="any"), model=ModelSpec(name=name))
        try:
            specs.append((resolve(asked, signature), signature))
        except SpecError as error:  # small data may be too small for its defaults
            refused = str(error)
    if not specs:
        raise Refusal(
            f"With its defaults it can be built for nothing it says it fits. Received: {refused}",
            "Choose defaults that suit data of any size, or leave out kinds and tasks.",
        )
    load_tensorflow()
    for spec, signature in specs:
        _check_network(spec, signature)


def _check_network(spec: RunSpec, signature: Signature) -> None:
    from engine.service.describe import describe_network
    from engine.training.model.building import build, compile_model
    from engine.training.plan import Plan

    about = f"On {signature.kind.value} data for {signature.task.value}"
    network = build(spec, signature)
    compile_model(network, spec, signature, Plan())
    x, y = eight_rows(ARCHITECTURES[spec.model.chosen], signature)
    if network.input_shape != (None, *x.shape[1:]):
        raise Refusal(
            f"{about} its network takes {network.input_shape}; it is given {(None, *x.shape[1:])}.",
            "Begin with keras.Input(signature.input_shape).",
        )
    foreign = sorted(
        {
            f"{type(layer).__module__}.{type(layer).__qualname__}"
            for layer in network._flatten_layers()
            if not type(layer).__module__.startswith("keras.")
        }
    )
    if foreign:
        raise Refusal(
            f"{about} its network has layers of its own: {', '.join(foreign)}. A saved model "
            "must load with Keras alone.",
            "Compose it of Keras's layers and of keras.ops.",
        )
    _check_outputs(np.asarray(network(x)), signature, about)
    if not network.trainable_variables:
        raise Refusal(f"{about} its network has nothing to learn.", "Give it a layer of weights.")
    loss = float(np.ravel(network.train_on_batch(x, y))[0])
    if not np.isfinite(loss):
        raise Refusal(f"{about} the loss of its first step is {loss}.", "Check its last layer.")
    _check_saving(network, x, about)
    describe_network(spec, signature)


def _check_outputs(outputs: Array, signature: Signature, about: str) -> None:
    if not np.isfinite(outputs).all():
        raise Refusal(f"{about} its outputs are not finite.", "Check its layers.")
    if signature.task is Task.TRANSCRIPTION:
        if outputs.ndim != 3 or outputs.shape[2] != signature.n_classes:
            raise Refusal(
                f"{about} its output has the shape {outputs.shape}; (batch, moments, "
                f"{signature.n_classes}) is needed.",
                "Predict each token at each moment, as logits.",
            )
        return
    positions = (signature.target_length,) if signature.output is Output.TOKENS else ()
    wanted = (len(outputs), *positions, signature.n_outputs)
    if outputs.shape != wanted:
        raise Refusal(
            f"{about} its output has the shape {outputs.shape}; {wanted} is needed.",
            "End with engine.api.output_layer(signature).",
        )
    if signature.output is Output.NUMBERS:
        return
    total = outputs.sum(axis=-1)
    is_free = signature.is_binary or signature.output is Output.LABELS
    is_share = is_free and bool((outputs > 0).all() and (outputs < 1).all())
    if not is_share and not np.allclose(total, 1, atol=1e-4):
        raise Refusal(
            f"{about} its outputs are no probabilities.",
            "End with engine.api.output_layer(signature): a sigmoid, or a softmax.",
        )


def _check_saving(network: keras.Model, x: Array, about: str) -> None:
    import keras

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        network.save(path)
        loaded = keras.saving.load_model(path)
    if not np.array_equal(np.asarray(loaded(x)), np.asarray(network(x))):
        raise Refusal(
            f"{about} its network answers otherwise once it was saved and loaded.",
            "Compose it of Keras's layers and of keras.ops.",
        )


def check_changes(name: str, kinds: Iterable[Kind]) -> None:
    """Changes a small batch of each kind, as a training step does.

    Raises:
        Refusal, PluginError: It does not keep its contract.
    """
    load_tensorflow()
    import tensorflow as tf

    from engine.training.model.augmenter import augmenter

    for kind in kinds:
        change = augmenter(AugmentationSpec(plugins={name: {}}), kind)
        assert change is not None
        signature = next(item for item in SIGNATURES if item.kind is kind)
        x = some_inputs(signature)
        if kind in (Kind.IMAGE, Kind.VIDEO):
            x = np.clip(np.abs(x), 0, 1)
        graph = tf.function(change, autograph=False)
        first, again = (graph(tf.constant(x), tf.constant(_SEED)).numpy() for _ in range(2))
        about = f"Of {kind.value} data"
        if not np.isfinite(first).all():
            raise Refusal(f"{about} it makes values that are not finite.", "Check its arithmetic.")
        if not np.array_equal(first, again):
            raise Refusal(
                f"{about} it makes another batch each time of one seed, so no run could be "
                "repeated.",
                "Draw with tf.random.stateless_uniform(shape, seed) and its like.",
            )
