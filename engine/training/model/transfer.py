"""Begins a network with weights that were learnt elsewhere. Imported by workers only."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import keras

from engine.datasets.base import AnyArray
from engine.errors import Problem, SpecError
from engine.files import atomic_write
from engine.files.bounded import DAMAGED, member, read_object, sealed_text, unsealed
from engine.spec.training_spec import StartSpec

FILE_NAME: Final = "start.json"


@dataclass(frozen=True, eq=False)
class Beginning:
    """What a run begins with.

    Attributes:
        title: Where the weights come from, in words.
        taken: How many layers with weights, from the input on, begin with what was learnt.
        frozen: How many of them stay as they are.
        total: How many there are.
        weights: Of each layer that is taken over; empty where a checkpoint holds them.
        digest: Of these weights; empty: an earlier version noted none.
    """

    title: str
    taken: int
    frozen: int
    total: int
    weights: tuple[tuple[AnyArray, ...], ...] = ()
    digest: str = ""

    @property
    def taken_words(self) -> str:
        """What is taken over, as half a sentence."""
        return f"{self.taken} of {self.total} layers with weights begin as in {self.title}"

    @property
    def words(self) -> str:
        """What is taken over, in a sentence or two."""
        begun = f"{self.taken_words}."
        if not self.frozen:
            return begun
        if self.frozen == self.total:
            return f"{begun} None of them learns."
        return f"{begun} The first {self.frozen} stay as they are."

    def kept_of(self, network: keras.Model) -> Kept:
        """What of a network is to be kept from learning; changes nothing yet."""
        layers = tuple(weighted(network)[: self.frozen])
        parts = [part for layer in layers for part in layer._flatten_layers()]
        return Kept(layers, tuple((part, bool(part.trainable)) for part in parts))

    def apply(self, network: keras.Model) -> None:
        """Gives a network's first layers their weights."""
        for layer, values in zip(weighted(network), self.weights, strict=False):
            layer.set_weights(list(values))

    def save(self, folder: Path) -> None:
        """Writes down which layers are meant, for a run that goes on.

        Raises:
            WorkspaceError: It cannot be written.
        """
        values = {name: getattr(self, name) for name in ("title", "taken", "frozen", "total")}
        values["weights"] = self.digest
        atomic_write(folder / FILE_NAME, sealed_text(values, folder.name))

    @classmethod
    def load(cls, folder: Path) -> Beginning | None:
        """What a run that goes on has begun with; None: it is not known."""
        try:
            values = unsealed(read_object(folder / FILE_NAME), folder.name)
            taken, frozen, total = (
                member(values, name, int) for name in ("taken", "frozen", "total")
            )
            digest = member(values, "weights", str) if "weights" in values else ""
            return cls(member(values, "title", str), taken, frozen, total, digest=digest)
        except DAMAGED:
            return None


@dataclass(frozen=True, eq=False)
class Kept:
    """What of a network is kept from learning.

    Attributes:
        layers: Those with weights, from the input on.
        parts: These layers and what is within them, the outer before the inner, and whether each
            learns otherwise.
    """

    layers: tuple[keras.layers.Layer, ...]
    parts: tuple[tuple[keras.layers.Layer, bool], ...]

    def freeze(self) -> None:
        """Keeps them from learning; before the network is compiled."""
        for layer in self.layers:
            layer.trainable = False

    def thaw(self) -> None:
        """Lets them learn again; the network is to be compiled after it.

        BatchNormalization stays as it is: in Keras one that does not learn computes with what it
        has gathered, and would else forget that for what a few small batches say, as Keras's guide
        warns (https://keras.io/guides/transfer_learning/).
        """
        for part, learns in self.parts:
            part.trainable = learns and not _normalizes(part)

    @property
    def thaw_words(self) -> str:
        """What happens then, in a sentence or two."""
        if len(self.layers) == 1:
            layers, stay = "The first layer, which was kept as it was, learns", "it"
        else:
            layers, stay = f"The first {len(self.layers)} layers, which were kept, learn", "them"
        if not any(_normalizes(part) for part, _ in self.parts):
            return f"{layers} from here on."
        return f"{layers} from here on; BatchNormalization among {stay} stays as it is."


def _normalizes(part: keras.layers.Layer) -> bool:
    return isinstance(part, keras.layers.BatchNormalization)


@contextmanager
def trained_from(beginning: Beginning | None) -> Iterator[None]:
    """A context for a training, in which Keras does not warn of what is wanted: nothing learns."""
    with warnings.catch_warnings():
        if beginning is not None and beginning.frozen == beginning.total:
            warnings.filterwarnings("ignore", "The model does not have any trainable", UserWarning)
        yield


def weighted(network: keras.Model) -> list[keras.layers.Layer]:
    """The layers of a network that have weights, those of models within it among them, in order."""
    return list(_weighted(network))


def _weighted(network: keras.Model) -> Iterator[keras.layers.Layer]:
    for layer in network.layers:
        if isinstance(layer, keras.Model):
            yield from _weighted(layer)
        elif layer.weights:
            yield layer


def matched(
    source: keras.Model, network: keras.Model, start: StartSpec, title: str, is_same_head: bool
) -> Beginning:
    """Which layers of a network can begin with the weights of another one.

    Layers are compared from the input on, until one is of another kind or shape: what stands
    behind it was learnt from what came out of it.

    Args:
        source: Learnt before.
        network: Begins; its weights need not have memory.
        start: What is wanted.
        title: Of the source, in words.
        is_same_head: The last layer of both stands for the same, as far as that is known.

    Raises:
        SpecError: Nothing fits, or more shall be kept than fits.
    """
    given, wanted = weighted(source), weighted(network)
    taken = 0
    for before, after in zip(given, wanted, strict=False):
        if type(before) is not type(after) or _shapes(before) != _shapes(after):
            break
        taken += 1
    has_head = taken == len(wanted)
    if start.head == "keep" and not has_head:
        raise _problem("head", *_unlike(given, wanted, taken))
    keeps_head = start.head == "keep" or (start.head == "auto" and is_same_head)
    if has_head and not keeps_head:
        taken -= 1
    if not taken:
        raise _problem("source", *_unlike(given, wanted, 0))
    frozen = _frozen(start, wanted, taken)
    if start.thaw_after is not None and not frozen:
        raise _problem(
            "thaw_after",
            f"No layer is kept as it is, so none can begin to learn. Received: {start.thaw_after}.",
            "Leave it open: everything learns from the first epoch on.",
        )
    weights = tuple(tuple(layer.get_weights()) for layer in given[:taken])
    return Beginning(title, taken, frozen, len(wanted), weights, _digest(weights))


def _frozen(start: StartSpec, wanted: list[keras.layers.Layer], taken: int) -> int:
    """How many layers stay as they are."""
    if start.freeze == "everything":
        if taken < len(wanted):
            raise _problem(
                "freeze",
                f"The last {len(wanted) - taken} of {len(wanted)} layers with weights are new, and "
                "would never learn. Received: everything.",
                "Use 'body', or keep the last layer.",
            )
        return taken
    if start.freeze_up_to is not None:
        names = [layer.name for layer in wanted[:taken]]
        if start.freeze_up_to not in names:
            raise _problem(
                "freeze_up_to",
                f"No layer of that name is taken over. Received: {start.freeze_up_to!r}.",
                f"Name one of {', '.join(names[-8:])}.",
            )
        return names.index(start.freeze_up_to) + 1
    return min(taken, len(wanted) - 1) if start.freeze == "body" else 0


def _digest(weights: tuple[tuple[AnyArray, ...], ...]) -> str:
    found = hashlib.sha256()
    for values in weights:
        for value in values:
            found.update(f"{value.dtype.str} {value.shape}".encode())
            found.update(value.tobytes())
    return found.hexdigest()


def _shapes(layer: keras.layers.Layer) -> list[tuple[int, ...]]:
    return [tuple(weight.shape) for weight in layer.weights]


def _unlike(
    given: list[keras.layers.Layer], wanted: list[keras.layers.Layer], place: int
) -> tuple[str, str]:
    there, here = (
        _words(layers[place]) if place < len(layers) else "nothing" for layers in (given, wanted)
    )
    return (
        f"Layer {place + 1} with weights is {here} here and {there} there, so its weights cannot "
        "be taken over.",
        "Choose the same architecture with the same settings, or another one to start from.",
    )


def _words(layer: keras.layers.Layer) -> str:
    shapes = ", ".join("×".join(map(str, shape)) for shape in _shapes(layer))
    return f"{type(layer).__name__} ({shapes})"


def _problem(field: str, message: str, hint: str) -> SpecError:
    return SpecError([Problem(f"start.{field}", message, hint)])
