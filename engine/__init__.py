"""Descent's engine: data, models, training, runs. Knows nothing of windows.

Importing it is light: TensorFlow and Keras are imported only where a worker executes them.
"""

from typing import Final

__version__: Final = "0.2.0"
"""The version of Descent, written here alone: the package's own data, `--version` and the window
read it, whether Descent is installed or started from a clone."""
