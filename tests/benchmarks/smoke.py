"""What each benchmark can do in a few seconds: all of its code, on next to nothing."""

from __future__ import annotations

import argparse
from typing import Any


def add_smoke(parser: argparse.ArgumentParser, **tiny: Any) -> None:
    """Adds ``--smoke``, which gives these values to other options."""

    class Smoke(argparse.Action):
        def __call__(
            self,
            parser: argparse.ArgumentParser,
            namespace: argparse.Namespace,
            values: Any,
            option_string: str | None = None,
        ) -> None:
            for name, value in tiny.items():
                setattr(namespace, name, value)

    known = {action.dest for action in parser._actions}
    assert known.issuperset(tiny), f"No such options: {', '.join(tiny.keys() - known)}"
    words = "a few seconds, to see that it runs; the figures mean nothing"
    parser.add_argument("--smoke", nargs=0, action=Smoke, help=words)
