"""Names of the countries in many languages: which language is it? From Unicode's CLDR, by Babel."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from pydantic import field_validator

from engine.datasets.base import Dataset, Examples, Progress, silent
from engine.datasets.box.made import data_seed
from engine.datasets.language.languages import LANGUAGES, languages_in
from engine.datasets.language.packed_texts import object_array
from engine.datasets.language.text_checks import TextMarks
from engine.errors import DatasetError
from engine.spec.parameters import Parameters, parameter
from engine.spec.signature import Kind, Task

# No script belongs to one language alone, but for Greek, so that the letters are no giveaway.
_DEFAULT = (
    "English, German, Dutch, French, Spanish, Portuguese, Italian, Polish, Czech, Hungarian, "
    "Turkish, Russian, Ukrainian, Bulgarian, Arabic, Persian, Japanese, Chinese"
)
# Codes of regions that are no countries, or stand for "unknown" and for tests.
_NO_COUNTRIES = frozenset({"EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"})


class CountriesParameters(Parameters):
    """Which languages, and how many names."""

    languages: str = parameter(
        _DEFAULT,
        label="Languages",
        help="The classes: names such as English, German. Languages of one script are harder to "
        "tell apart.",
    )
    n_samples: int = parameter(
        5_000,
        label="Examples",
        help="How many names at most; each language has about 250, less those it shares.",
        ge=50,
        le=10_000,
    )
    seed: int = data_seed()

    @field_validator("languages")
    @classmethod
    def _are_known(cls, text: str) -> str:
        if len(languages_in(text)) < 2:
            raise ValueError(f"Must name two languages or more. Received: '{text}'.")
        return text


class Countries(Dataset):
    """Country names by language; names that several of the languages share are left out."""

    name = "countries"
    title = "Countries by language"
    description = (
        "Names of countries and territories in 18 languages of five scripts: tell the language. "
        "Names that languages share are left out. From Unicode's CLDR, shipped with Babel."
    )
    kind = Kind.TEXT
    task = Task.CLASSIFICATION
    recommended_model = "text_cnn"
    parameters = CountriesParameters

    def load(self, parameters: CountriesParameters, progress: Progress = silent) -> Examples:
        """Returns x as names, (n_samples,) of str, and y as the index of the language.

        Raises:
            DatasetError: The languages share all of a language's names.
        """
        class_names = tuple(sorted(languages_in(parameters.languages)))
        owners: dict[str, set[int]] = defaultdict(set)
        spelled: dict[str, str] = {}
        for number, language in enumerate(class_names):
            progress("Collecting names", number, len(class_names))
            for name in _countries(LANGUAGES[language]):
                owners[name.casefold()].add(number)
                spelled[name.casefold()] = name
        own: list[list[str]] = [[] for _ in class_names]
        for key, found in owners.items():
            if len(found) == 1:
                own[min(found)].append(spelled[key])
        chosen = _drawn(own, class_names, parameters)
        x = object_array(name for name, _ in chosen)
        y = np.array([number for _, number in chosen], np.int64)
        marks = TextMarks.of_rows(x)
        n_own = sum(map(len, own))
        return Examples(
            x=x,
            y=y,
            kind=self.kind,
            task=self.task,
            target_name="language",
            class_names=class_names,
            notes=(
                f"{len(owners) - n_own:,} names that several of the languages share were left out.",
            ),
            facts=(("Names", f"{n_own:,} in all, {len(x):,} of them used"), *marks.facts),
            distributions=(marks.distribution,),
            reading={"per": "line"},
        )


def _drawn(
    own: list[list[str]], class_names: tuple[str, ...], parameters: CountriesParameters
) -> list[tuple[str, int]]:
    """Draws names with the index of their language, as many of each as there are.

    Raises:
        DatasetError: A language has no name of its own.
    """
    rng = np.random.default_rng(parameters.seed)
    ranked: list[tuple[int, float, str, int]] = []
    for number, names in enumerate(own):
        if not names:
            raise DatasetError(
                f"{class_names[number]} has no country name of its own beside the other "
                f"languages. Received: {parameters.languages}.",
                "Choose other languages.",
            )
        order = rng.permutation(len(names)).tolist()
        # By turns, so that few examples hold every language, too.
        ranked += [
            (turn, float(rng.random()), names[place], number) for turn, place in enumerate(order)
        ]
    return [(name, number) for _, _, name, number in sorted(ranked)[: parameters.n_samples]]


def _countries(code: str) -> list[str]:
    from babel import Locale

    territories = Locale.parse(code).territories
    return sorted(
        {
            name.strip()
            for key, name in territories.items()
            if len(key) == 2 and key.isalpha() and key not in _NO_COUNTRIES
        }
    )
