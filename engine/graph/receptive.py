"""How much of the input one value of a layer's output sees. Imported by workers only.

Along each axis of place or time, a value sees `size` positions of the input, and its neighbour the
same ones shifted by `jump`: a kernel of k at dilation d adds (k - 1) · d · jump to the size, a
stride of s multiplies the jump (Araujo, Norris and Sim, Computing receptive fields of
convolutional neural networks, Distill, 2019). Where branches meet, the larger one counts.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

Shape = Sequence[int]
"""Without the batch axis."""


@dataclass(frozen=True)
class Reach:
    """What one value of a tensor sees along one axis of the input.

    Attributes:
        axis: The tensor's axis that runs along the input's, without the batch axis; None: it is
            gone, or merged into the last one.
        count: Positions there are along it that are not yet mixed.
        size: Positions of the input that one value sees.
        jump: Positions of the input between neighbours.
    """

    axis: int | None
    count: int
    size: float = 1.0
    jump: float = 1.0

    def mixed(self, keeps_axis: bool = False) -> Reach:
        """After every position was put together with all the others."""
        size = self.size + (self.count - 1) * self.jump
        if keeps_axis and self.axis is not None:
            return replace(self, size=size)
        return Reach(None, 1, size, self.jump)

    def at(self, axis: int | None) -> Reach:
        """The same along another axis of the tensor."""
        return replace(self, axis=axis)


def of_input(shape: Shape) -> tuple[Reach, ...]:
    """The axes of place and time of an input: all but the last; of a text, its only one."""
    axes = range(max(1, len(shape) - 1)) if shape else ()
    return tuple(Reach(axis, shape[axis]) for axis in axes)


def after(
    operation: Any, reaches: Sequence[Sequence[Reach]], inputs: Sequence[Shape], output: Shape
) -> tuple[Reach, ...]:
    """What one value of an operation's first output sees.

    Args:
        operation: A Keras layer or operation.
        reaches: Of each input, by axes of the model's input; empty for what comes from none.
        inputs: Shapes of the inputs.
        output: Shape of the output.
    """
    known = [(item, shape) for item, shape in zip(reaches, inputs, strict=True) if item]
    if not known:
        return ()
    kind = type(operation).__name__
    if len(known) > 1:
        return _met(kind, operation, known, output)
    found, shape = known[0]
    rule = _RULES.get(kind)
    if rule is None and hasattr(operation, "cell"):
        rule = _recurrent
    if rule is not None:
        return tuple(_checked(item, output) for item in rule(operation, found, shape, output))
    if _is_windowed(operation):
        return tuple(_windowed(operation, item, output) for item in found)
    return tuple(_elsewise(operation, item, shape, output) for item in found)


def lengths(found: Sequence[Reach], shape: Shape) -> tuple[int, ...]:
    """Positions seen along each axis of the model's input, at most all there are."""
    whole = of_input(shape)
    return tuple(
        min(math.ceil(reach.size - 1e-9), full.count)
        for reach, full in zip(found, whole, strict=True)
    )


def _checked(reach: Reach, output: Shape) -> Reach:
    """With the number of positions that the output has along its axis."""
    if reach.axis is None:
        return reach
    if reach.axis >= len(output):
        return reach.mixed()
    return replace(reach, count=output[reach.axis])


def _met(
    kind: str, operation: Any, known: Sequence[tuple[Sequence[Reach], Shape]], output: Shape
) -> tuple[Reach, ...]:
    """Where several inputs meet: the one that sees most."""
    mixes = "Attention" in kind or kind in ("Dot", "Matmul", "Einsum", "Tensordot")
    met = []
    for each in zip(*(found for found, _ in known), strict=True):
        largest = max(each, key=lambda reach: reach.size)
        leading = next((reach for reach in each if reach.axis is not None), each[0])
        if mixes:
            widest = max(reach.mixed().size for reach in each)
            kept = leading.mixed(keeps_axis=each[0].axis is not None)
            item = replace(kept, size=max(widest, kept.size))
        else:
            jump = max(reach.jump for reach in each)
            item = replace(leading, size=largest.size, jump=jump)
        met.append(_checked(item, output))
    return tuple(met)


# ---- windows that slide


def _is_windowed(operation: Any) -> bool:
    return hasattr(operation, "kernel_size") or hasattr(operation, "pool_size")


def _windowed(operation: Any, reach: Reach, output: Shape) -> Reach:
    """A convolution or a pooling; its filters mix the channels."""
    place = _place(operation, reach)
    if place is None:
        return reach.mixed() if reach.axis is None else _checked(reach.mixed(True), output)
    window = _side(getattr(operation, "kernel_size", None) or operation.pool_size, place)
    stride = _side(operation.strides or 1, place)
    if "Transpose" in type(operation).__name__:
        size = reach.size + (math.ceil(window / stride) - 1) * reach.jump
        return _checked(replace(reach, size=size, jump=reach.jump / stride), output)
    dilation = _side(getattr(operation, "dilation_rate", 1), place)
    size = reach.size + (window - 1) * dilation * reach.jump
    return _checked(replace(reach, size=size, jump=reach.jump * stride), output)


def _place(operation: Any, reach: Reach) -> int | None:
    """Which side of a kernel lies along the axis; None: the channels do, or it is gone."""
    if reach.axis is None:
        return None
    first = getattr(operation, "data_format", "channels_last") == "channels_first"
    place = reach.axis - 1 if first else reach.axis
    sides = getattr(operation, "kernel_size", None) or operation.pool_size
    return place if 0 <= place < (len(sides) if isinstance(sides, Sequence) else 1) else None


def _side(value: Any, place: int) -> int:
    return int(value[place]) if isinstance(value, Sequence) else int(value)


# ---- what needs a rule of its own

Rule = Callable[[Any, Sequence[Reach], Shape, Shape], Sequence[Reach]]


def _flatten(operation: Any, found: Sequence[Reach], shape: Shape, output: Shape) -> list[Reach]:
    return [reach.at(None) for reach in found]


def _reshape(operation: Any, found: Sequence[Reach], shape: Shape, output: Shape) -> list[Reach]:
    """Axes at the front that stay as they are keep their meaning; the rest is merged."""
    same = 0
    while same < min(len(shape), len(output)) and shape[same] == output[same]:
        same += 1
    return [
        reach if reach.axis is not None and reach.axis < same else reach.at(None) for reach in found
    ]


def _global(operation: Any, found: Sequence[Reach], shape: Shape, output: Shape) -> list[Reach]:
    return [reach.mixed() for reach in found]


def _mixed(operation: Any, found: Sequence[Reach], shape: Shape, output: Shape) -> list[Reach]:
    """Everything sees everything, place by place."""
    return [reach.mixed(keeps_axis=True) for reach in found]


def _dense(operation: Any, found: Sequence[Reach], shape: Shape, output: Shape) -> list[Reach]:
    """Mixes the last axis, and what was merged into it."""
    last = len(shape) - 1
    return [
        reach if reach.axis is not None and reach.axis != last else reach.mixed() for reach in found
    ]


def _recurrent(operation: Any, found: Sequence[Reach], shape: Shape, output: Shape) -> list[Reach]:
    """The last step has seen every step before it; a cell of convolutions its neighbours, too."""
    inner = getattr(operation, "forward_layer", operation)
    stays = bool(inner.return_sequences)
    after_time = []
    for reach in found:
        if reach.axis == 0 or reach.axis is None:
            after_time.append(reach.mixed(keeps_axis=stays))
        else:
            place = reach.axis - 1
            cell = inner.cell
            if hasattr(cell, "kernel_size"):
                # The state is convolved at every step: what is far away arrives, too.
                reach = reach.mixed(keeps_axis=True)
            after_time.append(reach if stays else reach.at(place))
    return after_time


def _time_distributed(
    operation: Any, found: Sequence[Reach], shape: Shape, output: Shape
) -> list[Reach]:
    inner = [reach if reach.axis is None else reach.at(reach.axis - 1) for reach in found]
    places = [number for number, reach in enumerate(found) if reach.axis != 0]
    seen = after(operation.layer, [[inner[number] for number in places]], [shape[1:]], output[1:])
    made = list(found)
    for number, reach in zip(places, seen, strict=True):
        made[number] = reach if reach.axis is None else reach.at(reach.axis + 1)
    return made


def _permute(operation: Any, found: Sequence[Reach], shape: Shape, output: Shape) -> list[Reach]:
    order = operation.dims if hasattr(operation, "dims") else (operation.axes or ())[1:]
    return [
        reach if reach.axis is None else reach.at(list(order).index(reach.axis + 1))
        for reach in found
    ]


def _up(operation: Any, found: Sequence[Reach], shape: Shape, output: Shape) -> list[Reach]:
    """Between two positions new ones; those of a smooth interpolation see both neighbours."""
    made = []
    blurred = getattr(operation, "interpolation", "nearest") != "nearest"
    for reach in found:
        if reach.axis is None:
            made.append(reach)
            continue
        first = getattr(operation, "data_format", "channels_last") == "channels_first"
        times = _side(operation.size, reach.axis - first)
        size = reach.size + (reach.jump if blurred else 0)
        made.append(replace(reach, size=size, jump=reach.jump / times))
    return made


def _normalised(operation: Any, found: Sequence[Reach], shape: Shape, output: Shape) -> list[Reach]:
    """Layer and unit normalisation and softmax, along the axes they say."""
    given = operation.axis
    axes = [given] if isinstance(given, int) else list(given)
    # Before a layer was called its axes may count from behind.
    over = {axis % (len(shape) + 1) - 1 for axis in axes}
    return [reach.mixed(keeps_axis=True) if reach.axis in over else reach for reach in found]


def _reduced(operation: Any, found: Sequence[Reach], shape: Shape, output: Shape) -> list[Reach]:
    """Sums, means and largest values along axes."""
    given = getattr(operation, "axis", None)
    rank = len(shape) + 1
    axes = range(rank) if given is None else [given] if isinstance(given, int) else given
    over = {axis % rank - 1 for axis in axes}
    keeps = bool(getattr(operation, "keepdims", False))
    made = []
    for reach in found:
        if reach.axis is None or reach.axis in over:
            made.append(reach.mixed())
        else:
            gone = 0 if keeps else sum(axis < reach.axis for axis in over)
            made.append(reach.at(reach.axis - gone))
    return made


def _repeated(operation: Any, found: Sequence[Reach], shape: Shape, output: Shape) -> list[Reach]:
    return [reach if reach.axis is None else reach.at(reach.axis + 1) for reach in found]


_RULES: dict[str, Rule] = {
    "Flatten": _flatten,
    "Reshape": _reshape,
    "Permute": _permute,
    "Transpose": _permute,
    "RepeatVector": _repeated,
    "Dense": _dense,
    "EinsumDense": _dense,
    "Bidirectional": _recurrent,
    "TimeDistributed": _time_distributed,
    "MultiHeadAttention": _mixed,
    "GroupedQueryAttention": _mixed,
    "GroupQueryAttention": _mixed,
    "Attention": _mixed,
    "AdditiveAttention": _mixed,
    "GroupNormalization": _mixed,
    "LayerNormalization": _normalised,
    "RMSNormalization": _normalised,
    "UnitNormalization": _normalised,
    "Softmax": _normalised,
    **{f"Global{kind}Pooling{n}D": _global for kind in ("Max", "Average") for n in (1, 2, 3)},
    **{f"UpSampling{n}D": _up for n in (1, 2, 3)},
    **dict.fromkeys(("Mean", "Max", "Min", "Sum", "Amax", "Amin", "Prod", "Var"), _reduced),
    **dict.fromkeys(("Std", "Any", "All", "CountNonzero", "Logsumexp", "Norm"), _reduced),
}


def _elsewise(operation: Any, reach: Reach, shape: Shape, output: Shape) -> Reach:
    """Value by value, as activations, dropout and normalisation over examples do.

    Padding and cropping keep the order of places. Of an operation that is not known, every value
    may see all: of an embedding, tokens become vectors and the axis stays.
    """
    kind = type(operation).__name__
    if reach.axis is None:
        return reach if tuple(shape) == tuple(output) else reach.mixed()
    if len(shape) == len(output) or kind == "Embedding":
        return _checked(reach, output)
    if kind == "ExpandDims":
        axis = operation.axis % (len(output) + 1) - 1
        return _checked(reach.at(reach.axis + (axis <= reach.axis)), output)
    if kind == "Squeeze":
        return _checked(reach.at(min(reach.axis, len(output) - 1)), output)
    return reach.at(None).mixed() if kind != "GetItem" else reach.at(None)
