"""Classic small tables that come with scikit-learn."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from engine.datasets.base import Dataset, Examples, Progress, silent
from engine.spec.signature import Kind, Task


class ClassicTable(Dataset):
    """A table loaded by one of scikit-learn's `load_…` functions."""

    kind = Kind.TABLE
    target_name: ClassVar[str]
    loader: ClassVar[str]
    loader_options: ClassVar[dict[str, Any]] = {}

    def load(self, parameters: Any, progress: Progress = silent) -> Examples:
        """Returns the table with scikit-learn's own column and class names."""
        from sklearn import datasets

        bunch = getattr(datasets, self.loader)(**self.loader_options)
        assert self.task is not None
        is_classification = self.task is Task.CLASSIFICATION
        return Examples(
            x=bunch.data.astype(np.float64),
            y=bunch.target.astype(np.int64 if is_classification else np.float64),
            kind=self.kind,
            task=self.task,
            feature_names=tuple(str(name) for name in bunch.feature_names),
            target_name=self.target_name,
            class_names=tuple(str(n) for n in bunch.target_names) if is_classification else (),
        )


class Iris(ClassicTable):
    """Four lengths and widths; three species."""

    name = "iris"
    title = "Iris flowers"
    description = (
        "150 iris flowers of three species, told apart by the length and width of their sepals "
        "and petals (R. A. Fisher, 1936)."
    )
    task = Task.CLASSIFICATION
    recommended_model = "logistic_regression"
    target_name = "species"
    loader = "load_iris"


class Wine(ClassicTable):
    """Thirteen chemical measurements; three growers."""

    name = "wine"
    title = "Wines"
    description = (
        "178 Italian wines from three growers, told apart by 13 chemical measurements (UCI)."
    )
    task = Task.CLASSIFICATION
    recommended_model = "logistic_regression"
    target_name = "grower"
    loader = "load_wine"


class BreastCancer(ClassicTable):
    """Thirty measurements of cell nuclei; two diagnoses."""

    name = "breast_cancer"
    title = "Breast cancer"
    description = (
        "569 tumours, malignant or benign, told apart by 30 measurements of their cell nuclei "
        "(Wisconsin, UCI)."
    )
    task = Task.CLASSIFICATION
    recommended_model = "logistic_regression"
    target_name = "diagnosis"
    loader = "load_breast_cancer"


class Diabetes(ClassicTable):
    """Ten measurements; a quantity to predict."""

    name = "diabetes"
    title = "Diabetes"
    description = (
        "442 patients: how far their diabetes went in a year, from age, sex, body mass index, "
        "blood pressure and six blood values, s1 to s6 (Efron et al., 2004)."
    )
    task = Task.REGRESSION
    recommended_model = "linear_regression"
    target_name = "progression"
    loader = "load_diabetes"
    # As published, in the patients' own units; scikit-learn's default is already scaled.
    loader_options: ClassVar[dict[str, Any]] = {"scaled": False}
