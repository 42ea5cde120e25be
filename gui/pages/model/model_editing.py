"""ModelEditing: when the layer editor is open on the Model page, and where its models come from."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtWidgets import QFileDialog, QVBoxLayout, QWidget

from engine.architectures import ARCHITECTURES
from engine.errors import Problem
from engine.events.messages import ModelDescribed, Rejected
from engine.graph.library import SavedModel
from gui.pages.model.model_cards import OWN
from gui.pages.shared.page import Page
from gui.state.draft import Draft
from gui.state.own_model import CUSTOM, OwnModel
from gui.state.own_models import OwnModels

if TYPE_CHECKING:
    from gui.editor.layer_editor import LayerEditor

FOLDER_SETTING: Final = "editor/folder"
KEPT_SETTINGS: Final = ("optimizer", "learning_rate", "epochs", "batch_size")
"""How the model one starts from is trained: the layers stay the same, so this does, too."""


class ModelEditing(QObject):
    """Makes models of one's own: from any architecture, from a saved one, from a file.

    Signals:
        opened_changed(bool): The editor is to be seen, or not any more.
        layer_picked(str): A layer was picked in the editor.

    Args:
        page: The page.
        place: Where the editor will be; it is built when it is first opened.
    """

    opened_changed = Signal(bool)
    layer_picked = Signal(str)

    def __init__(self, page: Page, place: QWidget) -> None:
        super().__init__(page)
        self._page, self._place = page, place
        self._drafts, self._messages = page.controller.drafts, page.messages
        self.editor: LayerEditor | None = None
        self.is_open = False
        self._is_wanted = False
        models = self.models
        models.saved.connect(self._on_saved)
        models.deleted.connect(self._on_deleted)
        models.file_written.connect(self._on_written)
        models.file_read.connect(self._on_read)

    @property
    def models(self) -> OwnModels:
        """The models that are kept in the workspace."""
        return self._page.controller.own_models

    # ---- opening and closing

    @property
    def can_open(self) -> bool:
        """There are layers to edit, or they are on their way."""
        drafts = self._drafts
        if drafts.model is not None:
            return bool(drafts.model.graph) or self._has_layers
        return self._has_layers or drafts.model_problem is None

    @property
    def _has_layers(self) -> bool:
        draft = self._drafts.draft
        return draft.model == CUSTOM and bool(draft.model_parameters.get("graph"))

    @Slot()
    def open(self) -> None:
        """Opens the editor on the present model, whatever its architecture."""
        drafts = self._drafts
        self._is_wanted = False
        described = drafts.model
        is_started = not self._has_layers and self._start_from(described)
        if not self._has_layers:
            # Its layers are on their way; if there are none to come, the page says why.
            self._is_wanted = drafts.model is None
            return
        editor = self._ready_editor()
        if is_started and described is not None:
            editor.show_known(described.layers)
        self._set_open(True)
        editor.setFocus(Qt.FocusReason.OtherFocusReason)

    @Slot()
    def close(self) -> None:
        """Shows the list of models again."""
        self._is_wanted = False
        self._set_open(False)

    def _set_open(self, is_open: bool) -> None:
        if is_open is self.is_open or self.editor is None:
            return
        self.is_open = is_open
        # On the page they are found by the list of shortcuts, while they mean something.
        for action in self.editor.actions_.all:
            if not is_open:
                self._page.removeAction(action)
            elif action.shortcuts():
                self._page.addAction(action)
        self.opened_changed.emit(is_open)

    def _ready_editor(self) -> LayerEditor:
        if self.editor is None:
            from gui.editor.layer_editor import LayerEditor  # not before it is opened

            editor = LayerEditor(self._drafts, self._place)
            layout = QVBoxLayout(self._place)
            layout.setContentsMargins(0, 0, 0, 0)
            layout.addWidget(editor)
            editor.back_requested.connect(self.close)
            editor.layer_picked.connect(self.layer_picked)
            editor.save_requested.connect(self._on_save)
            editor.open_requested.connect(self._on_open_file)
            editor.json_requested.connect(self._on_export_json)
            editor.code_requested.connect(self._on_export_code)
            self.editor = editor
            self._show_known()
        return self.editor

    def _show_known(self) -> None:
        """Tells a new editor what the engine has said already."""
        assert self.editor is not None
        self.editor.show_draft(self._drafts.draft)
        if self._drafts.model is not None:
            self.editor.show_model(self._drafts.model)
        elif self._drafts.model_problem is not None:
            self.editor.show_problems(self._drafts.model_problem.problems)

    # ---- what is picked

    def pick(self, name: str) -> None:
        """Picks a card of the list: an architecture, or a model that the person has saved."""
        self._is_wanted = False
        if name.startswith(OWN):
            self._pick_own(name.removeprefix(OWN))
        else:
            self._drafts.choose_model(name)

    def card_of(self, draft: Draft) -> str:
        """The card that stands for a draft's model."""
        if draft.model == CUSTOM:
            saved = self.saved_of(draft)
            return f"{OWN}{saved.name}" if saved is not None else CUSTOM
        return draft.model

    def saved_of(self, draft: Draft) -> SavedModel | None:
        """The saved model that a draft's model is, unchanged."""
        if draft.model != CUSTOM:
            return None
        for model in self.models.models:
            if model.to_parameters() == draft.model_parameters:
                return model
        return None

    def _remembered(self) -> dict[str, Any]:
        draft = self._drafts.draft
        if draft.model == CUSTOM:
            return draft.model_parameters
        return self._drafts.settings_of(CUSTOM)[0]

    @Slot(str)
    def pick_brought(self, name: str) -> None:
        """Picks a model that was brought in, and says so."""
        self._pick_own(name)
        text = self.tr("“{title}” is among your models, with what it has learnt.")
        self._messages.show_info(text.format(title=name))

    def _pick_own(self, name: str) -> None:
        saved = next((item for item in self.models.models if item.name == name), None)
        if saved is not None:
            label = self.tr("open {title}").format(title=saved.title)
            self._make_draft(OwnModel(saved.title, saved.graph), label)
            start = {"source": saved.name} if saved.has_weights else {}
            self._drafts.set_draft(self._drafts.draft.with_start(start))

    def _start_from(self, described: ModelDescribed | None) -> bool:
        """Makes the layers of an architecture the person's own; returns whether it has any."""
        if described is None or not described.graph:
            return False
        name = described.spec.model.name or ""
        title = self.tr("My model")
        if name != CUSTOM and name in ARCHITECTURES:
            title = self.tr("My {title}").format(title=ARCHITECTURES[name].short_title)
        model = OwnModel.from_parameters({"title": title, "graph": described.graph})
        values = described.spec.to_dict()["training"]
        training = {key: values[key] for key in KEPT_SETTINGS if values.get(key) is not None}
        self._make_draft(
            model,
            self.tr("start from {name}").format(name=name),
            {**self._drafts.draft.training, **training},
        )
        return True

    def _make_draft(
        self, model: OwnModel, label: str, training: dict[str, Any] | None = None
    ) -> None:
        """Makes a model the draft's; one that was being edited is kept, for Undo."""
        draft, before = self._drafts.draft, self._remembered()
        if before.get("graph") and before != model.to_parameters():
            editor = self._ready_editor()
            editor.show_draft(draft.with_model(CUSTOM, before))
            if not self._is_saved(before):
                back = partial(self._bring_back, before)
                text = self.tr("The model you were editing is put aside.")
                self._messages.show_info(text, self.tr("Bring it back"), back)
        if self.editor is not None:
            self.editor.name_next_step(label)
        if training is None:
            training = draft.training if draft.model == CUSTOM else {}
        self._drafts.set_draft(draft.with_model(CUSTOM, model.to_parameters(), training))

    def _is_saved(self, parameters: dict[str, Any]) -> bool:
        return any(item.to_parameters() == parameters for item in self.models.models)

    def _bring_back(self, parameters: dict[str, Any]) -> None:
        draft = self._drafts.draft
        self._drafts.set_draft(draft.with_model(CUSTOM, parameters, draft.training))

    # ---- what the page is told

    def show_draft(self, draft: Draft) -> None:
        """Follows the draft; the editor closes when another architecture is picked."""
        if self.editor is not None:
            self.editor.show_draft(draft)
        if draft.model != CUSTOM:
            self._set_open(False)

    def show_model(self, model: ModelDescribed | None) -> None:
        """Shows what the engine says of the layers; None: it is asked."""
        if self._is_wanted and model is not None:
            self.open()
        elif self.editor is not None and model is None:
            self.editor.show_building()
        elif self.editor is not None and model is not None:
            self.editor.show_model(model)

    def show_problems(self, problem: Rejected) -> tuple[Problem, ...]:
        """Marks the layers that the engine found fault with; returns what is about none."""
        is_own = self._drafts.draft.model == CUSTOM
        if self.editor is None or not is_own:
            return problem.problems
        return self.editor.show_problems(problem.problems)

    @property
    def first_marked(self) -> tuple[str, str]:
        """The first layer that is marked, and why; empty: none is."""
        is_own = self._drafts.draft.model == CUSTOM
        marked = self.editor.marked if self.editor is not None and is_own else {}
        return next(iter(marked.items()), ("", ""))

    @Slot(str)
    def pick_layer(self, name: str) -> None:
        """Picks a layer that was picked in the picture."""
        if self.editor is not None and self.is_open:
            self.editor.pick_layer(name)

    # ---- your models

    @Slot()
    def _on_save(self) -> None:
        assert self.editor is not None
        if self.editor.ask_for_title():
            self.models.save(self.editor.model.title.strip(), self.editor.model)

    @Slot()
    def delete_saved(self) -> None:
        """Takes the draft's model out of the saved ones; it stays on show, and can be put back."""
        saved = self.saved_of(self._drafts.draft)
        if saved is not None:
            self.models.delete(saved)

    @Slot(object, object)
    def _on_saved(self, model: SavedModel, before: SavedModel | None) -> None:
        if before is not None and before != model:
            text = self.tr("“{title}” is saved in place of the one of that name.")
            undo = partial(self.models.put_back, before)
            self._messages.show_done(text.format(title=model.title), undo)
        else:
            text = self.tr("“{title}” is saved; you find it among your models.")
            self._messages.show_info(text.format(title=model.title))

    @Slot(object)
    def _on_deleted(self, model: SavedModel) -> None:
        text = self.tr("“{title}” is no longer among your models.").format(title=model.title)
        undo = partial(self.models.put_back, model)
        self._messages.show_done(text, undo)

    # ---- files

    @Slot()
    def _on_open_file(self) -> None:
        dialog = self._dialog(self.tr("Open a model"), self.tr("Models (*.json)"))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(self.read_file)
        dialog.open()

    @Slot()
    def _on_export_json(self) -> None:
        self._export(self.tr("Export the layers"), self.tr("Models (*.json)"), "json")

    @Slot()
    def _on_export_code(self) -> None:
        self._export(self.tr("Export Keras code"), self.tr("Python (*.py)"), "py")

    def _export(self, title: str, filter_text: str, suffix: str) -> None:
        assert self.editor is not None
        dialog = self._dialog(title, filter_text)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix(suffix)
        stem = "".join(c if c.isalnum() or c in " -_" else "_" for c in self.editor.model.title)
        dialog.selectFile(f"{stem.strip() or 'model'}.{suffix}")
        dialog.fileSelected.connect(self.write_file)
        dialog.open()

    def _dialog(self, title: str, filter_text: str) -> QFileDialog:
        folder = self._page.settings.get(FOLDER_SETTING, "")
        dialog = QFileDialog(self._page, title, folder)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setNameFilters([filter_text, self.tr("All files (*)")])
        return dialog

    @Slot(str)
    def read_file(self, path: str) -> None:
        """Opens a file with layers; answered by the editor, or by a message that says where."""
        self._page.settings.set(FOLDER_SETTING, str(Path(path).parent))
        self.models.read_file(Path(path))

    @Slot(str)
    def write_file(self, path: str) -> None:
        """Writes the model into a file: Keras code where its name ends in ``.py``, else JSON."""
        assert self.editor is not None
        self._page.settings.set(FOLDER_SETTING, str(Path(path).parent))
        if not path.endswith(".py"):
            self.models.write_file(Path(path), self.editor.model)
            return
        described = self._drafts.model
        if described is None or not described.code:
            problem = Rejected(
                self.tr("There is no code of this model yet."),
                self.tr("Mend what is marked in the list, then export again."),
            )
            self._messages.show_warning(problem.message, problem.hint)
            return
        self.models.write_text(Path(path), described.code)

    @Slot(str)
    def _on_written(self, path: str) -> None:
        self._messages.show_info(self.tr("Written: {path}").format(path=path))

    @Slot(object)
    def _on_read(self, model: OwnModel) -> None:
        self._make_draft(model, self.tr("open {title}").format(title=model.title))
        self.open()
