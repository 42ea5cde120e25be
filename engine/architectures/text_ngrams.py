"""Words, pairs of words and runs of letters, each with a weight, beside a convolution."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from engine.architectures.base import Architecture, TrainingDefaults, output_layer, require
from engine.architectures.regularisation import dropout_parameter
from engine.architectures.text import strongest_answers
from engine.spec.parameters import Parameters, parameter
from engine.spec.signature import Kind, Signature, Task

if TYPE_CHECKING:
    import keras

# A prime, so that remainders mix well. What is multiplied, and the sum of a row of 16,000, stay
# within 31 bits, for exact integers are what every runtime has.
_PLACES = 2**17 - 1
_MIX, _SPREAD = 8_191, 1_009
_SPACE = 2  # the first token, of letters
# More outputs have their weights in common, through so many numbers.
_MOST_DIRECT = 32
_EXAMPLES_A_STEP = 128
_LONG = 2_000
_LONG_EXAMPLES = 16
_WIDTHS = (3, 5)
# Steps of Adam have the size of the learning rate, whatever they change: weights of words and runs
# change this many times as fast as the convolution, which else learns texts by heart before they
# have learnt words.
_WEIGHT_SPEED = 5.0


class TextNGramsParameters(Parameters):
    """How long the runs of letters are, and how large the convolution is."""

    letters: int = parameter(
        5,
        label="Letters in a row",
        help="The longest runs of letters that have weights of their own; shorter ones from two "
        "on do, too. Words and pairs of words do in any case.",
        unit="letters",
        ge=2,
        le=8,
    )
    filters: int = parameter(
        64,
        label="Filters",
        help="Of the convolution beside them, which learns which letters are alike; for each "
        "width. 0: none, which is quicker.",
        unit="filters",
        ge=0,
        le=1024,
    )
    embedding: int = parameter(
        32,
        label="Embedding",
        help="Numbers that stand for one letter in the convolution.",
        unit="numbers",
        ge=1,
        le=512,
    )
    dropout: float = dropout_parameter(0.3, "the convolution's answers")


class TextNGrams(Architecture):
    """Hashed n-grams, as in fastText, with a linear path for each kind, and a small convolution.

    Joulin et al. 2016, "Bag of Tricks for Efficient Text Classification"; Bojanowski et al. 2017,
    "Enriching Word Vectors with Subword Information". Weights begin at 0, as those of a linear
    model: what is rare stays there, so that ten epochs do not learn it by heart.
    """

    name = "text_ngrams"
    title = "Words and letters"
    short_title = "Words and letters"
    summary = (
        "Each word, each pair of words and each run of two to five letters has a weight; a small "
        "convolution over the letters adds what they have in common. Reads any language, misspelt "
        "words and new forms of known ones."
    )
    formula = "y = g(W·words + L·runs of letters + V·max(convolution) + b)"
    kinds = (Kind.TEXT,)
    tasks = (Task.CLASSIFICATION, Task.MULTILABEL, Task.REGRESSION)
    parameters = TextNGramsParameters
    defaults = TrainingDefaults(
        optimizer="adam", learning_rate=0.002, epochs=20, batch_size=128, patience=3
    )
    prepares: ClassVar = {"tokens": "letter"}
    recommended_for: ClassVar = {
        (Kind.TEXT, Task.CLASSIFICATION): "Sees whole words and parts of them; hard to beat.",
        (Kind.TEXT, Task.MULTILABEL): "Sees whole words and parts of them; hard to beat.",
        (Kind.TEXT, Task.REGRESSION): "Sees whole words and parts of them; hard to beat.",
    }
    reading = (
        "Joulin, Grave, Bojanowski and Mikolov (2016): Bag of Tricks for Efficient Text "
        "Classification. arXiv:1607.01759",
        "Bojanowski, Grave, Joulin and Mikolov (2017): Enriching Word Vectors with Subword "
        "Information. arXiv:1607.04606",
        "Wang and Manning (2012): Baselines and Bigrams: Simple, Good Sentiment and Topic "
        "Classification",
    )

    def defaults_for(self, signature: Signature) -> TrainingDefaults:
        """About a hundred steps an epoch, and few long texts at once."""
        n_train = signature.n_train
        size = _LONG_EXAMPLES if signature.input_shape[0] > _LONG else _EXAMPLES_A_STEP
        if n_train:
            size = min(size, max(8, 2 ** round(math.log2(max(1.0, n_train / 100)))))
        return replace(self.defaults, batch_size=size)

    def build(self, signature: Signature, parameters: Parameters) -> keras.Model:
        import keras

        settings = require(parameters, TextNGramsParameters)
        tokens = keras.Input(signature.input_shape, dtype="int32", name="tokens")
        answers = [_weighed(letter_runs(tokens, settings.letters), signature, "letters")]
        if signature.n_separators:
            words = word_numbers(tokens, signature.n_separators)
            answers.append(_weighed(words, signature, "words"))
        if settings.filters:
            answers.append(_convolved(tokens, signature, settings))
        summed = keras.layers.Add(name="together")(answers) if answers[1:] else answers[0]
        output = _output(summed, signature)
        return keras.Model(tokens, output, name=self.name)


def letter_runs(tokens: keras.KerasTensor, longest: int) -> keras.KerasTensor:
    """Numbers of the runs of 2 to so many tokens, a text being framed by spaces.

    Single letters say little and are many: with them, sentences were told apart worse.

    Args:
        tokens: (batch, tokens), 0 where there is none.
        longest: Tokens of the longest runs.

    Returns:
        From 1 on, 0 where there is no run, (batch, (longest - 1) · (tokens + 1)).
    """
    from keras import ops

    n_starts = tokens.shape[1] + 1
    framed = ops.pad(tokens, ((0, 0), (1, longest - 1)))
    is_there = ops.cast(ops.not_equal(framed, 0), "int32")
    numbers = _polynomials(ops.where(ops.equal(framed, 0), _SPACE, framed), longest)
    n_there = is_there[:, :n_starts]
    found = []
    for length in range(2, longest + 1):
        n_there = n_there + is_there[:, length - 1 : length - 1 + n_starts]
        # A run may reach beyond the text by one of its ends.
        is_run = ops.greater_equal(n_there, length - 1)
        found.append(ops.where(is_run, numbers[length - 1][:, :n_starts] + 1, 0))
    return ops.concatenate(found, axis=1)


def word_numbers(tokens: keras.KerasTensor, n_separators: int) -> keras.KerasTensor:
    """Numbers of all words, and of each two that follow each other.

    A word's number is the sum of those of its runs of three letters, between two spaces.

    Args:
        tokens: (batch, tokens), letters.
        n_separators: As in `Signature`.

    Returns:
        From 1 on, 0 where there is no word, (batch, words and pairs).
    """
    from keras import ops

    n_tokens = tokens.shape[1]
    is_letter = ops.logical_or(
        ops.equal(tokens, 1), ops.greater_equal(tokens, _SPACE + n_separators)
    )
    signs = ops.pad(ops.where(is_letter, tokens, _SPACE), ((0, 0), (1, 1)), constant_values=_SPACE)
    in_words = ops.where(is_letter, _polynomials(signs, 3)[-1], 0)
    goes_on = ops.pad(is_letter, ((0, 0), (0, 1)))[:, 1:]
    is_end = ops.logical_and(is_letter, ops.logical_not(goes_on))
    places = ops.where(is_end, ops.arange(n_tokens, dtype="int32"), n_tokens)
    ends = ops.sort(places, axis=1)[:, : (n_tokens + 1) // 2]
    is_word = ops.less(ends, n_tokens)
    # Between two ends nothing but the word is summed up.
    sums = ops.take_along_axis(
        ops.cumsum(in_words, axis=1), ops.minimum(ends, n_tokens - 1), axis=1
    )
    words = ops.mod(sums - ops.pad(sums, ((0, 0), (1, 0)))[:, :-1], _PLACES)
    pairs = ops.mod(words[:, :-1] * _MIX + words[:, 1:] * 3, _PLACES)
    return ops.concatenate(
        [ops.where(is_word, words + 1, 0), ops.where(is_word[:, 1:], pairs + 1, 0)], axis=1
    )


def _polynomials(signs: keras.KerasTensor, longest: int) -> list[keras.KerasTensor]:
    """Numbers of the runs of 1, 2, … signs: a polynomial of them, modulo a prime.

    Args:
        signs: (batch, signs), below 2,000,000.
        longest: Of the runs.

    Returns:
        Of each length one number for each start, below `_PLACES`, (batch, signs + 1 - length).
    """
    from keras import ops

    found = [ops.mod(signs * _SPREAD, _PLACES)]
    for length in range(2, longest + 1):
        following = found[0][:, length - 1 :]
        found.append(ops.mod(found[-1][:, :-1] * _MIX + following, _PLACES))
    return found


def _weighed(numbers: keras.KerasTensor, signature: Signature, name: str) -> keras.KerasTensor:
    """The sum of the weights at such numbers, over the root of how many there are.

    So a text that says the same twice is surer than one that says it once, not twice as sure.
    """
    import keras
    from keras import ops

    table = keras.layers.Embedding(
        _PLACES + 1,
        min(signature.n_outputs, _MOST_DIRECT),
        embeddings_initializer="zeros" if _is_direct(signature) else "uniform",
        name=f"weights_of_{name}",
    )
    is_there = ops.cast(ops.not_equal(numbers, 0), "float32")
    root = ops.sqrt(ops.maximum(ops.sum(is_there, axis=1, keepdims=True), 1.0))
    summed = ops.sum(table(numbers) * ops.expand_dims(is_there, -1), axis=1)
    return keras.layers.Rescaling(_WEIGHT_SPEED, name=f"faster_{name}")(ops.divide(summed, root))


def _convolved(
    tokens: keras.KerasTensor, signature: Signature, settings: TextNGramsParameters
) -> keras.KerasTensor:
    """What filters over letters say, (batch, as many as `_weighed`)."""
    import keras

    found = strongest_answers(
        tokens, signature.n_tokens, settings.embedding, settings.filters, _WIDTHS
    )
    joined = keras.layers.Concatenate(name="all_widths")(found)
    if settings.dropout:
        joined = keras.layers.Dropout(settings.dropout)(joined)
    width = min(signature.n_outputs, _MOST_DIRECT)
    return keras.layers.Dense(width, use_bias=False, name="of_the_convolution")(joined)


def _is_direct(signature: Signature) -> bool:
    """Whether each output has weights of its own, as those of a linear model."""
    return signature.n_outputs <= _MOST_DIRECT


def _output(summed: keras.KerasTensor, signature: Signature) -> keras.KerasTensor:
    return output_layer(
        signature, kernel_initializer="identity" if _is_direct(signature) else "glorot_uniform"
    )(summed)
