"""Where a training computes, and in how many bits: from what is chosen to what TensorFlow can do.

Imported by workers only.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import tensorflow as tf

from engine.devices.doctor import Diagnosis, Gpu, MachineFacts, advice, diagnose, is_too_new
from engine.devices.machine import look_at_machine, look_at_tensorflow
from engine.errors import Problem, SpecError
from engine.spec.run_spec import RunSpec
from engine.spec.signature import Kind, Output, Signature
from engine.spec.training_spec import ExecutionSpec

Policy = Literal["float32", "mixed_float16", "mixed_bfloat16"]

_TENSOR_CORES = (7, 0)
"""Compute capability from which GPUs multiply 16-bit numbers faster (Volta), as Keras's guide on
mixed precision says: https://keras.io/api/mixed_precision."""

_GAINING = frozenset({Kind.IMAGE, Kind.VIDEO, Kind.AUDIO, Kind.TEXT})
"""Kinds whose models have large products. Tables and series have small models, and numbers whose
sixth digit matters."""

_SHORTENED = frozenset({Kind.IMAGE})
"""Kinds for which bfloat16 is tried on a processor: of the others no model was faster with it, and
of these none was worse (`tests/benchmarks/bfloat16.py`)."""


@dataclass(frozen=True)
class Placement:
    """Where a training computes.

    Attributes:
        devices: By TensorFlow's names, such as ``GPU:0``; several divide each batch among them.
            Empty: the one TensorFlow takes by itself.
        policy: Keras's dtype policy of the network.
        reason: Both choices in words.
        may_shorten: Layers may compute in bfloat16 where measuring finds that faster.
    """

    devices: tuple[str, ...]
    policy: Policy = "float32"
    reason: str = ""
    may_shorten: bool = False

    @property
    def replicas(self) -> int:
        """Devices that share each batch."""
        return len(self.devices) or 1

    @property
    def is_several(self) -> bool:
        """A batch is divided among devices."""
        return len(self.devices) > 1

    def make_strategy(self) -> tf.distribute.Strategy | None:
        """The strategy to build and train under; None for a single device."""
        return tf.distribute.MirroredStrategy(list(self.devices)) if self.is_several else None

    def scope(self) -> AbstractContextManager[object]:
        """A context in which everything of the training lies on its device.

        Several devices are the strategy's matter.
        """
        is_one = len(self.devices) == 1
        return tf.device(f"/{self.devices[0]}") if is_one else contextlib.nullcontext()


ANYWHERE = Placement(())
"""The device TensorFlow takes by itself, 32 bits."""


def place(spec: RunSpec, signature: Signature) -> Placement:
    """Decides where a resolved spec is trained on this machine; initialises TensorFlow's devices.

    Raises:
        SpecError: This machine cannot do what was chosen.
    """
    facts = look_at_tensorflow(_machine())
    placement = decide(spec.execution, facts, lambda: diagnose(facts), signature)
    if placement.is_several and spec.training.accumulate > 1:
        raise SpecError(
            [
                Problem(
                    "training.accumulate",
                    "Gradients cannot be accumulated on several devices at once. "
                    f"Received: {spec.training.accumulate}.",
                    "Use 1 and a larger batch, which the devices share, or one device.",
                )
            ]
        )
    return placement


@cache
def _machine() -> MachineFacts:
    """The drivers of a machine do not change while a worker lives."""
    return look_at_machine()


def decide(
    execution: ExecutionSpec,
    facts: MachineFacts,
    ask_doctor: Callable[[], tuple[Diagnosis, ...]],
    signature: Signature,
) -> Placement:
    """Decides, given what TensorFlow sees.

    Args:
        execution: What was chosen.
        facts: Of the machine, TensorFlow included.
        ask_doctor: Says why no GPU is used.
        signature: Of the data.

    Raises:
        SpecError: A GPU was chosen and there is none.
    """
    tensorflow = facts.tensorflow
    if tensorflow is None:
        raise ValueError("TensorFlow must be looked at first.")
    gpus = tensorflow.gpus
    if execution.device in ("gpu", "all_gpus") and not gpus:
        raise SpecError([_no_gpu(execution.device, ask_doctor())])
    used, why = _devices(execution.device, gpus, tensorflow.architectures)
    policy, why_bits = _policy(
        execution.precision, tuple(gpus[number] for number in used), signature
    )
    names = tuple(f"GPU:{number}" for number in used) or ("CPU:0",)
    may_shorten = (
        execution.precision == "auto"
        and not used
        and signature.kind in _SHORTENED
        and signature.output is not Output.NUMBERS
        and has_short_floats()
    )
    if may_shorten:  # what was measured of them is told with the plan
        return Placement(names, policy, why, may_shorten)
    return Placement(names, policy, f"{why} {why_bits}")


def _no_gpu(chosen: str, diagnoses: tuple[Diagnosis, ...]) -> Problem:
    hint = advice(diagnoses) or "TensorFlow lists no GPU."
    return Problem(
        "execution.device",
        f"TensorFlow can use no GPU on this machine. Received: {chosen}.",
        f"{hint} Or choose 'auto' or 'cpu'.",
    )


def _devices(
    chosen: str, gpus: tuple[Gpu, ...], architectures: tuple[str, ...]
) -> tuple[tuple[int, ...], str]:
    """Numbers of the GPUs to use, and why."""
    if chosen == "cpu":
        return (), "The processor computes, as chosen."
    if not gpus:
        return (), "The processor computes: TensorFlow can use no GPU."
    if chosen == "all_gpus":
        if len(gpus) == 1:
            return (0,), f"{gpus[0].name} computes, the only GPU."
        return tuple(range(len(gpus))), f"{len(gpus)} GPUs share each batch, as chosen."
    if chosen == "gpu":
        return (0,), f"{gpus[0].name} computes, as chosen."
    fit = [
        number
        for number, gpu in enumerate(gpus)
        if not (gpu.capability and is_too_new(gpu.capability, architectures))
    ]
    if not fit:
        return (), f"The processor computes: {gpus[0].name} is too new for this TensorFlow."
    return (fit[0],), f"{gpus[fit[0]].name} computes."


def _policy(chosen: str, used: tuple[Gpu, ...], signature: Signature) -> tuple[Policy, str]:
    """The dtype policy, and why."""
    if chosen == "float32":
        return "float32", "All numbers have 32 bits, as chosen."
    if chosen == "mixed":
        if used:
            return "mixed_float16", "Layers compute in 16 bits, weights have 32, as chosen."
        slow = "" if has_short_floats() else ", which this processor has no instructions for"
        return (
            "mixed_bfloat16",
            f"Layers compute in 16 bits (bfloat16{slow}), weights have 32, as chosen.",
        )
    is_gaining = signature.kind in _GAINING and signature.output is not Output.NUMBERS
    has_cores = bool(used) and all(
        gpu.capability is not None and gpu.capability >= _TENSOR_CORES for gpu in used
    )
    if has_cores and is_gaining:
        return "mixed_float16", "Layers compute in 16 bits, where this GPU is faster."
    return "float32", "All numbers have 32 bits."


def has_short_floats(cpuinfo: Path = Path("/proc/cpuinfo")) -> bool:
    """Whether the processor multiplies bfloat16 by itself; True where the system does not tell."""
    try:
        words = set(cpuinfo.read_text("utf-8", errors="replace").split())
    except OSError:
        return True
    return bool(words & {"avx512_bf16", "amx_bf16", "bf16"})
