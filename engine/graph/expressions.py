"""Values as Python code people would write. Imported by workers only."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import keras

from engine.graph.layer_types import Nested

WIDTH: Final = 88


@dataclass(frozen=True)
class Code:
    """Code that stands for itself, such as a variable."""

    text: str


def expression(value: Any) -> str:
    """A setting as code: JSON values, and objects of Keras as the calls that make them."""
    if isinstance(value, Code):
        return value.text
    if isinstance(value, Nested):
        return call(f"layers.{value.keras_class}", arguments_of(value.keras_class, value.arguments))
    if isinstance(value, Mapping):
        if "class_name" in value:
            return _object(value)
        inner = ", ".join(f"{key!r}: {expression(item)}" for key, item in value.items())
        return f"{{{inner}}}"
    if isinstance(value, list | tuple):
        inner = ", ".join(expression(item) for item in value)
        if value and all(isinstance(item, int) for item in value):
            return f"({inner},)" if len(value) == 1 else f"({inner})"
        return f"[{inner}]"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return repr(value)


def _object(value: Mapping[str, Any]) -> str:
    """An object that Keras wrote down as module, class and configuration."""
    name, config = str(value["class_name"]), value.get("config") or {}
    module = str(value.get("module") or "")
    if name == "__slice__":
        sides = [config["start"], config["stop"], config["step"]]
        return f"slice({', '.join(expression(side) for side in sides)})"
    if name == "__ellipsis__":
        return "..."
    if module == "keras.layers":
        from engine.graph.reading import not_default

        return call(f"layers.{name}", arguments_of(name, not_default(name, config)))
    made = getattr(_module(module), name, None)
    if made is None:
        return f"keras.saving.deserialize_keras_object({dict(value)!r})"
    given = _without_defaults(made, config)
    return call(f"{module}.{name}", [f"{key}={expression(item)}" for key, item in given.items()])


def _module(name: str) -> Any:
    found: Any = keras
    for part in name.split(".")[1:]:
        found = getattr(found, part, None)
    return found


def _without_defaults(made: Any, config: Mapping[str, Any]) -> dict[str, Any]:
    declared = inspect.signature(made.__init__).parameters
    return {
        key: value
        for key, value in config.items()
        if key not in declared or not same(value, declared[key].default)
    }


def arguments_of(keras_class: str, arguments: Mapping[str, Any]) -> list[str]:
    """The arguments that a class of `keras.layers` is made with, without Keras's defaults.

    What has no default stands first, by its place.
    """
    declared = inspect.signature(getattr(keras.layers, keras_class).__init__).parameters
    needed = [
        name for name, item in declared.items() if item.default is item.empty and name in arguments
    ]
    written = [expression(arguments[name]) for name in needed]
    for key, value in arguments.items():
        default = declared[key].default if key in declared else inspect.Parameter.empty
        if key not in needed and not same(value, default):
            written.append(f"{key}={expression(value)}")
    return written


def same(value: Any, default: Any) -> bool:
    """Whether a setting is what Keras takes anyway: one number stands for all axes."""
    if isinstance(value, list | tuple):
        if isinstance(default, list | tuple):
            return list(value) == list(default)
        return bool(value) and type(default) is int and all(item == default for item in value)
    if value == "linear" and default is None:
        return True
    return type(value) is type(default) and bool(value == default)


def call(function: str, arguments: Sequence[str], behind: str = "") -> str:
    """A call on one line, or with an argument a line where that is too long.

    Args:
        function: What is called.
        arguments: As code.
        behind: What follows the closing bracket.
    """
    line = f"{function}({', '.join(arguments)})"
    first = behind.partition("\n")[0]
    if (len(line) + len(first) <= WIDTH and "\n" not in line) or not arguments:
        return line + behind
    inner = textwrap.indent(",\n".join(arguments), "    ")
    return f"{function}(\n{inner},\n){behind}"
