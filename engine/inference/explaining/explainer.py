"""Explainer: why a model says what it says of an example. Imported by workers only."""

from __future__ import annotations

import time
from functools import cached_property

import keras
import numpy as np

from engine.datasets.base import AnyArray
from engine.errors import DatasetError
from engine.events.explaining import Choice, Explanation
from engine.inference.contract import Contract
from engine.inference.decoding import Decoder, is_autoregressive, taught
from engine.inference.explaining import methods_for
from engine.inference.explaining.base import Case, Contributions, Effort, Method
from engine.inference.explaining.columns import Column, columns_of
from engine.inference.explaining.readouts import PROBABILITY, Readout, find, readouts_of
from engine.inference.explaining.sanity import checked
from engine.inference.explaining.subject import Subject
from engine.preprocessing.audio import RANGE_DB, SpectrogramInputs
from engine.preprocessing.targets import AnomalyTargets, LabelTargets, TokenTargets
from engine.preprocessing.text import TextInputs
from engine.preprocessing.tokens import pieces
from engine.spec.formatting import percent_text
from engine.spec.registry import Registry
from engine.spec.signature import Kind, Output

SECONDS, SANITY_SECONDS = 0.45, 0.25
"""About how long an explanation may take, and its check."""


class Explainer:
    """Explains examples of one model, one after the other.

    Args:
        network: Built; from prepared inputs to scaled outputs.
        contract: What goes in and comes out.
    """

    def __init__(self, network: keras.Model, contract: Contract) -> None:
        self.subject = Subject(network, contract.signature)
        self.contract = contract
        self.methods = methods_for(self.subject)
        self._traced: set[str] = set()

    @property
    def needs_background(self) -> bool:
        """Rows of the training part are needed."""
        return self.contract.signature.kind is Kind.TABLE

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """Of a table; else empty."""
        return columns_of(self.contract) if self.needs_background else ()

    @cached_property
    def _decoder(self) -> Decoder | None:
        signature = self.contract.signature
        if not is_autoregressive(self.subject.network, signature):
            return None
        return Decoder(self.subject.network, signature, self.contract.beam_width)

    def explain(
        self,
        x: AnyArray,
        background: AnyArray | None = None,
        target: str | None = None,
        method: str | None = None,
    ) -> Explanation:
        """Explains one example.

        Args:
            x: As in `Examples.x`, (1, *raw_shape).
            background: Examples of the training part, (n, *raw_shape); tables need them.
            target: What to explain, by its name; None: what is predicted.
            method: By its name; None: the first that fits.

        Raises:
            DatasetError: The example has another shape than the model takes, or nothing can
                explain such a model.
            UnknownNameError: There is no such target or method.
        """
        start = time.perf_counter()
        self._check(x)
        case = self._case(x, background)
        outputs = self.subject.outputs(case.prepared)
        readouts, predicted = self._readouts(outputs)
        readout = readouts[predicted] if target is None else find(readouts, target)
        chosen = self._method(method)
        if chosen.name not in self._traced:  # which takes time of its own, once
            chosen.explain(self.subject, case, readout, Effort(0.0, is_rough=True))
            self._traced.add(chosen.name)
        found = chosen.explain(self.subject, case, readout, Effort(SECONDS))
        sanity = checked(chosen, self.subject, case, readout, found.values, SANITY_SECONDS)
        texts = self._texts(x)
        return Explanation(
            kind=case.signature.kind.value,
            task=case.signature.task.value,
            method=_choice(chosen),
            methods=tuple(map(_choice, self.methods)),
            target=readout.name,
            targets=_ordered(readouts, outputs),
            target_name=self.contract.target_name,
            unit=readout.unit,
            prediction=float(readout.of(outputs)[0]),
            said=self._said(outputs),
            values=self._shown(found, texts),
            parts=texts or self._parts(),
            cells=tuple(column.words(x[0]) for column in self.columns),
            content=self._content(x, case, texts),
            baseline=found.baseline,
            compared_with=found.compared_with,
            tolerance=found.tolerance,
            errors=found.errors,
            sanity=sanity,
            seconds=self._seconds(),
            duration_s=time.perf_counter() - start,
        )

    # ---- before

    def _check(self, x: AnyArray) -> None:
        expected = self.contract.preprocessing.inputs.raw_shape
        if tuple(x.shape[1:]) != tuple(expected):
            raise DatasetError(
                f"The model takes inputs of shape {expected}. Received: {x.shape[1:]}.",
                "Give examples of the shape it was trained on.",
            )

    def _case(self, x: AnyArray, background: AnyArray | None) -> Case:
        contract = self.contract
        prepared = contract.preprocessing.transform_x(x)
        if self._decoder is not None:
            written, _ = self._decoder.decode(prepared)
            prepared = taught(prepared, written, contract.signature)
        if self.needs_background and (background is None or not len(background)):
            raise DatasetError(
                "A row is explained beside rows of the training part, and there are none.",
                "Bring the data back that the run was trained on.",
            )
        return Case(
            x,
            prepared,
            contract.preprocessing,
            contract.signature,
            background,
            tuple(column.places for column in self.columns),
        )

    def _readouts(self, outputs: AnyArray) -> tuple[tuple[Readout, ...], int]:
        contract = self.contract
        return readouts_of(
            contract.signature,
            contract.preprocessing.targets,
            contract.target_name,
            contract.class_names,
            outputs,
        )

    def _method(self, name: str | None) -> Method:
        if not self.methods:
            raise DatasetError(
                "Nothing can explain what this model says of such data.",
                "Choose another model.",
            )
        return self.methods[0] if name is None else Registry("method", self.methods)[name]

    # ---- behind

    def _texts(self, x: AnyArray) -> tuple[str, ...]:
        """The tokens that are read, as they stand in the text; empty for other kinds."""
        inputs = self.contract.preprocessing.inputs
        if not isinstance(inputs, TextInputs):
            return ()
        tokenizer = inputs.tokenizer
        found = pieces(str(x[0]), tokenizer.unit, tokenizer.exact)
        return tuple(found[: tokenizer.length])

    def _shown(self, found: Contributions, texts: tuple[str, ...]) -> AnyArray:
        return found.values[: len(texts)] if texts else found.values

    def _parts(self) -> tuple[str, ...]:
        if self.columns:
            return tuple(column.name for column in self.columns)
        if self.contract.signature.kind is not Kind.SERIES:
            return ()
        n_channels = self.contract.signature.input_shape[-1]
        names = tuple(self.contract.feature_names)
        if len(names) == n_channels:
            return names
        return tuple(f"channel {n}" for n in range(1, n_channels + 1))

    def _content(self, x: AnyArray, case: Case, texts: tuple[str, ...]) -> AnyArray | str:
        match case.signature.kind:
            case Kind.TEXT:
                inputs = self.contract.preprocessing.inputs
                assert isinstance(inputs, TextInputs)
                tokenizer = inputs.tokenizer
                every = pieces(str(x[0]), tokenizer.unit, tokenizer.exact)
                return "".join(every[len(texts) :])
            case Kind.AUDIO:
                return self._decibels(case.prepared[0, ..., 0])
            case Kind.TABLE:
                return ""
            case _:
                return np.array(x[0])

    def _decibels(self, prepared: AnyArray) -> AnyArray:
        inputs = self.contract.preprocessing.inputs
        if not isinstance(inputs, SpectrogramInputs):
            return prepared
        return np.maximum(prepared * inputs.scale + inputs.offset, -RANGE_DB)

    def _seconds(self) -> float:
        inputs = self.contract.preprocessing.inputs
        if isinstance(inputs, SpectrogramInputs):
            return inputs.raw_shape[0] / inputs.settings.rate
        return 0.0

    def _said(self, outputs: AnyArray) -> str:
        """What the model says of the example, in words."""
        contract = self.contract
        targets, names = contract.preprocessing.targets, contract.class_names
        if self._decoder is not None and isinstance(targets, TokenTargets):
            return str(targets.texts_of(outputs.argmax(axis=-1))[0])
        restored = contract.preprocessing.restore_y(outputs)
        if isinstance(targets, AnomalyTargets):
            score = float(np.ravel(restored)[0])
            if targets.threshold is None:
                return f"score {score:.4g}"
            word = "unusual" if score > targets.threshold else "usual"
            return f"{word} (score {score:.4g}, threshold {targets.threshold:.4g})"
        if isinstance(targets, LabelTargets):
            said = targets.said(restored[0])
            return ", ".join(np.array(names)[said].tolist()) or "no label"
        if contract.signature.output is Output.CLASSES:
            sure = np.ravel(restored)
            sure = np.array([1 - sure[0], sure[0]]) if len(sure) == 1 else sure
            best = int(sure.argmax())
            return f"{names[best]} ({percent_text(float(sure[best]), 1)})"
        if contract.signature.output is Output.TOKENS:
            return str(restored[0])
        values = [f"{value:.5g}" for value in np.ravel(restored)[:12]]
        return ", ".join(values) + (" …" if np.size(restored) > len(values) else "")


def _choice(method: Method) -> Choice:
    return Choice(method.name, method.title, method.summary)


def _ordered(readouts: tuple[Readout, ...], outputs: AnyArray) -> tuple[str, ...]:
    """Names of all readouts; of classes and labels the likeliest first."""
    if readouts[0].unit != PROBABILITY or outputs.ndim > 2:
        return tuple(it.name for it in readouts)
    numbers = [float(it.of(outputs)[0]) for it in readouts]
    order = sorted(range(len(readouts)), key=lambda place: -numbers[place])
    return tuple(readouts[place].name for place in order)
