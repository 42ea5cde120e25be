"""Which changes at random fit which kind of data; `engine.training.augmenting` makes them."""

from __future__ import annotations

from engine.errors import Problem
from engine.preprocessing.inputs import IMAGE_MAXIMUM
from engine.spec.parameters import Parameter, describe
from engine.spec.run_spec import AugmentationSpec, PreprocessingSpec
from engine.spec.signature import Kind

_OF_IMAGES = ("flip", "rotate", "shift", "zoom", "brightness", "noise")
FITTING: dict[Kind, tuple[str, ...]] = {
    Kind.TABLE: ("noise",),
    Kind.IMAGE: _OF_IMAGES,
    Kind.TEXT: ("token_dropout",),
    Kind.AUDIO: ("shift", "noise", "time_mask", "frequency_mask"),
    Kind.VIDEO: _OF_IMAGES,
    Kind.SERIES: ("noise", "scale"),
}
"""Settings of `AugmentationSpec` by the kind of data they fit."""

_PLURALS = {
    Kind.TABLE: "tables",
    Kind.IMAGE: "images",
    Kind.TEXT: "texts",
    Kind.AUDIO: "recordings",
    Kind.VIDEO: "clips",
    Kind.SERIES: "series",
}


def settings_for(kind: Kind) -> tuple[Parameter, ...]:
    """The settings to offer for a kind of data, in the order of `AugmentationSpec`."""
    return tuple(item for item in describe(AugmentationSpec) if item.name in FITTING[kind])


def active(spec: AugmentationSpec) -> tuple[str, ...]:
    """Names of the settings that change something."""
    unchanged = AugmentationSpec()
    return tuple(
        name
        for name in AugmentationSpec.model_fields
        if getattr(spec, name) != getattr(unchanged, name)
    )


def misfits(spec: AugmentationSpec, kind: Kind) -> list[Problem]:
    """What is wrong with the settings for a kind of data: those that would do nothing to it."""
    known = {item.name: item for item in describe(AugmentationSpec)}
    possible = ", ".join(item.label.lower() for item in settings_for(kind))
    return [
        Problem(
            f"augmentation.{name}",
            f"{known[name].label} does not fit {_PLURALS[kind]}. "
            f"Received: {getattr(spec, name)!r}.",
            f"Set it to {known[name].default!r}. What fits {_PLURALS[kind]}: {possible}.",
        )
        for name in active(spec)
        if name not in FITTING[kind]
    ]


def brightest(spec: PreprocessingSpec) -> float:
    """The largest value of an image as the network receives it; the smallest is 0."""
    return IMAGE_MAXIMUM if spec.scaling == "none" else 1.0
