"""Natural languages by name and code: of texts that are made, and of columns that hold them."""

from __future__ import annotations

import difflib
import re

LANGUAGES: dict[str, str] = {
    "Arabic": "ar",
    "Bulgarian": "bg",
    "Chinese": "zh",
    "Czech": "cs",
    "Danish": "da",
    "Dutch": "nl",
    "English": "en",
    "Finnish": "fi",
    "French": "fr",
    "German": "de",
    "Greek": "el",
    "Hebrew": "he",
    "Hungarian": "hu",
    "Indonesian": "id",
    "Italian": "it",
    "Japanese": "ja",
    "Korean": "ko",
    "Norwegian": "nb",
    "Persian": "fa",
    "Polish": "pl",
    "Portuguese": "pt",
    "Romanian": "ro",
    "Russian": "ru",
    "Spanish": "es",
    "Swedish": "sv",
    "Turkish": "tr",
    "Ukrainian": "uk",
    "Vietnamese": "vi",
}
"""Codes of ISO 639-1, as Babel takes them, by English name."""


def languages_in(text: str) -> tuple[str, ...]:
    """Reads a list of languages, by name or code, such as ``English, de``.

    Returns:
        Names, each once, in the order given.

    Raises:
        ValueError: One is not known; the message says which.
    """
    known = {name.lower(): name for name in LANGUAGES}
    known |= {code: name for name, code in LANGUAGES.items()}
    found: dict[str, None] = {}
    for word in re.split(r"[,;\s]+", text.strip(" ,;")):
        if not word:
            continue
        if word.lower() not in known:
            nearest = difflib.get_close_matches(word.lower(), known, n=1, cutoff=0.6)
            guess = f" Did you mean {known[nearest[0]]}?" if nearest else ""
            raise ValueError(
                f"Must be a list of languages.{guess} Received: '{word}'. "
                f"Known: {', '.join(LANGUAGES)}."
            )
        found[known[word.lower()]] = None
    return tuple(found)
