"""Composing: `predict.py`, the code that goes out with a model, from the parts it needs."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from engine.devices.clean_python import source_of
from engine.preprocessing import cutting

FILE_NAME: Final = "predict.py"
_SHOWN: Final = 64
"""Numbers of an example that are written out."""
_PARTS: Final = Path(__file__).parent / "standalone"
_RUNTIMES: Final = {"keras": "run_keras", "saved_model": "run_saved_model", "onnx": "run_onnx"}
_PREPARES: Final = {"image": "prepare_image", "text": "prepare_text"}
_HEAD: Final = '''"""Predicts with the model in this folder, outside of Descent.

Needs NumPy and {needs}.
An example stands in example.py; verify.py checks all of it.
"""

from __future__ import annotations
'''
_NEEDS: Final = {
    "run_keras": "Keras with TensorFlow",
    "run_saved_model": "TensorFlow",
    "run_onnx": "ONNX Runtime (python -m pip install onnxruntime)",
    "run_litert": "LiteRT (python -m pip install ai-edge-litert)",
}


def predict_code(card: Mapping[str, Any]) -> str:
    """The file that predicts with a model, given its card."""
    runtime = _RUNTIMES.get(card["format"], "run_litert")
    paths = [_PARTS / f"{name}.py" for name in (_prepare(card), runtime)]
    if card["kind"] == "text":
        paths.insert(0, source_of(cutting.__file__))
    if "writes" in card:
        paths.append(_PARTS / "writing.py")
    paths += [_PARTS / "restore.py", _PARTS / "model.py"]
    return _HEAD.format(needs=_NEEDS[runtime]) + _joined(paths)


def verify_code() -> str:
    """The file that checks a model against its proof."""
    return (_PARTS / "verify.py").read_text("utf-8")


def example_code(card: Mapping[str, Any], inputs: Any, answer: Any) -> str:
    """A worked example: the first of the examples that were asked, and what the model said.

    Args:
        card: Of the model.
        inputs: One example, as `predict` takes them: columns, or a list.
        answer: What was answered.
    """
    given = "proof['inputs']"
    lines = [
        '"""An example: asks the model in this folder, and prints what it answers."""',
        "",
        "from predict import Model",
        "",
        "model = Model()",
    ]
    if isinstance(inputs, Mapping):
        rows = [f"    {name!r}: {list(cells)!r}," for name, cells in inputs.items()]
        lines += ["columns = {  # None in gaps; dates as days since 1970", *rows, "}"]
        given = "columns"
    elif isinstance(inputs[0], str):
        lines.append(f"texts = {list(inputs)!r}")
        given = "texts"
    else:
        shape, kind = tuple(card["prepare"]["raw_shape"]), card["kind"]
        what = "0 to 255" if kind in ("image", "video") else "in the data's own units"
        lines[2:3] = ["import numpy as np", "", "from predict import Model"]
        lines.append(f"# Numbers {what}, an array of the shape (n, {', '.join(map(str, shape))}).")
        names = card["prepare"].get("feature_names") or ()
        lines += [f"# The columns: {', '.join(names)}."] if names else []
        if inputs.size <= _SHOWN:
            lines.append(f"examples = np.array({inputs.tolist()!r})")
            given = "examples"
        else:
            lines.append(f"examples = np.zeros({(1, *shape)!r})  # put yours in its place")
            given = "zeros"
    lines.append(f"print(model.predict({'examples' if given == 'zeros' else given}))")
    if given != "zeros":
        lines.append(f"# {answer!r}")
    return "\n".join(lines) + "\n"


def _prepare(card: Mapping[str, Any]) -> str:
    if "inputs" in card:
        return "prepare_table"
    return _PREPARES.get(card["kind"], "prepare_array")


def _joined(paths: Sequence[Path]) -> str:
    """Several modules as one: their imports once, what they say of types alone left out."""
    imports: dict[str, None] = {}
    bodies = []
    for path in paths:
        source = path.read_text("utf-8")
        tree = ast.parse(source)
        lines = source.splitlines()
        last = 0
        for node in tree.body:
            is_doc = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
            is_import = isinstance(node, ast.Import | ast.ImportFrom)
            for_types = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
            if not (is_doc or is_import or for_types):
                break
            last = node.end_lineno or 0
            if is_import:
                imports[ast.unparse(node)] = None
        bodies.append("\n".join(lines[last:]).strip())
    return f"\n{_sorted(imports)}\n\n\n" + "\n\n\n".join(bodies) + "\n"


def _sorted(imports: Iterable[str]) -> str:
    """Import statements as they usually stand: Python's own first."""
    wanted = {line for line in imports if "__future__" not in line and "TYPE_CHECKING" not in line}
    if any(line.startswith("from typing") for line in imports):
        wanted.add("from typing import Any")
    own = [line for line in wanted if line.split()[1].partition(".")[0] in sys.stdlib_module_names]
    groups = (own, wanted.difference(own))
    return "\n\n".join("\n".join(sorted(group, key=_kind_of_import)) for group in groups)


def _kind_of_import(line: str) -> tuple[bool, str]:
    return not line.startswith("import "), line
