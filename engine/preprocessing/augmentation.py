"""Which changes at random fit which kind of data; `engine.training.model.augmenter` makes them.

Those of Descent are fields of `AugmentationSpec`; those of other packages stand in its `plugins`,
by name, each with its own settings.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from engine.datasets.base import NoParameters
from engine.errors import Problem, SpecError
from engine.preprocessing.inputs import IMAGE_MAXIMUM
from engine.spec.parameters import Parameter, Parameters, describe, validate
from engine.spec.plugins.guarding import guarded, take_declared
from engine.spec.plugins.loading import OtherPackages
from engine.spec.plugins.record import Group, PluginRecord
from engine.spec.registry import Registry
from engine.spec.run_spec import AugmentationSpec, PreprocessingSpec
from engine.spec.signature import Kind

if TYPE_CHECKING:
    import tensorflow as tf

_OF_IMAGES = ("flip", "rotate", "shift", "zoom", "brightness", "noise")
FITTING: dict[Kind, tuple[str, ...]] = {
    Kind.TABLE: ("noise",),
    Kind.IMAGE: _OF_IMAGES,
    Kind.TEXT: ("token_dropout",),
    Kind.AUDIO: ("shift", "noise", "time_mask", "frequency_mask"),
    Kind.VIDEO: _OF_IMAGES,
    Kind.SERIES: ("noise", "scale"),
}
"""Settings of `AugmentationSpec` by the kind of data they fit."""
PLUGINS_FIELD: Final = "plugins"

_PLURALS = {
    Kind.TABLE: "tables",
    Kind.IMAGE: "images",
    Kind.TEXT: "texts",
    Kind.AUDIO: "recordings",
    Kind.VIDEO: "clips",
    Kind.SERIES: "series",
}


class Augmentation(ABC):
    """A random change of training examples, as another package brings it.

    A run that names it in ``augmentation.plugins`` uses it, with its settings there::

        {"augmentation": {"plugins": {"swap_channels": {"share": 0.5}}}}

    Attributes:
        name: What people type: lower case, digits and underscores; that of its entry point.
        title: What people read.
        help: One or two sentences: what it changes and when to use it.
        kinds: Kinds of data it fits.
        parameters: Its declared settings.

    Example::

        class ShakeParameters(Parameters):
            amount: float = parameter(0.1, label="Amount", help="Largest factor.", ge=0, le=1)

        class Shake(Augmentation):
            name, title, help = "shake", "Shake", "Stretches each number by up to a share."
            kinds, parameters = (Kind.TABLE, Kind.SERIES), ShakeParameters

            def change(self, x, seed, parameters):
                import tensorflow as tf  # here, not above: the window imports this file

                low, high = 1 - parameters.amount, 1 + parameters.amount
                return x * tf.random.stateless_uniform(tf.shape(x), seed, low, high)
    """

    name: str
    title: str
    help: str = ""
    kinds: tuple[Kind, ...]
    parameters: type[Parameters] = NoParameters

    @abstractmethod
    def change(self, x: tf.Tensor, seed: tf.Tensor, parameters: Any) -> tf.Tensor:
        """Returns a changed batch.

        Runs in TensorFlow's graph, in each training step; import TensorFlow here, not above. The
        same seed must give the same change: draw with ``tf.random.stateless_uniform(shape, seed)``
        and its like, never with NumPy or a generator of your own.

        Args:
            x: A batch as the network receives it, (n, *shape): images and clips from 0 to 1,
                other numbers scaled, float32; token ids, int32.
            seed: int32 (2,): another one for each step.
            parameters: An instance of `self.parameters`.

        Returns:
            A batch of the same shape and type. Of a table, only what was measured is taken of it:
            categories, words and gaps stay; of a text to be translated, what is written stays.
        """


class GuardedAugmentation(Augmentation):
    """An augmentation of another package, whose failures become words that name it.

    Args:
        augmentation: The augmentation.
        record: What is known of it.
    """

    def __init__(self, augmentation: Augmentation, record: PluginRecord) -> None:
        self._augmentation = augmentation
        self._record = record
        take_declared(self, augmentation, Augmentation)

    def change(self, x: tf.Tensor, seed: tf.Tensor, parameters: Any) -> tf.Tensor:
        import tensorflow as tf

        with guarded(self._record, "changing a batch"):
            changed = tf.convert_to_tensor(self._augmentation.change(x, seed, parameters))
            if changed.dtype != x.dtype or not changed.shape.is_compatible_with(x.shape):
                raise ValueError(
                    f"change must return {x.dtype.name} {tuple(x.shape)} as it was given. "
                    f"Received: {changed.dtype.name} {tuple(changed.shape)}"
                )
        # How many examples there are is known in the step alone; this costs nothing there.
        return changed if x.shape.is_fully_defined() else tf.reshape(changed, tf.shape(x))


AUGMENTATIONS: Registry[Augmentation] = Registry(
    "augmentation", [], OtherPackages(Group.AUGMENTATIONS, Augmentation, GuardedAugmentation)
)
"""Changes that other packages bring; those of Descent are fields of `AugmentationSpec`."""


def settings_for(kind: Kind) -> tuple[Parameter, ...]:
    """The settings to offer for a kind of data, in the order of `AugmentationSpec`."""
    return tuple(item for item in describe(AugmentationSpec) if item.name in FITTING[kind])


def active(spec: AugmentationSpec) -> tuple[str, ...]:
    """Names of Descent's own settings that change something; what is left open does not."""
    return tuple(
        item.name
        for item in describe(AugmentationSpec)
        if getattr(spec, item.name) not in (item.default, 0, None)
    )


def changes_something(spec: AugmentationSpec) -> bool:
    """Whether training examples are changed at all."""
    return bool(active(spec) or spec.plugins)


def plugin_problems(plugins: Mapping[str, Any]) -> list[Problem]:
    """What is wrong with the names and settings of other packages' augmentations."""
    problems: list[Problem] = []
    for name, values in plugins.items():
        path = f"augmentation.{PLUGINS_FIELD}.{name}"
        if name not in AUGMENTATIONS:
            unknown = AUGMENTATIONS.unknown(name)
            problems.append(Problem(path, unknown.message, unknown.hint))
        elif isinstance(values, Mapping):
            try:
                validate(AUGMENTATIONS[name].parameters, values, path)
            except SpecError as error:
                problems += error.problems
    return problems


def completed(spec: AugmentationSpec) -> AugmentationSpec:
    """Returns a spec in which every setting of other packages' augmentations is said.

    Raises:
        UnknownNameError: There is no augmentation of a name.
        SpecError: A setting is wrong.
    """
    whole = {
        name: validate(AUGMENTATIONS[name].parameters, values).model_dump(mode="json")
        for name, values in spec.plugins.items()
    }
    return spec.model_copy(update={PLUGINS_FIELD: whole})


def misfits(spec: AugmentationSpec, kind: Kind) -> list[Problem]:
    """What is wrong with the settings for a kind of data: those that would do nothing to it."""
    known = {item.name: item for item in describe(AugmentationSpec)}
    possible = ", ".join(item.label.lower() for item in settings_for(kind))
    own = [
        Problem(
            f"augmentation.{name}",
            f"{known[name].label} does not fit {_PLURALS[kind]}. "
            f"Received: {getattr(spec, name)!r}.",
            f"Set it to {_off(known[name])!r}. What fits {_PLURALS[kind]}: {possible}.",
        )
        for name in active(spec)
        if name not in FITTING[kind]
    ]
    return [
        *own,
        *plugin_problems(spec.plugins),
        *(
            Problem(
                f"augmentation.{PLUGINS_FIELD}.{name}",
                f"{AUGMENTATIONS[name].title} does not fit {_PLURALS[kind]}.",
                "Leave it out.",
            )
            for name in spec.plugins
            if name in AUGMENTATIONS and kind not in AUGMENTATIONS[name].kinds
        ),
    ]


def _off(setting: Parameter) -> Any:
    return 0.0 if setting.default is None else setting.default


def brightest(spec: PreprocessingSpec) -> float:
    """The largest value of an image as the network receives it; the smallest is 0."""
    return IMAGE_MAXIMUM if spec.scaling == "none" else 1.0
