"""Own models kept by name in a workspace: ``models/NAME.json``, written whole or not at all.

One that was brought in has weights, too: ``models/NAME.keras``. A file beside it says the digest of
both, so that weights belong to just these layers; they outlast a deletion that may be undone.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from engine.errors import DescentError, SpecError, UnknownNameError
from engine.files import atomic_write, cannot_write
from engine.files.bounded import DAMAGED, read_json, read_whole, reason_of
from engine.graph.checking import checked_graph
from engine.graph.layer_graph import SCHEMA_VERSION, LayerGraph
from engine.spec.formatting import shorten

SUFFIX: Final = ".json"
WEIGHTS_SUFFIX: Final = ".keras"
_DIGEST_SUFFIX: Final = ".digest"
KEPT_S: Final = 30 * 86_400.0
"""Weights outlast their model by so long, as deleted runs do."""
FOLDER: Final = "models"
MAX_NAME: Final = 60
_NAME: Final = re.compile(r"[\w](?:[\w .-]*[\w])?")
_RESERVED: Final = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_MAX_BYTES: Final = 20_000_000


@dataclass(frozen=True)
class SavedModel:
    """A model of the person's own.

    Attributes:
        name: What it is saved as.
        title: What people read; the name, where none was given.
        graph: Its layers.
        has_weights: It was brought in, and they are there.
    """

    name: str
    title: str
    graph: LayerGraph
    has_weights: bool = False

    def to_parameters(self) -> dict[str, Any]:
        """The parameters of the architecture ``custom`` that mean it."""
        return {"title": self.title, "graph": self.graph.to_dict()}


class ModelLibrary:
    """The own models of a workspace.

    Args:
        workspace: The folder; ``models`` in it is made when the first model is saved.
    """

    def __init__(self, workspace: Path) -> None:
        self._folder = workspace / FOLDER

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all, in alphabetical order, readable or not."""
        try:
            files = [path for path in self._folder.iterdir() if path.suffix == SUFFIX]
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise _cannot_read(self._folder, error) from error
        names = [path.stem for path in files if not path.name.startswith(".")]
        return tuple(sorted(names, key=str.casefold))

    def models(self) -> tuple[tuple[SavedModel, ...], tuple[str, ...]]:
        """Returns every model that can be read, and what is wrong with each that cannot."""
        found, wrong = [], []
        for name in self.names:
            try:
                found.append(self.load(name))
            except DescentError as error:
                wrong.append(str(error))
        return tuple(found), tuple(wrong)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name in self.names

    def path(self, name: str) -> Path:
        """Where a model of that name is.

        Raises:
            DescentError: It cannot be the name of a file.
        """
        return self._folder / f"{checked_name(name)}{SUFFIX}"

    def load(self, name: str) -> SavedModel:
        """Reads a model.

        Raises:
            UnknownNameError: There is none of that name.
            DescentError: It cannot be read, or is not well formed.
        """
        path = self.path(name)
        if not path.is_file():
            raise UnknownNameError("model of your own", name, self.names)
        model = read_file(path)
        return replace(model, has_weights=self.weights_of(model) is not None)

    def save(
        self,
        name: str,
        graph: LayerGraph,
        title: str = "",
        replace: bool = False,
        weights: bytes = b"",
    ) -> None:
        """Writes a model.

        Args:
            name: What to save it as.
            graph: Its layers.
            title: What people read; the name, if empty.
            replace: A model of that name may be written over.
            weights: A file that Keras wrote, of the same layers; empty: those that are there stay.

        Raises:
            DescentError: The name is taken, or cannot be the name of a file.
            WorkspaceError: It cannot be written; what was there is untouched.
        """
        path = self.path(name)
        if not replace:
            self.check_free(name)
        self._make_folder()
        if weights:
            _write_weights(path, weights, graph)
        write_file(path, SavedModel(name, title or name, graph))

    def weights_of(self, model: SavedModel) -> tuple[Path, str] | None:
        """The file of a model's weights and the digest it must have; None where it has none."""
        try:
            path = self.path(model.name).with_suffix(WEIGHTS_SUFFIX)
            said = read_whole(path.with_suffix(_DIGEST_SUFFIX), 400).decode("ascii").split()
        except (DescentError, OSError, ValueError):
            return None
        if len(said) != 2 or said[1] != _digest_of(model.graph) or not path.is_file():
            return None
        return path, said[0]

    def rename(self, old: str, new: str) -> None:
        """Gives a model another name; the title follows where it was the name.

        Raises:
            UnknownNameError: There is none of that name.
            DescentError: The new name is taken, or cannot be the name of a file.
            WorkspaceError: The folder cannot be written.
        """
        model = self.load(old)
        if old == new:
            return
        if old.casefold() != new.casefold():
            self.check_free(new)
        title = new if model.title == old else model.title
        target, source = self.path(new), self.path(old)
        try:
            source.rename(target)
            for suffix in (WEIGHTS_SUFFIX, _DIGEST_SUFFIX):
                if source.with_suffix(suffix).exists():
                    source.with_suffix(suffix).replace(target.with_suffix(suffix))
        except OSError as error:
            raise cannot_write(target, error) from error
        write_file(target, SavedModel(new, title, model.graph))

    def delete(self, name: str) -> None:
        """Removes a model.

        Raises:
            UnknownNameError: There is none of that name.
            WorkspaceError: It cannot be removed.
        """
        path = self.path(name)
        try:
            path.unlink()
            self._remove_weights_of_old(path)
        except FileNotFoundError:
            raise UnknownNameError("model of your own", name, self.names) from None
        except OSError as error:
            raise cannot_write(path, error) from error

    def _remove_weights_of_old(self, deleted: Path) -> None:
        """Removes weights whose model went long ago; those of the one that goes now are dated."""
        now = time.time()
        for note in self._folder.glob(f"*{_DIGEST_SUFFIX}"):
            if note.with_suffix(SUFFIX).exists():
                continue
            if note.stem == deleted.stem:
                os.utime(note, (now, now))
            elif now - note.stat().st_mtime > KEPT_S:
                note.with_suffix(WEIGHTS_SUFFIX).unlink(missing_ok=True)
                note.unlink(missing_ok=True)

    def check_free(self, name: str) -> None:
        """Makes sure that a new model can have a name.

        Raises:
            DescentError: It is taken, or cannot be the name of a file.
        """
        checked_name(name)
        if self.alike(name):
            raise DescentError(
                f"A model named '{name}' is saved already.",
                "Take another name (--name), or replace it (--replace).",
            )

    def alike(self, name: str) -> tuple[str, ...]:
        """The names that are the same, as folders tell no capitals from small letters."""
        return tuple(item for item in self.names if item.casefold() == name.casefold())

    def _make_folder(self) -> None:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise cannot_write(self._folder, error) from error


def checked_name(name: str) -> str:
    """The name, if a file can have it.

    Raises:
        DescentError: It cannot.
    """
    if _NAME.fullmatch(name) and len(name) <= MAX_NAME and not _RESERVED.fullmatch(name):
        return name
    raise DescentError(
        f"A model is named with letters, digits, spaces, dots, '-' and '_', up to {MAX_NAME} of "
        f"them. Received: {shorten(name)}.",
        "Take such a name, for example my_network.",
    )


def name_of(title: str) -> str:
    """The name of a file for a title; `checked_name` accepts it."""
    plain = re.sub(r"[^\w .-]", "_", title)[:MAX_NAME].strip(" .-")
    return plain if plain and not _RESERVED.fullmatch(plain) else "model"


def _write_weights(path: Path, content: bytes, graph: LayerGraph) -> None:
    """Writes the weights of a model, and the digests by which they are known."""
    atomic_write(path.with_suffix(WEIGHTS_SUFFIX), content)
    digest = hashlib.blake2b(content, digest_size=32).hexdigest()
    atomic_write(path.with_suffix(_DIGEST_SUFFIX), f"{digest} {_digest_of(graph)}\n")


def _digest_of(graph: LayerGraph) -> str:
    text = json.dumps(graph.to_dict(), sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def write_file(path: Path, model: SavedModel) -> None:
    """Writes a model to a file anywhere, whole or not at all.

    Raises:
        WorkspaceError: It cannot be written.
    """
    values = {"schema_version": SCHEMA_VERSION, "title": model.title, **model.graph.to_dict()}
    atomic_write(path, json.dumps(values, indent=1, ensure_ascii=False) + "\n")


def read_file(path: Path) -> SavedModel:
    """Reads a model from a file anywhere.

    Raises:
        DescentError: There is none, or it holds no model; the first problem is named.
    """
    try:
        values = read_json(path, _MAX_BYTES)
    except FileNotFoundError:
        raise DescentError(f"There is no file '{path}'.", "Check the path.") from None
    except OSError as error:
        raise _cannot_read(path, error) from error
    except DAMAGED as error:
        raise DescentError(
            f"'{path}' is not JSON that can be used: {reason_of(error)}.",
            "Choose a file that 'Export as a file' or 'models describe --graph' wrote.",
        ) from None
    try:
        graph = checked_graph(values)
    except SpecError as error:
        problem = error.problems[0]
        message = f"'{path}' holds no model that can be used. {problem.field}: {problem.message}"
        raise DescentError(message, problem.hint) from None
    title = values.get("title")
    name = path.stem
    return SavedModel(name, title if isinstance(title, str) and title else name, graph)


def _cannot_read(path: Path, error: OSError) -> DescentError:
    return DescentError(f"'{path}' cannot be read: {reason_of(error)}.", "Check the path.")
