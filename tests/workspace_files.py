"""A small workspace with two tiny trained runs, made once and copied for whoever damages it."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

N_ROWS = 24


@dataclass(frozen=True)
class Answer:
    """What a command said."""

    code: int
    events: list[dict[str, Any]]
    errors: str

    @property
    def last(self) -> dict[str, Any]:
        return self.events[-1]


def ask(*words: str | Path, workspace: Path | None) -> Answer:
    """Asks the command line, in this process, for JSON."""
    from engine.cli.main import main

    output, errors = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
        where = [] if workspace is None else ["--workspace", str(workspace)]
        code = main([*map(str, words), *where, "--json"])
    lines = [line for line in output.getvalue().splitlines() if line.startswith("{")]
    return Answer(code, [json.loads(line) for line in lines], errors.getvalue())


def write_table(path: Path) -> Path:
    """A table of which a few epochs learn something."""
    rows = [
        f"{n % 7},{n * n % 11},{('red', 'blue')[n % 2]},{'yes' if n % 7 > 3 else 'no'}"
        for n in range(N_ROWS)
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(["size,weight,colour,answer", *rows]) + "\n", encoding="utf-8")
    return path


def train_two(workspace: Path, table: Path) -> tuple[str, str]:
    """Trains two runs; returns their ids. They have different weights, and the same shapes."""
    runs = []
    for seed in (0, 1):
        answer = ask(
            *("train", "--data", table, "--target", "answer", "--model", "mlp", "--epochs", "2"),
            *("--set", "model.units=3", "--seed", seed, "--name", f"run {seed}"),
            *("--set", "execution.reproducible=true"),
            workspace=workspace,
        )
        assert answer.code == 0, answer.errors
        runs.append(answer.last["run"])
    return runs[0], runs[1]


def files_of(folder: Path) -> dict[str, bytes]:
    """The content of every file below a folder, but for what SQLite keeps beside its own."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.endswith(("-shm", "-wal"))
    }


def known(values: Sequence[dict[str, Any]], event: str) -> dict[str, Any]:
    """The one event of a kind."""
    (found,) = [value for value in values if value["event"] == event]
    return found
