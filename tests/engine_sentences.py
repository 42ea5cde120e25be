"""Templates of the sentences that the engine makes, read from its source.

What stands between quotes with a space in it is taken for words to people. Not taken: docstrings,
what is raised (told as an error), logged, or compared, names of arguments and keys.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
GAP = "\N{BLACK SQUARE}"
"""Stands for a gap in a template."""
_WORD = re.compile(r"[a-z]{2,}", re.IGNORECASE)
_NOT_TOLD = {"debug", "info", "warning", "error", "exception", "critical"}


@dataclass(frozen=True)
class Template:
    """Words in the source, with `GAP` for each gap, and where they stand."""

    text: str
    place: str


def templates_of(paths: list[str]) -> Iterator[Template]:
    """Of all modules below these paths, which are relative to the project."""
    for path in paths:
        whole = ROOT / path
        for file in sorted(whole.rglob("*.py") if whole.is_dir() else [whole]):
            reader = _Reader(file.relative_to(ROOT).as_posix())
            reader.visit(ast.parse(file.read_text(encoding="utf-8")))
            yield from reader.found


class _Reader(ast.NodeVisitor):
    def __init__(self, path: str) -> None:
        self.path = path
        self.found: list[Template] = []

    def visit_Raise(self, node: ast.Raise) -> None:
        pass

    def visit_Assert(self, node: ast.Assert) -> None:
        pass

    def visit_Compare(self, node: ast.Compare) -> None:
        pass

    def visit_Subscript(self, node: ast.Subscript) -> None:
        self.visit(node.value)

    def visit_Expr(self, node: ast.Expr) -> None:
        if not isinstance(node.value, ast.Constant):  # else a docstring
            self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        for it in [*node.args.defaults, *node.args.kw_defaults, *node.body]:
            if it is not None:
                self.visit(it)

    def visit_Call(self, node: ast.Call) -> None:
        if isinstance(node.func, ast.Attribute) and node.func.attr in _NOT_TOLD:
            return
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        if isinstance(node.op, ast.Add) and (text := self._text(node)) is not None:
            self._take(text, node)
        else:
            self.generic_visit(node)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        self._take(self._text(node) or "", node)
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                self.visit(part.value)

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str):
            self._take(node.value, node)

    def _take(self, text: str, node: ast.expr) -> None:
        if " " in text.strip() and _WORD.search(text):
            self.found.append(Template(text, f"{self.path}:{node.lineno}"))

    def _text(self, node: ast.expr) -> str | None:
        match node:
            case ast.Constant(value=str(text)):
                return text
            case ast.JoinedStr(values=parts):
                return "".join(
                    part.value if isinstance(part, ast.Constant) else GAP for part in parts
                )
        return None
