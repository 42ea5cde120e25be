"""The operations of `keras.ops` by the names of their functions. Imported by workers only."""

from __future__ import annotations

import inspect
import sys
from functools import cache

import keras

from engine.errors import UnknownNameError

_MODULES = ("numpy", "nn", "core", "math", "linalg", "image")


@cache
def operations() -> dict[str, type[keras.Operation]]:
    """Every operation by the name of its function, such as ``not_equal``.

    A functional model holds operations as objects of classes that Keras does not export; a saved
    model names them by their module.
    """
    found: dict[str, type[keras.Operation]] = {}
    for name in _MODULES:
        module = sys.modules[f"keras.src.ops.{name}"]
        for item in vars(module).values():
            is_operation = inspect.isclass(item) and issubclass(item, keras.Operation)
            if is_operation and item.__module__ == module.__name__:
                found.setdefault(function_name(item.__name__), item)
    return found


def function_name(class_name: str) -> str:
    """``not_equal`` of ``NotEqual``."""
    from keras.src.utils.naming import to_snake_case

    return str(to_snake_case(class_name))


def operation_class(name: str) -> type[keras.Operation]:
    """The class of an operation.

    Raises:
        UnknownNameError: Keras has none of that name.
    """
    known = operations()
    if name not in known:
        raise UnknownNameError("operation", name, known)
    return known[name]


def function_path(name: str) -> str:
    """Where people find the function, such as ``keras.ops.not_equal``; empty: nowhere."""
    if callable(getattr(keras.ops, name, None)):
        return f"keras.ops.{name}"
    for part in ("image", "nn", "linalg", "numpy"):
        if callable(getattr(getattr(keras.ops, part, None), name, None)):
            return f"keras.ops.{part}.{name}"
    return ""
