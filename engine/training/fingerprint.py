"""Marks of the data a run was trained on, by which it is known to be still the same, or not.

What was divided and fitted is one digest, made before training. The content of every file is
looked at by a thread beside the training, which has time; it is one of the worker's.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from engine.datasets import load_examples
from engine.datasets.content import Content, noting_content
from engine.errors import DataChanged, DescentError, WorkspaceError
from engine.files import atomic_write
from engine.files.bounded import DAMAGED, member, read_object, reason_of, sealed_text, unsealed
from engine.spec.run_spec import RunSpec
from engine.training.data_changes import (
    DataChange,
    FileMark,
    Marks,
    column_digests,
    compare,
    content_digest,
    is_untouched,
    names_of,
    seen,
)
from engine.training.prepared_data import DividedData, PreparedData

logger = logging.getLogger(__name__)

FILE_NAME = "data.json"
PATIENCE_S = 2.0
"""For so long a run that has ended waits until the content of its data is known."""
_N_ROWS = 64
_MAX_BYTES = 1 << 30
_LOWEST_PRIORITY = 19


def fingerprint(divided: DividedData) -> str:
    """Returns a digest of how the data is divided, of all targets, and of what was fitted on it.

    Of the inputs, which may be larger than memory, 64 examples drawn evenly are read.
    """
    digest = hashlib.sha256()
    parts, examples = divided.parts, divided.examples
    for part in (parts.train, parts.validation, parts.test):
        digest.update(np.ascontiguousarray(part).tobytes())
    digest.update(json.dumps(divided.preprocessing.to_dict(), sort_keys=True).encode())
    y = np.asarray(examples.y)
    if y.dtype.hasobject:  # texts
        digest.update("\0".join(map(str, y.ravel())).encode())
    else:
        digest.update(np.ascontiguousarray(y).data)
    rows = np.unique(np.linspace(0, len(examples.y) - 1, _N_ROWS).astype(np.int64))
    digest.update(np.ascontiguousarray(divided.preprocessing.transform_x(examples.x[rows])).data)
    return digest.hexdigest()


# ---- written beside the training


@contextmanager
def keeping_content(prepared: PreparedData, folder: Path) -> Iterator[None]:
    """Writes down what the data is, into the folder of a run, while the block trains on it.

    Args:
        prepared: The data.
        folder: The run's.
    """
    values = {"sha256": fingerprint(prepared)}
    if _is_known(values, prepared, folder):
        yield
        return
    with contextlib.suppress(WorkspaceError):  # a full disk is told by what follows
        _save(values, folder)
    is_over = threading.Event()
    thread = threading.Thread(
        target=_keep, args=(prepared, folder, values, is_over), name="data-content"
    )
    thread.start()
    try:
        yield
    finally:
        thread.join(PATIENCE_S)
        is_over.set()
        thread.join()


def save_fingerprint(prepared: PreparedData, folder: Path) -> None:
    """Writes the mark of the data into the folder of a run, without the content of its files.

    Raises:
        WorkspaceError: It cannot be written.
    """
    _save({"sha256": fingerprint(prepared)}, folder)


def _save(values: dict[str, Any], folder: Path) -> None:
    atomic_write(folder / FILE_NAME, sealed_text(values, folder.name))


def _is_known(values: dict[str, Any], prepared: PreparedData, folder: Path) -> bool:
    """Whether a run that goes on has written down the content of just this data."""
    try:
        known, marks = _read(folder)
    except DAMAGED:
        return False
    source = prepared.spec.data.source
    is_same = known.get("sha256") == values["sha256"] and "files" in known
    is_whole = marks.keys() == names_of(prepared.content, source).keys()
    has_all = all(mark.digest for mark in marks.values())
    return is_same and is_whole and has_all and is_untouched(marks, source)


def _keep(
    prepared: PreparedData, folder: Path, values: dict[str, Any], is_over: threading.Event
) -> None:
    """Looks at every file; of those for which there is no time, at size and time."""
    with contextlib.suppress(OSError, AttributeError):  # Linux has a priority for each thread
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _LOWEST_PRIORITY)
    content = prepared.content
    try:
        marks: dict[str, FileMark] = {}
        for name, path in names_of(content, prepared.spec.data.source).items():
            mark = seen(path)
            if mark is not None:
                digest = "" if is_over.is_set() else content_digest(path, is_over.is_set)
                columns = {} if is_over.is_set() else column_digests(path, content)
                marks[name] = replace(mark, digest=digest, columns=columns)
        files = {name: mark.to_values() for name, mark in marks.items()}
        _save({**values, "files": files}, folder)
    except (DescentError, *DAMAGED):
        logger.info("What the data of a run is cannot be written down", exc_info=True)


# ---- compared afterwards


def check_data(prepared: PreparedData, folder: Path, accepts_changes: bool = False) -> str:
    """Makes sure that data is what a run began with.

    Args:
        prepared: The data there is now.
        folder: Of the run.
        accepts_changes: It may be other data.

    Returns:
        What changed and is accepted, in a sentence; empty: nothing.

    Raises:
        DataChanged: It is not.
        WorkspaceError: The file is damaged.
    """
    try:
        known, marks = _read(folder)
        digest = member(known, "sha256", str)
    except DAMAGED as error:
        if accepts_changes:
            return "Whether the data has changed is not known."
        raise WorkspaceError(
            f"The file '{FILE_NAME}' of the run cannot be read: {reason_of(error)}.",
            "Start a new run with the same settings.",
        ) from error
    change = _compared(marks, prepared.content, prepared.spec.data.source)
    if not change and digest == fingerprint(prepared):
        return ""
    text = (
        change.text
        if change
        else ("The data is no longer what the run began with: other examples, targets or columns.")
    )
    if not accepts_changes:
        raise DataChanged(text)
    logger.warning("The run '%s' goes on with changed data: %s", folder.name, text)
    return text


def data_change(prepared: PreparedData, folder: Path) -> DataChange:
    """What of the data is another than a run was trained on."""
    try:
        marks = _read(folder)[1]
    except FileNotFoundError:
        return DataChange()  # of an older version
    except DAMAGED as error:
        return DataChange(unknown=_not_known(error))
    return _compared(marks, prepared.content, prepared.spec.data.source)


def noticed_change(spec: RunSpec, folder: Path) -> DataChange:
    """As `data_change`, of data that was not read; it is looked at only where it may be another.

    Args:
        spec: Of the run.
        folder: Of the run.
    """
    source = spec.data.source
    try:
        marks = _read(folder)[1]
    except FileNotFoundError:
        return DataChange()  # of an older version
    except DAMAGED as error:
        return DataChange(unknown=_not_known(error))
    try:
        if not marks or not Path(source).exists():
            return DataChange()
        if not Path(source).is_dir() and is_untouched(marks, source):
            return DataChange()
        with noting_content() as content:
            load_examples(spec.data)
    except (DescentError, *DAMAGED):
        logger.info("The data of '%s' cannot be compared", folder.name, exc_info=True)
        return DataChange()
    return _compared(marks, content, source)


def _compared(marks: Marks, content: Content, source: str) -> DataChange:
    return compare(marks, names_of(content, source), content) if marks else DataChange()


def _not_known(error: BaseException) -> str:
    return (
        "Whether the data has changed since this run was trained is not known: its file "
        f"'{FILE_NAME}' cannot be read: {reason_of(error)}."
    )


def _read(folder: Path) -> tuple[dict[str, Any], Marks]:
    values = unsealed(read_object(folder / FILE_NAME, _MAX_BYTES), folder.name)
    files = member({"files": {}, **values}, "files", dict)
    return values, {name: FileMark.from_values(item) for name, item in files.items()}
