"""What other packages build on: the base classes of what they can add, and what those speak of.

A package adds to Descent by an entry point in one of five groups; the name of the entry point is
the `name` of the class::

    [project.entry-points."descent.datasets"]
    two_moons = "my_package.data:TwoMoons"

========================= ================ =====================================================
group                     base class       what it adds
========================= ================ =====================================================
``descent.datasets``      `Dataset`        a card on the Data page, ``--data NAME``
``descent.formats``       `Format`         a kind of file or folder that can be opened
``descent.architectures`` `Architecture`   a card on the Model page, ``--model NAME``
``descent.augmentations`` `Augmentation`   a random change of training examples
``descent.plots``         `Plot`           a view of a run on the Results page
========================= ================ =====================================================

Importing a plug-in must be light: the window imports it, and never TensorFlow or Keras. Import
those inside `build` and `change`, as Descent's own architectures do. The docstring of each base
class has a worked example; .github/PLUGINS.md tells the rest.
"""

from engine.architectures.base import (
    Architecture,
    TrainingDefaults,
    embedded,
    output_layer,
    require,
)
from engine.architectures.known_examples import KnownExamples, LastValue
from engine.datasets.base import Dataset, Examples, NoParameters, Progress, silent
from engine.datasets.files import Glance
from engine.datasets.formats import FileDataset, Format
from engine.errors import DatasetError, DescentError, Problem
from engine.preprocessing.augmentation import Augmentation
from engine.spec.parameters import Parameters, parameter
from engine.spec.plugins.plots import Chart, Plot, RunData, Series
from engine.spec.run_spec import DataSpec
from engine.spec.signature import Kind, Output, Signature, Task

__all__ = [
    "Architecture",
    "Augmentation",
    "Chart",
    "DataSpec",
    "Dataset",
    "DatasetError",
    "DescentError",
    "Examples",
    "FileDataset",
    "Format",
    "Glance",
    "Kind",
    "KnownExamples",
    "LastValue",
    "NoParameters",
    "Output",
    "Parameters",
    "Plot",
    "Problem",
    "Progress",
    "RunData",
    "Series",
    "Signature",
    "Task",
    "TrainingDefaults",
    "embedded",
    "output_layer",
    "parameter",
    "require",
    "silent",
]
