"""Parameters declared once, as fields of a pydantic model.

The declaration drives validation, the form in the window, tooltips, the command line, JSON
and the tests with bad values. `describe` turns it into plain data for all of those.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

import annotated_types as at
from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError
from pydantic.fields import FieldInfo

from engine.errors import Problem, SpecError, UnknownNameError
from engine.files.bounded import parse_json
from engine.spec.formatting import shorten as shorten  # noqa: PLC0414: for all who declare


class Parameters(BaseModel):
    """Base of every group of declared parameters: immutable, finite, no unknown fields."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        allow_inf_nan=False,
        # There are dozens of declarations, and a window that opens uses few of them.
        defer_build=True,
    )


def parameter(
    default: Any,
    *,
    label: str,
    help: str,
    unit: str = "",
    advanced: bool = False,
    **bounds: Any,
) -> Any:
    """Declares one parameter.

    Args:
        default: The value used when none is given.
        label: Its short name on screen.
        help: One or two sentences: what it does and when to change it.
        unit: Unit of the value, if it has one.
        advanced: Shown only when people ask for more settings.
        **bounds: `ge`, `gt`, `le`, `lt`, and `min_length`, `max_length` for lists.

    Returns:
        A pydantic field.
    """
    extra: dict[str, JsonValue] = {"unit": unit, "advanced": advanced}
    return Field(default, title=label, description=help, json_schema_extra=extra, **bounds)


class ParameterKind(StrEnum):
    """What sort of value a parameter takes; decides the widget that edits it."""

    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    CHOICE = "choice"
    INTEGER_LIST = "integer list"
    TEXT_LIST = "text list"
    TEXT = "text"


@dataclass(frozen=True)
class Parameter:
    """One declared parameter, as plain data.

    Attributes:
        name: Field name, as in JSON and in ``--set name=value``.
        label: Short name on screen.
        kind: What sort of value it takes.
        default: The default; None means "chosen to fit the data and the model".
        minimum: Smallest value (of an item, for lists), or None.
        maximum: Largest value, or None.
        minimum_excluded: The minimum itself is refused.
        maximum_excluded: The maximum itself is refused.
        min_length: Fewest items of a list, or None.
        max_length: Most items of a list, or None.
        choices: The allowed values of a choice.
        nullable: None is allowed, and means "automatic".
        unit: Unit, if any.
        help: What it does.
        advanced: Shown only on demand.
    """

    name: str
    label: str
    kind: ParameterKind
    default: Any
    minimum: float | None = None
    maximum: float | None = None
    minimum_excluded: bool = False
    maximum_excluded: bool = False
    min_length: int | None = None
    max_length: int | None = None
    choices: tuple[str, ...] = ()
    nullable: bool = False
    unit: str = ""
    help: str = ""
    advanced: bool = False

    @property
    def range_text(self) -> str:
        """The allowed values in words, such as ``from 1 to 512``."""
        if self.kind is ParameterKind.CHOICE:
            return "one of " + ", ".join(self.choices)
        lower = upper = ""
        if self.minimum is not None:
            lower = ("above " if self.minimum_excluded else "from ") + f"{self.minimum:g}"
        if self.maximum is not None:
            upper = ("below " if self.maximum_excluded else "to ") + f"{self.maximum:g}"
        return " ".join(part for part in (lower, upper) if part)


def describe(model: type[Parameters]) -> tuple[Parameter, ...]:
    """Returns the declared parameters of `model` as plain data, in order.

    Fields of other types than those of `ParameterKind` are left out.
    """
    described = (_describe_field(name, info) for name, info in model.model_fields.items())
    return tuple(item for item in described if item is not None)


def _describe_field(name: str, info: FieldInfo) -> Parameter | None:
    annotation, nullable = _without_none(info.annotation)
    metadata = list(info.metadata)
    choices: tuple[str, ...] = ()
    limits: dict[str, Any] = {}
    if get_origin(annotation) is Literal:
        kind, choices = ParameterKind.CHOICE, get_args(annotation)
    elif annotation is bool:
        kind = ParameterKind.BOOLEAN
    elif annotation is int:
        kind = ParameterKind.INTEGER
    elif annotation is float:
        kind = ParameterKind.NUMBER
    elif annotation is str:
        kind = ParameterKind.TEXT
    elif get_origin(annotation) is tuple:
        is_text = get_args(annotation)[0] is str
        kind = ParameterKind.TEXT_LIST if is_text else ParameterKind.INTEGER_LIST
        for constraint in metadata:
            if isinstance(constraint, at.MinLen):
                limits["min_length"] = constraint.min_length
            elif isinstance(constraint, at.MaxLen):
                limits["max_length"] = constraint.max_length
        metadata = _item_metadata(get_args(annotation)[0])
    else:
        return None
    limits |= _limits(metadata)
    extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
    return Parameter(
        name=name,
        label=info.title or name.replace("_", " ").capitalize(),
        kind=kind,
        default=info.default,
        choices=choices,
        nullable=nullable,
        unit=str(extra.get("unit", "")),
        help=info.description or "",
        advanced=bool(extra.get("advanced", False)),
        **limits,
    )


def _without_none(annotation: Any) -> tuple[Any, bool]:
    if get_origin(annotation) in (Union, types.UnionType):
        rest = [item for item in get_args(annotation) if item is not type(None)]
        if len(rest) == 1:
            return rest[0], True
    return annotation, False


def _item_metadata(item: Any) -> list[Any]:
    """The constraints of a list's item, declared as ``tuple[Annotated[int, Field(...)], ...]``."""
    found: list[Any] = []
    for constraint in getattr(item, "__metadata__", ()):
        found.extend(constraint.metadata if isinstance(constraint, FieldInfo) else [constraint])
    return found


def _limits(metadata: list[Any]) -> dict[str, Any]:
    limits: dict[str, Any] = {}
    for constraint in metadata:
        if isinstance(constraint, at.Ge):
            limits["minimum"] = constraint.ge
        elif isinstance(constraint, at.Gt):
            limits |= {"minimum": constraint.gt, "minimum_excluded": True}
        elif isinstance(constraint, at.Le):
            limits["maximum"] = constraint.le
        elif isinstance(constraint, at.Lt):
            limits |= {"maximum": constraint.lt, "maximum_excluded": True}
    return limits


P = TypeVar("P", bound=BaseModel)


def validate(model: type[P], values: Mapping[str, Any], prefix: str = "") -> P:
    """Builds `model` from `values`.

    Args:
        model: The declaration.
        values: Field values; missing ones take their defaults.
        prefix: Dotted path put before each field in the problems, such as ``model.parameters``.

    Raises:
        SpecError: One or more fields are wrong; all of them are listed.
    """
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        raise SpecError(problems_of(error, model, prefix)) from None


def problems_of(error: ValidationError, model: type[BaseModel], prefix: str = "") -> list[Problem]:
    """Translates pydantic's errors into `Problem`s in the program's own words."""
    return [_problem(item, model, prefix) for item in error.errors(include_url=False)]


# In place of pydantic's own words, which speak of Python's types.
_WORDS = {
    "int_type": "Must be a whole number.",
    "int_parsing": "Must be a whole number.",
    "int_from_float": "Must be a whole number.",
    "float_type": "Must be a number.",
    "float_parsing": "Must be a number.",
    "finite_number": "Must be a finite number.",
    "bool_type": "Must be true or false.",
    "bool_parsing": "Must be true or false.",
    "string_type": "Must be text.",
    "tuple_type": "Must be a list of whole numbers, such as 32, 64.",
    "dict_type": "Must be a group of named settings.",
    "model_type": "Must be a group of named settings.",
}


def _problem(item: Any, model: type[BaseModel], prefix: str) -> Problem:
    location = [str(part) for part in item["loc"]]
    path = ".".join([prefix, *location] if prefix else location)
    received = shorten(item.get("input"))
    match item["type"]:
        case "extra_forbidden":
            owner = _owner(model, location[:-1])
            names = tuple(owner.model_fields) if owner else ()
            unknown = UnknownNameError("setting", location[-1], names)
            return Problem(path, unknown.message, unknown.hint)
        case "missing":
            return Problem(path, "This field is required and was not given.")
        case "value_error":
            return Problem(path, str(item["ctx"]["error"]))
        case "too_long":
            words = f"A list of at most {item['ctx']['max_length']} is needed."
            return Problem(path, f"{words} Received: {received}.")
        case "too_short":
            words = f"A list of at least {item['ctx']['min_length']} is needed."
            return Problem(path, f"{words} Received: {received}.")
        case "tuple_type" if _takes_texts(model, location):
            words = 'Must be a list of names, such as ["a", "b"].'
            return Problem(path, f"{words} Received: {received}.")
        case kind:
            words = _WORDS.get(kind) or _sentence(item["msg"])
            return Problem(path, f"{words} Received: {received}.")


def _takes_texts(model: type[BaseModel], location: list[str]) -> bool:
    """Whether the field that a path ends in is a list of texts."""
    owner = _owner(model, location[:-1])
    info = owner.model_fields.get(location[-1]) if owner else None
    return info is not None and get_args(info.annotation)[:1] == (str,)


def _owner(model: type[BaseModel], location: list[str]) -> type[BaseModel] | None:
    """The nested model in which a field path ends."""
    owner: Any = model
    for name in location:
        info = getattr(owner, "model_fields", {}).get(name)
        owner = info.annotation if info else None
    return owner if isinstance(owner, type) and issubclass(owner, BaseModel) else None


def _sentence(message: str) -> str:
    return message.replace("Input should be", "Must be") + "."


def parse_text(text: str) -> Any:
    """Reads a value typed on the command line: JSON where it is JSON, else the text itself.

    ``32,64`` is read as the list ``[32, 64]``.
    """
    for candidate in (text, f"[{text}]" if "," in text else text):
        try:
            return parse_json(candidate)
        except ValueError:
            continue
    return {"True": True, "False": False, "None": None}.get(text, text)
