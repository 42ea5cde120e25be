"""Asks an exported model the questions of `proof.json`, and says whether it answers as it should.

    python verify.py [FOLDER]

It needs this folder, NumPy and the runtime of the model's format, nothing else. It ends with 0
where everything is as it was when the model was handed over, and with 1 where it is not.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import importlib.util
import json
import math
import sys
import time
import zlib
from pathlib import Path
from typing import Any

import numpy as np

MOST_BYTES = 1 << 30
SECONDS, LEAST_CALLS, MOST_CALLS = 0.5, 5, 1000  # of measuring


def main() -> int:
    """Checks a folder."""
    parser = argparse.ArgumentParser(description="Checks an exported model against its proof.")
    parser.add_argument("folder", nargs="?", type=Path, default=Path(__file__).parent)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--threads", type=int, help="how many the runtime may use")
    parser.add_argument("--measure", action="store_true", help="measure how long it takes, too")
    parser.add_argument("--only-measure", action="store_true", help="measure, and check nothing")
    parser.add_argument("--outputs", type=Path, help="write what the model answered, as .npz")
    parser.add_argument("--code", type=Path, help="use predict.py of this folder")
    given = parser.parse_args()
    try:
        found = checked(given)
    except Exception as error:
        reason = f"It cannot be asked: {type(error).__name__}: {error}"
        found = {"problems": [" ".join(reason.split())[:1000]]}
    found["is_sound"] = not found["problems"]
    if given.json:
        sys.stdout.write(json.dumps(found) + "\n")
    else:
        sys.stdout.write("\n".join(words(found)) + "\n")
    return 0 if found["is_sound"] else 1


def words(found: dict[str, Any]) -> list[str]:
    """What was found, for people."""
    lines = [f"WRONG: {problem}" for problem in found["problems"]]
    if "checked" in found:
        told = f"{found['checked']} examples were asked"
        if found["largest_difference"] is not None:
            told += f"; largest difference {found['largest_difference']:.1g}"
        if found["same"] is not None:
            told += f"; the same answer in {found['same']:.1%}"
        lines.append(told + ".")
    for item in found.get("latencies", []):
        lines.append(f"{item['median_ms']:.3g} ms an example, {item['batch']} at once.")
    lines.append("The model is as it was handed over." if found["is_sound"] else "Do not use it.")
    return lines


def checked(given: argparse.Namespace) -> dict[str, Any]:
    """Checks files and answers of a folder."""
    folder: Path = given.folder
    proof = json.loads((folder / "proof.json").read_text("utf-8"))
    problems: list[str] = []
    if proof.pop("seal") != seal_of(proof):
        problems.append("proof.json was changed after it was written.")
    for name, digest in proof["files"].items():
        path = folder / name
        if not path.is_file():
            problems.append(f"'{name}' is missing.")
        elif hashlib.sha256(path.read_bytes()).hexdigest() != digest:
            problems.append(f"'{name}' was changed after it was written.")
    before = memory_bytes()
    model = code(given.code or folder).Model(folder, given.threads)
    inputs, expected = unpacked(proof["inputs"]), unpacked(proof["outputs"])
    if given.only_measure:
        return {"problems": problems, "latencies": measured(model, inputs, proof)}
    outputs = model.outputs(inputs)
    if given.outputs:
        np.savez(given.outputs, outputs=outputs.astype(str) if outputs.dtype == object else outputs)
    found = compared(outputs, expected, proof["limits"])
    problems += found["problems"] + named(model, proof)
    found["problems"] = problems
    found["checked"] = len(expected)
    found["memory_bytes"] = memory_bytes() - before
    if given.measure:
        found["latencies"] = measured(model, inputs, proof)
    found["modules"] = sorted({name.partition(".")[0] for name in sys.modules})
    return found


def some_of(inputs: Any, rows: list[int]) -> Any:
    """Some examples, by their places."""
    if isinstance(inputs, dict):
        return {name: [cells[row] for row in rows] for name, cells in inputs.items()}
    return [inputs[row] for row in rows]


def code(folder: Path) -> Any:
    """The module predict.py of a folder."""
    spec = importlib.util.spec_from_file_location("predict", folder / "predict.py")
    if spec is None or spec.loader is None:
        raise ValueError("predict.py cannot be read.")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def seal_of(proof: dict[str, Any]) -> str:
    """The digest of everything else in proof.json."""
    text = json.dumps({key: proof[key] for key in sorted(proof) if key != "seal"}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def unpacked(values: Any) -> Any:
    """Columns and texts as they are; an array from its bytes, zipped and in base64."""
    if not isinstance(values, dict) or "zlib" not in values:
        return values
    kind, size = np.dtype(values["dtype"]), math.prod(values["shape"])
    if size * kind.itemsize > MOST_BYTES:
        raise ValueError(f"An array of {size:,} numbers is more than a proof has.")
    packed = base64.b64decode(values["zlib"])
    content = zlib.decompressobj().decompress(packed, size * kind.itemsize)
    return np.frombuffer(content, kind).reshape(values["shape"])


def compared(outputs: Any, expected: Any, limits: dict[str, Any]) -> dict[str, Any]:
    """Compares answers with those expected.

    Args:
        outputs: Of the model, (n, ...), or texts, (n,).
        expected: Likewise.
        limits: ``difference``: the largest allowed, in units of ``range``, one for each column.
            ``same``: the least share of examples with the same answer. ``classes``: the answer is
            the likeliest of the columns.
    """
    if len(outputs) != len(expected):
        problem = f"{len(outputs)} answers to {len(expected)} examples."
        return {"problems": [problem], "largest_difference": None, "same": None}
    if isinstance(expected, list):
        alike = float(np.mean([str(a) == b for a, b in zip(outputs, expected, strict=True)]))
        problems = []
        if alike < limits["same"]:
            problems.append(f"Only {alike:.1%} of the texts are the same.")
        return {"problems": problems, "largest_difference": None, "same": alike}
    problems = []
    outputs = np.asarray(outputs[: limits["counted"]], np.float64)
    expected = np.asarray(expected[: limits["counted"]], np.float64)
    if outputs.shape != expected.shape:
        problem = f"Answers of shape {outputs.shape}; expected: {expected.shape}."
        return {"problems": [problem], "largest_difference": None, "same": None}
    apart = np.abs(outputs - expected)
    scale = np.maximum(np.array(limits["range"]), np.abs(expected) if limits["relative"] else 0.0)
    share = np.where(np.isnan(apart), np.inf, apart / scale)
    if share.max() > limits["difference"]:
        row = int(share.reshape(len(share), -1).max(axis=1).argmax())
        problems.append(
            f"The answer to example {row} is {np.round(outputs[row], 6).tolist()}; "
            f"expected: {np.round(expected[row], 6).tolist()}."
        )
    same: float | None = None
    if limits["classes"]:
        ordered = np.sort(expected, axis=1)
        # Two that are as likely as each other are either.
        is_clear = ordered[:, -1] - ordered[:, -2] > 4 * limits["even"]
        same = float(np.mean((outputs.argmax(axis=1) == expected.argmax(axis=1)) | ~is_clear))
        if same < limits["same"]:
            problems.append(f"Only {same:.1%} of the classes are the same.")
    return {"problems": problems, "largest_difference": float(apart.max()), "same": same}


def named(model: Any, proof: dict[str, Any]) -> list[str]:
    """Whether classes, labels and words are called what they were."""
    output = model.card["output"]
    wrong = [key for key, value in proof["names"].items() if output.get(key) != value]
    return [f"What model.json says of {', '.join(wrong)} was changed."] if wrong else []


def measured(model: Any, inputs: Any, proof: dict[str, Any]) -> list[dict[str, Any]]:
    """How long the runtime takes for an example: alone, and among 32 where the file takes them."""
    outputs = proof["outputs"]
    n = len(outputs) if isinstance(outputs, list) else outputs["shape"][0]
    batches = (1, 32) if model.runtime.batch > 1 else (1,)
    return [
        {"batch": batch, **timed(model, some_of(inputs, [row % n for row in range(batch)]))}
        for batch in batches
    ]


def timed(model: Any, inputs: Any) -> dict[str, float]:
    """Median and 95th percentile of repeated calls, in milliseconds an example."""
    given = model.given(inputs)
    n = len(next(iter(given.values())))
    model.ask(given)
    times: list[float] = []
    ends = time.perf_counter() + SECONDS
    while len(times) < LEAST_CALLS or (time.perf_counter() < ends and len(times) < MOST_CALLS):
        started = time.perf_counter()
        model.ask(given)
        times.append((time.perf_counter() - started) * 1000 / n)
    return {"median_ms": float(np.median(times)), "p95_ms": float(np.percentile(times, 95))}


def memory_bytes() -> int:
    """The most memory this process has held, where the system says."""
    try:
        import resource
    except ImportError:  # not under Windows
        return 0
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(most) * (1 if sys.platform == "darwin" else 1024)


if __name__ == "__main__":
    sys.exit(main())
