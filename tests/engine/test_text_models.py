"""What padding must not change in networks for texts and translation, and their first weights."""

import numpy as np
import pytest

from engine.errors import SpecError
from engine.spec.run_spec import RunSpec
from engine.spec.signature import Kind, Signature, Task
from engine.training.defaults import recommended_model, resolve
from engine.training.model.building import build

N_TOKENS = 20
LETTERS = Signature(Kind.TEXT, Task.CLASSIFICATION, (7,), 4, n_tokens=N_TOKENS, n_separators=3)
CASES = [
    ("text_ngrams", LETTERS),
    ("text_ngrams", Signature(Kind.TEXT, Task.REGRESSION, (7,), n_tokens=N_TOKENS)),
    ("text_cnn", Signature(Kind.TEXT, Task.CLASSIFICATION, (7,), 2, n_tokens=N_TOKENS)),
    ("text_cnn", Signature(Kind.TEXT, Task.CLASSIFICATION, (7,), 4, n_tokens=N_TOKENS)),
    ("text_cnn", Signature(Kind.TEXT, Task.REGRESSION, (7,), n_tokens=N_TOKENS)),
    (
        "gru_translator",
        Signature(Kind.TEXT, Task.TRANSLATION, (7,), 9, n_tokens=N_TOKENS, target_length=5),
    ),
]
IDS = [f"{name}-{item.task}-{item.n_classes}" for name, item in CASES]
NAMES = ("text_ngrams", "text_cnn", "gru_translator")


def _spec(name, **parameters):
    return RunSpec.from_dict(
        {"data": {"source": "any"}, "model": {"name": name, "parameters": parameters}}
    )


def _eight(signature):
    rng = np.random.default_rng(5)
    x = rng.integers(1, signature.n_tokens, (8, *signature.input_shape)).astype(np.int32)
    x[:4, 4:] = 0
    return x


@pytest.mark.parametrize(("name", "signature"), CASES, ids=IDS)
def test_padding_does_not_change_what_is_predicted(name, signature):
    spec = resolve(_spec(name), signature)
    short = build(spec, signature)
    wide = Signature(**{**vars(signature), "input_shape": (15,)})
    long = build(spec, wide)
    long.set_weights(short.get_weights())
    x = _eight(signature)
    padded = np.pad(x, ((0, 0), (0, 8)))
    np.testing.assert_allclose(
        long(padded, training=False), short(x, training=False), rtol=1e-4, atol=1e-6
    )


@pytest.mark.parametrize("name", NAMES)
def test_the_seed_decides_the_first_weights(name):
    signature = next(item for other, item in CASES if other == name)
    spec = resolve(_spec(name), signature)
    one, other = (build(spec, signature).get_weights() for _ in range(2))
    for left, right in zip(one, other, strict=True):
        np.testing.assert_array_equal(left, right)


def test_more_probabilities_than_memory_holds_are_refused():
    huge = Signature(
        Kind.TEXT, Task.TRANSLATION, (7,), 10_000, n_tokens=N_TOKENS, target_length=1_000
    )
    with pytest.raises(SpecError, match="Leave long texts out"):
        resolve(_spec("gru_translator"), huge)


@pytest.mark.parametrize(
    ("task", "name"),
    [
        (Task.CLASSIFICATION, "text_ngrams"),
        (Task.REGRESSION, "text_ngrams"),
        (Task.TRANSLATION, "gru_translator"),
    ],
)
def test_texts_are_learnt_by_the_network_made_for_them(task, name):
    assert recommended_model(Kind.TEXT, task) == name
