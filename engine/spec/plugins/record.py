"""What is known of a plug-in without importing it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Self


class Group(StrEnum):
    """The groups of entry points under which packages offer something."""

    DATASETS = "descent.datasets"
    FORMATS = "descent.formats"
    ARCHITECTURES = "descent.architectures"
    AUGMENTATIONS = "descent.augmentations"
    PLOTS = "descent.plots"

    @property
    def word(self) -> str:
        """What one member is called."""
        return self.value.rpartition(".")[2].removesuffix("s")


class PluginState(StrEnum):
    """What became of a plug-in."""

    READY = "ready"
    REFUSED = "refused"
    UNCHECKED = "unchecked"


@dataclass(frozen=True)
class PluginRecord:
    """One plug-in, as its package declares it and as the check found it.

    Attributes:
        group: What it is.
        name: What people type; the name of its entry point.
        target: Where it is, as ``package.module:Class``.
        package: The distribution that brings it.
        version: Of that distribution.
        state: Whether it can be used.
        title: What people read; empty while it was never imported.
        reason: Why it is left out, in a sentence.
        hint: What mends that.
        details: A traceback, or what it printed before it died.
        loads_keras: Importing it loads TensorFlow or Keras.
    """

    group: Group
    name: str
    target: str
    package: str
    version: str
    state: PluginState = PluginState.UNCHECKED
    title: str = ""
    reason: str = ""
    hint: str = ""
    details: str = ""
    loads_keras: bool = False

    @property
    def key(self) -> tuple[Group, str]:
        """What it is known by."""
        return self.group, self.name

    @property
    def words(self) -> str:
        """How messages name it."""
        return f"the {self.group.word} '{self.name}' of the package '{self.package}' {self.version}"

    @property
    def why_missing(self) -> str:
        """Why it cannot be used, as a sentence; empty where it can."""
        match self.state:
            case PluginState.READY:
                return ""
            case PluginState.REFUSED:
                return f"The package '{self.package}' has it, but it is left out: {self.reason}"
            case PluginState.UNCHECKED:
                return f"The package '{self.package}' has it, but it has not been checked yet."

    def to_dict(self) -> dict[str, Any]:
        """Returns JSON-ready values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Rebuilds what `to_dict` returned.

        Raises:
            ValueError, KeyError, TypeError: The values are of something else.
        """
        known = dict(values)
        for name, value in known.items():
            if not isinstance(value, bool if name == "loads_keras" else str):
                raise TypeError(f"'{name}' is a {type(value).__name__}")
        return cls(
            **(known | {"group": Group(known["group"]), "state": PluginState(known["state"])})
        )
