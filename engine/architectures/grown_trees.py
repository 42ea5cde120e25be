"""Boosted trees as scikit-learn grows them, taken apart. Imported by workers only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Literal, Self

import numpy as np

from engine.architectures.known_examples import Blocks
from engine.architectures.tree_layers import Tree, ways_to_leaves
from engine.datasets.base import AnyArray
from engine.preprocessing.scaling import FloatArray

MOST_LEAVES = 16
FEWEST_IN_LEAF = 10
# Fewer rounds take larger steps.
_RATES, _RATE_TIMES_ROUNDS = (0.1, 0.3), 15.0
_LEAST_PROBABILITY = 1e-7
# A class that was not seen has odds of e to this.
_UNSEEN = -12.0


@dataclass(frozen=True)
class Answer:
    """What is answered.

    Attributes:
        n_outputs: Numbers of an answer.
        activation: What its sums go through.
    """

    n_outputs: int
    activation: Literal["linear", "sigmoid", "softmax"]

    @property
    def is_of_classes(self) -> bool:
        """The outputs compete, and what they shall be is told as an index."""
        return self.activation == "softmax"

    def of(self, sums: FloatArray) -> FloatArray:
        """What follows from sums, (n, outputs)."""
        from scipy.special import expit, softmax

        if self.activation == "linear":
            return sums
        answers: FloatArray = softmax(sums, axis=1) if self.is_of_classes else expit(sums)
        return answers

    def loss(self, answers: FloatArray, y: AnyArray) -> float:
        """What training makes small: the mean squared error, or the mean of -log p."""
        if self.is_of_classes:
            right = answers[np.arange(len(y)), y.reshape(-1).astype(np.int64)]
        else:
            truth = y.reshape(answers.shape)
            if self.activation == "linear":
                return float(np.square(answers - truth).mean())
            right = np.where(truth > 0.5, answers, 1.0 - answers)
        return float(-np.log(np.maximum(right, _LEAST_PROBABILITY)).mean())


@dataclass(frozen=True)
class Rows:
    """Examples to learn from.

    Attributes:
        x: Features, (n, features).
        y: Indices of classes, (n,), or what each output shall be, (n, outputs).
        weights: How much each counts, (n,); None: all the same.
    """

    x: AnyArray
    y: AnyArray
    weights: AnyArray | None = None

    @classmethod
    def of(cls, blocks: Blocks, weights: AnyArray | None = None) -> Self:
        """All examples of some blocks."""
        found = list(blocks())
        if not found:
            return cls(np.zeros((0, 1)), np.zeros((0, 1)))
        x, y = (np.concatenate([block[side] for block in found]) for side in (0, 1))
        return cls(x, y, weights)

    def __len__(self) -> int:
        return len(self.x)

    def at(self, which: AnyArray) -> Rows:
        """Some of them."""
        weights = None if self.weights is None else self.weights[which]
        return Rows(self.x[which], self.y[which], weights)

    def about(self, output: int | None) -> Rows:
        """With one output, (n,); None: as they are."""
        if output is None:
            return replace(self, y=self.y.reshape(-1))
        return replace(self, y=self.y.reshape(len(self.y), -1)[:, output])


@dataclass(frozen=True)
class Boosted:
    """Trees for one output, or for all classes, grown round by round.

    Attributes:
        model: Of scikit-learn.
        output: Which one; None: the classes that the model saw.
        rounds: How many of its rounds count.
        most: How many there could have been.
    """

    model: Any
    output: int | None
    rounds: int
    most: int

    @property
    def outputs(self) -> list[int]:
        """Which the trees of a round speak of, in turn."""
        return self.model.classes_.astype(int).tolist() if self.output is None else [self.output]

    @property
    def base(self) -> FloatArray:
        """What its trees are added to, (outputs,)."""
        return np.asarray(self.model._baseline_prediction, np.float64).reshape(-1)

    def sums(self, x: AnyArray) -> FloatArray:
        """What they say before an activation, (n, outputs)."""
        return next(islice(_stages(self.model, x), self.rounds - 1, None))


@dataclass(frozen=True)
class Grown:
    """Trees for all outputs.

    Attributes:
        answer: What is answered.
        parts: For each output, or one for all classes.
    """

    answer: Answer
    parts: tuple[Boosted, ...]

    @property
    def base(self) -> FloatArray:
        """What the trees are added to, (outputs,)."""
        base = np.full(self.answer.n_outputs, _UNSEEN)
        for part in self.parts:
            base[part.outputs] = part.base
        return base

    def sums(self, x: AnyArray) -> FloatArray:
        """What they say before the activation, (n, outputs)."""
        sums = np.full((len(x), self.answer.n_outputs), _UNSEEN)
        for part in self.parts:
            sums[:, part.outputs] = part.sums(x)
        return sums

    def trees(self) -> Iterator[Tree]:
        """One after the other."""
        for part in self.parts:
            for of_round in part.model._predictors[: part.rounds]:
                for output, predictor in zip(part.outputs, of_round, strict=True):
                    yield _tree(predictor.nodes, output, self.answer.n_outputs)

    def again(self, rows: Rows) -> Grown:
        """As many rounds, with other examples."""
        parts = [
            replace(
                part, model=_model(self.answer, rows.about(part.output), part.rounds, part.most)
            )
            for part in self.parts
        ]
        return replace(self, parts=tuple(parts))


def grow(answer: Answer, learnt: Rows, held_out: Rows, rounds: int) -> Grown | None:
    """Grows trees, as many as what is held out is best answered with.

    Args:
        answer: What is answered.
        learnt: What they learn.
        held_out: What they never see.
        rounds: At most.

    Returns:
        None where there is nothing to tell apart: an output is always the same, or only two of
        more classes are there.
    """
    outputs = [None] if answer.is_of_classes else range(answer.n_outputs)
    parts = []
    for output in outputs:
        some, asked = learnt.about(output), held_out.about(output)
        if len(np.unique(some.y)) < (3 if answer.is_of_classes else 2):
            return None
        model = _model(answer, some, rounds, rounds)
        y = asked.y
        if answer.is_of_classes:  # of those that were not seen there are no sums
            is_known = np.isin(y, model.classes_)
            asked = asked.at(is_known)
            y = np.searchsorted(model.classes_, asked.y)
        if not len(asked):
            return None
        losses = [answer.loss(answer.of(sums), y) for sums in _stages(model, asked.x)]
        parts.append(Boosted(model, output, 1 + int(np.argmin(losses)), rounds))
    return Grown(answer, tuple(parts))


def linear_answers(answer: Answer, learnt: Rows, x: AnyArray) -> FloatArray:
    """What a linear model answers that learnt the same, (n, outputs)."""
    from sklearn.linear_model import LogisticRegression, RidgeCV

    if answer.activation == "linear":
        ridge = RidgeCV(np.logspace(-2.0, 4.0, 13))
        ridge.fit(learnt.x, learnt.y.reshape(len(learnt), -1), sample_weight=learnt.weights)
        return np.asarray(ridge.predict(x), np.float64).reshape(len(x), -1)
    answers = np.zeros((len(x), answer.n_outputs))
    for output in [None] if answer.is_of_classes else range(answer.n_outputs):
        some = learnt.about(output)
        model = LogisticRegression(C=0.1, max_iter=300)
        found = model.fit(some.x, some.y, sample_weight=some.weights).predict_proba(x)
        if output is None:
            answers[:, model.classes_.astype(int)] = found
        else:
            answers[:, output] = found[:, 1]
    return answers


def rate_for(rounds: int) -> float:
    """The size of the steps of so many rounds."""
    return float(np.clip(_RATE_TIMES_ROUNDS / rounds, *_RATES))


def _model(answer: Answer, rows: Rows, rounds: int, most: int) -> Any:
    """Grows so many rounds, in steps for `most` of them."""
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    is_number = answer.activation == "linear"
    kind = HistGradientBoostingRegressor if is_number else HistGradientBoostingClassifier
    model = kind(
        learning_rate=rate_for(most),
        max_iter=rounds,
        max_leaf_nodes=MOST_LEAVES,
        min_samples_leaf=FEWEST_IN_LEAF,
        early_stopping=False,
        random_state=0,
    )
    return model.fit(rows.x, rows.y, sample_weight=rows.weights)


def _stages(model: Any, x: AnyArray) -> Iterator[FloatArray]:
    """What the model says before an activation after each round, (n, outputs)."""
    has_classes = hasattr(model, "staged_decision_function")
    stages = model.staged_decision_function if has_classes else model.staged_predict
    return (np.asarray(sums, np.float64).reshape(len(x), -1) for sums in stages(x))


def _tree(nodes: AnyArray, output: int, n_outputs: int) -> Tree:
    """A tree from the table of its nodes, the first of which is asked first."""
    asked = np.flatnonzero(nodes["is_leaf"] == 0)
    reached, ways = ways_to_leaves(nodes["left"], nodes["right"], asked)
    leaves = np.zeros((len(reached), n_outputs))
    leaves[:, output] = nodes["value"][reached]
    return Tree(
        nodes["feature_idx"][asked].astype(np.int64),
        nodes["num_threshold"][asked].astype(np.float64),
        ways,
        leaves,
    )
