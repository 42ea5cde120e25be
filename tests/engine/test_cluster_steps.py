"""Two workers on the loopback hold the same weights bit by bit, and learn what one alone does."""

import socket

import numpy as np
import pytest

from tests.warm_workers import WarmProgram

# A sum over shares is rounded otherwise than one over the batch; Adam divides by small numbers.
TOLERANCE = {"rtol": 2e-4, "atol": 2e-5}


def free_addresses(n):
    """Addresses of this machine that nobody uses."""
    sockets = [socket.socket() for _ in range(n)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ",".join(f"127.0.0.1:{port}" for port in ports)


@pytest.fixture(scope="module")
def learnt(tmp_path_factory):
    """What each of two workers learnt, and one alone."""
    folder = tmp_path_factory.mktemp("cluster")
    import cluster_cases  # and TensorFlow with it

    addresses = free_addresses(2)
    files = [folder / f"{index}.npz" for index in range(2)]
    workers = [
        WarmProgram("tests/cluster_cases.py", addresses, str(index), str(file))
        for index, file in enumerate(files)
    ]
    try:
        alone = cluster_cases.learn_all(cluster_cases.alone)
        for worker in workers:
            written = worker.communicate()
            assert worker.returncode == 0, written
    finally:
        for worker in workers:
            worker.close()
    return [np.load(file) for file in files], alone


@pytest.mark.parametrize("case", ["ranked", "weighted", "clipped", "tokens", "normalized"])
class TestShares:
    def test_workers_are_equal_bit_by_bit(self, learnt, case):
        (chief, other), _ = learnt
        for what in ("weights", "losses", "metrics"):
            np.testing.assert_array_equal(chief[f"{case}/{what}"], other[f"{case}/{what}"])

    def test_as_one_worker_with_the_whole_batch(self, learnt, case):
        (chief, _), alone = learnt
        for what in ("weights", "losses", "metrics"):
            name = f"{case}/{what}"
            np.testing.assert_allclose(chief[name], alone[name], **TOLERANCE, err_msg=name)

    def test_something_was_learnt(self, learnt, case):
        (chief, _), _ = learnt
        losses = chief[f"{case}/losses"]
        assert np.isfinite(losses).all()
        assert losses.std() > 0


def test_a_chief_that_dies_is_named(learnt):
    (_, other), _ = learnt
    message = str(other["loss of the chief"])
    assert message.startswith("Worker 0 (127.0.0.1:")
    assert "has ended" in message
