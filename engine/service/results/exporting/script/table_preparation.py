"""How a table with gaps, categories or dates is prepared, in plain code.

Each column is one of a few recipes; a recipe that is used stands in the script as a function, and
columns that follow each other by the same one are a loop.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

import numpy as np

from engine.preprocessing.table import TableInputs
from engine.preprocessing.table_features import NO_CATEGORY, Feature, Source
from engine.service.results.exporting.script.columns import Column, columns_of
from engine.service.results.exporting.script.document import listed, repr_of
from engine.service.results.exporting.script.subject import NotWritten, Subject
from engine.spec.run_spec import PreprocessingSpec

_FILLS: Final = {
    "median": "np.nanmedian(values[train])",
    "indicator": "np.nanmedian(values[train])",
    "own_category": "np.nanmedian(values[train])",
    "mean": "np.nanmean(values[train])",
    "zero": "0.0",
    "drop_rows": "np.nanmedian(values[train])",
}
_ALSO: Final = ("indicator", "own_category")


@dataclass(frozen=True)
class Recipe:
    """What is made of a column.

    Attributes:
        call: As code, with ``name`` for the column's name.
        function: The functions it needs.
        indices: It gives an index, which stands behind all other features.
    """

    call: str
    functions: tuple[str, ...]
    indices: bool = False


def table_code(subject: Subject, inputs: TableInputs, is_literal: bool) -> str:
    """Statements that make ``x``, (n_samples, features), of ``table`` and ``train``.

    Args:
        subject: The run.
        inputs: Its fitted preparation.
        is_literal: What was learnt from the training part stands there as numbers.

    Raises:
        NotWritten: A column is prepared in a way that cannot be said.
    """
    columns = columns_of(subject)
    plain: list[tuple[str, Recipe]] = []
    indexed: list[tuple[str, Recipe]] = []
    for place, column in enumerate(columns):
        features = [item for item in inputs.features if item.source == place]
        recipe = _recipe(subject, inputs.sources[place], column, features, place, is_literal)
        (indexed if recipe.indices else plain).append((column.name, recipe))
    used = [recipe for _, recipe in (*plain, *indexed)]
    functions = dict.fromkeys(name for recipe in used for name in recipe.functions)
    order = list(_FUNCTIONS)
    written = [_FUNCTIONS[name] for name in sorted(functions, key=order.index)]
    body = "features = []\n" + _loops(plain) + _loops(indexed)
    if "bent" in functions:
        written.insert(0, f"N_PIECES = {_most_pieces(subject, columns)}  # of each number, at most")
    body += 'x = np.column_stack(features).astype("float32")'
    return "\n\n".join([*written, body])


def _most_pieces(subject: Subject, columns: tuple[Column, ...]) -> int:
    n_numbers = sum(column.type in ("number", "date") for column in columns)
    return min(16, 1024 // max(1, n_numbers), len(subject.rows("train")) // 10)


def _loops(made: list[tuple[str, Recipe]]) -> str:
    lines = ""
    for recipe, group in groupby(made, key=lambda item: item[1]):
        names = [name for name, _ in group]
        if len(names) == 1:
            lines += f"features += {recipe.call.replace('name', repr_of(names[0]), 1)}\n"
        else:
            lines += f"for name in {listed(names, 12)}:\n    features += {recipe.call}\n"
    return lines


def _recipe(
    subject: Subject,
    source: Source,
    column: Column,
    features: list[Feature],
    place: int,
    is_literal: bool,
) -> Recipe:
    described: Mapping[str, Any] = {}
    listed_columns = subject.examples.reading.get("columns", ())
    if listed_columns:
        described = listed_columns[place]
    gaps = str(described.get("gaps", "median"))
    if source.is_category:
        return _category(source, column, features, gaps)
    if column.type == "text":
        return _word(features, gaps)
    spec = subject.spec.preprocessing.decided()
    return _number(
        source, features, gaps, spec, subject.x[subject.rows("train"), place], is_literal
    )


def _number(
    source: Source,
    features: list[Feature],
    gaps: str,
    spec: PreprocessingSpec,
    learnt: np.ndarray,
    is_literal: bool,
) -> Recipe:
    has_gap = any(feature.kind == "gap" for feature in features)
    also = ", tell_gaps=True" if has_gap else ""
    pieces = [feature for feature in features if feature.kind == "piece"]
    if is_literal:
        number = features[0]
        numbers = f"{source.fill!r}, {number.offset!r}, {number.scale!r}"
        if number.limit:
            ends = [*(piece.offset for piece in pieces)]
            lengths = [piece.scale for piece in pieces]
            return Recipe(
                f"bent_known(name, {numbers}, {ends!r}, {lengths!r}{also})",
                ("filled", "pressed", "bent_known"),
            )
        return Recipe(f"known(name, {numbers}{also})", ("filled", "known"))
    if gaps not in _FILLS and gaps not in ("constant", "most_frequent"):
        raise NotWritten(f"Gaps of column '{source.name}' are filled by '{gaps}'.")
    fill = "" if gaps in ("median", "indicator", "own_category", "drop_rows") else f", {gaps!r}"
    if gaps == "constant":
        fill = f", {source.fill!r}"
    fill = fill.replace("'", '"')
    scaling = spec.scaling
    if scaling == "piecewise" or features[0].limit:
        return Recipe(f"bent(name{fill}{also})", ("filled", "pressed", "bent"))
    name = {"standard": "standardised", "minmax": "from_0_to_1", "none": "as_it_is"}[scaling]
    return Recipe(f"{name}(name{fill}{also})", ("filled", name))


def _word(features: list[Feature], gaps: str) -> Recipe:
    has_gap = any(feature.kind == "gap" for feature in features)
    if not features:
        return Recipe("[]", ())
    if has_gap or gaps not in ("zero", "indicator", "own_category"):
        raise NotWritten("Gaps of a column of free text are told.")
    return Recipe("[table[name].fillna(0.0)]", ())


def _category(source: Source, column: Column, features: list[Feature], gaps: str) -> Recipe:
    order = "float" if _are_numbers(column.values) else "None"
    key = ", key=float" if order == "float" else ""
    if any(feature.kind == "index" for feature in features):
        fill = "" if source.fill == NO_CATEGORY else f", {repr_of(column.values[int(source.fill)])}"
        return Recipe(f"index(name{key}{fill and ', fill=' + fill[2:]})", ("index",), True)
    has_gap = any(feature.kind == "gap" for feature in features)
    equals = [feature for feature in features if feature.kind == "equals"]
    known = source.known
    options = key
    if source.fill != NO_CATEGORY:
        options += f", fill={repr_of(column.values[int(source.fill)])}"
    if has_gap:
        options += ", tell_gaps=True"
    if column.type == "boolean" and len(equals) < max(2, len(known)):
        options += ", drop_first=True" if len(known) == 2 else ""
    return Recipe(f"one_hot(name{options})", ("one_hot",))


def _are_numbers(values: tuple[str, ...]) -> bool:
    try:
        return all(float(value) == float(value) for value in values)
    except ValueError:
        return False


_FUNCTIONS: Final[dict[str, str]] = {
    "filled": '''\
def filled(name, gaps="median"):
    """A column of numbers whose gaps are filled, and where they were."""
    values = table[name].to_numpy("float64")
    is_gap = np.isnan(values)
    ways = {"median": np.nanmedian, "mean": np.nanmean, "zero": lambda _: 0.0}
    fill = ways[gaps](values[train]) if isinstance(gaps, str) else gaps
    return np.where(is_gap, fill, values), is_gap''',
    "standardised": '''\
def standardised(name, gaps="median", tell_gaps=False):
    """A number with mean 0 and deviation 1 in the training part."""
    values, is_gap = filled(name, gaps)
    scaled = (values - values[train].mean()) / values[train].std()
    return [scaled, is_gap] if tell_gaps else [scaled]''',
    "from_0_to_1": '''\
def from_0_to_1(name, gaps="median", tell_gaps=False):
    """A number that is 0 at the smallest and 1 at the largest of the training part."""
    values, is_gap = filled(name, gaps)
    low, high = values[train].min(), values[train].max()
    scaled = (values - low) / (high - low)
    return [scaled, is_gap] if tell_gaps else [scaled]''',
    "as_it_is": '''\
def as_it_is(name, gaps="median", tell_gaps=False):
    """A number that is not scaled."""
    values, is_gap = filled(name, gaps)
    return [values, is_gap] if tell_gaps else [values]''',
    "known": '''\
def known(name, gap, offset, scale, tell_gaps=False):
    """A number, scaled by what Descent learnt from the training part."""
    values, is_gap = filled(name, gap)
    scaled = (values - offset) / scale
    return [scaled, is_gap] if tell_gaps else [scaled]''',
    "pressed": '''\
def pressed(scaled):
    """Numbers that are smoothly kept below 3 (RealMLP, Holzmüller et al. 2024)."""
    near = scaled.clip(-1e100, 1e100)
    return near / np.sqrt(1.0 + np.square(near / 3.0))''',
    "bent": '''\
def bent(name, gaps="median", tell_gaps=False):
    """A number by its quartiles, and how far it is through stretches between quantiles.

    The stretches are the piecewise-linear encoding of Gorishniy et al. 2022.
    """
    values, is_gap = filled(name, gaps)
    learnt = values[train]
    low, middle, high = np.quantile(learnt, (0.25, 0.5, 0.75))
    scale = (high - low) / 1.349
    if not scale > 0:  # more than half of the values are one and the same
        middle, scale = learnt.mean(), learnt.std()
    made = [pressed((values - middle) / scale)]
    ends = np.unique(learnt)
    if len(ends) > 2:
        if len(ends) > N_PIECES + 1:
            ends = np.unique(np.quantile(learnt, np.linspace(0.0, 1.0, N_PIECES + 1)))
        made += [
            ((values - first) / (last - first)).clip(0.0, 1.0)
            for first, last in zip(ends[:-1].tolist(), ends[1:].tolist())
        ]
    return [*made, is_gap] if tell_gaps else made''',
    "bent_known": '''\
def bent_known(name, gap, offset, scale, starts, lengths, tell_gaps=False):
    """A number by its quartiles, and how far it is through stretches between quantiles."""
    values, is_gap = filled(name, gap)
    made = [pressed((values - offset) / scale)]
    for start, length in zip(starts, lengths):
        made.append(((values - start) / length).clip(0.0, 1.0))
    return [*made, is_gap] if tell_gaps else made''',
    "one_hot": '''\
def one_hot(name, key=None, fill=None, tell_gaps=False, drop_first=False):
    """A column of 0 and 1 for each category of the training part; others count as gaps."""
    column = table[name]
    known = sorted(column.iloc[train].dropna().unique(), key=key)
    is_gap = ~column.isin(known)
    column = column.mask(is_gap, fill)
    shown = known
    if fill is not None and fill not in known and is_gap.iloc[train].any():
        shown = sorted([*known, fill], key=key)
    made = [column == value for value in shown[1 if drop_first else 0 :]]
    return [*made, is_gap] if tell_gaps else made''',
    "index": '''\
def index(name, key=None, fill=None):
    """The place of a category among those of the training part, from 1; 0 for others."""
    column = table[name]
    known = sorted(column.iloc[train].dropna().unique(), key=key)
    column = column.where(column.isin(known), fill)
    return [column.map({value: place for place, value in enumerate(known, 1)}).fillna(0)]''',
}
