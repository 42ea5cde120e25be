"""Writes predictions beside what they are of, as CSV that no spreadsheet takes for formulas."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from typing import IO

import numpy as np

from engine.datasets.base import AnyArray
from engine.inference.contract import Contract
from engine.inference.many.blocks import Block
from engine.inference.trying.answers import answer_of
from engine.preprocessing.targets import AnomalyTargets
from engine.spec.signature import Output

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_NUMBER = re.compile(r"[+-]?[\d.,]*\d[\d.,]*([eE][+-]?\d+)?\s?%?")
UNFAMILIAR, PROBLEM = "unfamiliar", "problem"


def safe_cell(text: str) -> str:
    """A cell that a spreadsheet shows as it is: what could be a formula gets a leading ``'``.

    See OWASP, "CSV Injection".
    """
    if text.startswith(_FORMULA) and not _NUMBER.fullmatch(text):
        return f"'{text}"
    return text


def unique_names(own: Sequence[str], wanted: Iterable[str]) -> list[str]:
    """The wanted names, numbered where a column is called so already."""
    taken = {name.casefold() for name in own}
    found: list[str] = []
    for name in wanted:
        candidate, number = name, 1
        while candidate.casefold() in taken:
            number += 1
            candidate = f"{name}_{number}"
        taken.add(candidate.casefold())
        found.append(candidate)
    return found


def prediction_columns(contract: Contract) -> list[str]:
    """What the columns of a prediction are called."""
    target = contract.target_name
    targets = contract.preprocessing.targets
    if isinstance(targets, AnomalyTargets):
        return ["score"] if targets.threshold is None else ["score", "unusual"]
    if contract.signature.output in (Output.CLASSES, Output.LABELS):
        return [f"predicted_{target}", *(f"probability_{name}" for name in contract.class_names)]
    n_values = contract.signature.n_values
    if contract.signature.output is Output.NUMBERS and n_values > 1:
        return [f"predicted_{target}_{place + 1}" for place in range(n_values)]
    return [f"predicted_{target}"]


def prediction_cells(contract: Contract, values: AnyArray) -> tuple[list[str], str]:
    """The cells of a prediction, and the class that is said, if it is one.

    Args:
        contract: Of the model.
        values: Of one input, as `answers.in_full` returns them.

    Raises:
        ValueError: The model gives no number.
    """
    output = contract.signature.output
    if output is not Output.TOKENS and not np.isfinite(np.asarray(values, np.float64)).all():
        raise ValueError("the model gives no number for it")
    answer = answer_of(contract, values)
    if output in (Output.CLASSES, Output.LABELS):
        said = answer.best if output is Output.CLASSES else "|".join(answer.labels)
        return [said, *(f"{float(share):.6g}" for share in values)], said
    if output is Output.TOKENS:
        return [answer.best], answer.best
    numbers = [f"{value:.10g}" for value in answer.values]
    if isinstance(contract.preprocessing.targets, AnomalyTargets) and answer.threshold is not None:
        return [*numbers, "yes" if answer.values[0] > answer.threshold else "no"], ""
    return numbers, ""


class PredictionFile:
    """A CSV file that grows block by block.

    Args:
        file: Where it is written.
        contract: Of the model.
        own: Columns of what is predicted for.
        has_truth: What is true is a column behind them.
    """

    def __init__(
        self, file: IO[bytes], contract: Contract, own: Sequence[str], has_truth: bool
    ) -> None:
        self._contract = contract
        self._has_truth = has_truth
        self._text = io.TextIOWrapper(file, "utf-8", newline="", write_through=True)
        self._writer = csv.writer(self._text, lineterminator="\n")
        self._wanted = prediction_columns(contract)
        truth = [f"true_{contract.target_name}"] if has_truth else []
        more = unique_names(own, [*truth, *self._wanted, UNFAMILIAR, PROBLEM])
        self._write([*own, *more])
        self.n_predicted = self.n_failed = self.n_unfamiliar = 0
        self.n_true = self.n_right = 0
        self.problems: list[str] = []

    def add(self, block: Block, outputs: AnyArray) -> None:
        """Writes a block.

        Args:
            block: Inputs.
            outputs: Of those that can be predicted for, as `answers.in_full` returns them.
        """
        predicted = {int(row): place for place, row in enumerate(block.good)}
        for row, own in enumerate(block.cells):
            truth = block.truths[row] if block.truths else ""
            cells, strange, problem = [""] * len(self._wanted), "", block.problems.get(row, "")
            place = predicted.get(row)
            if place is not None:
                try:
                    cells, said = prediction_cells(self._contract, outputs[place])
                    strange = "; ".join(item.text for item in block.unfamiliar[place])
                    self._count(truth, said, bool(strange))
                except ValueError as error:
                    problem = str(error)
            if problem:
                self.n_failed += 1
                name = own[0] if (own and self._has_truth) or len(own) == 1 else problem
                text = problem if name == problem else f"{name}: {problem}"
                if len(self.problems) < _PROBLEMS_KEPT:
                    self.problems.append(text)
            self._write([*own, *([truth] if self._has_truth else []), *cells, strange, problem])

    def _count(self, truth: str, said: str, is_strange: bool) -> None:
        self.n_predicted += 1
        self.n_unfamiliar += is_strange
        if truth in self._contract.class_names and self._is_classes:
            self.n_true += 1
            self.n_right += said == truth

    @property
    def _is_classes(self) -> bool:
        return self._contract.signature.output is Output.CLASSES

    def _write(self, cells: Sequence[str]) -> None:
        self._writer.writerow([safe_cell(cell) for cell in cells])

    def end(self) -> None:
        """Hands everything over to the file."""
        self._text.flush()
        self._text.detach()


_PROBLEMS_KEPT = 20
