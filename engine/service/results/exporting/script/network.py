"""The network and its first weights, in plain Keras."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from engine.architectures import ARCHITECTURES
from engine.files import atomic_write
from engine.graph.code import code_of
from engine.graph.layer_graph import LayerGraph
from engine.graph.reading import of_model
from engine.service.results.exporting.script.boosted_trees import trees_code
from engine.service.results.exporting.script.document import Section
from engine.service.results.exporting.script.subject import NotWritten, Subject, digest

if TYPE_CHECKING:
    import keras

TITLE: Final = "The network"


def ways(subject: Subject, path: Path) -> Iterator[Section]:
    """Sections that may build the network with its first weights, the most readable first.

    Args:
        subject: The run.
        path: Where the first weights are written if nothing else gives them.

    Raises:
        NotWritten: The network is of layers that have no code.
        OSError: The weights cannot be written.
    """
    graph = _graph(subject)
    seeded = "# The seed decides the first weights.\nkeras.utils.set_random_seed(SEED)\n\n"
    built = _built(graph)
    needs = _needs(graph)
    yield Section(TITLE, seeded + built, needs)
    if (trees := trees_code(subject)) is not None:
        code, more = trees
        yield Section(TITLE, f"{seeded}{built}\n\n{code}", (*needs, *more))
    yield _from_file(subject, path, seeded + built, needs)


def _from_file(subject: Subject, path: Path, built: str, needs: tuple[str, ...]) -> Section:
    """Writes the first weights beside the script, by the layer they belong to."""
    values: dict[str, Any] = {
        f"{layer.name}/{place}": np.asarray(variable)
        for layer in subject.network.layers
        for place, variable in enumerate(layer.variables)
    }
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **values)
    atomic_write(path, buffer.getvalue())
    computes = ARCHITECTURES[subject.spec.model.chosen].computes
    why = f"Descent computed {computes}" if computes else "Descent drew them in another order"
    if subject.beginning is not None:
        why = " ".join(subject.beginning.taken_words.split())
    starting = (
        f"\n\n# The first weights lie in the file: {why}.\n"
        f'with np.load(HERE / "{path.name}") as first:\n'
        "    for layer in model.layers:\n"
        "        for place, variable in enumerate(layer.variables):\n"
        '            variable.assign(first[f"{layer.name}/{place}"])'
    )
    return Section(TITLE, built + starting, (*needs, "import numpy as np"))


def _graph(subject: Subject) -> LayerGraph:
    try:
        return of_model(subject.network)
    except ValueError as error:
        raise NotWritten(f"The network cannot be written as code: {error}") from error


def _built(graph: LayerGraph) -> str:
    lines = code_of(graph).splitlines()
    return "\n".join(
        line for line in lines if not line.startswith(("import ", "from keras"))
    ).strip()


def _needs(graph: LayerGraph) -> tuple[str, ...]:
    return tuple(
        line for line in code_of(graph).splitlines() if line.startswith(("import ", "from keras"))
    )


def state_of(network: keras.Model) -> dict[str, str]:
    """Digests of all weights, and of what random layers begin with, by the layer they belong to."""
    return {
        f"{layer.name}/{place}": digest(np.asarray(variable))
        for layer in network.layers
        for place, variable in enumerate(layer.variables)
    }


def is_built(subject: Subject, names: dict[str, Any]) -> bool:
    """Whether a section has built the same network: the same first weights, the same answers."""
    made, network = names.get("model"), subject.network
    if made is None or state_of(made) != state_of(network):
        return False
    some = np.zeros((2, *network.input_shape[1:]), network.inputs[0].dtype)
    some[1] = 1
    return bool(np.array_equal(made(some, training=False), network(some, training=False)))
