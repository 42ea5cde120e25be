"""What training a model takes of memory, and whether it is there. Imported by workers only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import psutil

from engine.devices.console.startup import memory_limit
from engine.devices.out_of_memory import RESIDENT_LIMIT
from engine.errors import Problem, SpecError
from engine.events.messages import LayerInfo
from engine.spec.formatting import bytes_text, percent_text
from engine.spec.run_spec import RunSpec
from engine.spec.signature import Signature

NUMBER_BYTES: Final = 4
SLOTS: Final = {"sgd": 0, "adagrad": 1, "rmsprop": 1, "adam": 2, "adamw": 2, "nadam": 2}
"""Numbers that each optimizer keeps for each weight it trains, beside the weight and its gradient.

Source: the variables that `keras.optimizers` make; a test counts them.
"""
DATA_COPIES: Final = 3
"""How often prepared data is held while it is placed; see `engine.training.plan`."""
SNAPSHOTS: Final = 2
"""States held at once: one is written while the next waits; see `engine.training.checkpoint`.

With them the estimate for an MLP of 20 million weights is 1.0 GB; measured was a peak of 1.1 GB.
"""
_DECENT_BATCH: Final = 8
"""A smaller batch is no way out where it is the weights that take the memory."""
_CGROUP: Final = Path("/sys/fs/cgroup")


@dataclass(frozen=True)
class Need:
    """Memory that training takes, in bytes.

    Attributes:
        weights: Weights, their gradients, what the optimizer keeps of each, and the change that is
            being made to them.
        example: What is kept of one example's activations until the gradients are known.
        batch_size: Examples in a batch.
        data: Prepared data that is held or being read.
        copies: In main memory: the best weights, and the states on their way to the disk.
    """

    weights: int
    example: int
    batch_size: int
    data: int = 0
    copies: int = 0

    @property
    def activations(self) -> int:
        """Of a whole batch."""
        return self.example * self.batch_size

    @property
    def total(self) -> int:
        return self.weights + self.activations + self.data + self.copies


def need_of(
    spec: RunSpec,
    n_parameters: int,
    n_trainable: int,
    example: int,
    signature: Signature,
    n_rows: int,
) -> Need:
    """Estimates what training takes.

    Args:
        spec: Resolved; its optimizer and batch size count.
        n_parameters, n_trainable: Weights of the model, and those that training changes.
        example: Bytes kept of one example, summed over `Analysis.kept_bytes`.
        signature: What one example is.
        n_rows: Examples for training and validation; 0: nobody knows. A batch is no larger.
    """
    training = spec.training
    batch_size = int(training.batch_size or 1)
    slots = SLOTS[str(training.optimizer)]
    if training.accumulate > 1:
        slots += 1  # the sum of the gradients so far
    state = n_parameters + n_trainable * slots
    best = n_parameters if training.keep == "best" else 0
    return Need(
        (state + 2 * n_trainable) * NUMBER_BYTES,
        example,
        min(batch_size, n_rows) if n_rows else batch_size,
        data_bytes(signature, n_rows),
        (best + SNAPSHOTS * state) * NUMBER_BYTES,
    )


def data_bytes(signature: Signature, n_rows: int) -> int:
    """Memory for prepared data: all of it where it is held, else the blocks being read.

    Args:
        signature: What one example is.
        n_rows: Examples for training and validation.
    """
    row = signature.n_inputs + signature.n_values + 3 * signature.target_length
    return DATA_COPIES * min(row * NUMBER_BYTES * n_rows, RESIDENT_LIMIT)


@dataclass(frozen=True)
class Available:
    """Memory that can be had.

    Attributes:
        n_bytes: How much.
        where: Of what, in words that begin a sentence.
        holds_copies: It is main memory, where copies of the weights lie as well.
    """

    n_bytes: int
    where: str
    holds_copies: bool = True


def available() -> Available:
    """What is free where the weights will be: on the GPU if one is used, else in main memory."""
    gpu = _gpu_free()
    if gpu is not None:
        return Available(gpu, "The GPU", holds_copies=False)
    free = int(psutil.virtual_memory().available)
    found = Available(free, "This machine")
    for limit, where in (
        (_container_free(), "This container"),
        (_process_free(), "This process (see ulimit -v)"),
    ):
        if limit is not None and limit < found.n_bytes:
            found = Available(limit, where)
    return found


def _process_free() -> int | None:
    """What is left below the limit of this process; None where there is none."""
    limit = memory_limit()
    return None if limit is None else max(0, limit - int(psutil.Process().memory_info().vms))


def _container_free() -> int | None:
    """What is left below the limit of a Linux container; None where there is none."""
    try:
        limit = (_CGROUP / "memory.max").read_text("ascii").strip()
        used = int((_CGROUP / "memory.current").read_text("ascii"))
        # Files that were read are counted as used, and given up when memory is needed.
        stat = (_CGROUP / "memory.stat").read_text("ascii").split()
        cached = int(stat[stat.index("inactive_file") + 1])
        return max(0, int(limit) - used + cached)
    except (OSError, ValueError, IndexError):
        return None


def _gpu_free() -> int | None:
    """Free memory of the first GPU; None where TensorFlow uses none, or nobody can tell."""
    import tensorflow as tf

    if not tf.config.list_physical_devices("GPU"):
        return None
    from engine.devices.sampler import DeviceSampler

    sampler = DeviceSampler()
    try:
        gpus = sampler.sample().gpus
    finally:
        sampler.close()
    if not gpus or gpus[0].memory_total is None or gpus[0].memory_used is None:
        return None
    held = int(tf.config.experimental.get_memory_info("GPU:0")["current"])
    return gpus[0].memory_total - gpus[0].memory_used + held


def refuse_too_large(spec: RunSpec, layers: Sequence[LayerInfo], need: Need) -> None:
    """Compares what training takes with what there is now.

    Raises:
        SpecError: It does not fit, at the field that matters.
    """
    problem = refusal(spec, layers, need, available())
    if problem is not None:
        raise SpecError([problem])


def fitting_batch_size(need: Need, free: Available) -> int:
    """The batch size, halved until training fits into memory; 0 where none does.

    Args:
        need: What training takes.
        free: What there is.
    """
    if not free.holds_copies:
        need = replace(need, copies=0)
    while need.batch_size and need.total > free.n_bytes:
        need = replace(need, batch_size=need.batch_size // 2)
    return need.batch_size


def refusal(
    spec: RunSpec, layers: Sequence[LayerInfo], need: Need, free: Available
) -> Problem | None:
    """Why a model is not trained on this machine, at the field that matters; None if it fits.

    Args:
        spec: Resolved.
        layers: Of the model.
        need: What training takes.
        free: What there is.
    """
    if not free.holds_copies:
        need = replace(need, copies=0)
    if need.total <= free.n_bytes:
        return None
    of_weights = need.weights + need.copies
    text = (
        f"Training this model takes about {bytes_text(need.total)} of memory: "
        f"{bytes_text(of_weights)} for the weights, their gradients, what "
        f"'{spec.training.optimizer}' keeps of each and copies, and "
        f"{bytes_text(need.activations)} for what the layers put out for a batch of "
        f"{need.batch_size}. "
        f"{free.where} has {bytes_text(free.n_bytes)} available."
    )
    left = free.n_bytes - of_weights - need.data
    fits = left // need.example if need.example else 0
    if fits >= (1 if need.activations >= of_weights else _DECENT_BATCH):
        return Problem("training.batch_size", text, f"A batch size of {_rounded(fits)} fits.")
    if left > 0:
        largest = max(layers, key=lambda layer: layer.activation_bytes)
        hint = (
            f"Even a small batch is too large. The layer '{largest.name}' puts out "
            f"{bytes_text(largest.activation_bytes)} for each example: make it smaller, or the "
            "examples."
        )
        return Problem(_field_of(spec, largest), text, hint)
    largest = max(layers, key=lambda layer: layer.n_parameters)
    share = largest.n_parameters / max(1, sum(layer.n_parameters for layer in layers))
    hint = f"The layer '{largest.name}' holds {percent_text(share)} of the weights: make it smaller"
    hint += (
        ", or pool before it."
        if largest.type == "Dense" and share > 0.5
        else ", or use fewer layers."
    )
    return Problem(_field_of(spec, largest), text, hint)


def _rounded(fits: int) -> int:
    """The largest power of two that fits."""
    return int(1 << (fits.bit_length() - 1))


def _field_of(spec: RunSpec, layer: LayerInfo) -> str:
    """The setting that makes a layer as large as it is, as far as its number tells."""
    parameters = spec.model.parameters
    graph = parameters.get("graph")
    if isinstance(graph, Mapping) and graph.get("layers"):
        names = [item["name"] for item in graph["layers"]]
        if layer.name in names:
            return f"model.parameters.graph.layers.{names.index(layer.name)}"
    width = layer.output_shape[-1] if layer.output_shape else 0
    for name, value in parameters.items():
        if _holds(value, width):
            return f"model.parameters.{name}"
    return "model.parameters"


def _holds(value: Any, number: int) -> bool:
    if isinstance(value, list | tuple):
        return any(_holds(item, number) for item in value)
    return isinstance(value, int) and not isinstance(value, bool) and value == number
