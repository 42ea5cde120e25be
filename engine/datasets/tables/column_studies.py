"""The first pass over a table: studies all columns, and decides how each writes its numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from engine.datasets.tables.column_study import ColumnStudy, counted_values
from engine.datasets.tables.number_marks import NumberMarks, Styles, decide_all, reads_alike
from engine.datasets.tables.table_cells import MISTAKE_SHARE, date_forms
from engine.datasets.tables.table_rows import number_style
from engine.datasets.tables.table_source import Chunk, TableParameters, TableSource
from engine.datasets.tables.written_numbers import NumberStyle, Sign
from engine.spec.run_spec import ColumnSpec


def decimal_signs(
    names: Iterable[str], specs: Mapping[str, ColumnSpec], parameters: TableParameters
) -> dict[str, Sign]:
    """The decimal signs that someone said: of a column, or of all."""
    said = {
        name: spec.decimal if (spec := specs.get(name)) and spec.decimal != "auto" else "auto"
        for name in names
    }
    signs: dict[str, Sign] = {"point": ".", "comma": ","}
    found = {name: parameters.decimal if sign == "auto" else sign for name, sign in said.items()}
    return {name: signs[sign] for name, sign in found.items() if sign != "auto"}


def study_columns(
    source: TableSource,
    parameters: TableParameters,
    asked: Mapping[str, Sign],
    chunks: Callable[[], Iterable[Chunk]],
) -> dict[str, ColumnStudy]:
    """Studies all columns of a table.

    How numbers are written is guessed from the first chunk and decided on all; where that turns
    out to be something else, the columns concerned are read once more.

    Args:
        source: The file.
        parameters: How it is read.
        asked: The decimal signs that someone said, by column.
        chunks: Gives all rows, each time it is called.

    Raises:
        DatasetError: The file cannot be read to its end.
        Cancelled: Someone asked to stop.
    """
    limit, forms = counted_values(len(source.names)), date_forms(parameters.dates)
    base = number_style(source, parameters)

    def begin(name: str, style: NumberStyle) -> ColumnStudy:
        marks = NumberMarks(is_typed=source.is_typed)
        return ColumnStudy(name, limit, style, forms=forms, marks=marks)

    studies = {name: begin(name, base) for name in source.names}
    is_first = True
    for chunk in chunks():
        for name, study in studies.items():
            study.add(chunk.cells[name], chunk.lines)
        if is_first:
            for name, style in _others(studies, _decided(studies, base, asked, source)).items():
                studies[name] = begin(name, style)
                studies[name].add(chunk.cells[name], chunk.lines)
        is_first = False
    decided = _decided(studies, base, asked, source)
    again = {name: begin(name, style) for name, style in _others(studies, decided).items()}
    for chunk in chunks() if again else ():
        for name, study in again.items():
            study.add(chunk.cells[name], chunk.lines)
    studies |= again
    for name, (style, reason) in decided.items():
        studies[name].style, studies[name].reason = style, reason
    return studies


def _others(studies: Mapping[str, ColumnStudy], decided: Styles) -> dict[str, NumberStyle]:
    """The columns in which a decision changes values, with the style they have by it."""
    return {
        name: style
        for name, (style, _) in decided.items()
        if not reads_alike(studies[name].marks, studies[name].style, style)
    }


def _decided(
    studies: Mapping[str, ColumnStudy],
    base: NumberStyle,
    asked: Mapping[str, Sign],
    source: TableSource,
) -> Styles:
    marks = {name: study.marks for name, study in studies.items()}
    witnesses = {name for name, study in studies.items() if _holds_numbers(study)}
    return decide_all(marks, witnesses, base, asked, source.delimiter)


def _holds_numbers(study: ColumnStudy) -> bool:
    """Whether a column holds numbers, whatever the style they are written in."""
    n_known = study.n_given - study.n_words
    return study.marks.n_numbers >= (1 - MISTAKE_SHARE) * max(1, n_known)
