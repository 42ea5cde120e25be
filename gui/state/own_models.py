"""OwnModels: the models that the person has saved, read and written in the background."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from engine.errors import DescentError
from engine.events.messages import Rejected
from engine.graph.library import ModelLibrary, SavedModel, name_of, read_file, write_file
from gui.state.own_model import OwnModel
from gui.state.run_repository import RunRepository

if TYPE_CHECKING:
    from engine.runs.store import RunStore
    from gui.threads.import_thread import ImportThread


class OwnModels(QObject):
    """Keeps the list of saved models; none of its methods waits.

    Signals, all in the GUI thread:
        models_changed(): `models` was read again, and is another one.
        saved(SavedModel, SavedModel | None): A model was saved, in place of the second one.
        deleted(SavedModel): A model was taken out of the list.
        brought(str): A file of another program's was brought in, and is kept under that name.
        bringing_changed(bool): One is being brought in, or not any more.
        closed(): After `close`: none is being brought in.
        file_read(OwnModel): A file was opened.
        file_written(str): A file is written, at that path.
        problem_found(Rejected): Something failed, in words.

    Args:
        workspace: The folder that holds them.
        repository: Its thread does the reading and writing.
    """

    models_changed = Signal()
    saved = Signal(object, object)
    deleted = Signal(object)
    brought = Signal(str)
    bringing_changed = Signal(bool)
    closed = Signal()
    file_read = Signal(object)
    file_written = Signal(str)
    problem_found = Signal(object)

    def __init__(
        self, workspace: Path, repository: RunRepository, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.models: tuple[SavedModel, ...] = ()
        self._library = ModelLibrary(workspace)
        self._repository = repository
        self._unreadable: tuple[str, ...] = ()
        self._importing: ImportThread | None = None
        self._is_closing = False

    def refresh(self) -> None:
        """Reads the list again."""
        library = self._library

        def job(_store: RunStore) -> tuple[tuple[SavedModel, ...], tuple[str, ...]]:
            return library.models()

        self._repository.submit(job, self._on_models, self.problem_found.emit, key="own models")

    def save(self, title: str, model: OwnModel) -> None:
        """Saves a model under its title; answered by `saved`.

        Args:
            title: What the person reads in the list; not empty.
            model: The model.
        """
        library, name = self._library, name_of(title)
        wanted = SavedModel(name, title, model.graph)

        def job(_store: RunStore) -> tuple[SavedModel, SavedModel | None]:
            same = [item for item in library.names if item.casefold() == name.casefold()]
            before = _loaded(library, same[0]) if same else None
            if same and same[0] != name:
                library.delete(same[0])
            library.save(name, wanted.graph, wanted.title, replace=True)
            return library.load(name), before

        self._repository.submit(job, self._on_saved, self.problem_found.emit)

    def delete(self, model: SavedModel) -> None:
        """Takes a model out of the list; answered by `deleted`."""
        library = self._library

        def job(_store: RunStore) -> SavedModel:
            library.delete(model.name)
            return model

        self._repository.submit(job, self._on_deleted, self.problem_found.emit)

    def put_back(self, model: SavedModel) -> None:
        """Saves a model as it was before; says nothing but `models_changed`."""
        library = self._library

        def job(_store: RunStore) -> None:
            library.save(model.name, model.graph, model.title, replace=True)

        self._repository.submit(job, self._on_put_back, self.problem_found.emit)

    # ---- what others saved

    @property
    def is_bringing(self) -> bool:
        """A file is being brought in."""
        return self._importing is not None

    def same_name(self, path: Path) -> str:
        """The name of the model that a file would be named like; empty: there is none."""
        name = name_of(path.stem).casefold()
        return next((model.name for model in self.models if model.name.casefold() == name), "")

    def bring_in(self, path: Path, replaces: bool = False) -> None:
        """Makes a file of another program's one of these; answered by `brought`.

        Args:
            path: The file.
            replaces: It takes the place of the model of its name; else it is given a free one.
        """
        if self._importing is not None or self._is_closing:
            return
        from gui.threads.import_thread import ImportThread  # not before it is asked for

        self._importing = ImportThread(path, self._library, replaces, self)
        self._importing.brought.connect(self._on_brought)
        self._importing.failed.connect(self.problem_found)
        self._importing.finished.connect(self._on_imported)
        self._importing.start()
        self.bringing_changed.emit(True)

    def give_up(self) -> None:
        """Gives up what is being brought in; nothing is kept of it."""
        if self._importing is not None:
            self._importing.retire()

    def close(self) -> None:
        """Lets the thread end; `closed` says when it has."""
        self._is_closing = True
        if self._importing is None:
            self.closed.emit()
        else:
            self._importing.retire()

    @Slot(object)
    def _on_brought(self, model: SavedModel) -> None:
        name = model.name.casefold()
        others = (item for item in self.models if item.name.casefold() != name)
        self.models = tuple(sorted((*others, model), key=lambda item: item.name.casefold()))
        self.models_changed.emit()
        self.brought.emit(model.name)

    @Slot()
    def _on_imported(self) -> None:
        thread, self._importing = self._importing, None
        if thread is not None:
            thread.wait()  # its last instructions; `finished` comes just before them
            thread.deleteLater()
        self.bringing_changed.emit(False)
        if self._is_closing:
            self.closed.emit()

    # ---- files

    def read_file(self, path: Path) -> None:
        """Opens a file anywhere; answered by `file_read`."""

        def job(_store: RunStore) -> OwnModel:
            found = read_file(path)
            return OwnModel(found.title, found.graph)

        self._repository.submit(job, self.file_read.emit, self.problem_found.emit)

    def write_file(self, path: Path, model: OwnModel) -> None:
        """Writes a model into a file anywhere, as JSON; answered by `file_written`."""

        def job(_store: RunStore) -> str:
            write_file(path, SavedModel(path.stem, model.title or path.stem, model.graph))
            return str(path)

        self._repository.submit(job, self.file_written.emit, self.problem_found.emit)

    def write_text(self, path: Path, text: str) -> None:
        """Writes a text into a file anywhere; answered by `file_written`."""

        def job(_store: RunStore) -> str:
            from engine.files import atomic_write

            atomic_write(path, text)
            return str(path)

        self._repository.submit(job, self.file_written.emit, self.problem_found.emit)

    def _on_models(self, found: tuple[tuple[SavedModel, ...], tuple[str, ...]]) -> None:
        models, unreadable = found
        if unreadable and unreadable != self._unreadable:
            text = self.tr("Not all of your models can be read.")
            self.problem_found.emit(Rejected(text, "\n".join(unreadable)))
        self._unreadable = unreadable
        if models != self.models:
            self.models = models
            self.models_changed.emit()

    def _on_saved(self, result: tuple[SavedModel, SavedModel | None]) -> None:
        self.refresh()
        self.saved.emit(*result)

    def _on_deleted(self, model: SavedModel) -> None:
        self.refresh()
        self.deleted.emit(model)

    def _on_put_back(self, _result: None) -> None:
        self.refresh()


def _loaded(library: ModelLibrary, name: str) -> SavedModel | None:
    try:
        return library.load(name)
    except DescentError:
        return None  # there is nothing in it that could be brought back
