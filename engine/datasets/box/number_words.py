"""Numbers in words, from one language to another: made by num2words."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from engine.datasets.base import Dataset, Examples, Progress, silent
from engine.datasets.box.made import data_seed
from engine.datasets.language.packed_texts import object_array
from engine.datasets.language.text_checks import TextMarks
from engine.spec.parameters import Parameters, parameter
from engine.spec.signature import Kind, Task

NumberLanguage = Literal[
    "digits",
    "Arabic",
    "Czech",
    "Danish",
    "Dutch",
    "English",
    "Finnish",
    "French",
    "German",
    "Hebrew",
    "Hungarian",
    "Indonesian",
    "Italian",
    "Japanese",
    "Korean",
    "Latvian",
    "Lithuanian",
    "Norwegian",
    "Persian",
    "Polish",
    "Portuguese",
    "Romanian",
    "Russian",
    "Slovenian",
    "Spanish",
    "Swedish",
    "Thai",
    "Turkish",
    "Ukrainian",
    "Vietnamese",
    "Welsh",
]

# As num2words names them.
_CODES = {
    "Arabic": "ar",
    "Czech": "cs",
    "Danish": "da",
    "Dutch": "nl",
    "English": "en",
    "Finnish": "fi",
    "French": "fr",
    "German": "de",
    "Hebrew": "he",
    "Hungarian": "hu",
    "Indonesian": "id",
    "Italian": "it",
    "Japanese": "ja",
    "Korean": "ko",
    "Latvian": "lv",
    "Lithuanian": "lt",
    "Norwegian": "no",
    "Persian": "fa",
    "Polish": "pl",
    "Portuguese": "pt",
    "Romanian": "ro",
    "Russian": "ru",
    "Slovenian": "sl",
    "Spanish": "es",
    "Swedish": "sv",
    "Thai": "th",
    "Turkish": "tr",
    "Ukrainian": "uk",
    "Vietnamese": "vi",
    "Welsh": "cy",
}


class NumberWordsParameters(Parameters):
    """Which languages, and which numbers."""

    source: NumberLanguage = parameter(
        "German", label="From", help="The language the numbers are read in."
    )
    target: NumberLanguage = parameter(
        "English", label="To", help="The language they are written in; 'digits' writes 4321."
    )
    maximum: int = parameter(
        9_999,
        label="Largest number",
        help="Numbers from 0 to this one are drawn.",
        ge=99,
        le=999_999,
    )
    n_samples: int = parameter(
        5_000,
        label="Examples",
        help="How many different numbers are drawn; all of them where there are no more.",
        ge=50,
        le=100_000,
    )
    seed: int = data_seed()


class NumberWords(Dataset):
    """Each number once, so that those of the test are never seen in training."""

    name = "number_words"
    title = "Numbers in words"
    description = (
        "Numbers written out, from one language to another: 'einundzwanzig' becomes 'twenty-one'. "
        "No number is in two parts, so the test asks for numbers never seen. Made by num2words."
    )
    kind = Kind.TEXT
    task = Task.TRANSLATION
    recommended_model = "gru_translator"
    parameters = NumberWordsParameters

    def load(self, parameters: NumberWordsParameters, progress: Progress = silent) -> Examples:
        """Returns x and y as numbers in words, (n_samples,) of str."""
        rng = np.random.default_rng(parameters.seed)
        n_all = parameters.maximum + 1
        numbers = rng.choice(n_all, min(parameters.n_samples, n_all), replace=False)
        x, y = (
            _written(numbers.tolist(), language, progress)
            for language in (parameters.source, parameters.target)
        )
        marks = TextMarks.of_rows(x)
        return Examples(
            x=x,
            y=y,
            kind=self.kind,
            task=self.task,
            target_name=parameters.target,
            facts=(
                ("From", parameters.source),
                ("To", parameters.target),
                ("Numbers", f"{len(numbers):,} of {n_all:,}"),
                *marks.facts,
            ),
            distributions=(marks.distribution,),
            reading={"per": "line"},
        )


def _written(numbers: list[int], language: str, progress: Progress) -> Any:
    if language == "digits":
        return object_array(map(str, numbers))
    from num2words import num2words

    code = _CODES[language]
    words: list[str] = []
    for place, number in enumerate(numbers):
        if place % 256 == 0:
            progress(f"Writing numbers in {language}", place, len(numbers))
        words.append(str(num2words(number, lang=code)).strip())
    return object_array(words)
