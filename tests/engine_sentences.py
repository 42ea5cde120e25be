"""Templates of the sentences that the engine makes, read from its source.

What stands between quotes with a space in it is taken for words to people, and so is what begins a
pair with a capital, as facts of data do. Not taken: docstrings, types, what is raised, logged or
compared.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

ROOT = Path(__file__).parents[1]
GAP = "77"
"""Stands in a gap of a template: a number, which every gap of a catalogue takes."""
_WORD = re.compile(r"[a-z]{2,}", re.IGNORECASE)
_LOGGED = {"debug", "info", "warning", "error", "exception", "critical"}


@dataclass(frozen=True)
class Template:
    """Words in the source, with `GAP` in each gap, and where they stand."""

    text: str
    place: str


def templates_of(paths: Collection[str], not_from: Collection[str] = ()) -> Iterator[Template]:
    """Of all modules below these paths, which are relative to the project.

    Args:
        paths: Files and folders.
        not_from: Names of functions, and fields of classes, whose words are left out.
    """
    for path in paths:
        whole = ROOT / path
        for file in sorted(whole.rglob("*.py") if whole.is_dir() else [whole]):
            reader = _Reader(file.relative_to(ROOT).as_posix(), frozenset(not_from))
            reader.visit(ast.parse(file.read_text(encoding="utf-8")))
            yield from reader.found


class _Reader(ast.NodeVisitor):
    def __init__(self, path: str, not_from: frozenset[str]) -> None:
        self.path = path
        self.not_from = not_from
        self.found: list[Template] = []

    def visit_Raise(self, node: ast.Raise) -> None:
        pass

    def visit_Assert(self, node: ast.Assert) -> None:
        pass

    def visit_Compare(self, node: ast.Compare) -> None:
        pass

    def visit_Subscript(self, node: ast.Subscript) -> None:
        self.visit(node.value)

    def visit_Dict(self, node: ast.Dict) -> None:
        for it in node.values:
            self.visit(it)

    def visit_Expr(self, node: ast.Expr) -> None:
        if not isinstance(node.value, ast.Constant):  # else a docstring
            self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        if not self.not_from.intersection(map(ast.unparse, node.targets)):
            self.visit(node.value)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None and ast.unparse(node.target) not in self.not_from:
            self.visit(node.value)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        if node.name not in self.not_from:
            for it in [*node.args.defaults, *node.args.kw_defaults, *node.body]:
                if it is not None:
                    self.visit(it)

    def visit_Call(self, node: ast.Call) -> None:
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ast.unparse(node.func)
        if name not in _LOGGED | self.not_from | {"cast"}:
            self.generic_visit(node)

    def visit_Tuple(self, node: ast.Tuple) -> None:
        match node.elts:
            case [ast.Constant(value=str(title)), _] if title[:1].isupper():
                self.found.append(Template(title, f"{self.path}:{node.lineno}"))
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        if isinstance(node.op, ast.Add) and (found := _texts(node)):
            self._take(found, node)
        else:
            self.generic_visit(node)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        self._take(_texts(node), node)
        for part in node.values:
            if isinstance(part, ast.FormattedValue) and not _texts(part.value):
                self.visit(part.value)

    def visit_Constant(self, node: ast.Constant) -> None:
        self._take(_texts(node), node)

    def _take(self, texts: list[str], node: ast.expr) -> None:
        for text in texts:
            if " " in text.strip() and _WORD.search(text):
                self.found.append(Template(text, f"{self.path}:{node.lineno}"))


def _texts(node: ast.expr) -> list[str]:
    """What an expression may say; of choices within it, each; empty: it is no text."""
    match node:
        case ast.Constant(value=str(text)):
            return [text]
        case ast.IfExp(body=one, orelse=other):
            return [*(_texts(one) or [GAP]), *(_texts(other) or [GAP])]
        case ast.FormattedValue(value=inner):
            return _texts(inner) if isinstance(inner, ast.IfExp) else [GAP]
        case ast.JoinedStr(values=parts):
            return ["".join(said) for said in product(*map(_texts, parts))]
        case ast.BinOp(op=ast.Add(), left=left, right=right):
            return [a + b for a in _texts(left) for b in _texts(right)]
    return []


def english_in(text: str) -> list[str]:
    """Runs of three and more English words outside of quotation marks: what was not translated."""
    bare = re.sub(r"'[^']*'|“[^”]*”", "", text)
    return re.findall(r"(?:[A-Za-z]{2,}[ ,;:.()]+){2,}[A-Za-z]{2,}", bare)
