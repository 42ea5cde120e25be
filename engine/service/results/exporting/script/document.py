"""Document: sections of code, put together as a file of Python or as a notebook."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

_WIDTH = 88
_HERE = {
    "script": "HERE = Path(__file__).parent",
    "notebook": "HERE = Path()  # the folder of this notebook",
}


@dataclass(frozen=True)
class Section:
    """A step of a script.

    Attributes:
        title: What it does.
        code: Its lines.
        imports: What it needs, a statement each.
    """

    title: str
    code: str
    imports: tuple[str, ...] = ()


@dataclass(frozen=True)
class Document:
    """A whole script.

    Attributes:
        head: What it is, for people; plain text.
        seed: Of the run.
        sections: In order.
    """

    head: str
    seed: int
    sections: tuple[Section, ...]

    def script(self, sections: Sequence[Section] | None = None) -> str:
        """Returns a file of Python; of some of the sections, in the place of all."""
        parts = [f'"""{_quoted(self.head)}\n"""', *self._start(sections, "script")]
        for number, section in enumerate(self.sections if sections is None else sections, 1):
            rule = f"# ---- {number}. {section.title} ".ljust(_WIDTH, "-")
            parts.append(f"{rule}\n\n{spaced(section.code)}")
        return "\n\n".join(parts) + "\n"

    def notebook(self) -> str:
        """Returns a notebook of nbformat 4, as JSON."""
        cells = [
            _text_cell(f"# {self.head}"),
            _code_cell("\n\n".join(self._start(None, "notebook"))),
        ]
        for number, section in enumerate(self.sections, 1):
            cells += [_text_cell(f"## {number}. {section.title}"), _code_cell(spaced(section.code))]
        python = {"display_name": "Python 3", "language": "python", "name": "python3"}
        values = {
            "cells": cells,
            "metadata": {"kernelspec": python, "language_info": {"name": "python"}},
            "nbformat": 4,
            "nbformat_minor": 4,
        }
        return json.dumps(values, indent=1, ensure_ascii=False) + "\n"

    def _start(self, sections: Sequence[Section] | None, kind: str) -> list[str]:
        """Imports and what all sections use."""
        used = self.sections if sections is None else sections
        needed = {line for section in used for line in section.imports}
        is_with_files = any("HERE" in section.code for section in used)
        if is_with_files:
            needed.add("from pathlib import Path")
        parts = [in_order(needed)]
        if any("keras" in line for line in needed):
            # Another one draws other weights from the same seed.
            parts[0] = 'import os\n\nos.environ["KERAS_BACKEND"] = "tensorflow"\n\n' + parts[0]
        if is_with_files:
            parts.append(_HERE[kind])
        return [*parts, f"SEED = {self.seed}"]


def spaced(code: str) -> str:
    """Code with two empty lines around functions and classes, as PEP 8 has it."""
    lines: list[str] = []
    is_inside = False  # of a function or class
    for line in code.strip().splitlines():
        is_top = bool(line) and line[0] not in " )]}"
        starts = is_top and line.startswith(("def ", "class ", "@"))
        is_decorated = bool(lines) and lines[-1].startswith("@")
        if is_top and (is_inside or starts) and lines and not is_decorated:
            about: list[str] = []  # comments that stand right above a function belong to it
            while starts and lines and lines[-1].startswith("#"):
                about.insert(0, lines.pop())
            while lines and not lines[-1]:
                lines.pop()
            lines += ["", "", *about] if lines else about
        if is_top and not line.startswith("#"):
            is_inside = starts or is_decorated
        lines.append(line)
    return "\n".join(lines)


def in_order(imports: Iterable[str]) -> str:
    """Imports as isort orders them: the standard library first."""
    lines = sorted(imports, key=lambda line: (line.startswith("from"), line.split()[1].lower()))
    own = [line for line in lines if _is_standard(line)]
    other = [line for line in lines if not _is_standard(line)]
    return "\n\n".join("\n".join(group) for group in (own, other) if group)


def _is_standard(line: str) -> bool:
    import sys

    return line.split()[1].partition(".")[0] in sys.stdlib_module_names


def _quoted(text: str) -> str:
    """Text that may stand between three quotes."""
    return text.replace("\\", "\\\\").replace('"""', "'''")


def _text_cell(text: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {}, "source": text.splitlines(keepends=True)}


def _code_cell(code: str) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "execution_count": None,
        "metadata": {},
        "outputs": [],
        "source": code.splitlines(keepends=True),
    }


def listed(values: Sequence[Any], indent: int = 0) -> str:
    """Values as a list: on one line, or on several that are not too wide."""
    line = f"[{', '.join(map(repr_of, values))}]"
    if len(line) + indent <= _WIDTH:
        return line
    inner = textwrap.fill(
        ", ".join(map(repr_of, values)),
        _WIDTH - 4,
        initial_indent="    ",
        subsequent_indent="    ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    if any(" " in str(value) for value in values):  # a line must not be broken within a text
        inner = "\n".join(f"    {repr_of(value)}," for value in values)
        return f"[\n{inner}\n]"
    return f"[\n{inner},\n]"


def repr_of(value: Any) -> str:
    """A value as Python code, texts in double quotes."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=not value.isprintable())
    return repr(value)
