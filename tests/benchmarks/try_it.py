"""From an input to its answer: by the worker that keeps a model loaded, beside Keras's `predict`.

What the page Try it waits for, without and with the way between the processes.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[2]))

from smoke import add_smoke

from engine.events.commands import Command
from engine.events.messages import Terminal
from engine.events.trying import Given, LookAtModel, Stroke, TryInput
from engine.runs.store import RunStore
from engine.service import running
from engine.service.session import Session
from engine.training.control import TrainingControl

LIMIT_MS = 50.0
CASES = {
    "a drawing": ("digits", "cnn"),
    "a row": ("iris", "mlp"),
    "a text": ("countries", "text_cnn"),
    "a sound": ("keypad_tones", "sound_cnn"),
}


def train(folder: Path, source: str, model: str) -> str:
    """A run of one epoch: how good it is changes nothing of how fast it answers."""
    with RunStore(folder) as store:
        spec = {"data": {"source": source}, "model": {"name": model}, "training": {"epochs": 1}}
        ended = running.train(spec, store, lambda event: None, TrainingControl())
    return str(ended.run)


def given(case: str) -> Given:
    """An input of its kind."""
    if case == "a drawing":
        turns = np.linspace(0, np.pi, 40)
        line = np.stack([0.4 + 0.2 * np.sin(turns), np.linspace(0.2, 0.8, 40)], axis=1)
        return Given(strokes=(Stroke(line.astype(np.float32), 0.1),))
    if case == "a row":
        names = ("sepal length", "sepal width", "petal length", "petal width")
        return Given(cells=tuple((f"{name} (cm)", "2.5") for name in names))
    return Given(text="Deutschland") if case == "a text" else Given(row=0)


def milliseconds(do: Callable[[], object], repeats: int) -> tuple[float, float]:
    """Median and the slowest but one in twenty."""
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        do()
        times.append(1000 * (time.perf_counter() - started))
    return statistics.median(times), float(np.quantile(times, 0.95))


def ask(session: Session, command: Command) -> Terminal:
    """The last word of the worker to a question."""
    return [event for event in session.run(command) if isinstance(event, Terminal)][-1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=100)
    parser.add_argument("--cases", nargs="*", default=list(CASES))
    add_smoke(parser, repeats=3, cases=["a row"])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as aside:
        folder = Path(aside)
        session = Session(folder)
        for case in options.cases:
            run = train(folder, *CASES[case])
            ask(session, LookAtModel(run))
            command = TryInput(run, given(case))
            ask(session, command)
            shown = milliseconds(lambda command=command: ask(session, command), options.repeats)
            peer = by_keras(folder, run, options.repeats)
            found = {
                "event": "try_it",
                "input": case,
                "answer_ms": round(shown[0], 2),
                "answer_ms_95": round(shown[1], 2),
                "keras_predict_ms": round(peer, 2),
                "within_50_ms": shown[1] <= LIMIT_MS,
            }
            print(json.dumps(found), flush=True)
        session.close()


def by_keras(folder: Path, run: str, repeats: int) -> float:
    """What Keras's `predict` takes for the same model, in this process."""
    from engine.service.results.tried_run import TRIED

    with RunStore(folder) as store:
        tried = TRIED.get(run, store)
    x = tried.prepared().examples.x[np.array([0])]
    tried.model.predict(x)
    return milliseconds(lambda: tried.model.predict(x), repeats)[0]


if __name__ == "__main__":
    main()
