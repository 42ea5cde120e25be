"""Values that declared parameters must refuse, made from the declarations themselves.

For contract tests over a registry, parametrised or in a loop::

    for name, value in bad_values(architecture.parameters):
        with pytest.raises(SpecError) as caught:
            validate(architecture.parameters, {name: value}, "model.parameters")
        assert field_refused(caught.value, f"model.parameters.{name}")
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from engine.errors import SpecError
from engine.spec.parameters import Parameter, ParameterKind, Parameters, describe


def bad_values(declaration: type[Parameters]) -> list[tuple[str, Any]]:
    """Returns (parameter name, value to be refused) for every way to be wrong."""
    return [(item.name, value) for item in describe(declaration) for value in _bad(item)]


def bad_value_id(value: Any) -> str:
    """A test id for one item of `bad_values`."""
    return repr(value)[:30]


def field_refused(error: SpecError, field: str) -> bool:
    """Whether every problem is about this field (or an item of it), and says something."""
    return bool(error.problems) and all(
        (problem.field == field or problem.field.startswith(f"{field}.")) and problem.message
        for problem in error.problems
    )


def _bad(item: Parameter) -> Iterator[Any]:
    if not item.nullable:
        yield None
    match item.kind:
        case ParameterKind.INTEGER:
            yield from ("many", 1.5, [1])
            yield from _beyond(item, step=1)
        case ParameterKind.NUMBER:
            yield from ("many", math.nan, math.inf, [1.0])
            yield from _beyond(item, step=0.001)
        case ParameterKind.BOOLEAN:
            yield from ("perhaps", 2)
        case ParameterKind.CHOICE:
            yield from ("no such choice", 1)
        case ParameterKind.TEXT:
            yield 5
        case ParameterKind.TEXT_LIST:
            yield from ("one", [5])
        case ParameterKind.INTEGER_LIST:
            yield from ("many", 3, ["many"])
            good = next(iter(item.default or ()), 1)
            yield from ([value] * (item.min_length or 1) for value in _beyond(item, step=1))
            if item.min_length:
                yield [good] * (item.min_length - 1)
            if item.max_length is not None:
                yield [good] * (item.max_length + 1)


def _beyond(item: Parameter, step: float) -> Iterator[float]:
    if item.minimum is not None:
        yield item.minimum if item.minimum_excluded else item.minimum - step
    if item.maximum is not None:
        yield item.maximum if item.maximum_excluded else item.maximum + step
