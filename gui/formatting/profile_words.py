"""What a profile says in words: its facts in a line, its samples' names, inputs and targets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.events.profile import Profile
from engine.spec.formatting import labels_text, shape_text
from engine.spec.signature import Kind, Output, Signature, Task
from gui.formatting.numbers import count_text, counted, hertz_text, value_text
from gui.formatting.translation import translate


def facts_line(profile: Profile) -> str:
    """How much there is of what, such as ``1 797 images · 8×8×1 · 10 classes``."""
    return " · ".join(
        part for part in (*_amount(profile), _prediction(profile), _split(profile)) if part
    )


def _amount(profile: Profile) -> tuple[str, ...]:
    n, signature = profile.n_samples, profile.signature
    shape = input_text(signature)
    match signature.kind:
        case Kind.IMAGE:
            return counted(n, translate("{n} image"), translate("{n} images")), shape
        case Kind.TEXT:
            return counted(n, translate("{n} text"), translate("{n} texts")), shape
        case Kind.AUDIO:
            kind = counted(n, translate("{n} recording"), translate("{n} recordings"))
            return kind, hertz_text(profile.rate) if profile.rate else ""
        case Kind.VIDEO:
            return counted(n, translate("{n} clip"), translate("{n} clips")), shape
        case Kind.SERIES:
            return counted(n, translate("{n} window"), translate("{n} windows")), shape
        case _:
            return counted(n, translate("{n} row"), translate("{n} rows")), shape


def input_text(signature: Signature) -> str:
    """What the network receives of one example, in words."""
    shape = signature.input_shape
    match signature.kind, len(shape):
        case Kind.TEXT, 1:
            return translate("{n} tokens each").format(n=count_text(shape[0]))
        case Kind.VIDEO, 4:
            text = translate("{n} frames of {size}")
            return text.format(n=shape[0], size=shape_text(shape[1:]))
        case Kind.AUDIO, 3:
            text = translate("{frames} frames × {bands} bands")
            return text.format(frames=shape[0], bands=shape[1])
        case Kind.SERIES, 2:
            text = counted(shape[1], translate("{n} channel"), translate("{n} channels"))
            return translate("{n} steps, {channels}").format(n=shape[0], channels=text)
        case Kind.TABLE, _:
            n = signature.n_inputs
            return counted(n, translate("{n} feature"), translate("{n} features"))
        case _:
            return shape_text(shape)


def _prediction(profile: Profile) -> str:
    signature = profile.signature
    if signature.task is Task.TRANSLATION:
        return translate("translated")
    if signature.task is Task.TRANSCRIPTION:
        return translate("with their text")
    if signature.task is Task.ANOMALY:
        return translate("to find what is unusual")
    if signature.output is Output.LABELS:
        labels = translate("{n} labels, several at once")
        return labels.format(n=count_text(signature.n_classes))
    if signature.output is Output.CLASSES:
        classes = translate("{n} classes").format(n=count_text(signature.n_classes))
        return classes if signature.task is not Task.CONTROL else classes + translate(" of action")
    if signature.task is Task.FORECASTING:
        n = signature.n_values
        return counted(n, translate("predicts {n} step"), translate("predicts {n} steps"))
    if signature.n_values > 1:
        return translate("predicts {n} numbers").format(n=count_text(signature.n_values))
    return translate("predicts the number “{target}”").format(target=profile.target_name)


def _split(profile: Profile) -> str:
    are_labels = profile.signature.output is Output.LABELS
    by_class, by_label = translate("divided class by class"), translate("divided label by label")
    return {
        "stratified": by_label if are_labels else by_class,
        "group": translate("divided by groups"),
        "time": translate("divided by time"),
        "given": translate("divided as given"),
    }.get(profile.split_method, "")


def target_texts(profile: Profile) -> list[str]:
    """What is predicted of each sample, in words."""
    return [target_text(value, profile.class_names) for value in profile.sample_y]


def target_text(value: Any, class_names: Sequence[str]) -> str:
    """One target in words: a class's name, those of labels, numbers, or a text as it is."""
    if isinstance(value, str):
        return value
    if class_names and np.ndim(value) == 1:
        return labels_text(value, class_names)
    if class_names:
        return class_names[int(value)]
    numbers = np.atleast_1d(np.asarray(value, np.float64)).tolist()
    shown = ", ".join(value_text(number, 4) for number in numbers[:4])
    return shown if len(numbers) <= 4 else f"{shown}, …"


def target_columns(profile: Profile) -> tuple[str, ...]:
    """A heading for each number, class or text that is predicted; labels share one."""
    if profile.signature.output is Output.LABELS:
        return (profile.target_name,)
    width = profile.sample_y.shape[1] if profile.sample_y.ndim == 2 else 1
    if width == 1:
        return (profile.target_name,)
    names = profile.target_name.split(", ")
    if len(names) == width:
        return tuple(names)
    return tuple(f"{profile.target_name} {place + 1}" for place in range(width))


def cell_text(profile: Profile, column: int, value: float) -> str:
    """One cell of a table's sample: a number, a category's name, or nothing where there is none."""
    if np.isnan(value):
        return ""
    values = category_names(profile, column)
    if values and value == int(value) and 0 <= int(value) < len(values):
        return values[int(value)]
    return value_text(value)


def category_names(profile: Profile, column: int) -> tuple[str, ...]:
    """Names of the categories of a feature of a table by their index; empty where it has none."""
    if column >= len(profile.feature_names):
        return ()
    return profile.categories.get(profile.feature_names[column], ())


def sample_names(profile: Profile) -> list[str]:
    """What each sample is called; empty texts where they are only numbered."""
    n = len(profile.sample_x)
    return list(profile.sample_names) if len(profile.sample_names) == n else [""] * n


def value_range(values: npt.NDArray[Any]) -> str:
    """The range of an array's finite values, such as ``from 0 to 1``."""
    finite = values[np.isfinite(values)] if values.dtype.kind == "f" else values
    if not finite.size:
        return ""
    low, high = float(finite.min()), float(finite.max())
    text = translate("values from {low} to {high}")
    return text.format(low=value_text(low, 3), high=value_text(high, 3))
