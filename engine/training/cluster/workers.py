"""Which processes train together: their addresses, and which of them this one is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from engine.errors import Problem, SpecError

TRUST = "--trust-network"
_WORKERS = "--workers"
_INDEX = "--index"
_EXAMPLE = "Give the same list to every worker, such as --workers 10.0.0.5:5000,10.0.0.6:5000."


@dataclass(frozen=True)
class Workers:
    """The processes that train together.

    Attributes:
        addresses: Of each worker ``host:port``, the same list and order for all of them.
        index: Which of them this process is, from 0. Worker 0 is the chief, which owns the run.
    """

    addresses: tuple[str, ...]
    index: int

    def __len__(self) -> int:
        return len(self.addresses)

    @property
    def is_chief(self) -> bool:
        """This process owns the run: it keeps, evaluates and saves it."""
        return self.index == 0

    @property
    def local_rank(self) -> int:
        """How many workers before this one have the same host; says which GPU it takes."""
        host = endpoint(self.addresses[self.index])[0]
        return sum(endpoint(other)[0] == host for other in self.addresses[: self.index])

    def title(self, index: int) -> str:
        """How a worker is called in messages."""
        return f"worker {index} ({self.addresses[index]})"


def port_words(workers: Workers) -> str:
    """What the port allows that TensorFlow opens for the exchange with the others."""
    port = endpoint(workers.addresses[workers.index])[1]
    return (
        f"TensorFlow opens port {port} of this machine on every network, whatever address is "
        "named, and asks for no password: whoever reaches it can read and write any file as you"
    )


def check_trusted(workers: Workers, trusts_network: bool) -> None:
    """Makes sure that somebody knows what a training by several workers opens.

    Raises:
        SpecError: Nobody has said so.
    """
    if not trusts_network:
        raise SpecError(
            [
                Problem(
                    TRUST,
                    f"Missing beside --workers. {port_words(workers)}.",
                    f"If you trust everyone who can reach this machine, add {TRUST}. If not, close "
                    "the port to others with a firewall first, or train on one machine.",
                )
            ]
        )


def endpoint(address: str) -> tuple[str, int]:
    """Takes an address apart.

    Returns:
        Host and port.

    Raises:
        ValueError: It is none.
    """
    parts = urlsplit(f"//{address}")
    # The port is read first: only that finds out whether it is a number in range.
    port, host = parts.port, parts.hostname
    if not port or not host or parts.path or parts.query or parts.fragment or parts.username:
        raise ValueError(f"'{address}' is no host:port")
    return host, port


def parse_workers(workers: str | None, index: str | None) -> Workers | None:
    """Reads ``--workers`` and ``--index`` of a command line.

    Returns:
        None where neither is given: this process trains alone.

    Raises:
        SpecError: They cannot be used; all problems at once.
    """
    if workers is None and index is None:
        return None
    if workers is None:
        raise SpecError([Problem(_WORKERS, f"Missing beside --index {index}.", _EXAMPLE)])
    addresses = tuple(text.strip() for text in workers.split(","))
    problems = [*_address_problems(addresses), *_index_problems(index, len(addresses))]
    if problems or index is None:
        raise SpecError(problems)
    return Workers(addresses, int(index))


def _address_problems(addresses: tuple[str, ...]) -> Iterator[Problem]:
    if len(addresses) < 2:
        yield Problem(
            _WORKERS,
            f"At least two addresses are needed. Received: '{addresses[0]}'.",
            f"{_EXAMPLE} One process alone needs no --workers.",
        )
    known: dict[tuple[str, int], str] = {}
    for address in addresses:
        try:
            place = endpoint(address)
        except ValueError:
            yield Problem(
                _WORKERS,
                f"'{address}' is no address: it must be host:port, with a port from 1 to 65535.",
                _EXAMPLE,
            )
            continue
        if place in known:
            yield Problem(
                _WORKERS,
                f"'{address}' is listed twice.",
                "Each worker needs an address of its own; on one host, another port.",
            )
        known[place] = address


def _index_problems(index: str | None, n_workers: int) -> Iterator[Problem]:
    hint = f"Worker 0, the chief, takes --index 0, the last one --index {n_workers - 1}."
    if index is None:
        yield Problem(_INDEX, "Missing beside --workers.", hint)
    elif not index.isdecimal() or int(index) >= n_workers:
        yield Problem(
            _INDEX,
            f"Must be a whole number from 0 to {n_workers - 1}, the place of this worker in "
            f"--workers. Received: '{index}'.",
            hint,
        )
