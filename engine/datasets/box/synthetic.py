"""Data made on the spot from a seed, with a known truth behind it: for learning and for tests."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from engine.datasets.base import Dataset, Examples, Progress, silent
from engine.datasets.box.made import data_seed
from engine.spec.parameters import Parameters, parameter
from engine.spec.signature import Kind, Task

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_NOISE_HELP = "Standard deviation of the noise added to each point. More noise, harder to learn."


class SyntheticParameters(Parameters):
    """What all made data has in common."""

    n_samples: int = parameter(
        300,
        label="Examples",
        help="How many points are made.",
        ge=50,
        le=100_000,
    )
    noise: float = parameter(0.1, label="Noise", help=_NOISE_HELP, ge=0.0, le=10.0)
    seed: int = data_seed()


class _Points(Dataset):
    """Labelled points in a plane (or on a line)."""

    kind = Kind.TABLE
    task = Task.CLASSIFICATION
    recommended_model = "mlp"
    parameters: type[Parameters] = SyntheticParameters
    class_names: tuple[str, ...] = ()

    def _examples(
        self, x: FloatArray, y: IntArray, class_names: tuple[str, ...] = (), note: str = ""
    ) -> Examples:
        return Examples(
            x=x.astype(np.float64),
            y=y.astype(np.int64),
            kind=self.kind,
            task=Task.CLASSIFICATION,
            feature_names=_feature_names(x.shape[1]),
            target_name="class",
            class_names=class_names or self.class_names,
            notes=(note,) if note else (),
        )


# ---- regression


class NoisyLineParameters(SyntheticParameters):
    """The true line and its noise."""

    noise: float = parameter(1.5, label="Noise", help=_NOISE_HELP, ge=0.0, le=100.0)
    intercept: float = parameter(
        4.0, label="Intercept β0", help="Where the true line meets x = 0.", ge=-1e3, le=1e3
    )
    slope: float = parameter(
        2.5, label="Slope β1", help="How much y grows with x in truth.", ge=-1e3, le=1e3
    )


class NoisyLine(Dataset):
    """y = β0 + β1·x + ε with x uniform in [0, 10) and ε normal; 4 and 2.5 unless set."""

    name = "noisy_line"
    title = "Noisy line"
    description = "Points around the line y = β0 + β1·x. Does training find the line again?"
    kind = Kind.TABLE
    task = Task.REGRESSION
    recommended_model = "linear_regression"
    parameters = NoisyLineParameters

    def load(self, parameters: NoisyLineParameters, progress: Progress = silent) -> Examples:
        rng = np.random.default_rng(parameters.seed)
        x = rng.uniform(0.0, 10.0, parameters.n_samples)
        noise = rng.normal(0.0, parameters.noise, parameters.n_samples)
        truth = f"y = {parameters.intercept:g} {_term(parameters.slope, 'x')}"
        return Examples(
            x=x[:, np.newaxis],
            y=parameters.intercept + parameters.slope * x + noise,
            kind=self.kind,
            task=self.task,
            feature_names=("x",),
            target_name="y",
            notes=(f"The true line is {truth}; the noise has deviation {parameters.noise:g}.",),
        )


class NoisyPlaneParameters(SyntheticParameters):
    """The plane's dimensions and its noise."""

    # With 1.0, least squares itself misses a coefficient by 5 %.
    noise: float = parameter(0.5, label="Noise", help=_NOISE_HELP, ge=0.0, le=100.0)
    n_features: int = parameter(
        3, label="Features", help="How many inputs the plane has.", ge=2, le=50
    )


class NoisyPlane(Dataset):
    """y = β0 + β1·x1 + … + βn·xn + ε.

    x is standard normal, β0 is 5, and β1, β2, β3, … are 1, -2, 3, -4, …
    """

    name = "noisy_plane"
    title = "Noisy plane"
    description = (
        "A line in several dimensions: y = 5 + 1·x1 - 2·x2 + 3·x3 - … with noise. "
        "Does training find the coefficients again?"
    )
    kind = Kind.TABLE
    task = Task.REGRESSION
    recommended_model = "linear_regression"
    parameters = NoisyPlaneParameters
    intercept = 5.0

    @staticmethod
    def coefficients(n_features: int) -> FloatArray:
        """The true β1 … βn, (n_features,)."""
        order = np.arange(1, n_features + 1, dtype=np.float64)
        return np.where(order % 2 == 1, order, -order)

    def load(self, parameters: NoisyPlaneParameters, progress: Progress = silent) -> Examples:
        rng = np.random.default_rng(parameters.seed)
        x = rng.normal(size=(parameters.n_samples, parameters.n_features))
        coefficients = self.coefficients(parameters.n_features)
        noise = rng.normal(0.0, parameters.noise, parameters.n_samples)
        names = _feature_names(parameters.n_features)
        terms = [_term(value, name) for value, name in zip(coefficients, names, strict=True)]
        shown = " ".join(terms if len(terms) <= 6 else [*terms[:5], "…", terms[-1]])
        return Examples(
            x=x,
            y=self.intercept + x @ coefficients + noise,
            kind=self.kind,
            task=self.task,
            feature_names=names,
            target_name="y",
            notes=(
                f"The true plane is y = {self.intercept:g} {shown}; "
                f"the noise has deviation {parameters.noise:g}.",
            ),
        )


# ---- classification


class TwoClassesParameters(SyntheticParameters):
    """How far the classes overlap."""

    noise: float = parameter(
        1.2, label="Spread", help="Standard deviation of each class.", ge=0.1, le=10.0
    )


class TwoClasses(_Points):
    """Two normal distributions on a line, around -2 and 2, with equal deviation σ.

    The true log-odds are (4/σ²)·x: equal priors, and (x+2)² - (x-2)² = 8x, over 2σ².
    """

    name = "two_classes"
    title = "Two classes on a line"
    description = (
        "One number, two classes around -2 and 2 that overlap. "
        "Logistic regression finds the boundary between them, at 0."
    )
    recommended_model = "logistic_regression"
    parameters = TwoClassesParameters
    class_names = ("left", "right")
    centre = 2.0

    def load(self, parameters: TwoClassesParameters, progress: Progress = silent) -> Examples:
        rng = np.random.default_rng(parameters.seed)
        y = _balanced_labels(rng, parameters.n_samples, 2)
        x = rng.normal(np.where(y == 1, self.centre, -self.centre), parameters.noise)
        slope = 2.0 * self.centre / parameters.noise**2
        note = f"The true probability of 'right' is 1 / (1 + exp(-{slope:.3g}·x))."
        return self._examples(x[:, np.newaxis], y, note=note)


class Moons(_Points):
    """scikit-learn's `make_moons`."""

    name = "moons"
    title = "Two moons"
    description = "Two half circles that reach into each other. No straight line divides them."
    class_names = ("upper", "lower")

    def load(self, parameters: SyntheticParameters, progress: Progress = silent) -> Examples:
        from sklearn.datasets import make_moons

        x, y = make_moons(
            parameters.n_samples, noise=parameters.noise, random_state=parameters.seed
        )
        return self._examples(x, y)


class CirclesParameters(SyntheticParameters):
    """The circles' distance and noise."""

    noise: float = parameter(0.08, label="Noise", help=_NOISE_HELP, ge=0.0, le=10.0)
    factor: float = parameter(
        0.5,
        label="Inner radius",
        help="Radius of the inner circle; the outer one has radius 1.",
        ge=0.0,
        lt=1.0,
    )


class Circles(_Points):
    """scikit-learn's `make_circles`."""

    name = "circles"
    title = "Two circles"
    description = "A circle inside a circle. A hidden layer has to bend the boundary shut."
    parameters = CirclesParameters
    class_names = ("outer", "inner")

    def load(self, parameters: CirclesParameters, progress: Progress = silent) -> Examples:
        from sklearn.datasets import make_circles

        x, y = make_circles(
            parameters.n_samples,
            noise=parameters.noise,
            factor=parameters.factor,
            random_state=parameters.seed,
        )
        return self._examples(x, y)


class SpiralsParameters(SyntheticParameters):
    """How far the spirals are wound up."""

    n_samples: int = parameter(
        600, label="Examples", help="How many points are made.", ge=50, le=100_000
    )
    noise: float = parameter(0.03, label="Noise", help=_NOISE_HELP, ge=0.0, le=10.0)
    turns: float = parameter(
        1.25, label="Turns", help="How often each spiral winds around the centre.", gt=0.0, le=5.0
    )


class Spirals(_Points):
    """Two Archimedean spirals, half a turn apart, from radius 0.1 to 1."""

    name = "spirals"
    title = "Two spirals"
    description = "Two spirals wound into each other. Needs width, depth and patience."
    parameters = SpiralsParameters
    class_names = ("first", "second")

    def load(self, parameters: SpiralsParameters, progress: Progress = silent) -> Examples:
        rng = np.random.default_rng(parameters.seed)
        y = _balanced_labels(rng, parameters.n_samples, 2)
        # The square root spreads the points evenly along the arm, not densely at the centre.
        along = np.sqrt(rng.uniform(0.0, 1.0, parameters.n_samples))
        radius = 0.1 + 0.9 * along
        angle = 2.0 * np.pi * parameters.turns * along + np.pi * y
        x = radius[:, np.newaxis] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
        return self._examples(x + rng.normal(0.0, parameters.noise, x.shape), y)


class Xor(_Points):
    """Uniform points in the square from -1 to 1; the class is the sign of x1·x2."""

    name = "xor"
    title = "XOR"
    description = (
        "Four squares, coloured crosswise: the class is whether x1 and x2 have the same sign. "
        "The problem that a single layer cannot learn."
    )
    class_names = ("same sign", "different signs")

    def load(self, parameters: SyntheticParameters, progress: Progress = silent) -> Examples:
        rng = np.random.default_rng(parameters.seed)
        quadrant = _balanced_labels(rng, parameters.n_samples, 4)
        signs = np.array([(1, 1), (-1, -1), (1, -1), (-1, 1)], dtype=np.float64)[quadrant]
        x = signs * rng.uniform(0.0, 1.0, signs.shape)
        x += rng.normal(0.0, parameters.noise, x.shape)
        return self._examples(x, quadrant // 2)


class BlobsParameters(SyntheticParameters):
    """How many blobs, and how wide."""

    noise: float = parameter(
        1.0, label="Spread", help="Standard deviation of each blob.", ge=0.0, le=10.0
    )
    n_classes: int = parameter(3, label="Classes", help="How many blobs.", ge=2, le=10)
    n_features: int = parameter(
        2, label="Features", help="How many numbers each point has.", ge=2, le=50
    )


class Blobs(_Points):
    """Normal clouds, their centres spread around a circle of radius 5 in the first two features.

    Centres in the remaining features are drawn uniformly from -5 to 5.
    """

    name = "blobs"
    title = "Blobs"
    description = "Round clouds of points, one per class. Straight lines divide them well."
    recommended_model = "logistic_regression"
    parameters = BlobsParameters
    radius = 5.0

    def load(self, parameters: BlobsParameters, progress: Progress = silent) -> Examples:
        rng = np.random.default_rng(parameters.seed)
        y = _balanced_labels(rng, parameters.n_samples, parameters.n_classes)
        shape = (parameters.n_classes, parameters.n_features)
        centres = rng.uniform(-self.radius, self.radius, shape)
        angle = 2.0 * np.pi * np.arange(parameters.n_classes) / parameters.n_classes
        centres[:, :2] = self.radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)
        x = rng.normal(centres[y], parameters.noise)
        names = tuple(f"blob {number}" for number in range(1, parameters.n_classes + 1))
        return self._examples(x, y, names)


def _feature_names(n_features: int) -> tuple[str, ...]:
    if n_features == 1:
        return ("x",)
    return tuple(f"x{number}" for number in range(1, n_features + 1))


def _balanced_labels(rng: np.random.Generator, n_samples: int, n_classes: int) -> IntArray:
    """Class indices, (n_samples,), in random order; class sizes differ by one at most."""
    return rng.permutation(np.arange(n_samples, dtype=np.int64) % n_classes)


def _term(coefficient: float, name: str) -> str:
    return f"{'-' if coefficient < 0 else '+'} {abs(coefficient):g}·{name}"
