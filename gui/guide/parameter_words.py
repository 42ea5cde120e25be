"""What each declared parameter is called and does, in the guide's languages.

English is the declaration itself. Chinese lies in ``resources/pages/zh_CN/parameters.json``: by
group (an architecture, or a part of a `RunSpec`) and name, with what several architectures share
under ``shared``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from engine.files.bounded import read_object
from engine.spec.parameters import Parameter, ParameterKind
from gui.formatting.numbers import value_text
from gui.guide.pages import PAGES
from gui.guide.words import say


@dataclass(frozen=True)
class Explanation:
    """A parameter in one language.

    Attributes:
        label: Its short name.
        help: What it does.
        unit: The unit of its value; may be empty.
        allowed: Its allowed values in words; may be empty.
        is_own: It is written in the language itself, not taken from the declaration.
    """

    label: str
    help: str
    unit: str
    allowed: str
    is_own: bool


def explain(parameter: Parameter, group: str, language: str) -> Explanation:
    """Explains a parameter.

    Args:
        parameter: The declaration.
        group: Name of the architecture, or of the part of a `RunSpec`, such as ``training``.
        language: One of `gui.guide.pages.LANGUAGES`.
    """
    if language == "en":
        return Explanation(
            parameter.label, parameter.help, parameter.unit, _allowed(parameter), is_own=True
        )
    table = _table(language)
    words = table.get(group, {}).get(parameter.name) or table["shared"].get(parameter.name) or {}
    unit = table["units"].get(parameter.unit, parameter.unit)
    return Explanation(
        words.get("label", parameter.label),
        words.get("help", parameter.help),
        unit,
        _allowed_zh(parameter),
        is_own={"label", "help"} <= words.keys()
        and (not parameter.unit or parameter.unit in table["units"]),
    )


def parameter_text(value: Any, language: str) -> str:
    """Returns a parameter's value as people write it."""
    if value is None:
        return say(language, "automatic")
    if isinstance(value, bool):
        return say(language, "yes" if value else "no")
    if isinstance(value, list | tuple):
        return ", ".join(str(item) for item in value)
    return value_text(value) if isinstance(value, float) else str(value)


@cache
def _table(language: str) -> Mapping[str, Mapping[str, Any]]:
    path = PAGES / language / "parameters.json"
    return read_object(path)


def _allowed(parameter: Parameter) -> str:
    text = parameter.range_text
    if parameter.max_length is not None:
        count = f"{parameter.min_length or 0} to {parameter.max_length} numbers"
        return f"{count}, each {text}" if text else count
    return text


def _allowed_zh(parameter: Parameter) -> str:
    if parameter.kind is ParameterKind.CHOICE:
        return "可选 " + "、".join(parameter.choices)
    lower = upper = ""
    if parameter.minimum is not None:
        word = "大于" if parameter.minimum_excluded else "不小于"
        lower = f"{word} {parameter.minimum:g}"
    if parameter.maximum is not None:
        word = "小于" if parameter.maximum_excluded else "不大于"
        upper = f"{word} {parameter.maximum:g}"
    is_closed = not (parameter.minimum_excluded or parameter.maximum_excluded)
    text = "、".join(part for part in (lower, upper) if part)
    if lower and upper and is_closed:
        text = f"{parameter.minimum:g} 至 {parameter.maximum:g}"
    if parameter.max_length is not None:
        count = f"{parameter.min_length or 0} 至 {parameter.max_length} 个数"
        return f"{count}，每个 {text}" if text else count
    return text
