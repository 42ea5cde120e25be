"""How inputs and targets are prepared, in plain code: ``x_train``, ``y_train`` and their like."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from engine.preprocessing.audio import SpectrogramInputs
from engine.preprocessing.inputs import ScaledInputs
from engine.preprocessing.table import TableInputs
from engine.preprocessing.targets import (
    AnomalyTargets,
    ClassTargets,
    LabelTargets,
    NumberTargets,
    TokenTargets,
)
from engine.preprocessing.text import TextInputs
from engine.service.results.exporting.script.columns import columns_of
from engine.service.results.exporting.script.document import Section, listed
from engine.service.results.exporting.script.sound_preparation import sound_code
from engine.service.results.exporting.script.subject import PARTS, NotWritten, Subject
from engine.service.results.exporting.script.table_preparation import table_code
from engine.service.results.exporting.script.text_preparation import text_code, token_code

TITLE: Final = "Preparing the data"
_NUMPY: Final = "import numpy as np"


def ways(subject: Subject) -> Iterator[Section]:
    """Sections that may prepare the data as Descent did, the most readable first."""
    for is_literal in (False, True):
        yield _section(subject, is_literal)


def _section(subject: Subject, is_literal: bool) -> Section:
    inputs, needs = _inputs(subject, is_literal)
    targets, more = _targets(subject, is_literal)
    parts = [part for part in PARTS if len(subject.rows(part))]
    taken = "\n".join(f"x_{part}, y_{part} = x[{part}], y[{part}]" for part in parts)
    code = "\n\n".join(it for it in (inputs, targets, taken) if it)
    return Section(TITLE, code, tuple(dict.fromkeys((*needs, *more))))


def _inputs(subject: Subject, is_literal: bool) -> tuple[str, tuple[str, ...]]:
    inputs = subject.prepared.preprocessing.inputs
    if isinstance(inputs, TableInputs):
        return table_code(subject, inputs, is_literal), (_NUMPY,)
    if isinstance(inputs, ScaledInputs):
        return _scaled(subject, inputs, is_literal), (_NUMPY,)
    if isinstance(inputs, TextInputs):
        return text_code(subject, inputs, is_literal)
    if isinstance(inputs, SpectrogramInputs):
        return sound_code(subject, inputs, is_literal)
    raise NotWritten(f"Inputs that are prepared by '{inputs.type}' cannot be written.")


def _scaled(subject: Subject, inputs: ScaledInputs, is_literal: bool) -> str:
    if inputs.offset.ndim == 0:  # images and clips
        if float(inputs.scale) == 1.0:
            return 'x = x.astype("float32")'
        return f'x = x.astype("float32") / {float(inputs.scale):g}  # from 0 to 1'
    before = ""
    if subject.is_table:
        names = [column.name for column in columns_of(subject)]
        before = f'FEATURES = {listed(names, 11)}\nx = table[FEATURES].to_numpy("float64")\n'
    if is_literal:
        return (
            f"{before}# As Descent learnt it from the training part.\n"
            f"offset = np.array({inputs.offset.tolist()!r})\n"
            f"scale = np.array({inputs.scale.tolist()!r})\n"
            'x = ((x - offset) / scale).astype("float32")'
        )
    learnt = "x[train]" if x_is_flat(subject) else "x[train].reshape(-1, x.shape[-1])"
    scaling = subject.spec.preprocessing.decided().scaling
    if scaling == "none":
        return f'{before}x = x.astype("float32")'
    if scaling == "minmax":
        return (
            f"{before}# From 0 to 1 in the training part.\nlearnt = {learnt}\n"
            "low, high = learnt.min(axis=0), learnt.max(axis=0)\n"
            'x = ((x - low) / (high - low)).astype("float32")'
        )
    return (
        f"{before}# Mean 0 and deviation 1 in the training part.\nlearnt = {learnt}\n"
        'x = ((x - learnt.mean(axis=0)) / learnt.std(axis=0)).astype("float32")'
    )


def x_is_flat(subject: Subject) -> bool:
    """An example is a row of numbers."""
    return len(subject.examples.x.shape) == 2


def _targets(subject: Subject, is_literal: bool) -> tuple[str, tuple[str, ...]]:
    targets = subject.prepared.preprocessing.targets
    if isinstance(targets, ClassTargets):
        return "", ()
    if isinstance(targets, LabelTargets):
        return 'y = y.astype("float32")', ()
    if isinstance(targets, AnomalyTargets):
        made = 'known, y = y, np.zeros((len(y), 1), "float32")'
        return f"# The score of what is usual shall be 0.\n{made}", (_NUMPY,)
    if isinstance(targets, NumberTargets):
        return _numbers(subject, targets, is_literal), (_NUMPY,)
    if isinstance(targets, TokenTargets):
        return token_code(subject, targets)
    raise NotWritten(f"Targets that are prepared by '{targets.type}' cannot be written.")


def _numbers(subject: Subject, targets: NumberTargets, is_literal: bool) -> str:
    one = len(targets.offset) == 1
    scaling = subject.spec.preprocessing.decided().target_scaling
    if scaling == "none":
        return 'y_offset, y_scale = 0.0, 1.0\ntargets, y = y, y.astype("float32")'
    if is_literal:
        offset, scale = (
            (float(targets.offset[0]), float(targets.scale[0]))
            if one
            else (targets.offset.tolist(), targets.scale.tolist())
        )
        made = f"{offset!r}, {scale!r}" if one else f"np.array({offset!r}), np.array({scale!r})"
        before = "# The target, as Descent learnt it from the training part.\n"
    else:
        axis = "" if one else "axis=0"
        made = f"y[train].mean({axis}), y[train].std({axis})"
        before = "# The target has mean 0 and deviation 1 in the training part, too.\n"
    return (
        f"{before}y_offset, y_scale = {made}\n"
        'targets, y = y, ((y - y_offset) / y_scale).astype("float32")'
    )


def is_prepared(subject: Subject, names: dict[str, object]) -> bool:
    """Whether a section has prepared every part to the same bits."""
    from engine.service.results.exporting.script.subject import differing

    return not differing(subject.wanted, names)


__all__ = ["is_prepared", "ways"]
