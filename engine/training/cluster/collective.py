"""Collective: adds tensors up over the workers that share a training. Imported by workers only.

Each worker computes the gradient of its share of each batch, and all add theirs up through
`tf.distribute.MultiWorkerMirroredStrategy`, together with what they counted for the metrics.
Variables of the strategy's own would need all workers for reading a metric, and Keras's `fit` fails
with them (keras issue 20585).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf
from tensorflow.python.distribute.collective_all_reduce_strategy import (
    CollectiveAllReduceExtended as _Extended,
)
from tensorflow.python.eager import context  # what aborts collectives has no public name

from engine.errors import DescentError
from engine.training.cluster.team import Team
from engine.training.cluster.workers import endpoint


class Collective:
    """Adds tensors up over the workers that share a training.

    Make it before TensorFlow computes anything in this process.

    Args:
        team: The workers, all there.
        use_gpu: Take a GPU if there is one: the first worker of a host its first one, and so on.

    Raises:
        DescentError: TensorFlow cannot listen at the address, or there are too few GPUs.

    Attributes:
        strategy: Within its `run` the workers' tensors meet.
    """

    def __init__(self, team: Team, use_gpu: bool = True) -> None:
        self._team = team
        workers = team.workers
        n_gpus = _choose_gpu(workers.local_rank, use_gpu)
        # Its own coordination cannot be interrupted while it waits for somebody who is gone, and
        # takes SIGTERM from us; the team's links do what it is for. Any setting keeps it off.
        context.context().configure_coordination_service(service_type="")
        team.when_lost = _abort_collectives
        addresses = [_plain(address) for address in workers.addresses]
        resolver = tf.distribute.cluster_resolver.SimpleClusterResolver(
            tf.train.ClusterSpec({"worker": addresses}),
            task_type="worker",
            task_id=workers.index,
            num_accelerators={"GPU": n_gpus},
            rpc_layer="grpc",
        )
        # It would find out later than the links do, its thread would outlive the training, and
        # waiting for that thread takes as long as it sleeps: half a minute.
        _Extended._enable_check_health = False
        try:
            self.strategy = tf.distribute.MultiWorkerMirroredStrategy(resolver)
        except tf.errors.UnavailableError:
            raise team.why() from None
        except tf.errors.OpError as error:
            raise DescentError(
                f"TensorFlow cannot listen at {workers.addresses[workers.index]}. "
                f"Received: {error.message}",
                "Choose another port, in the list of every worker.",
            ) from error

    @property
    def index(self) -> int:
        """Which of the workers this one is."""
        return self._team.workers.index

    def __len__(self) -> int:
        return len(self._team.workers)

    def broadcast(self, variables: Sequence[tf.Variable], is_source: bool) -> None:
        """Gives variables, at all workers, the values that they have at one of them.

        Args:
            variables: The same ones at each worker.
            is_source: This is that worker.

        Raises:
            TrainingError: Someone is gone.
        """

        def take() -> None:
            sent = [_sendable(value) for value in variables]
            if not is_source:
                sent = [tf.zeros_like(value) for value in sent]
            for value, arrived in zip(variables, self.sum(sent), strict=True):
                value.assign(tf.cast(arrived, value.dtype))

        self.guarded(tf.function(take, autograph=False))

    def sum(self, tensors: Sequence[tf.Tensor]) -> list[tf.Tensor]:
        """Adds tensors up over all workers; in a graph only."""
        return list(self.strategy.run(add_up, args=(list(tensors),)))

    def guarded(self, call: Callable[[], Any]) -> Any:
        """Calls something that waits for the others.

        Raises:
            TrainingError: Someone is gone.
        """
        try:
            return call()
        except (tf.errors.UnavailableError, tf.errors.CancelledError, tf.errors.AbortedError):
            raise self._team.why() from None
        except tf.errors.InternalError as error:
            # A connection that breaks is told as one of many kinds of errors.
            if "ollective" in error.message:
                raise self._team.why() from None
            raise


def add_up(tensors: Sequence[Any]) -> list[Any]:
    """Adds tensors up over all workers; within `strategy.run` only.

    Slices, as an embedding's gradient has them, are strung together, not added up: Keras's
    optimizers make another step of slices than of their sum, and so do the same as for one worker.
    """
    replica = tf.distribute.get_replica_context()
    total = list(tensors)
    kinds = [(tensor.dtype, isinstance(tensor, tf.IndexedSlices)) for tensor in tensors]
    # Those of one type travel together.
    for kind in dict.fromkeys(kinds):
        places = [place for place, other in enumerate(kinds) if other == kind]
        # A copy, which is on the worker's device by name; without a name TensorFlow refuses.
        copies = [_copy(tensors[place]) for place in places]
        summed = replica.all_reduce(tf.distribute.ReduceOp.SUM, copies)
        for place, value in zip(places, summed, strict=True):
            total[place] = value
    return total


def _copy(tensor: Any) -> Any:
    if isinstance(tensor, tf.IndexedSlices):
        return tf.IndexedSlices(
            tf.identity(tensor.values), tf.identity(tensor.indices), tensor.dense_shape
        )
    return tf.identity(tensor)


def _choose_gpu(rank: int, use_gpu: bool) -> int:
    """Hides all GPUs but the one of this worker; how many are left."""
    gpus = tf.config.list_physical_devices("GPU")
    if not use_gpu or not gpus:
        tf.config.set_visible_devices([], "GPU")
        return 0
    if rank >= len(gpus):
        raise DescentError(
            f"This is worker {rank + 1} of its host, which has {len(gpus)} GPUs.",
            "Start one worker for each GPU, or use --set execution.device=cpu.",
        )
    tf.config.set_visible_devices([gpus[rank]], "GPU")
    return 1


def _abort_collectives() -> None:
    """Ends what waits for a worker that is gone, with an error. From any thread."""
    context.context().abort_collective_ops(tf.errors.UNAVAILABLE, "A worker is gone.")


def _plain(address: str) -> str:
    host, port = endpoint(address)
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _sendable(value: tf.Tensor) -> tf.Tensor:
    """A tensor of a type that collectives know."""
    value = tf.convert_to_tensor(value)
    if value.dtype.is_integer or value.dtype.is_bool:
        return tf.cast(value, tf.int64)
    return value
