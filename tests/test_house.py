"""The house: no file imports in a circle, no module and no function is longer than one can read."""

import ast
import graphlib
from collections.abc import Iterator
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[1]
MODULE_LINES = 400
FUNCTION_LINES = 60


def _modules() -> Iterator[Path]:
    yield ROOT / "main.py"
    for room in ("engine", "gui"):
        yield from sorted((ROOT / room).rglob("*.py"))


def _functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_no_file_is_in_a_circle_of_imports():
    """Lazy imports and those for types alone are counted, too."""
    graph = grimp.build_graph("engine", "gui", exclude_type_checking_imports=False, cache_dir=None)
    taken = {
        module: graph.find_modules_directly_imported_by(module) - {module}
        for module in graph.modules
    }
    try:
        graphlib.TopologicalSorter(taken).prepare()
    except graphlib.CycleError as error:
        pytest.fail(f"Files import each other in a circle: {' -> '.join(error.args[1])}")


def test_no_module_is_longer_than_one_reads():
    lengths = {path: len(path.read_text("utf-8").splitlines()) for path in _modules()}
    long = {str(path.relative_to(ROOT)): n for path, n in lengths.items() if n > MODULE_LINES}
    assert not long, f"Modules of more than {MODULE_LINES} lines are two: {long}"


def test_no_function_is_longer_than_one_reads():
    long = {}
    for path in _modules():
        for node in _functions(ast.parse(path.read_text("utf-8"))):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > FUNCTION_LINES:
                long[f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"] = length
    assert not long, f"Functions of more than {FUNCTION_LINES} lines are two: {long}"


READERS = {
    "json": {"load", "loads", "JSONDecoder"},
    "zipfile": {"ZipFile"},
    "np": {"load", "fromregex"},
    "numpy": {"load"},
    "np.lib.format": {"read_magic", "read_array", "read_array_header_1_0", "read_array_header_2_0"},
    "configparser": {"ConfigParser", "RawConfigParser"},
    "pickle": {"load", "loads"},
    "tomllib": {"load", "loads"},
    "h5py": {"File"},
}
"""What takes whatever a file says, however long or deep."""
BOUNDED = ("engine/files/bounded.py", "engine/files/bounded_arrays.py")
ALLOWED = {
    # Arrays of a file whose digest is the published one, behind a header that was read bounded.
    ("engine/datasets/box/keras_data.py", "np.lib.format.read_array"),
    # What is written there.
    ("engine/inference/export/keras_files.py", "zipfile.ZipFile"),
    # A script with TensorFlow alone, which reads what was written for it a moment ago.
    ("engine/inference/export/apart.py", "json.loads"),
    ("engine/inference/export/apart.py", "np.load"),
    # They go out with a model, and run where nothing of Descent is.
    ("engine/inference/export/standalone/model.py", "json.loads"),
    ("engine/inference/export/standalone/verify.py", "json.loads"),
    # Opened by `open_archive`, or written; weights are walked through in a confined process.
    ("engine/inference/foreign_models/archive.py", "zipfile.ZipFile"),
    ("engine/inference/foreign_models/weights_file.py", "h5py.File"),
}


def _reader_calls(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Attribute):
            owner = ast.unparse(node.value)
            if node.attr in READERS.get(owner, ()) or node.attr == "model_validate_json":
                yield f"{owner}.{node.attr}"


def test_what_is_read_is_bounded_in_one_place():
    """JSON, archives and array headers are read in `engine.files.bounded` and beside it alone."""
    found = [
        (str(path.relative_to(ROOT)), call) for path in _modules() for call in _reader_calls(path)
    ]
    elsewhere = [item for item in found if item[0] not in BOUNDED and item not in ALLOWED]
    assert {item[0] for item in found}.issuperset(BOUNDED)  # the search finds what there is
    assert not elsewhere, f"Read by engine.files.bounded instead: {elsewhere}"
