"""What people should know of a script: its head, and what is told when it is handed over."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any, Final

from engine.devices.versions import installed_version
from engine.service.results.exporting.script.document import Document
from engine.service.results.exporting.script.subject import Subject

_PACKAGES: Final = {
    "keras": ("keras", "tensorflow"),
    "numpy": ("numpy",),
    "pandas": ("pandas",),
    "sklearn": ("scikit-learn",),
    "scipy": ("scipy",),
    "PIL": ("pillow",),
    "soundfile": ("soundfile",),
    "av": ("av",),
    "tensorflow": ("tensorflow",),
}


def head_of(subject: Subject) -> str:
    """The head of a script: what it is, and what it needs."""
    record = subject.record
    return f"{record.name}: {record.model_title} on {record.dataset_title}.\n\n" + textwrap.fill(
        "Written by Descent. Reads, divides and prepares the data, builds and trains the "
        f"network, and tests it, as run {record.id} did. {exactness(subject)}",
        88,
    )


def exactness(subject: Subject) -> str:
    """How near the script comes to the run, in a sentence."""
    plan, spec = subject.record.plan, subject.spec
    why = []
    if plan.get("xla"):
        why.append("the run's steps were compiled with XLA")
    elif not spec.execution.reproducible:
        why.append("the run may have been compiled with XLA for some of its steps")
        if _is_normalized(subject):
            why.append("TensorFlow orders sums around batch normalization by itself")
    if plan.get("layers") == "fused":
        why.append("it computed some layers in fewer, larger products")
    if plan.get("precision", "float32") != "float32":
        why.append(f"it computed in {plan['precision']}")
    if str(plan.get("device", "CPU")).startswith("GPU"):
        why.append("a graphics card computed")
    if _is_normalized(subject) and any(map(_has_bias, subject.network.layers)):
        why.append("biases in front of batch normalization learn from rounding alone")
    if not why:
        return (
            "On the same machine and with the same packages it takes the same steps: its results "
            "are the run's to the bit."
        )
    return (
        f"Its results are the run's up to rounding, for {', and '.join(why)}. A short training "
        "of a deep network magnifies that."
    )


def notes_of(subject: Subject, document: Document, beside: Sequence[str]) -> tuple[str, ...]:
    """What is told when the script is handed over, a sentence each."""
    n = sum(len(subject.rows(part)) for part in ("train", "validation", "test"))
    notes = [
        f"In a process of its own it reads and prepares the same {n:,} examples, and begins with "
        "the same weights.",
        exactness(subject),
    ]
    if beside:
        notes.append(f"It needs what lies beside it: {', '.join(beside)}.")
    notes.append(f"To run it: python -m pip install {' '.join(requirements(document))}")
    return tuple(notes)


def requirements(document: Document) -> list[str]:
    """What is to be installed for a script, with the versions of today."""
    modules = {
        line.split()[1].partition(".")[0]
        for section in document.sections
        for line in section.imports
    }
    names = dict.fromkeys(name for module in sorted(modules) for name in _PACKAGES.get(module, ()))
    versions = {name: installed_version(name) for name in names}
    return [f"{name}=={version}" if version else name for name, version in versions.items()]


def _is_normalized(subject: Subject) -> bool:
    return any(type(layer).__name__ == "BatchNormalization" for layer in subject.network.layers)


def _has_bias(layer: Any) -> bool:
    """A convolution with a bias: in theory it has no gradient, in oneDNN another each time."""
    inner = getattr(layer, "layer", layer)  # what is done to each moment
    return hasattr(inner, "kernel_size") and bool(getattr(inner, "use_bias", False))
