"""The lists of what goes into a package, and of what does not."""

from __future__ import annotations

from fnmatch import fnmatch
from importlib.metadata import Distribution
from pathlib import PurePath
from typing import Final

RESOURCES: Final = ("icons", "languages", "pages")
RESOURCE_FILES: Final = ("changelog.md", "descent.svg", "style.qss")

WHOLE_PACKAGES: Final = (
    # Modules of ours that are found by name alone: pages, commands, exports.
    "engine",
    "gui",
    # Imported when they are first asked for.
    "keras",
    "gymnasium.envs.classic_control",
    "num2words",
    "tf2onnx",
    "onnx",
    "ai_edge_litert",
    "pygments.lexers",
    "wakepy",
)
HIDDEN: Final = ("main", "pynvml", "onnxruntime", "soundfile", "sklearn.datasets.data")

WITH_SOURCES: Final = ("engine", "gui", "keras")

WITH_DATA: Final = (
    "sklearn.datasets",
    "ziamath",
    "ziafont",
    "latex2mathml",
    "qtawesome",
    "pyqtgraph",
    "sacrebleu",
    "gymnasium",
)

_WITH_METADATA: Final = (
    # Whose versions are told, or are asked for by others while they are imported.
    "tensorflow",
    "tensorflow-cpu",
    "keras",
    "numpy",
    "pandas",
    "scipy",
    "scikit-learn",
    "pyarrow",
    "pillow",
    "h5py",
    "pyside6",
    "gymnasium",
    "tf2onnx",
    "onnx",
    "onnxruntime",
    "ai-edge-litert",
    "soundfile",
    "av",
    "num2words",
    "babel",
    "wakepy",
)

EXCLUDED: Final = (
    # Of other toolkits, and of those who develop.
    "tkinter",
    "PyQt5",
    "PyQt6",
    "PySide2",
    "IPython",
    "matplotlib",
    "pytest",
    "hypothesis",
    "setuptools",
    "pip",
    "torch",
    "jax",
    "tensorboard",
    "openvino",
    "grpc",
    # Files on other machines.
    "pyarrow._flight",
    "pyarrow._s3fs",
    "pyarrow.flight",
    # Of Qt, what the window has no use for.
    "PySide6.QtQml",
    "PySide6.QtQuick",
    "PySide6.QtSql",
    "PySide6.QtDataVisualization",
    "pyqtgraph.examples",
    "pyqtgraph.opengl",
)

_UNWANTED: Final = (
    # What belongs to developers.
    "tensorflow/include/*",
    "tensorflow/xla_aot_runtime_src/*",
    "*/tests/*",
    "*.lib",
    "*.a",
    "pyarrow/include/*",
    "pyarrow/src/*",
    "pyarrow/libarrow_flight*",
    "pyarrow/libarrow_python_flight*",
    "pyarrow/libarrow_s3*",
    "numpy/_core/include/*",
    "onnx/backend/test/*",
    "gymnasium/envs/mujoco/*",
    # LiteRT is asked on the processor.
    "ai_edge_litert/*Accelerator*",
    # A keyboard on the screen, PDF as pictures, screens without a desktop, and another toolkit's
    # look: each brings the whole of what it stands on.
    "*/platforminputcontexts/*virtualkeyboard*",
    "*/imageformats/*qpdf*",
    "*/egldeviceintegrations/*",
    "*/platforms/*qeglfs*",
    "*Qt6EglF*",
    "*/platformthemes/*gtk3*",
    "*Qt6VirtualKeyboard*",
    "*Qt6Pdf*",
    "libgtk-3*",
    "libgdk-3*",
)


def is_wanted(place: str) -> bool:
    """Whether a file belongs into a package.

    Args:
        place: Where it would lie, below the folder of the package.
    """
    path = PurePath(place).as_posix()
    return not any(fnmatch(path, pattern) for pattern in _UNWANTED)


def with_metadata() -> list[str]:
    """The packages that keep what they say of themselves, those that are installed."""
    return [name for name in _WITH_METADATA if any(Distribution.discover(name=name))]


MAC_IDENTIFIER: Final = "org.descent.Descent"
MAC_PROPERTIES: Final = {
    "NSHighResolutionCapable": True,
    "NSMicrophoneUsageDescription": "To try models of sounds on what you record.",
    "CFBundleDocumentTypes": [
        {
            "CFBundleTypeName": "Run of Descent",
            "CFBundleTypeRole": "Viewer",
            "LSHandlerRank": "Owner",
            "LSItemContentTypes": ["org.descent.run"],
        }
    ],
    "UTExportedTypeDeclarations": [
        {
            "UTTypeIdentifier": "org.descent.run",
            "UTTypeDescription": "Run of Descent",
            "UTTypeConformsTo": ["public.data", "public.archive"],
            "UTTypeTagSpecification": {"public.filename-extension": ["descent"]},
        }
    ],
}
