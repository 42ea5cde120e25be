"""A foreign model's configuration: read against the lists of `allowed`, and written anew.

What Keras is given in the end is made here: each object gets the module in which Keras has it, so
that no path to a module, no registered name and no setting of training comes from the file.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from engine.graph.foreign import foreign_parts
from engine.inference.foreign_models import allowed
from engine.inference.foreign_models.archive import CONFIG
from engine.inference.foreign_models.refusal import Refused, told

MAX_LAYERS: Final = 5_000
MAX_CALLS: Final = 10_000
MAX_OBJECTS: Final = 50_000
MAX_VALUES: Final = 3_000_000
MAX_WITHIN: Final = 16
MAX_TEXT: Final = 1_000
MAX_INTEGER: Final = 1 << 31
MAX_SIZE: Final = 65_536
MAX_EXAMPLE: Final = 1 << 28
"""Numbers that one example may have, at any layer."""

_KEYS: Final = frozenset(
    ("module", "class_name", "config", "registered_name", "build_config", "compile_config", "name",
     "inbound_nodes", "shared_object_id")
)  # fmt: skip
_WEIGHED: Final = frozenset(
    ("units", "filters", "input_dim", "output_dim", "key_dim", "value_dim", "num_heads", "head_dim",
     "num_query_heads", "num_key_value_heads", "depth_multiplier")
)  # fmt: skip
"""Settings of which a layer has at least so many weights."""
_SHAPES: Final = ("shape", "batch_shape", "batch_input_shape", "target_shape", "input_shape")
_SIZES: Final = frozenset(
    ("size", "padding", "cropping", "height", "width", "kernel_size", "strides", "dilation_rate",
     "pool_size", "groups", "output_size", "repeats", "reps")
)  # fmt: skip
_WIRING: Final = ("input_layers", "output_layers")
_ANY_INTEGER: Final = ("seed", "salt", "value", "vocabulary", "shared_object_id", "bin_boundaries")


def checked(config: Mapping[str, Any], n_stored: int) -> dict[str, Any]:
    """The configuration as Keras may see it.

    Args:
        config: As `archive.unpack` read it.
        n_stored: Numbers that lie in the file of weights.

    Returns:
        JSON values of a whole model, made of what is allowed.

    Raises:
        Refused: It holds something else, or promises more than there is.
    """
    name = config.get("class_name")
    if name not in allowed.MODELS:
        raise Refused(CONFIG, f"it describes {told(name)}, which is no model of layers")
    made = _Reader(n_stored).object(config, CONFIG, 0)
    foreign = next(foreign_parts(made), None)
    if foreign is not None:  # the same that own models are held against
        raise Refused(CONFIG, f"it holds {told(foreign)}")
    return made


@dataclass
class _Reader:
    """Walks through values, and counts what it met.

    Attributes:
        n_stored: Numbers that lie in the file of weights.
        is_call: What is read is which layer feeds which, and with what: names are those of columns,
            and numbers those that data are compared with, which may be any.
    """

    n_stored: int
    is_call: bool = False
    objects: int = 0
    layers: int = 0
    calls: int = 0
    values: int = 0

    # ---- objects

    def object(self, value: Mapping[str, Any], where: str, within: int) -> dict[str, Any]:
        """An object of Keras, with the module that Keras has it in."""
        self.objects += 1
        if self.objects > MAX_OBJECTS:
            raise Refused(CONFIG, f"it has more than {MAX_OBJECTS:,} objects")
        name = value["class_name"]
        where = _place(value, where)
        unknown = next((key for key in value if key not in _KEYS), None)
        if unknown is not None:
            raise Refused(where, f"it has {told(unknown)}, which Keras does not write")
        if not isinstance(name, str):
            raise Refused(where, f"its class is {told(name)}")
        if name in allowed.VALUES:
            return self._plain(name, value, where, within)
        if value.get("registered_name") not in (None, name):
            registered = told(value["registered_name"])
            raise Refused(where, f"it is {registered}, of somebody's own code")
        if name == "function":
            return self._function(value, where)
        if name in allowed.MODELS and _is_of(value, "keras", "keras.models", "keras.src.models"):
            return self._model(name, value, where, within)
        module = _module_of(name, value, where)
        if module == "keras.layers":
            self.layers += 1
            if self.layers > MAX_LAYERS:
                raise Refused(CONFIG, f"it has more than {MAX_LAYERS:,} layers")
        return self._made(module, name, value, where, within)

    def _made(
        self, module: str, name: str, value: Mapping[str, Any], where: str, within: int
    ) -> dict[str, Any]:
        self._count_calls(value.get("inbound_nodes"))
        config = value.get("config") or {}
        if not isinstance(config, Mapping):
            raise Refused(where, f"its settings are {told(config)}")
        outer, self.is_call = self.is_call, False
        made: dict[str, Any] = {
            "module": module,
            "class_name": name,
            "config": self.group(config, where, within),
            "registered_name": None,
        }
        for key in ("name", "shared_object_id"):
            if value.get(key) is not None:
                made[key] = self.value(value[key], key, where, within)
        if value.get("inbound_nodes") is not None:
            made["inbound_nodes"] = self._wiring(value["inbound_nodes"], where, within)
        build = value.get("build_config")
        if build is not None:
            if not isinstance(build, Mapping):
                raise Refused(where, f"its build_config is {told(build)}")
            made["build_config"] = self._shapes(build, where, within)
        self.is_call = outer
        return made

    def _shapes(self, build: Mapping[str, Any], where: str, within: int) -> dict[str, Any]:
        """The shapes that a layer is built for, of several inputs by the names of columns."""
        return {
            _word(key, where): {
                name: self.value(shape, "shape", where, within) for name, shape in item.items()
            }
            if isinstance(item, Mapping) and "class_name" not in item
            else self.value(item, key, where, within)
            for key, item in build.items()
        }

    def _wiring(self, value: Any, where: str, within: int) -> Any:
        """Which layers feed which, and with what."""
        outer, self.is_call = self.is_call, True
        made = self.value(value, "", where, within)
        self.is_call = outer
        return made

    def _model(
        self, name: str, value: Mapping[str, Any], where: str, within: int
    ) -> dict[str, Any]:
        if within > MAX_WITHIN:
            raise Refused(where, f"models lie more than {MAX_WITHIN} deep within each other")
        config = value.get("config")
        if not isinstance(config, Mapping) or not isinstance(config.get("layers"), list):
            raise Refused(where, "it has no list of layers")
        module = allowed.MODELS[name]
        return self._made(module, name, value, where, within + 1)

    def _count_calls(self, nodes: Any) -> None:
        self.calls += len(nodes) if isinstance(nodes, list) else 0
        if self.calls > MAX_CALLS:
            raise Refused(CONFIG, f"its layers are called more than {MAX_CALLS:,} times")

    def _plain(
        self, name: str, value: Mapping[str, Any], where: str, within: int
    ) -> dict[str, Any]:
        """A tensor, an array or a slice, as a plain value."""
        config = value.get("config")
        if name == "__ellipsis__":
            return {"class_name": name, "config": {}}
        if not isinstance(config, Mapping):
            raise Refused(where, f"{name} has no values")
        return {"class_name": name, "config": self.group(config, where, within)}

    def _function(self, value: Mapping[str, Any], where: str) -> dict[str, Any]:
        name = value.get("config")
        known = _is_of(value, "builtins", "keras.activations", "keras.src.activations")
        if not known or name not in allowed.ACTIVATIONS:
            called = told(f"{value.get('module')}.{name}")
            raise Refused(where, f"it calls {called}, which is no activation")
        return {
            "module": "builtins",
            "class_name": "function",
            "config": name,
            "registered_name": name,
        }

    # ---- values

    def group(self, values: Mapping[str, Any], where: str, within: int) -> dict[str, Any]:
        """Settings by name."""
        made: dict[str, Any] = {}
        for key, value in values.items():
            if self.is_call:
                made[key] = self.value(value, "", where, within)
            elif key in _WIRING:
                made[key] = self._wiring(value, where, within)
            else:
                made[_word(key, where)] = self.value(value, key, where, within)
        return made

    def value(self, value: Any, key: str, where: str, within: int) -> Any:
        """A setting, which may be made of others.

        Args:
            value: JSON.
            key: Its name, or that of the list it stands in.
            where: The object it belongs to.
            within: How many models are around it.
        """
        self.values += 1
        if self.values > MAX_VALUES:
            raise Refused(CONFIG, f"it has more than {MAX_VALUES:,} values")
        if isinstance(value, Mapping):
            if "class_name" in value:
                return self.object(value, where, within)
            return self.group(value, where, within)
        if isinstance(value, list):
            if key in _SHAPES or key in _SIZES:
                _check_product(value, key, where)
            return [self.value(item, key, where, within) for item in value]
        if isinstance(value, str):
            return _text(value, key, where)
        if isinstance(value, bool) or value is None:
            return value
        return self._number(value, key, where)

    def _number(self, value: float, key: str, where: str) -> float:
        if isinstance(value, float):
            if not math.isfinite(value) and not self.is_call:
                raise Refused(where, f"its setting '{key}' is {value}, no finite number")
            return value
        if key in _WEIGHED:
            limit, why = self.n_stored, f"where the file holds {self.n_stored:,} weights"
        elif key in _SIZES:
            limit, why = MAX_SIZE, f"and may be {MAX_SIZE:,}"
        elif key in _ANY_INTEGER or self.is_call:
            limit, why = (1 << 63) - 1, "and may have 64 bits"
        else:
            limit, why = MAX_INTEGER, f"and may be {MAX_INTEGER:,}"
        if abs(value) > limit:
            raise Refused(where, f"its setting '{key}' is {told(value)}, {why}")
        return value


def _place(value: Mapping[str, Any], where: str) -> str:
    """What people can find the object by: the layer it is, or is in."""
    config = value.get("config")
    name = value.get("name") or (config.get("name") if isinstance(config, Mapping) else None)
    if where == CONFIG or (isinstance(name, str) and "inbound_nodes" in value):
        return f"{CONFIG}, {told(value['class_name'])} {told(name)}"
    return where


def _is_of(value: Mapping[str, Any], *modules: str) -> bool:
    """Whether an object says that it is of one of some modules, or of what is in them."""
    module = value.get("module")
    if not isinstance(module, str) or "__" in module:
        return False
    return any(module == known or module.startswith(f"{known}.") for known in modules)


_CLASSES: Final = (
    (("keras.layers", "keras.src.layers"), allowed.LAYERS, "keras.layers"),
    (
        ("keras.initializers", "keras.src.initializers"),
        allowed.INITIALIZERS,
        "keras.initializers",
    ),
    (
        ("keras.regularizers", "keras.src.regularizers"),
        allowed.REGULARIZERS,
        "keras.regularizers",
    ),
    (("keras.constraints", "keras.src.constraints"), allowed.CONSTRAINTS, "keras.constraints"),
    (("keras", "keras.dtype_policies"), allowed.POLICIES, "keras"),
)


def _module_of(name: str, value: Mapping[str, Any], where: str) -> str:
    """Where Keras has a class that is allowed.

    Raises:
        Refused: It is not allowed.
    """
    module = value.get("module")
    for modules, names, place in _CLASSES:
        if name in names and _is_of(value, *modules):
            return place
    for part, names in allowed.OPERATIONS.items():
        if name in names and module in (f"keras.src.ops.{part}", "keras.ops"):
            return f"keras.src.ops.{part}"
    raise Refused(
        where, f"it is {told(f'{module}.{name}')}, which is none of Keras's layers that may be in"
    )


def _word(key: Any, where: str) -> str:
    if not isinstance(key, str) or not key.isidentifier() or key.startswith("__"):
        raise Refused(where, f"it has a setting named {told(key)}")
    return key


def _text(value: str, key: str, where: str) -> str:
    if len(value) > MAX_TEXT:
        raise Refused(where, f"its setting '{key}' has {len(value):,} signs")
    if "\0" in value:
        raise Refused(where, f"its setting '{key}' holds what is no text")
    if "dtype" in key and value not in allowed.DTYPES:
        raise Refused(where, f"its setting '{key}' is {told(value)}, which is no type of numbers")
    is_activation = key == "activation" or key.endswith("_activation")
    if is_activation and value not in allowed.ACTIVATIONS:
        raise Refused(where, f"its activation is {told(value)}, which is none of Keras's")
    if key.endswith(("_initializer", "_regularizer", "_constraint", "initializer")):
        known = allowed.INITIALIZERS | allowed.REGULARIZERS | allowed.CONSTRAINTS
        if value not in known and value not in allowed.SHORT_NAMES:
            raise Refused(where, f"its {key} is {told(value)}, which is none of Keras's")
    return value


def _check_product(value: list[Any], key: str, where: str) -> None:
    """Makes sure that the sides of a shape, together, are no more than an example may have."""
    if key in _SHAPES and all(isinstance(side, list) for side in value):
        for shape in value:  # of several inputs
            _check_product(shape, key, where)
        return
    total = 1
    for side in value:
        for number in side if isinstance(side, list) else [side]:
            if isinstance(number, int) and not isinstance(number, bool):
                total *= max(1, abs(number))
            elif number is not None:
                raise Refused(where, f"its setting '{key}' holds {told(number)}, no whole number")
            if total > MAX_EXAMPLE:
                raise Refused(where, f"its setting '{key}' is {told(value)}, which is too large")
