"""Dates as people write them in many languages, to ISO 8601: patterns and words from Babel."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass
from typing import Self

import numpy as np
from pydantic import field_validator, model_validator

from engine.datasets.base import Dataset, Examples, Progress, silent
from engine.datasets.box.made import data_seed
from engine.datasets.language.languages import LANGUAGES, languages_in
from engine.datasets.language.packed_texts import object_array
from engine.datasets.language.text_checks import TextMarks
from engine.spec.parameters import Parameters, parameter
from engine.spec.signature import Kind, Task

_LENGTHS = ("full", "long", "medium", "short")
_SKELETONS = ("yMd", "yMEd", "yMMMd", "yMMMEd")


class DatesParameters(Parameters):
    """Which languages, and which years."""

    languages: str = parameter(
        "English, German, French, Spanish, Italian, Polish, Russian, Japanese",
        label="Languages",
        help="Languages the dates are written in: names such as English, German.",
    )
    n_samples: int = parameter(
        8_000,
        label="Examples",
        help="How many different days are drawn; all of them where there are no more.",
        ge=50,
        le=100_000,
    )
    first_year: int = parameter(
        1900, label="First year", help="The earliest year of a date.", ge=1000, le=2099
    )
    last_year: int = parameter(
        2099, label="Last year", help="The latest year of a date.", ge=1900, le=9998
    )
    seed: int = data_seed()

    @field_validator("languages")
    @classmethod
    def _are_known(cls, text: str) -> str:
        if not languages_in(text):
            raise ValueError(f"Must name a language or more. Received: '{text}'.")
        return text

    @model_validator(mode="after")
    def _has_years(self) -> Self:
        if self.last_year < self.first_year:
            raise ValueError(
                "The last year must not be before the first. "
                f"Received: {self.first_year} to {self.last_year}."
            )
        return self


class Dates(Dataset):
    """Each day once, in one of the languages and one of its ways to write a date."""

    name = "dates"
    title = "Dates to ISO"
    description = (
        "Dates as people write them in several languages, such as 'Do., 12. März 2026', to "
        "2026-03-12. No day is in two parts. Patterns and words are those of Unicode's CLDR, "
        "shipped with Babel."
    )
    kind = Kind.TEXT
    task = Task.TRANSLATION
    recommended_model = "gru_translator"
    parameters = DatesParameters

    def load(self, parameters: DatesParameters, progress: Progress = silent) -> Examples:
        """Returns x as written dates and y as ISO dates, (n_samples,) of str each.

        A date that another of the languages would read as another day (3/4/2026) is written in
        another way instead, as nobody could tell which day is meant.
        """
        rng = np.random.default_rng(parameters.seed)
        start = datetime.date(parameters.first_year, 1, 1)
        n_days = (datetime.date(parameters.last_year + 1, 1, 1) - start).days
        drawn = rng.choice(n_days, min(parameters.n_samples, n_days), replace=False).tolist()
        days = [start + datetime.timedelta(offset) for offset in drawn]
        languages = languages_in(parameters.languages)
        ways = {language: _ways(LANGUAGES[language]) for language in languages}
        numeric = [way for found in ways.values() for way in found if way.is_numeric]
        texts: list[str] = []
        for place, day in enumerate(days):
            if place % 256 == 0:
                progress("Writing dates", place, len(days))
            choices = ways[languages[int(rng.integers(len(languages)))]]
            order = [choices[int(index)] for index in rng.permutation(len(choices))]
            texts.append(_clear(day, order, numeric))
        x = object_array(texts)
        marks = TextMarks.of_rows(x)
        return Examples(
            x=x,
            y=object_array(day.isoformat() for day in days),
            kind=self.kind,
            task=self.task,
            target_name="ISO date",
            facts=(
                ("Languages", ", ".join(languages)),
                ("Ways to write", f"{sum(map(len, ways.values())):,}"),
                *marks.facts,
            ),
            distributions=(marks.distribution,),
            reading={"per": "line"},
        )


@dataclass(frozen=True)
class _Way:
    """A pattern of a language.

    Attributes:
        pattern: As in Unicode's TR 35.
        code: The language.
        is_numeric: It has no names of months or weekdays.
    """

    pattern: str
    code: str
    is_numeric: bool

    def write(self, day: datetime.date) -> str:
        from babel.dates import format_date

        return " ".join(format_date(day, self.pattern, self.code).split())


def _ways(code: str) -> tuple[_Way, ...]:
    """A language's ways to write a date, with the year in full."""
    from babel import Locale

    locale = Locale.parse(code)
    patterns = [locale.date_formats[length].pattern for length in _LENGTHS]
    skeletons = locale.datetime_skeletons
    patterns += [skeletons[name].pattern for name in _SKELETONS if name in skeletons]
    # Two digits leave the century open.
    whole = (re.sub(r"(?<!y)yy(?!y)", "y", pattern) for pattern in patterns)
    distinct = dict.fromkeys(pattern for pattern in whole if "G" not in pattern)
    return tuple(
        _Way(pattern, code, re.search("[EcL]|MMM", pattern) is None) for pattern in distinct
    )


def _clear(day: datetime.date, ways: list[_Way], numeric: list[_Way]) -> str:
    """The date in the first of these ways in which it cannot be taken for another day."""
    written = [way.write(day) for way in ways]
    if day.day > 12 or day.day == day.month:
        return written[0]
    other = {way.write(day.replace(month=day.day, day=day.month)) for way in numeric}
    return next((text for text in written if text not in other), written[0])
