"""Contracts for tiny networks of every kind and task, for tests of explanations.

`explainer_for(network, signature)` takes what `tiny_signatures` makes; `raw_example(signature)` is
an example as the data has it::

    explainer_for(network, signature).explain(raw_example(signature), background(signature))
"""

from __future__ import annotations

import keras
import numpy as np
from tiny_signatures import TINY

from engine.inference.contract import Contract
from engine.inference.explaining.explainer import Explainer
from engine.preprocessing import Preprocessing
from engine.preprocessing.inputs import ScaledInputs
from engine.preprocessing.targets import (
    AnomalyTargets,
    ClassTargets,
    LabelTargets,
    NumberTargets,
    TokenTargets,
)
from engine.preprocessing.text import TextInputs
from engine.preprocessing.tokens import FIRST_TOKEN, Tokenizer
from engine.spec.run_spec import RunSpec
from engine.spec.signature import Kind, Output, Signature, Task
from engine.training.defaults import resolve
from engine.training.model.building import build

WORDS = ("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta")


def network_of(pair):
    """A network of an architecture for a signature, not trained."""
    architecture, signature = pair
    values = {"name": architecture.name, "parameters": TINY.get(architecture.name, {})}
    spec = RunSpec.from_dict({"data": {"source": "any"}, "model": values})
    keras.utils.set_random_seed(4)
    return build(resolve(spec, signature), signature)


def contract_of(signature: Signature) -> Contract:
    """A contract that leaves numbers as they are."""
    shape = signature.input_shape
    inputs = ScaledInputs(shape, np.zeros(shape), np.ones(shape))
    if signature.kind is Kind.TEXT:
        words = WORDS[: signature.n_tokens - FIRST_TOKEN]
        inputs = TextInputs(Tokenizer("word", words, shape[0]))
    names = tuple(f"class {n}" for n in range(signature.n_classes))
    if signature.output is Output.TOKENS or signature.task is Task.ANOMALY:
        names = ()
    n_columns = shape[-1] if signature.kind in (Kind.TABLE, Kind.SERIES) else 0
    features = tuple(f"column {n}" for n in range(n_columns))
    preprocessing = Preprocessing(inputs, _targets(signature))
    return Contract(signature, features, "target", names, preprocessing)


def _targets(signature):
    if signature.task is Task.ANOMALY:
        return AnomalyTargets(0.5)
    match signature.output:
        case Output.CLASSES:
            return ClassTargets()
        case Output.LABELS:
            return LabelTargets.even(signature.n_classes)
        case Output.NUMBERS:
            n_values = signature.n_values
            return NumberTargets(np.arange(n_values) + 5.0, np.arange(n_values) + 2.0)
        case Output.TOKENS:
            words = tuple("abcdefg"[: signature.n_classes - FIRST_TOKEN])
            is_spoken = signature.task is Task.TRANSCRIPTION
            return TokenTargets(Tokenizer("character", words, signature.target_length), is_spoken)


def raw_example(signature: Signature, seed: int = 3):
    """One example as `Examples.x` has it, (1, …)."""
    rng = np.random.default_rng(seed)
    if signature.kind is Kind.TEXT:
        return np.array([" ".join(rng.choice(WORDS, 4))], object)
    return rng.normal(size=(1, *signature.input_shape))


def background(signature: Signature, n: int = 12):
    """Other examples, (n, …); None for texts."""
    if signature.kind is Kind.TEXT:
        return None
    return np.random.default_rng(8).normal(size=(n, *signature.input_shape))


def explainer_for(network, signature: Signature) -> Explainer:
    """An explainer of a network that takes numbers as they are."""
    return Explainer(network, contract_of(signature))
