"""Layers that a run keeps as they are, for good or for some epochs, in plain Keras."""

from __future__ import annotations

from typing import Final

from engine.service.results.exporting.script.document import listed
from engine.service.results.exporting.script.subject import NotWritten, Subject

_BEST: Final = '''\
class Best(keras.callbacks.Callback):
    """Keeps the weights of the epoch with the lowest loss, of both trainings."""

    loss, weights = np.inf, None

    def on_epoch_end(self, epoch, logs=None):
        if logs["{monitor}"] < self.loss:
            self.loss, self.weights = logs["{monitor}"], self.model.get_weights()

'''


def thaws(subject: Subject) -> bool:
    """Whether layers that are kept at first learn later, as far as the run came to that."""
    after = subject.spec.start.thaw_after
    return subject.beginning is not None and after is not None and subject.epochs > after


def kept_code(subject: Subject) -> str:
    """Statements that keep layers from learning; empty where all learn.

    Raises:
        NotWritten: They are within other layers, where they have no name of their own.
    """
    names, _ = _names(subject)
    if not names:
        return ""
    return (
        "# These begin with what was learnt before, and are kept as they are.\n"
        f"kept = {listed(names)}\n"
        "for name in kept:\n"
        "    model.get_layer(name).trainable = False"
    )


def thawed_code(subject: Subject) -> str:
    """Statements that let them learn again, but for what stays as it is."""
    names, thawed = _names(subject)
    if thawed == names:
        return (
            "# Now they learn, too, in smaller steps.\n"
            "for name in kept:\n"
            "    model.get_layer(name).trainable = True"
        )
    return (
        "# Now they learn, too, in smaller steps; batch normalization stays as it is.\n"
        f"for name in {listed(thawed)}:\n"
        "    model.get_layer(name).trainable = True"
    )


def best_code(subject: Subject) -> str:
    """A callback that keeps the best weights of both trainings."""
    monitor = "val_loss" if len(subject.rows("validation")) else "loss"
    return _BEST.format(monitor=monitor)


def _names(subject: Subject) -> tuple[list[str], list[str]]:
    """Names of the layers that are kept, and of those of them that are thawed.

    Raises:
        NotWritten: As `kept_code`.
    """
    if subject.beginning is None:
        return [], []
    kept = subject.beginning.kept_of(subject.network)
    own = {id(layer) for layer in subject.network.layers}
    if any(id(layer) not in own for layer in kept.layers):
        raise NotWritten("Layers that were kept as they are lie within another model.")
    try:
        kept.thaw()
        thawed = [layer for layer in kept.layers if layer.trainable]
        within = [part for layer in thawed for part in layer._flatten_layers()]
        is_whole = all(part.trainable for part in within)
    finally:
        for part, learns in kept.parts:
            part.trainable = learns
    if not is_whole:
        raise NotWritten("A layer that was kept has parts of which some never learn.")
    return [layer.name for layer in kept.layers], [layer.name for layer in thawed]
