"""An ensemble of small networks for tables, trained at once, with boosted trees beside it."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from engine.architectures.base import Architecture, TrainingDefaults, embedded, require
from engine.architectures.boosted_trees import rounds_of, start_trees, with_trees
from engine.architectures.grown_trees import Answer
from engine.architectures.regularisation import dropout_parameter
from engine.spec.parameters import Parameters, parameter
from engine.spec.signature import Kind, Output, Signature, Task, output_activation

if TYPE_CHECKING:
    import keras

    from engine.architectures.known_examples import KnownExamples

_SAID = "said_by_members"
# A feature's scale is learnt this many times as fast as other weights; in RealMLP 6 times. What is
# useless fades before the first layer has learnt it by heart.
_SCALE_SPEED = 30.0
# A power of two, so that nothing is rounded; its square, which is added to the loss, is 4e-9.
_TINY = 2.0**-14
# Numbers that a category of many values becomes at most, as in RealMLP.
_EMBEDDING = 8
# Examples that are seen in all, at most, unless that were fewer than `_FEWEST_EPOCHS`.
_MOST_SEEN = 1_500_000
_FEWEST_EPOCHS, _MOST_EPOCHS = 5, 200


class TableEnsembleParameters(Parameters):
    """How many networks, and of what size."""

    members: int = parameter(
        16,
        label="Members",
        help="Networks that are trained at once, each with weights of its own; the answer is the "
        "mean of theirs. More are steadier, and take longer.",
        unit="networks",
        ge=1,
        le=64,
    )
    units: int = parameter(
        32,
        label="Units",
        help="Of each hidden layer of a member. More bend more, and overfit more easily.",
        unit="units",
        ge=1,
        le=1024,
    )
    layers: int = parameter(
        2, label="Hidden layers", help="Of each member.", unit="layers", ge=1, le=8
    )
    dropout: float = dropout_parameter(0.1, "hidden units")
    trees: int = parameter(
        150,
        label="Boosted trees",
        help="Trees of each output, grown before the first epoch and beside the networks: the "
        "answer is the mean of both. How many of them count, and how much, is what the validation "
        "part is answered best with. 0: none. Of more than 8 outputs, none either.",
        unit="trees",
        ge=0,
        le=300,
    )


class TableEnsemble(Architecture):
    """Small networks side by side, after TabM (Gorishniy et al. 2024), where they are "packed".

    What comes in are the pieces of each number (Gorishniy et al. 2022), and its value scaled by
    quartiles, pressed smoothly and weighted by a learnt scale (RealMLP, Holzmüller et al. 2024).
    Beside the members there is a linear path, which all of them share, and boosted trees, which
    are grown before the first step and then stay as they are.
    """

    name = "table_ensemble"
    title = "Ensemble for tables"
    short_title = "Ensemble"
    summary = (
        "Many small networks, trained side by side, and boosted trees grown before them; the "
        "answer is their mean. The networks see each number in pieces, so that they can bend "
        "anywhere, and stop when the validation part says so."
    )
    formula = "y = (1 − a) · mean over k of g(Wₖ f(Vₖ x + bₖ) + U x) + a · g(trees(x))"
    computes = "boosted trees, where there are some, and their share"
    kinds = (Kind.TABLE,)
    tasks = (Task.CLASSIFICATION, Task.MULTILABEL, Task.REGRESSION)
    parameters = TableEnsembleParameters
    embeds_categories = True
    # On the twelve tables of tests/benchmarks/trials_tables.py, seeds 0 to 2: 0.97 times the error
    # of the better of a linear model and boosted trees, 1.12 at worst; without trees 1.0 and 1.37.
    defaults = TrainingDefaults(
        optimizer="adamw",
        learning_rate=0.005,
        epochs=_MOST_EPOCHS,
        batch_size=64,
        weight_decay=0.1,
        patience=20,
    )
    prepares: ClassVar = {"scaling": "piecewise", "categories": "mixed"}
    recommended_for: ClassVar = {
        (Kind.TABLE, Task.CLASSIFICATION): "Bends where the data asks for it, and many networks "
        "err less than one.",
        (Kind.TABLE, Task.MULTILABEL): "Bends where the data asks for it, and many networks err "
        "less than one.",
        (Kind.TABLE, Task.REGRESSION): "Follows curves and steps, and many networks err less than "
        "one.",
    }
    reading = (
        "Gorishniy, Kotelnikov and Babenko (2024): TabM: Advancing Tabular Deep Learning with "
        "Parameter-Efficient Ensembling. arXiv:2410.24210",
        "Gorishniy, Rubachev and Babenko (2022): On Embeddings for Numerical Features in Tabular "
        "Deep Learning. arXiv:2203.05556",
        "Holzmüller, Grinsztajn and Steinwart (2024): Better by Default: Strong Pre-Tuned MLPs "
        "and Boosted Trees on Tabular Data. arXiv:2407.04491",
        "Grinsztajn, Oyallon and Varoquaux (2022): Why Do Tree-Based Models Still Outperform Deep "
        "Learning on Typical Tabular Data? arXiv:2207.08815",
        "Lakshminarayanan, Pritzel and Blundell (2017): Simple and Scalable Predictive "
        "Uncertainty Estimation using Deep Ensembles. arXiv:1612.01474",
    )

    def defaults_for(self, signature: Signature) -> TrainingDefaults:
        """About twenty steps an epoch, and fewer epochs of many rows."""
        n_train = signature.n_train
        if not n_train:
            return self.defaults
        power = round(math.log2(max(1.0, n_train / 20)))
        epochs = min(_MOST_EPOCHS, max(_FEWEST_EPOCHS, _MOST_SEEN // n_train))
        return replace(self.defaults, batch_size=2 ** min(10, max(5, power)), epochs=epochs)

    def build(self, signature: Signature, parameters: Parameters) -> keras.Model:
        import keras

        settings = require(parameters, TableEnsembleParameters)
        features = keras.Input(signature.input_shape, name="features")
        given = embedded(features, signature, _EMBEDDING)
        hidden = _first_layer(_weighted(given), settings)
        for number in range(2, settings.layers + 1):
            hidden = _member_layer(settings, settings.units, 2.0, f"hidden_{number}")(hidden)
            hidden = _bent(hidden, settings, number)
        own = _member_layer(settings, signature.n_outputs, 1.0, "answers")(hidden)
        shared = keras.layers.Dense(
            signature.n_outputs, kernel_initializer="zeros", name="linear_path"
        )(given)
        shared = keras.layers.Reshape((1, signature.n_outputs), name="for_all_members")(shared)
        answers = keras.layers.Add(name="members")([own, shared])
        rounds = rounds_of(settings.trees, signature.n_inputs, signature.n_outputs)
        trees = with_trees(features, rounds, signature.n_outputs) if rounds else None
        output = mean_of_members(answers, signature, trees)
        return keras.Model(features, output, name=self.name)

    def start(self, network: keras.Model, parameters: Parameters, known: KnownExamples) -> None:
        settings = require(parameters, TableEnsembleParameters)
        n_features, n_outputs = network.input_shape[-1], network.output_shape[-1]
        if rounds := rounds_of(settings.trees, n_features, n_outputs):
            activation = network.get_layer(_SAID).activation.__name__
            start_trees(network, rounds, Answer(n_outputs, activation), known)


def _weighted(features: keras.KerasTensor) -> keras.KerasTensor:
    """Each feature times a learnt number, at first 1, so that useless ones fade: (batch, features).

    Steps of Adam have the size of the learning rate, whatever they change: what is multiplied
    behind them changes as many times as fast.
    """
    import keras

    scale = keras.layers.EinsumDense(
        "bi,i->bi",
        features.shape[1:],
        kernel_initializer=keras.initializers.Constant(1.0 / _SCALE_SPEED),
        name="scale_of_features",
    )
    return keras.layers.Rescaling(_SCALE_SPEED, name="faster")(scale(features))


def _first_layer(
    features: keras.KerasTensor, settings: TableEnsembleParameters
) -> keras.KerasTensor:
    """The first hidden layers of all members as one product, (batch, members, units)."""
    import keras

    width = settings.members * settings.units
    dense = keras.layers.Dense(width, kernel_initializer="he_normal", name="hidden_1")
    sums = keras.layers.Reshape((settings.members, settings.units), name="by_member")(
        dense(features)
    )
    return _bent(sums, settings, 1)


def _bent(
    sums: keras.KerasTensor, settings: TableEnsembleParameters, number: int
) -> keras.KerasTensor:
    import keras

    bent = keras.layers.Activation("relu", name=f"bend_{number}")(sums)
    if settings.dropout:
        bent = keras.layers.Dropout(settings.dropout, name=f"dropout_{number}")(bent)
    return bent


def _member_layer(
    settings: TableEnsembleParameters, units: int, gain: float, name: str
) -> keras.layers.Layer:
    """A Dense layer for each member, with weights of its own."""
    import keras

    return keras.layers.EinsumDense(
        "bmi,mio->bmo",
        (settings.members, units),
        bias_axes="mo",
        # Keras takes the axis of members for one of a convolution, and divides by it.
        kernel_initializer=keras.initializers.VarianceScaling(
            gain * settings.members, "fan_in", "truncated_normal"
        ),
        name=name,
    )


def mean_of_members(
    answers: keras.KerasTensor,
    signature: Signature,
    trees: tuple[keras.KerasTensor, keras.KerasTensor] | None = None,
) -> keras.KerasTensor:
    r"""The mean of what members say, from which each of them learns as if it were alone.

    Members that learn from the loss of their mean correct each other's errors and overfit together
    (Gorishniy et al. 2024). So the value is the mean of their probabilities or
    numbers, but gradients are those of the mean of their losses, for whatever stands beside the
    mean is 0 and only its gradient counts. With $z_i$ the answer of member i before the activation
    $g$, $p_i = g(z_i)$, $o = \bar p$ and y the truth, the losses of Keras have the gradients

        d loss(y, g(z_i)) = (p_i - y) dz_i    (times 2 / n for n numbers, 1 / n for n labels)

    whose mean is $(o - y) d\bar z$, which is the gradient of loss(y, output) for an output of
    value o and gradient $g'(o) d\bar z$, plus the mean of $(p_i - o) dz_i$, which knows nothing of
    y: a penalty. Of a loss that is not of this kind (absolute errors), and of examples that count
    more than others, it is that same penalty.

    Where trees have a share in the answer, o is no longer the mean: the penalty, which is what
    $p_i$ differs from o, makes up for it.

    Args:
        answers: (batch, members, outputs), before the activation.
        signature: Of the data.
        trees: What they say before the activation, (batch, outputs), and their share, (1, 1).

    Returns:
        (batch, outputs).
    """
    import keras
    from keras import ops

    activation = output_activation(signature)
    said = keras.layers.Activation(activation, name=_SAID)(answers)
    mean = ops.mean(said, axis=1)
    if trees is not None:
        sums, share = trees
        of_trees = keras.layers.Activation(activation, name="said_by_trees")(sums)
        mean = mean + share * ops.stop_gradient(of_trees - mean)
    output = mean
    if activation != "linear":  # whose slope is 1 and whose mean is that of the answers
        slope = mean if activation == "softmax" else mean * (1.0 - mean)
        of_answers = _only_gradient(ops.mean(answers, axis=1))
        output = ops.stop_gradient(mean) + ops.stop_gradient(slope) * of_answers
    # What each differs from the mean, times its answer.
    apart = ops.stop_gradient(said - ops.expand_dims(mean, 1)) * answers
    factor = {Output.NUMBERS: 2.0, Output.LABELS: 1.0}.get(signature.output)
    share = 1.0 if factor is None else factor / signature.n_outputs
    penalty = ops.sum(ops.mean(apart, axis=1), axis=-1, keepdims=True) * share
    # The square of t + p / (2t) has the gradient dp where p is 0.
    carrier = _TINY + _only_gradient(penalty) / (2.0 * _TINY)
    carried = keras.layers.ActivityRegularization(l2=1.0, name="each_on_its_own")(carrier)
    return ops.add(output, carried * 0.0)


def _only_gradient(values: keras.KerasTensor) -> keras.KerasTensor:
    """0, with the gradient of the values."""
    from keras import ops

    return values - ops.stop_gradient(values)
