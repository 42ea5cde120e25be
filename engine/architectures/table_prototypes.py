"""Prototypes for tables: how far a row is from the nearest usual ones, in each column's measure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from engine.architectures.base import Architecture, TrainingDefaults, require
from engine.architectures.isolation_trees import start_isolation, trees_for, with_isolation
from engine.errors import Problem
from engine.spec.parameters import Parameters, parameter
from engine.spec.signature import Kind, Signature, Task

if TYPE_CHECKING:
    import keras

    from engine.architectures.known_examples import KnownExamples

# The smallest usual distance of a column, in its deviations: nothing is divided by less, and the
# logarithm of a usual distance over it is never below 0.
_FLOOR = 0.05
# Distances beyond it, in usual ones, count as that: their squares can be summed.
_FARTHEST = 1e6
_SPREAD = 0.6
_ROWS_A_PROTOTYPE = 8
_MOST_NUMBERS = 65_536
"""Differences of one row from all prototypes of a member: a batch of them has to be held."""
_STEPS = 1500
_FEWEST_EPOCHS, _MOST_EPOCHS = 3, 300


class TablePrototypesParameters(Parameters):
    """How many prototypes each member has."""

    prototypes: tuple[Annotated[int, Field(ge=1, le=1024)], ...] = parameter(
        (1, 8, 64),
        label="Prototypes",
        help="Of each member; each is there twice, for numbers as they are and for pressed ones. "
        "One alone measures how far a row is from the middle of all; many "
        "follow groups, curves and gaps between them. Left open: 1, 8 and 64, fewer of few rows.",
        unit="prototypes",
        min_length=1,
        max_length=16,
    )
    noise: float = parameter(
        0.1,
        label="Noise",
        help="Deviation of noise added to the inputs in training. More makes the prototypes' "
        "reach wider, and what differs by less than it counts little.",
        ge=0.0,
        le=1.0,
    )
    trees: int = parameter(
        64,
        label="Isolation trees",
        help="Trees of random questions, grown before the first epoch: how early they part a row "
        "from all others is added to its score. 0: none. Of very many columns, none either.",
        unit="trees",
        ge=0,
        le=128,
    )


class TablePrototypes(Architecture):
    r"""An ensemble of mixtures whose bells have learnt centres and, by column, learnt widths.

    Each member is an autoencoder whose code says which of its K prototypes a row is like, and which
    makes that prototype again. With the prototypes $c_k$ and the usual distance $s_j$ of column j,
    both learnt, the code is the posterior of a mixture of normal distributions of equal weights,

        r = softmax over k of -sum over j of (x_j - c_kj)² / 2 s_j²

    and the score of column j, the negative log-likelihood of what it makes, up to a constant,

        sum over k of r_k (x_j - c_kj)² / 2 s_j² + log(s_j / floor),  never below 0.

    The code counts as given while weights learn, so that a step follows the gradient of the
    mixture's likelihood (expectation maximisation, Dempster et al. 1977; Neal and Hinton 1998).
    One prototype measures the distance from the middle, which finds what is far out in single
    columns; many are near what nearest neighbours say (Ramaswamy et al. 2000). Isolation
    forests are good at the first, and the mean of all members is at both; a small one of those
    stands beside them all the same, for what it measures is no distance. Half of the members see
    numbers pressed together, x becoming sign(x) log(1 + |x|): of skewed columns, most values are
    then told apart, and not only the few that are far.
    """

    name = "table_prototypes"
    title = "Prototypes for what is unusual"
    short_title = "Prototypes"
    summary = (
        "Learns prototypes of usual rows, few and many side by side. How far a row is from those "
        "it is most like, in the usual distance of each column, is the score."
    )
    formula = "score = mean over members, columns of Σₖ rₖ (x − cₖ)² / 2s² + log s, + trees(x)"
    computes = "trees of random questions"
    kinds = (Kind.TABLE,)
    tasks = (Task.ANOMALY,)
    parameters = TablePrototypesParameters
    defaults = TrainingDefaults("adam", learning_rate=0.02, epochs=150, batch_size=64, patience=30)
    recommended_for: ClassVar = {
        (Kind.TABLE, Task.ANOMALY): "Finds what is far out in one column, and what lies between "
        "groups, and needs no labels for it.",
    }
    smaller = tuple(
        {"prototypes": sizes} for sizes in ((1, 8, 32), (1, 4, 16), (1, 8), (1, 4), (1, 2), (1,))
    )
    reading = (
        "Dempster, Laird and Rubin 1977, Maximum Likelihood from Incomplete Data via the EM "
        "Algorithm",
        "Ramaswamy, Rastogi and Shim 2000, Efficient Algorithms for Mining Outliers from Large "
        "Data Sets",
        "Liu, Ting and Zhou 2008, Isolation Forest",
        "Ruff et al. 2021, A Unifying Review of Deep and Shallow Anomaly Detection",
    )

    def defaults_for(self, signature: Signature) -> TrainingDefaults:
        """So many steps that prototypes have found their places, however many rows there are."""
        n_train = signature.n_train
        if not n_train:
            return self.defaults
        batch_size = 2 ** min(10, max(5, round(math.log2(n_train / 15))))
        epochs = round(_STEPS * min(batch_size, n_train) / n_train)
        return TrainingDefaults(
            "adam",
            learning_rate=self.defaults.learning_rate,
            epochs=min(_MOST_EPOCHS, max(_FEWEST_EPOCHS, epochs)),
            batch_size=batch_size,
            patience=self.defaults.patience,
        )

    def check(self, signature: Signature, parameters: Parameters) -> list[Problem]:
        settings = require(parameters, TablePrototypesParameters)
        most = max(settings.prototypes)
        by_width = max(1, _MOST_NUMBERS // signature.n_inputs)
        by_rows = max(1, signature.n_train // _ROWS_A_PROTOTYPE) if signature.n_train else by_width
        if most <= min(by_width, by_rows):
            return []
        why = (
            f"{signature.n_train:,} rows would be learnt by heart by so many"
            if by_rows < by_width
            else f"In {signature.n_inputs:,} columns, so many need too much memory"
        )
        hint = f"Use at most {min(by_width, by_rows):,}."
        return [Problem("prototypes", f"{why}. Received: {most:,} prototypes.", hint)]

    def build(self, signature: Signature, parameters: Parameters) -> keras.Model:
        import keras
        from keras import ops

        settings = require(parameters, TablePrototypesParameters)
        features = keras.Input(signature.input_shape, name="features")
        one = ops.ones_like(features[:, :1])  # what is learnt hangs on no input
        found = []
        for name, view in (("as_is", features), ("pressed", _pressed(features))):
            seen = _seen(view, name, settings.noise)
            for number, size in enumerate(settings.prototypes, start=1):
                found.append(_member(seen, one, size, f"{name}_{number}"))
        differences = _mean([squares for squares, _ in found], "mean_of_members")
        if n_trees := trees_for(settings.trees, signature.n_inputs):
            isolated = with_isolation(features, n_trees)
            differences = keras.layers.Add(name="differences_and_trees")([differences, isolated])
        widths = _mean([width for _, width in found], "mean_of_widths")
        flat = keras.layers.Reshape((signature.n_inputs, 1), name="all_differences")(differences)
        unusual = keras.layers.GlobalAveragePooling1D(name="unusual")(flat)
        # The same for every row: without it, widths would grow and every score be 0.
        constant = ops.mean(widths, axis=-1, keepdims=True)
        score = keras.layers.Add(name="score")([unusual, constant])
        return keras.Model(features, score, name=self.name)

    def start(self, network: keras.Model, parameters: Parameters, known: KnownExamples) -> None:
        settings = require(parameters, TablePrototypesParameters)
        if n_trees := trees_for(settings.trees, network.input_shape[-1]):
            start_isolation(network, n_trees, known)


def _pressed(features: keras.KerasTensor) -> keras.KerasTensor:
    """Numbers of a lower order, sign(x) log(1 + |x|): far values are no longer far from each other.

    By operations that every exported format has, which the inverse hyperbolic sine is not.
    """
    from keras import ops

    return ops.sign(features) * ops.log(1.0 + ops.abs(features))


def _seen(view: keras.KerasTensor, name: str, noise: float) -> keras.KerasTensor:
    """Rows as members see them in training, (batch, 1, features)."""
    import keras

    if noise:
        view = keras.layers.GaussianNoise(noise, name=f"noise_{name}")(view)
    return keras.layers.Reshape((1, view.shape[-1]), name=f"row_{name}")(view)


def _member(
    seen: keras.KerasTensor, one: keras.KerasTensor, size: int, number: str
) -> tuple[keras.KerasTensor, keras.KerasTensor]:
    """Compares rows with some prototypes.

    Args:
        seen: Rows, (batch, 1, features).
        one: (batch, 1), all 1.
        size: How many prototypes.
        number: Names the member.

    Returns:
        Half the squared difference by column from the prototypes a row is like, in usual ones, and
        the logarithm of those over the least there may be; both (batch, features).
    """
    import keras
    from keras import ops

    n_features = seen.shape[-1]
    start = keras.initializers.RandomNormal(stddev=_SPREAD) if size > 1 else "zeros"
    prototypes = keras.layers.EinsumDense(
        "bo,okf->bkf",
        (size, n_features),
        kernel_initializer=start,
        name=f"prototypes_{number}",
    )(one)
    usual = keras.layers.Dense(
        n_features,
        activation="softplus",
        use_bias=False,
        # Whose softplus is log(1 / floor): at first each is 1, a column's deviation.
        kernel_initializer=keras.initializers.Constant(math.log(1.0 / _FLOOR - 1.0)),
        name=f"usual_distances_{number}",
    )(one)
    narrow = keras.layers.Reshape((1, n_features), name=f"narrowness_{number}")(
        ops.exp(-usual) * (1.0 / _FLOOR)
    )
    difference = keras.layers.Subtract(name=f"difference_{number}")([seen, prototypes])
    measured = keras.layers.Multiply(name=f"measured_{number}")([difference, narrow])
    squares = ops.square(ops.clip(measured, -_FARTHEST, _FARTHEST)) * 0.5
    if size == 1:
        return keras.layers.Reshape((n_features,), name=f"from_middle_{number}")(squares), usual
    nearness = keras.layers.Softmax(name=f"alike_{number}")(-ops.sum(squares, axis=-1))
    weights = ops.stop_gradient(nearness)
    return keras.layers.Dot(axes=(1, 1), name=f"unlike_{number}")([weights, squares]), usual


def _mean(tensors: list[keras.KerasTensor], name: str) -> keras.KerasTensor:
    import keras

    return keras.layers.Average(name=name)(tensors) if tensors[1:] else tensors[0]
