"""The weights that Keras publishes for its applications: where they are kept, from whom, how large.

As with data sets, nothing is downloaded unless `download` is called, once someone has said yes.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from engine.datasets.base import Progress, silent
from engine.datasets.box import keras_files
from engine.datasets.box.keras_files import KerasFile

_STORAGE: Final = "https://storage.googleapis.com/tensorflow/keras-applications/"


@dataclass(frozen=True)
class WeightsFile(KerasFile):
    """A file of weights without the last layer, as Keras names it in its cache.

    Attributes:
        license: Under which its authors publish it.
        digest: The MD5 of `keras.applications`; empty where that publishes none.
    """

    license: str = ""
    can_resume = True

    @property
    def location(self) -> Path:
        """Where Keras keeps weights: ``models`` below ``KERAS_HOME``."""
        return keras_files.keras_folder() / "models" / self.path


# Addresses and MD5 as in keras.applications (Keras 3.15), licences as in its documentation.
WEIGHTS: Final[dict[str, WeightsFile]] = {
    name: WeightsFile(path, f"{folder}{path}", size, digest, terms)
    for name, folder, path, size, digest, terms in (
        (
            "MobileNetV2",
            f"{_STORAGE}mobilenet_v2/",
            "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5",
            9_406_464,
            "",
            "Apache 2.0",
        ),
        (
            "MobileNetV3Small",
            f"{_STORAGE}mobilenet_v3/",
            "weights_mobilenet_v3_small_224_1.0_float_no_top_v2.h5",
            4_334_752,
            "d3e8ec802a04aa4fc771ee12a9a9b836",
            "Apache 2.0",
        ),
        (
            "EfficientNetB0",
            "https://storage.googleapis.com/keras-applications/",
            "efficientnetb0_notop.h5",
            16_705_208,
            "50bc09e76180e00e4465e1a485ddc09d",
            "Apache 2.0",
        ),
        (
            "EfficientNetV2B0",
            f"{_STORAGE}efficientnet_v2/",
            "efficientnetv2-b0_notop.h5",
            24_274_472,
            "893217f2bb855e2983157299931e43ff",
            "Apache 2.0",
        ),
        (
            "ResNet50",
            f"{_STORAGE}resnet/",
            "resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5",
            94_765_736,
            "4d473c1dd8becc155b73f8504c6f6626",
            "MIT",
        ),
        (
            "DenseNet121",
            f"{_STORAGE}densenet/",
            "densenet121_weights_tf_dim_ordering_tf_kernels_notop.h5",
            29_084_464,
            "30ee3e1110167f948a6b9946edeeb738",
            "BSD 3-Clause",
        ),
        (
            "Xception",
            f"{_STORAGE}xception/",
            "xception_weights_tf_dim_ordering_tf_kernels_notop.h5",
            83_683_744,
            "b0042744bf5b25fce3cb969f33bebb97",
            "MIT",
        ),
    )
}


def download(application: str, progress: Progress = silent) -> Path:
    """Downloads the weights of an application into Keras's cache. Ask first.

    Returns:
        Where they are.

    Raises:
        DatasetError: They cannot be had, or are not what Keras publishes; what is there of them is
            kept, and the next time the rest is asked for.
        Cancelled: Someone asked to stop; likewise.
    """
    file = WEIGHTS[application]
    keras_files.download([file], progress)
    return file.location
