"""What a model's configuration must not hold: code, modules other than Keras's, names of files.

Nothing here imports Keras: what is found is refused by name before Keras sees the configuration.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

# Those in which a network's layers, numbers and operations are; Keras has others that read files.
_MODULES: Final = (
    "keras.activations",
    "keras.constraints",
    "keras.dtype_policies",
    "keras.initializers",
    "keras.layers",
    "keras.models",
    "keras.ops",
    "keras.random",
    "keras.regularizers",
    "keras.src.activations",
    "keras.src.constraints",
    "keras.src.dtype_policies",
    "keras.src.initializers",
    "keras.src.layers",
    "keras.src.models",
    "keras.src.ops",
    "keras.src.random",
    "keras.src.regularizers",
)
_TOP: Final = ("DTypePolicy", "DTypePolicyMap", "FloatDTypePolicy", "QuantizedDTypePolicy",
               "Model", "Sequential", "Functional", "Variable", "KerasTensor")  # fmt: skip
_CODE: Final = frozenset(
    ("Lambda", "__lambda__", "function", "__typespec__",
     "TFSMLayer", "JaxLayer", "FlaxLayer", "TorchModuleWrapper")
)  # fmt: skip
"""Classes that run what somebody wrote, or load it from elsewhere."""
_FILES: Final = frozenset(("vocabulary", "filepath", "filename", "file", "path", "directory"))
"""Settings that are files where they are text: a vocabulary may be a list of words as well."""
_WORDS: Final = frozenset(
    ("name", "registered_name", "mask_token", "oov_token", "equation", "salt")
)
"""Settings that are text with any sign in it."""


def foreign_parts(value: Any) -> Iterator[str]:
    """What must not stand in a configuration, by name.

    Args:
        value: JSON values of layers, of a whole model, or of settings; no deeper than what
            `engine.files.bounded` reads.
    """
    if isinstance(value, Mapping):
        yield from _of_object(value)
        for key, item in value.items():
            if isinstance(item, str):
                yield from _of_setting(str(key), item)
            else:
                yield from foreign_parts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            if isinstance(item, Mapping | list | tuple):
                yield from foreign_parts(item)


def _of_object(value: Mapping[str, Any]) -> Iterator[str]:
    name, module = value.get("class_name"), value.get("module")
    if isinstance(module, str) and name is not None and not _is_keras(module, str(name)):
        yield f"{module}.{name}"
    elif isinstance(module, str) and module.partition(".")[0] not in ("keras", "builtins"):
        yield module
    if value.get("registered_name") not in (None, name):
        yield str(value["registered_name"])


def _is_keras(module: str, name: str) -> bool:
    if module == "builtins":
        return name.startswith("__")
    if module == "keras":
        return name in _TOP
    return any(module == known or module.startswith(f"{known}.") for known in _MODULES)


def _of_setting(key: str, text: str) -> Iterator[str]:
    if text in _CODE and key in ("class_name", "layer"):
        yield text
    elif key in _FILES:
        yield f"{key} '{text}', a file"
    elif key not in _WORDS and ("/" in text or "\\" in text):
        yield f"{key} '{text}', a path"
