"""Architectures of other packages, under guard: their failures become words that name them."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from engine.architectures.base import Architecture, TrainingDefaults
from engine.errors import PluginError, Problem
from engine.spec.parameters import Parameters
from engine.spec.plugins.guarding import guarded, take_declared
from engine.spec.plugins.record import PluginRecord
from engine.spec.signature import Kind, Signature, Task

if TYPE_CHECKING:
    import keras

    from engine.architectures.known_examples import KnownExamples

logger = logging.getLogger(__name__)


class GuardedArchitecture(Architecture):
    """An architecture of another package.

    Lists and forms ask `misfit` and `title_of` of every architecture; one that fails there must
    not take the others along.

    Args:
        architecture: The architecture.
        record: What is known of it.
    """

    def __init__(self, architecture: Architecture, record: PluginRecord) -> None:
        self._architecture = architecture
        self._record = record
        take_declared(self, architecture, Architecture)

    def title_of(self, values: Mapping[str, Any]) -> str:
        try:
            with guarded(self._record, "naming the model"):
                return str(self._architecture.title_of(values))
        except PluginError as error:
            logger.warning("%s", error)
            return self.short_title

    def misfit(self, kind: Kind, task: Task) -> str:
        try:
            with guarded(self._record, "saying what data it fits"):
                return str(self._architecture.misfit(kind, task))
        except PluginError as error:
            return str(error)

    def defaults_for(self, signature: Signature) -> TrainingDefaults:
        with guarded(self._record, "saying how it is trained"):
            return self._architecture.defaults_for(signature)

    def check(self, signature: Signature, parameters: Parameters) -> list[Problem]:
        with guarded(self._record, "checking its settings"):
            return list(self._architecture.check(signature, parameters))

    def build(self, signature: Signature, parameters: Parameters) -> keras.Model:
        import keras

        with guarded(self._record, "building the network"):
            network = self._architecture.build(signature, parameters)
            if not isinstance(network, keras.Model):
                received = type(network).__name__
                raise TypeError(f"build must return a keras.Model. Received: {received}")
            return network

    def start(self, network: keras.Model, parameters: Parameters, known: KnownExamples) -> None:
        with guarded(self._record, "computing its first weights"):
            self._architecture.start(network, parameters, known)
