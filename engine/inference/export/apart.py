"""Converts a graph for LiteRT in a process of its own: the converter may end its process.

Learning ranges for 8 bits runs the model inside the converter, in native code, which some loops
bring down. Run as a script, with TensorFlow and NumPy alone; `converted_apart` starts it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

_GRAPH, _NAMES, _SAMPLES, _FILE = "graph.pb", "names.json", "samples.npz", "model.tflite"
_MOST_SECONDS: Final = 900


def converted_apart(function: Any, samples: npt.NDArray[Any]) -> bytes:
    """Converts a graph to 8 bits.

    Args:
        function: A concrete function without variables, of one tensor.
        samples: What it may be given, (n, …), from which the ranges of all values are learnt;
            none: weights alone are of 8 bits.

    Raises:
        ValueError: The converter refused it, or did not survive it.
    """
    names = {
        "inputs": [tensor.name for tensor in function.inputs],
        "outputs": [tensor.name for tensor in function.outputs],
    }
    # Here alone: this file is the script, too, which knows nothing of Descent.
    from engine.devices.clean_python import script_command, source_of

    with tempfile.TemporaryDirectory() as aside:
        folder = Path(aside)
        (folder / _GRAPH).write_bytes(function.graph.as_graph_def().SerializeToString())
        (folder / _NAMES).write_text(json.dumps(names), "utf-8")
        np.savez(folder / _SAMPLES, samples=samples)
        command = script_command(source_of(__file__), aside)
        try:
            ended = subprocess.run(command, capture_output=True, timeout=_MOST_SECONDS, check=False)
        except subprocess.TimeoutExpired:
            raise ValueError("The converter did not end.") from None
        if ended.returncode < 0:
            raise ValueError("The converter itself breaks down over it.")
        if ended.returncode:
            lines = ended.stderr.decode("utf-8", "replace").strip().splitlines()
            raise ValueError(lines[-1] if lines else "The converter gave no reason.")
        return (folder / _FILE).read_bytes()


def _convert(folder: Path) -> None:
    import tensorflow as tf
    from tensorflow.python.eager import wrap_function

    graph = tf.compat.v1.GraphDef.FromString((folder / _GRAPH).read_bytes())
    names = json.loads((folder / _NAMES).read_text("utf-8"))
    with np.load(folder / _SAMPLES) as kept:
        samples = kept["samples"]
    function = wrap_function.function_from_graph_def(graph, names["inputs"], names["outputs"])
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function], tf.Module())
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if len(samples):
        rows = np.split(samples, len(samples))
        converter.representative_dataset = lambda: ([row] for row in rows)
        # What has no form in 8 bits stays in 32; what goes in and comes out, too.
        converter.target_spec.supported_ops = [
            tf.lite.OpsSet.TFLITE_BUILTINS_INT8,
            tf.lite.OpsSet.TFLITE_BUILTINS,
        ]
    (folder / _FILE).write_bytes(converter.convert())


if __name__ == "__main__":
    _convert(Path(sys.argv[1]))
