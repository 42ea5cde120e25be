"""Speed of Descent's training against Keras's own `fit` and others, model by model, in one run.

    python tests/benchmarks/training_speed.py [--model NAME ...] [--rounds N] [--smoke] [--json]
                                    [--peers [--peer-python PATH]] [--float32] [--no-xla]
                                    [--unfused]

All train the same model on the same random data, each in a process of its own, an epoch each in
turn; those that wait take no time. The first epoch is timed apart (it makes the graphs), and then
each is warmed up. The figure to quote is the ratio of the medians. Peers are PyTorch in a plain
eager loop, and Keras on JAX with 32 steps per execution, as far as they are installed for the
Python that is named.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

from smoke import add_smoke

HERE = Path(__file__).parent
MODELS = ("linear", "logistic", "cnn", "lstm", "attention", "gru")
AT_LEAST_S = 0.5
"""Epochs that are shorter than this are trained several at a time."""


class Racer:
    """A process that trains an epoch when it is asked to."""

    def __init__(self, peer: str, model: str, python: str, precision: str = "float32") -> None:
        self.peer = peer
        self._process = subprocess.Popen(
            [python, str(HERE / "training_peer.py"), peer, model, "--precision", precision],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.times: list[float] = []
        self._answer()

    def ask(self, what: str = "epoch") -> float:
        """Seconds of an epoch."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{what}\n")
        self._process.stdin.flush()
        return float(self._answer())

    def turn(self) -> None:
        """Trains one epoch, or as many as fill `AT_LEAST_S`."""
        spent = 0.0
        while spent < AT_LEAST_S:
            self.times.append(self.ask())
            spent += self.times[-1]

    def close(self) -> str:
        """Ends it; what it had to say."""
        _, errors = self._process.communicate()
        said = errors.strip().splitlines()
        return said[-1] if said else ""

    def _answer(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.peer} ended: {self.close()}")
        return line


def measure(model: str, peers: dict[str, str], rounds: int) -> dict[str, Any]:
    """Seconds per epoch of each, and how many times as fast Descent is.

    Args:
        model: One of `MODELS`.
        peers: The Python of each; `fit` and `descent` among them.
        rounds: Turns of each.
    """
    racers = {name: Racer(name, model, python) for name, python in peers.items()}
    first = {name: racer.ask() for name, racer in racers.items()}
    for racer in racers.values():
        racer.ask("warm")
    for _ in range(rounds):
        for racer in racers.values():
            racer.turn()
    said = {name: racer.close() for name, racer in racers.items()}
    median = {name: statistics.median(racer.times) for name, racer in racers.items()}
    others = [median[name] for name in ("torch", "jax") if name in median]
    return {
        **{f"{name}_s": value for name, value in median.items()},
        "ratio": median["fit"] / median["descent"],
        "first_fit_s": first["fit"],
        "first_descent_s": first["descent"],
        "first_ratio": first["fit"] / first["descent"],
        "peers_ratio": min(others) / median["descent"] if others else None,
        "plan": said["descent"],
    }


def _installed(python: str) -> list[str]:
    """Which of the peers a Python has."""
    look = "import importlib.util as u; print(*(n for n in ('torch', 'jax') if u.find_spec(n)))"
    found = subprocess.run([python, "-c", look], capture_output=True, text=True, check=True)
    return found.stdout.split()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", nargs="*", choices=MODELS, default=list(MODELS))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peers", action="store_true", help="PyTorch and Keras on JAX, too")
    parser.add_argument("--peer-python", default=sys.executable, metavar="PATH")
    parser.add_argument("--float32", action="store_true", help="Descent without bfloat16, too")
    parser.add_argument("--no-xla", action="store_true", help="Descent without either, too")
    parser.add_argument("--unfused", action="store_true", help="Descent with Keras's layers, too")
    parser.add_argument("--json", action="store_true")
    add_smoke(parser, model=["linear"], rounds=1)
    options = parser.parse_args()
    peers = {"fit": sys.executable, "descent": sys.executable}
    for other in ("float32", "no_xla", "unfused"):
        if getattr(options, other):
            peers[other] = sys.executable
    if options.peers:
        peers |= dict.fromkeys(_installed(options.peer_python), options.peer_python)
    columns = [f"{name} s" for name in peers] + ["× fit", "× fit, first", "× better peer"]
    if not options.json:
        print(f"{'model':<10}" + "".join(f"{name:>14}" for name in columns))
    for name in options.model:
        figures = measure(name, peers, options.rounds)
        if options.json:
            print(json.dumps({"model": name, **figures}), flush=True)
            continue
        ratios = [figures[key] for key in ("ratio", "first_ratio", "peers_ratio")]
        cells = [f"{figures[f'{peer}_s']:.4f}" for peer in peers]
        cells += ["" if it is None else f"{it:.2f}" for it in ratios]
        print(f"{name:<10}" + "".join(f"{it:>14}" for it in cells), flush=True)


if __name__ == "__main__":
    main()
