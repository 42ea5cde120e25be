"""Texts: logistic regression on words and on letters is what the default has to reach.

Sentences, long texts and rare classes are made here, from words of a language that does not exist:
a stem has a sentiment or none, common stems are few and rare ones many, forms of a stem differ by
their endings, some are misspelt, "not" turns what follows, and some labels are wrong.
Sentences that people wrote come from the documentation of installed packages: which of them is it?
"""

from __future__ import annotations

import csv
import importlib.util
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from default_trials import SHARED, Baselines, Trial, Values

NAMES = SHARED / "data" / "names_by_language"
LABEL = ("--target", "label")
_SYLLABLES = [first + vowel for first in "bdfgklmnprstvz" for vowel in "aeiou"]
_ENDINGS = ("", "", "", "", "", "", "", "s", "ed", "ing", "ly", "ness")
_OUTSPOKEN = 6.0
"""How strongly a word of a certain sentiment keeps out of sentences that mean the opposite."""
_PLAIN = re.compile(r"[A-Z][\w\s,'()-]+\.")
_LIBRARIES = ("keras", "numpy", "pandas", "scipy", "sklearn")
_SENTENCES_OF_EACH = 1_600


def trials(folder: Path) -> list[Trial]:
    """Names where ../shared is there, what is in the box, and what is made in the folder."""
    shared = [classes(str(NAMES))] if NAMES.exists() else []
    return [
        *shared,
        classes("countries"),
        classes(_written(folder / "polarity.csv", polarity(8_000, seed=1)), LABEL),
        classes(_written(folder / "documentation.csv", documentation()), LABEL),
        Trial(
            _written(folder / "rare.csv", polarity(8_000, seed=2, rare=0.05)),
            lambda metrics: float(metrics["test_loss"]),
            0.01,
            lambda spec: baselines(spec, _log_loss),
            LABEL,
        ),
        classes(_written(folder / "long.csv", long_texts(1_000, seed=3)), LABEL),
        numbers(_written(folder / "marks.csv", marks(6_000, seed=4)), LABEL),
    ]


def classes(data: str, options: tuple[str, ...] = ()) -> Trial:
    """Texts of classes; the error is the share that is taken for another class."""
    return Trial(
        data,
        lambda metrics: 1.0 - float(metrics["test_accuracy"]),
        0.01,
        lambda spec: baselines(spec, _wrong),
        options,
    )


def numbers(data: str, options: tuple[str, ...] = ()) -> Trial:
    """Texts with a number each; the error is the share of variance that is not explained."""
    return Trial(
        data,
        lambda metrics: 1.0 - float(metrics["test_r2_score"]),
        0.01,
        lambda spec: baselines(spec, _unexplained),
        options,
    )


def _wrong(truth: Any, said: Any) -> float:
    return float((said.argmax(axis=1) != truth).mean())


def _log_loss(truth: Any, said: Any) -> float:
    return float(-np.log(said[np.arange(len(truth)), truth]).mean())


def _unexplained(truth: Any, said: Any) -> float:
    from sklearn.metrics import r2_score

    return 1.0 - float(r2_score(truth, said))


def baselines(spec: Values, error: Callable[[Any, Any], float]) -> Baselines:
    """Linear models on TF-IDF of words and pairs of words, and of letters within words."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression, Ridge

    from engine.spec.run_spec import RunSpec
    from engine.training.prepared_data import prepare

    prepared = prepare(RunSpec.from_dict(spec))
    examples, parts = prepared.examples, prepared.parts
    learnt, test = np.concatenate([parts.train, parts.validation]), parts.test
    errors = {}
    for name, vectorizer in {
        "words": TfidfVectorizer(ngram_range=(1, 2)),
        "letters": TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5)),
    }.items():
        features = vectorizer.fit_transform([str(text) for text in examples.x[learnt]])
        given = vectorizer.transform([str(text) for text in examples.x[test]])
        if examples.class_names:
            model: Any = LogisticRegression(max_iter=1000)
            said = model.fit(features, examples.y[learnt]).predict_proba(given)
        else:
            said = Ridge().fit(features, examples.y[learnt]).predict(given)
        errors[name] = error(examples.y[test], said)
    return errors


# ---- what is made


@dataclass(frozen=True)
class _Language:
    """Stems, the shares of all words up to each, and what each says for or against."""

    stems: list[str]
    below: np.ndarray[Any, np.dtype[np.float64]]
    sentiment: np.ndarray[Any, np.dtype[np.float64]]

    @classmethod
    def made(cls, rng: np.random.Generator, n_stems: int = 2_500) -> _Language:
        found: dict[str, None] = {}
        while len(found) < n_stems:
            found["".join(rng.choice(_SYLLABLES, size=rng.integers(2, 5)))] = None
        chances = 1.0 / (np.arange(n_stems) + 5.0)
        says = rng.normal(0.0, 1.0, n_stems) * (rng.random(n_stems) < 0.4)
        # The commonest words are those that only hold sentences together.
        says[:20] = 0.0
        return cls(list(found), np.cumsum(chances / chances.sum()), says)

    def sentence(self, rng: np.random.Generator, n_words: int, meaning: float = 0.0) -> str:
        """A sentence in which words for or against what is meant are rarer or more frequent."""
        drawn = np.searchsorted(self.below, rng.random(2 * n_words)).clip(0, len(self.stems) - 1)
        likely = 1.0 / (1.0 + np.exp(-_OUTSPOKEN * self.sentiment[drawn] * meaning))
        drawn = drawn[(self.sentiment[drawn] == 0.0) | (rng.random(len(drawn)) < likely)][:n_words]
        endings = rng.integers(len(_ENDINGS), size=n_words)
        is_turned, is_misspelt = rng.random(n_words) < 0.2, rng.random(n_words) < 0.03
        words = []
        for place, number in enumerate(drawn.tolist()):
            says = self.sentiment[number] * meaning
            if says < 0.0 and is_turned[place]:
                words.append("not")
            word = self.stems[number] + _ENDINGS[endings[place]]
            words.append(_misspelt(word, rng) if is_misspelt[place] else word)
        return " ".join(words).capitalize() + str(rng.choice([".", ".", ".", "!", " ..."]))


def _misspelt(word: str, rng: np.random.Generator) -> str:
    place = int(rng.integers(len(word) - 1))
    return word[:place] + word[place + 1] + word[place] + word[place + 2 :]


def polarity(n: int, seed: int, rare: float = 0.5) -> Iterator[tuple[str, str]]:
    """Sentences for or against, of which a share is for; some labels are wrong."""
    rng = np.random.default_rng(seed)
    language = _Language.made(rng)
    for is_for in rng.random(n) < rare:
        meaning = (1.0 if is_for else -1.0) * rng.gamma(3.0, 1.0 / 3.0)
        text = language.sentence(rng, int(rng.integers(6, 30)), meaning)
        is_wrong = rng.random() < 0.14 * (1.0 - rare if is_for else rare)
        yield text, "for" if is_for ^ is_wrong else "against"


def long_texts(n: int, seed: int) -> Iterator[tuple[str, str]]:
    """Texts of 500 to 2,000 words of one kind; a few sentences anywhere say what they are of."""
    rng = np.random.default_rng(seed)
    plain, topics = _Language.made(rng), [_Language.made(rng, 150) for _ in range(4)]
    for _ in range(n):
        number, n_words = int(rng.integers(4)), int(rng.integers(500, 2_001))
        sentences = [plain.sentence(rng, 20) for _ in range(n_words // 20)]
        for place in rng.integers(0, len(sentences), 2):
            sentences[place] = topics[number].sentence(rng, 12)
        yield " ".join(sentences), f"topic {number + 1}"


def marks(n: int, seed: int) -> Iterator[tuple[str, str]]:
    """Sentences with the number of what is meant, and some noise."""
    rng = np.random.default_rng(seed)
    language = _Language.made(rng)
    for meaning in rng.normal(0.0, 1.0, n):
        text = language.sentence(rng, int(rng.integers(6, 30)), float(meaning))
        yield text, f"{meaning + rng.normal(0.0, 0.3):.3f}"


def documentation() -> Iterator[tuple[str, str]]:
    """Sentences of docstrings, with the package they stand in; equal ones once."""
    rng = np.random.default_rng(0)
    for library in _LIBRARIES:
        found: dict[str, None] = {}
        spec = importlib.util.find_spec(library)
        assert spec is not None
        assert spec.origin is not None
        for path in sorted(Path(spec.origin).parent.rglob("*.py")):
            content = path.read_text(encoding="utf-8", errors="replace")
            for docstring in re.findall(r'"""(.+?)"""', content, re.DOTALL):
                for sentence in re.split(r"(?<=[.!?])\s+", " ".join(docstring.split())):
                    if 30 <= len(sentence) <= 200 and _PLAIN.fullmatch(sentence):
                        found[sentence] = None
        sentences = list(found)
        for place in rng.permutation(len(sentences))[:_SENTENCES_OF_EACH]:
            # Its own name would be too easy.
            text = re.sub("|".join(_LIBRARIES), "it", sentences[place], flags=re.IGNORECASE)
            yield text, library


def _written(path: Path, rows: Iterator[tuple[str, str]]) -> str:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("text", "label"))
        writer.writerows(rows)
    return str(path)
