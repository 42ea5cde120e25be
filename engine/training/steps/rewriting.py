"""How TensorFlow rewrites a graph before it is executed. For workers only."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Final

import tensorflow as tf
from tensorflow.core.protobuf.rewriter_config_pb2 import RewriterConfig

SUMS: Final = "arithmetic_optimization"
"""The rewriting that orders sums anew, as `tf.config.optimizer` calls it."""


@contextlib.contextmanager
def sums_as_written(is_wanted: bool) -> Iterator[None]:
    """TensorFlow leaves sums of several terms in the order in which they are written.

    It would else add terms of one shape first, in an order that depends on their names and on
    whether a loop is around them: equal up to rounding alone. Networks with branches and batch
    normalization then learn otherwise in the step loop than in `fit`.

    Args:
        is_wanted: Otherwise nothing is changed.
    """
    if not is_wanted:
        yield
        return
    was = tf.config.optimizer.get_experimental_options().get(SUMS, True)
    tf.config.optimizer.set_experimental_options({SUMS: False})
    try:
        yield
    finally:
        tf.config.optimizer.set_experimental_options({SUMS: was})


def call_options(is_only_pruned: bool = False) -> bytes:
    """Options of a call of a graph, as an operation takes them.

    Args:
        is_only_pruned: TensorFlow only leaves out what is not needed or there twice, or which
            merely orders the rest. Names are those of its `MetaOptimizer`.
    """
    options = tf.compat.v1.ConfigProto()
    rewriting = options.graph_options.rewrite_options
    if is_only_pruned:
        rewriting.meta_optimizer_iterations = RewriterConfig.ONE
        rewriting.optimizers.extend(["pruning", "common_subgraph_elimination", "dependency"])
    elif not tf.config.optimizer.get_experimental_options().get(SUMS, True):
        rewriting.arithmetic_optimization = RewriterConfig.OFF
    return bytes(options.SerializeToString())
