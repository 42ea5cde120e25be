"""A table as a dataset: one column is predicted from the others."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from engine.datasets.base import AnyArray, Examples, Progress, silent
from engine.datasets.files import Glance
from engine.datasets.formats import FileDataset, Format
from engine.datasets.tables.column_studies import decimal_signs
from engine.datasets.tables.label_columns import (
    joint_name,
    label_columns,
    label_plans,
    switches_at_end,
)
from engine.datasets.tables.table_cells import exact_integers, read_dates, read_numbers
from engine.datasets.tables.table_findings import (
    column_findings,
    column_profiles,
    is_constant,
    row_findings,
)
from engine.datasets.tables.table_inputs import read_features, read_inputs, read_row
from engine.datasets.tables.table_leaks import leak_findings, time_findings
from engine.datasets.tables.table_opening import SUFFIXES, column_names, open_source
from engine.datasets.tables.table_passes import (
    EncodedTable,
    StudiedTable,
    Wanted,
    encode_table,
    study_table,
)
from engine.datasets.tables.table_schema import (
    CATEGORICAL,
    MOST_MISTAKES,
    USABLE,
    ColumnPlan,
    plan_column,
)
from engine.datasets.tables.table_source import BoolArray, TableParameters, TableSource
from engine.datasets.tables.table_target import (
    MAX_INTEGER_CLASSES,
    marks_anomalies,
    plan_target,
    target_findings,
    target_values,
)
from engine.datasets.tables.target_choice import TargetChoice, choose_target
from engine.datasets.tables.text_words import learn_words
from engine.datasets.tables.total_rows import total_findings
from engine.errors import DatasetError
from engine.spec.parameters import shorten
from engine.spec.run_spec import ColumnSpec, DataSpec
from engine.spec.signature import Kind, Task

__all__ = [
    "SUFFIXES",
    "TableFile",
    "TableFormat",
    "column_names",
    "read_features",
    "read_inputs",
    "read_row",
]

_SURE, _MAYBE = 0.8, 0.5
_EXCLUDED = re.compile(r"(?:line|row) (\d+)")


class TableFormat(Format):
    """A table in a file of text, a workbook or Parquet."""

    name = "table"
    title = "A table (CSV, TSV, Excel, Parquet)"
    kind = Kind.TABLE
    suffixes = SUFFIXES
    parameters = TableParameters

    def likeness(self, glance: Glance) -> float:
        if glance.is_folder or glance.share(SUFFIXES) < 1:
            return 0.0
        return _MAYBE if glance.share((".txt", ".data")) else _SURE

    def open(self, path: Path, data: DataSpec) -> TableFile:
        return TableFile(path, data)


class TableFile(FileDataset):
    """A table in a file.

    Each column of numbers, of yes and no, or of texts with few different values is a column of x;
    a date makes several. What stands in for gaps, and how categories become numbers, is learnt
    from the training part later (`engine.preprocessing.table`), as `Examples.reading` says.
    """

    format = TableFormat()
    # Fits both tasks, and relations that are no straight lines.
    recommended_model = "table_ensemble"

    def load(self, parameters: Any = None, progress: Progress = silent) -> Examples:
        """Reads and encodes the whole file; a large one goes through a cache on disk.

        Raises:
            DatasetError: The file, its target or its values cannot be used.
            Cancelled: Someone asked to stop.
        """
        parameters = parameters or TableParameters()
        source = open_source(self.path, parameters)
        specs, excluded = self._said(source)
        asked = decimal_signs(source.names, specs, parameters)
        table = study_table(source, parameters, asked, excluded, progress)
        word = table.source.line_word
        plans = self._plans(table, specs)
        labels = label_columns(self.data.target, self.task, tuple(plans))
        plans = label_plans(plans, labels)
        choice, task, is_known, notes = self._choose(plans, table, labels)
        target = choice.name
        known = labels or ((target,) if is_known else ())
        used = self._used(plans, table, known)
        plans, used = self._with_words(plans, used, table, target, progress)
        features = tuple(item for name in used for item in plans[name].features())
        said = tuple(item for name in labels for item in plans[name].features())
        wanted = self._wanted(plans, [*used, *labels], target, (*features, *said), table)
        encoded = encode_table(table, replace(wanted, needs_target=is_known), progress)
        encoded, class_names, y, spelled = target_values(
            encoded, plans[target], task, known, labels, parameters.spellings
        )
        shown = [*used, *known, *([self.data.weights] if self.data.weights else [])]
        n_empty = table.studies[target].n_blank
        findings = [
            *(*choice.findings, *spelled),
            *table.report.findings,
            *column_findings(
                plans, table.studies, shown, labels or (target,), parameters.gap_words, word
            ),
            *total_findings(table.held or (), word),
            *target_findings(plans[target], task, class_names, self.task is not None, n_empty),
            *row_findings(encoded, class_names, y, word),
            *time_findings(features, encoded.x),
            *leak_findings(features, encoded.x, y, class_names, target, task),
        ]
        return Examples(
            x=encoded.x,
            y=y,
            kind=self.kind,
            task=task,
            feature_names=tuple(item["name"] for item in features),
            target_name=joint_name(labels) or (target if is_known else "anomaly"),
            class_names=class_names,
            notes=(*notes, *_notes(plans, encoded, target, table)),
            findings=tuple(findings),
            facts=_facts(table, plans, encoded),
            columns=column_profiles(plans, table.studies, shown, target),
            source_columns=table.source.names,
            names=tuple(f"{word} {line}" for line in encoded.lines.tolist()),
            weights=encoded.weights,
            column=_accessor(table, plans, encoded.kept),
            reading={"columns": list(features), "parameters": parameters.model_dump()},
        )

    def _choose(
        self, plans: dict[str, ColumnPlan], table: StudiedTable, labels: tuple[str, ...]
    ) -> tuple[TargetChoice, Task, bool, list[str]]:
        """The target, the task, whether the target is known, and what people should know.

        Where anomalies are looked for, a column of classes says what is known of the rows, and is
        no input; without one, all columns are inputs.
        """
        if labels:
            return TargetChoice(labels[-1]), Task.MULTILABEL, False, []
        is_anomaly, name = self.task is Task.ANOMALY, self.data.target
        if is_anomaly and name is None:
            name = next(filter(marks_anomalies, plans), None)
        choice = choose_target(name, plans, self.path.name, table.source.has_header)
        choice = replace(choice, together=switches_at_end(table.studies))
        target, note = choice.name, choice.note
        if is_anomaly:
            study = table.studies[target]
            is_few = plans[target].type in CATEGORICAL or study.n_distinct <= MAX_INTEGER_CLASSES
            if name is None or not is_few:
                text = "No column says which rows are unusual, so this cannot be measured."
                return replace(choice, is_sure=True), Task.ANOMALY, False, [text]
            note = f"'{target}' says what is known of the rows; it is no input."
        word = table.source.line_word
        asked = Task.CLASSIFICATION if is_anomaly else self.task
        plans[target], task, said = plan_target(
            plans[target], table.studies[target], asked, table.parameters, word
        )
        notes = [text for text in (note, said) if text]
        choice = replace(choice, is_sure=choice.is_sure or is_anomaly)
        return choice, Task.ANOMALY if is_anomaly else task, True, notes

    def _said(self, source: TableSource) -> tuple[dict[str, ColumnSpec], frozenset[int]]:
        """What was said of columns, those left out by name among it, and the lines left out."""
        specs = dict(self.data.columns)
        lines: set[int] = set()
        for name in map(str.strip, self.data.exclude):
            place = _EXCLUDED.fullmatch(name)
            if name in source.names:
                specs[name] = specs.get(name, ColumnSpec()).model_copy(update={"type": "ignore"})
            elif place is not None:
                lines.add(int(place[1]))
            else:
                raise DatasetError(
                    f"'{self.path.name}' has nothing called {shorten(name)} to leave out.",
                    f"Name a {source.line_word}, such as '{source.line_word} 12', or a column: "
                    f"{', '.join(source.names)}.",
                )
        return specs, frozenset(lines)

    def _plans(self, table: StudiedTable, specs: Mapping[str, ColumnSpec]) -> dict[str, ColumnPlan]:
        unknown = [name for name in specs if name not in table.studies]
        if self.data.weights is not None and self.data.weights not in table.studies:
            unknown.append(self.data.weights)
        if unknown:
            raise DatasetError(
                f"'{self.path.name}' has no column {shorten(unknown[0])}.",
                f"Columns: {', '.join(table.studies)}.",
            )
        gap_words, style = table.parameters.gap_words, table.file_style
        plans = {
            name: plan_column(study, specs.get(name, ColumnSpec()), gap_words, style)
            for name, study in table.studies.items()
        }
        first = next(iter(plans))
        is_free = table.source.has_header and not plans[first].is_chosen
        if is_free and table.studies[first].numbers_rows:
            plans[first] = replace(plans[first], type="identifier")
        return plans

    def _used(
        self, plans: Mapping[str, ColumnPlan], table: StudiedTable, targets: tuple[str, ...]
    ) -> list[str]:
        """The columns the model sees, in their order."""
        used: list[str] = []
        constant: list[str] = []
        for name, plan in plans.items():
            study = table.studies[name]
            if name in (*targets, self.data.weights) or plan.type not in USABLE:
                continue
            if plan.gaps == "drop_column":
                continue
            if plan.type == "number":
                n_known = study.n_given - study.n_words
                allowed = MOST_MISTAKES * n_known
                study.faults.refuse(name, table.source.line_word, allowed=allowed)
            if is_constant(plan, study):
                constant.append(name)
                continue
            used.append(name)
        if used:
            return used
        if constant:
            raise DatasetError(
                f"No column of '{self.path.name}' varies: {', '.join(constant)}.",
                "Bring a table whose rows differ.",
            )
        raise self._nothing_to_use(plans, table, targets[-1] if targets else "")

    def _nothing_to_use(
        self, plans: Mapping[str, ColumnPlan], table: StudiedTable, target: str
    ) -> DatasetError:
        left = column_findings(plans, table.studies, [target], [target], table.parameters.gap_words)
        why = " ".join(item.text for item in left)
        return DatasetError(
            f"'{self.path.name}' has no column to predict '{target}' from. {why}".strip(),
            "Bring a table with columns of numbers, or of texts that repeat, or give a column "
            "another type.",
        )

    def _with_words(
        self,
        plans: dict[str, ColumnPlan],
        used: list[str],
        table: StudiedTable,
        target: str,
        progress: Progress,
    ) -> tuple[dict[str, ColumnPlan], list[str]]:
        """Learns the words of free text; columns in which none repeats are of no use."""
        names = [name for name in used if plans[name].type == "text"]
        if not names:
            return plans, used
        chunks = (chunk.cells for chunk in table.chunks(progress))
        learnt = learn_words(chunks, names, table.n_rows)
        found = dict(plans)
        for name, (unit, words) in learnt.items():
            found[name] = replace(plans[name], words=words, unit=unit)
        left = [name for name in used if found[name].type != "text" or found[name].words]
        if not left:
            raise self._nothing_to_use(found, table, target)
        return found, left

    def _wanted(
        self,
        plans: Mapping[str, ColumnPlan],
        used: list[str],
        target: str,
        features: tuple[dict[str, Any], ...],
        table: StudiedTable,
    ) -> Wanted:
        target_feature = dict(plans[target].features()[0])
        return Wanted(
            features,
            target_feature,
            self.data.weights or "",
            tuple(name for name in used if plans[name].gaps == "drop_rows"),
            table.parameters.duplicates == "drop",
        )


def _accessor(
    table: StudiedTable, plans: Mapping[str, ColumnPlan], kept: BoolArray
) -> Callable[[str], AnyArray]:
    def column(name: str) -> AnyArray:
        if name not in plans:
            raise DatasetError(
                f"'{table.source.path.name}' has no column '{name}'.",
                f"Columns: {', '.join(plans)}.",
            )
        plan, parts = plans[name], []
        is_number = plan.type == "number" and not table.studies[name].has_inexact
        for chunk in table.chunks(silent):
            cells = chunk.cells[name]
            if is_number:
                parts.append(read_numbers(cells, table.style(name)).values)
            elif plan.type == "date":
                parts.append(read_dates(cells, plan.form))
            else:
                parts.append(np.array(cells.to_pylist(), object))
        found = np.concatenate(parts)[kept]
        return exact_integers(found) if plan.type == "number" and not is_number else found

    return column


def _has_comma(table: StudiedTable, plans: Mapping[str, ColumnPlan]) -> bool:
    """Some numbers are written with a decimal comma."""
    return any(
        plan.type == "number" and table.studies[name].marks.n_comma for name, plan in plans.items()
    )


def _facts(
    table: StudiedTable, plans: Mapping[str, ColumnPlan], encoded: EncodedTable
) -> tuple[tuple[str, str], ...]:
    facts = [
        ("Rows", f"{table.n_rows:,}"),
        ("Columns", f"{len(table.studies):,}"),
        *table.report.facts,
        ("Decimal sign", "comma" if _has_comma(table, plans) else "point"),
    ]
    if table.held is None:
        facts.append(("Kept", f"in the cache on disk, {encoded.x.shape[0]:,} rows"))
    return tuple(facts)


def _notes(
    plans: Mapping[str, ColumnPlan], encoded: EncodedTable, target: str, table: StudiedTable
) -> list[str]:
    """What people should know beside the findings."""
    dropped, n_rows = encoded.dropped, table.n_rows
    notes = []
    if table.excluded:
        notes.append(f"{len(table.excluded):,} {table.source.line_word}s are left out by choice.")
    for reason, words in (
        ("target", f"their '{target}', the target, is missing"),
        ("gaps", "of gaps in columns that drop their rows"),
        ("duplicates", "they equal an earlier one"),
    ):
        if dropped[reason]:
            are = "row was" if dropped[reason] == 1 else "rows were"
            notes.append(f"{dropped[reason]:,} of {n_rows:,} {are} left out because {words}.")
    if _has_comma(table, plans):
        notes.append("Numbers are written with a decimal comma.")
    return notes
