"""FlowGraph: gradients, weights, their change and dead units of one step, layer by layer.

A function of what it is given: the weights, averages and seeds before the step and the weights
after it. It changes nothing, so training goes on bit by bit as without it, and it may be traced in
a thread beside the training. Imported by workers only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import keras
import tensorflow as tf

from engine.inference.layer_probe import Call, answering, leaves, listening
from engine.training.steps.chunk import augmented
from engine.training.steps.direct_call import DirectCall

if TYPE_CHECKING:
    from engine.events.messages import FloatArray

Batch = tuple[tf.Tensor, ...]
Augment = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]

_RECTIFIERS = (keras.activations.relu, keras.activations.relu6)


@dataclass(frozen=True)
class FlowLayer:
    """A layer that learns.

    Attributes:
        name: Told apart from every other; of a layer within another, with the outer one's before.
        variables: Its weights that learn.
        answering: What of it answers 0 where a unit is dead; None where units cannot die.
    """

    name: str
    variables: tuple[keras.Variable, ...]
    answering: keras.layers.Layer | None


def flow_layers(network: keras.Model) -> tuple[FlowLayer, ...]:
    """The layers of a network that learn, from input to output, each weight in one of them."""
    order = leaves(network)
    seen: set[int] = set()
    found: list[FlowLayer] = []
    names: Counter[str] = Counter()
    for name, leaf, layer in _named(network):
        variables = tuple(item for item in layer.trainable_variables if id(item) not in seen)
        if not variables:
            continue
        seen.update(id(item) for item in variables)
        names[name] += 1
        title = name if names[name] == 1 else f"{name} ({names[name]})"
        behind = answering(order, next(i for i, one in enumerate(order) if one is leaf))
        found.append(
            FlowLayer(title, variables, behind if layer is leaf and _can_die(behind) else None)
        )
    return tuple(found)


def _named(
    network: keras.Model, prefix: str = ""
) -> Iterator[tuple[str, keras.layers.Layer, keras.layers.Layer]]:
    """Names of the parts that are told apart, the leaf each is in, and the part itself."""
    for layer in network.layers:
        name = f"{prefix}{layer.name}"
        if isinstance(layer, keras.Model):
            yield from _named(layer, f"{name}/")
        elif isinstance(layer, keras.layers.Bidirectional):
            # What is read forwards and backwards may vanish differently.
            yield f"{name}/forward", layer, layer.forward_layer
            yield f"{name}/backward", layer, layer.backward_layer
        else:
            yield name, layer, layer


def _can_die(layer: keras.layers.Layer) -> bool:
    """A unit of it may answer 0 to everything, and then has no gradient to come back with."""
    if isinstance(layer, keras.layers.ReLU):
        return float(layer.negative_slope) == 0.0
    return getattr(layer, "activation", None) in _RECTIFIERS


class FlowGraph:
    """Measures one training step.

    Args:
        network: Built and compiled; its optimizer is built.
        augment: As for the step loop.
        seed: As for the step loop.
    """

    def __init__(self, network: keras.Model, augment: Augment | None = None, seed: int = 0) -> None:
        self._network = network
        self._augment = augment
        self._seed = seed
        layers = flow_layers(network)
        self.names = tuple(layer.name for layer in layers)
        owners = {id(v): place for place, layer in enumerate(layers) for v in layer.variables}
        # What is in no layer is below 0, and left out.
        self._owners = [owners.get(id(v), -1) for v in network.trainable_variables]
        self._call: DirectCall | None = None

    @property
    def is_traced(self) -> bool:
        return self._call is not None

    def state(self) -> list[tf.Tensor]:
        """All variables as they are now; the memory is shared until a step writes anew."""
        return [tf.convert_to_tensor(variable.value) for variable in self._network.variables]

    def weights(self) -> list[tf.Tensor]:
        """The weights that learn, as they are now."""
        learning = self._network.trainable_variables
        return [tf.convert_to_tensor(variable.value) for variable in learning]

    def trace(self, batch: Batch, on_twin: bool) -> None:
        """Makes the graph and warms it up with a single example.

        Args:
            batch: What a step takes; any number of examples.
            on_twin: Trace a copy of the network, which shares no Python object with it, so that
                both can be at work in different threads.

        Raises:
            Exception: There is no copy of such a network.
        """
        network = _twin_of(self._network) if on_twin else self._network
        function = tf.function(
            lambda *arguments: (self._measure(network, *arguments),),
            input_signature=[
                [tf.TensorSpec(item.shape, item.dtype) for item in self._network.variables],
                [tf.TensorSpec(item.shape, item.dtype) for item in network.trainable_variables],
                tuple(tf.TensorSpec((None, *part.shape[1:]), part.dtype) for part in batch),
                tf.TensorSpec((), tf.int32),
            ],
            autograph=False,
        )
        call, first = DirectCall(function), tuple(part[:1] for part in batch)
        call(self.state(), self.weights(), first, tf.constant(0))
        self._call = call

    def measure(
        self, before: list[tf.Tensor], after: list[tf.Tensor], batch: Batch, step: int
    ) -> FloatArray:
        """Measures a step that was done.

        Args:
            before: `state` before it.
            after: `weights` after it.
            batch: What it took: x before augmentation, y, and weights if there are any.
            step: Steps done before it.

        Returns:
            Gradient norm, weight norm, norm of the change over that of the weights (NaN where they
            are all 0), and share of dead units (NaN where that means nothing), (4, layers).
        """
        assert self._call is not None
        (found,) = self._call(before, after, batch, tf.constant(step))
        values: FloatArray = found.numpy()
        return values

    def measure_once(
        self, before: list[tf.Tensor], after: list[tf.Tensor], batch: Batch
    ) -> FloatArray:
        """As `measure`, of a step that nobody did, and without a graph; (4, layers)."""
        values: FloatArray = self._measure(
            self._network, before, after, batch, tf.constant(0)
        ).numpy()
        return values

    def _measure(
        self,
        network: keras.Model,
        before: list[tf.Tensor],
        after: list[tf.Tensor],
        batch: Batch,
        step: tf.Tensor,
    ) -> tf.Tensor:
        values = {id(v): value for v, value in zip(network.variables, before, strict=True)}
        weights = [values[id(variable)] for variable in network.trainable_variables]
        x, y, *rest = augmented(self._augment, batch, tf.stack([self._seed, step]))
        state = list(zip(network.variables, before, strict=True))
        layers = flow_layers(network)
        with keras.StatelessScope(state_mapping=state), tf.GradientTape() as tape:
            tape.watch(weights)
            with _dead_units(layers) as dead:
                y_pred = network(x, training=True)
            loss = network.compute_loss(
                x=x, y=y, y_pred=y_pred, sample_weight=rest[0] if rest else None, training=True
            )
            # In half precision small gradients are nothing, unless the loss is scaled.
            scale = self._network.optimizer.scale_loss(tf.ones((), loss.dtype))
            loss = self._network.optimizer.scale_loss(loss)
        found = tape.gradient(loss, weights, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        # The squares of gradients that vanish or explode are beyond 32 bits.
        gradients = self._norms(found, "float64") / tf.cast(scale, tf.float32)
        changes = [new - old for new, old in zip(after, weights, strict=True)]
        sizes = self._norms(weights, "float32")
        ratios = self._norms(changes, "float32") / tf.where(sizes > 0, sizes, float("nan"))
        return tf.stack([gradients, sizes, ratios, tf.stack(dead())])

    def _norms(self, tensors: Sequence[tf.Tensor], dtype: str) -> tf.Tensor:
        """The L2 norm of each layer's tensors together, (layers,).

        Each tensor takes one operation or two: what is measured here is nothing against what a
        graph of many operations takes to be made.
        """
        squares = tf.stack([tf.nn.l2_loss(tf.cast(tensor, dtype)) for tensor in tensors])
        sums = tf.math.unsorted_segment_sum(2 * squares, self._owners, len(self.names))
        return tf.cast(tf.sqrt(sums), tf.float32)


@contextmanager
def _dead_units(layers: Sequence[FlowLayer]) -> Iterator[Callable[[], list[tf.Tensor]]]:
    """A context in which a network is called; tells the share of dead units of each layer then."""
    tapped = list({id(layer.answering): layer.answering for layer in layers}.values())
    heard = [layer for layer in tapped if layer is not None]
    nothing = tf.constant(float("nan"))
    with listening(heard, _dead_share) as noted:

        def notified() -> list[tf.Tensor]:
            shares = {id(layer): noted.get(str(place)) for place, layer in enumerate(heard)}
            found = [shares.get(id(layer.answering)) for layer in layers]
            return [nothing if share is None else share for share in found]

        yield notified


def _dead_share(
    layer: keras.layers.Layer, call: Call, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[Any, Any]:
    """Notes the share of a layer's units that answered 0 to every example, everywhere."""
    output = call(*args, **kwargs)
    if not isinstance(output, tf.Tensor):
        return output, None
    answers = tf.reshape(output, (-1, output.shape[-1]))
    is_dead = tf.reduce_all(tf.equal(answers, 0), axis=0)
    return output, tf.reduce_mean(tf.cast(is_dead, tf.float32))


def _twin_of(network: keras.Model) -> keras.Model:
    """A network of the same layers with the same loss; its variables are never read."""
    twin = keras.models.clone_model(network)
    twin.compile(optimizer="sgd", loss=network.loss, jit_compile=False)
    shapes = [[tuple(item.shape) for item in one.variables] for one in (twin, network)]
    if shapes[0] != shapes[1]:
        raise ValueError("the network has variables of its own that a copy of it has not")
    return twin
