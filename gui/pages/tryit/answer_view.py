"""AnswerView: what the model says of an input, how sure it is, and what it never met before."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from engine.events.trying import InputTried, ModelAnswer, ModelLookedAt
from engine.spec.formatting import percent_text
from engine.spec.signature import Kind, Output, Task
from gui.formatting.numbers import data_text, number_text
from gui.pages.shared.explanation_panel import ExplanationPanel
from gui.pages.tryit.nearest_view import NearestView
from gui.state.result_controller import ResultController
from gui.style.label import Label
from gui.style.theme import SPACING, set_role
from gui.widgets.image_grid import picture_of
from gui.widgets.share_bars import ShareBars, ShareRow
from gui.widgets.text_table import TextTable

MAX_BARS = 10
WHY_HEIGHT = 44 * SPACING
_SEEN_EDGE = 14 * SPACING
_FEW = 3


class AnswerView(QWidget):
    """The answer over its bars, why it is so, what is unfamiliar, the nearest training examples.

    Args:
        results: Is asked for explanations.
    """

    def __init__(self, results: ResultController, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look: ModelLookedAt | None = None
        self._answer: InputTried | None = None
        self.is_of_several = False
        """What is shown is of several inputs at once."""
        self.is_seen_elsewhere = False
        """What the model receives stands beside it already."""
        self.caption = Label()
        self.best = Label()
        self.detail = Label()
        self.bars = ShareBars()
        self.rows: TextTable | None = None
        self.unfamiliar = Label()
        self.seen = Label()
        self.seen_caption = Label()
        self.nearest = NearestView()
        self.why = QPushButton(self.tr("Why?"))
        self.explanation = ExplanationPanel(results)
        self._build()
        self.show_nothing("")

    def _build(self) -> None:
        for label, role in (
            (self.caption, "muted"),
            (self.best, "title"),
            (self.detail, "muted"),
            (self.unfamiliar, "warning"),
            (self.seen_caption, "small"),
        ):
            label.setWordWrap(True)
            set_role(label, role)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.seen.setAccessibleName(self.tr("What the model receives"))
        self.why.setToolTip(self.tr("What in the input the answer rests on"))
        self.why.clicked.connect(self._on_why)
        self.explanation.setMinimumHeight(WHY_HEIGHT)
        self.explanation.hide()
        head = QHBoxLayout()
        head.addWidget(self.best, 1)
        head.addWidget(self.why, 0, Qt.AlignmentFlag.AlignTop)
        seen = QHBoxLayout()
        seen.setSpacing(SPACING)
        seen.addWidget(self.seen)
        seen.addWidget(self.seen_caption, 1)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, SPACING, 0)
        self._column.setSpacing(SPACING)
        self._column.addWidget(self.caption)
        self._column.addLayout(head)
        self._column.addWidget(self.detail)
        self._column.addWidget(self.bars)
        self._column.addWidget(self.unfamiliar)
        self._column.addWidget(self.explanation)
        self._column.addLayout(seen)
        self._column.addWidget(self.nearest)
        self._column.addStretch(1)

    @Slot()
    def _on_why(self) -> None:
        answer = self._answer
        if answer is not None and answer.raw is not None:
            self.explanation.show()
            self.explanation.explain_new(answer.run, answer.raw)

    def _take(self, answer: InputTried | None) -> None:
        """Another answer: an explanation belongs to one."""
        self._answer = answer
        # Of weights that change while one looks at them nothing is explained.
        self.why.setEnabled(answer is not None and answer.epoch is None and answer.raw is not None)
        if not self.explanation.isHidden():
            self.explanation.hide()
            self.explanation.clear()

    def set_model(self, look: ModelLookedAt) -> None:
        """Another model is asked from here on."""
        self._look = look
        self.bars.set_rows(())
        self.nearest.clear()

    # ---- showing

    def show_nothing(self, text: str, hint: str = "", role: str = "muted") -> None:
        """Says what to do first, or what is wrong."""
        self.caption.setText(text)
        set_role(self.caption, role)
        self.detail.setText(hint)
        self.best.setText("")
        self.bars.set_rows(())
        self._show_parts(None)
        self.nearest.clear()
        self._take(None)

    def show_answer(self, answer: InputTried, truth: str = "") -> None:
        """Shows what is said of an input, or of all inputs of a file.

        Args:
            answer: What is said.
            truth: What is known of the input, which is an example; empty: nothing.
        """
        first = answer.answers[0]
        set_role(self.caption, "muted")
        self._take(answer)
        self._show_parts(answer)
        self.is_of_several = len(answer.answers) > 1
        if self.is_of_several:
            self.nearest.clear()
            self._show_several(answer)
        else:
            self._show_one(first)
            if truth:
                self.caption.setText(
                    self.tr("{target} (in the data: {truth})").format(
                        target=self.caption.text(), truth=truth
                    )
                )
        strange = list(first.unfamiliar) if len(answer.answers) == 1 else []
        lines = [self.tr("Unfamiliar: {what}").format(what=text) for text in strange]
        self.unfamiliar.setText("\n".join([*lines, *answer.left_out]))
        self.unfamiliar.setVisible(bool(lines or answer.left_out))

    def _show_one(self, answer: ModelAnswer) -> None:
        look = self._look
        assert look is not None
        self.caption.setText(look.target)
        if look.task == Task.ANOMALY.value:
            self._show_score(answer)
            return
        self.bars.set_rows(self._bars_of(answer))
        match Output(look.output):
            case Output.CLASSES:
                self.best.setText(answer.best)
                self.detail.setText(self._more_of(answer))
            case Output.LABELS:
                self.best.setText(", ".join(answer.labels) or self.tr("no label"))
                self.detail.setText(
                    self.tr("A label is said where its bar reaches beyond its mark.")
                )
            case Output.TOKENS:
                self.best.setText(answer.best or self.tr("(nothing)"))
                self.detail.setText("")
            case Output.NUMBERS:
                self._show_values(answer)

    def _more_of(self, answer: ModelAnswer) -> str:
        look = self._look
        n_classes = len(look.class_names) if look is not None else 0
        if n_classes <= MAX_BARS:
            return ""
        return self.tr("The likeliest {n} of {all} classes").format(n=MAX_BARS, all=n_classes)

    def _bars_of(self, answer: ModelAnswer) -> list[ShareRow]:
        """Few classes in their own order, so that no line moves; of many the likeliest."""
        look = self._look
        assert look is not None
        said = set(answer.labels) or {answer.best}
        rows = [
            ShareRow(
                name,
                share,
                name in said and (bool(answer.labels) or not answer.thresholds),
                answer.thresholds[place] if answer.thresholds else None,
            )
            for place, (name, share) in enumerate(answer.shares)
        ]
        if len(look.class_names) <= MAX_BARS:
            order = {name: place for place, name in enumerate(look.class_names)}
            rows.sort(key=lambda row: order[row.name])
        return rows[:MAX_BARS]

    def _show_values(self, answer: ModelAnswer) -> None:
        values = answer.values
        if len(values) == 1:
            self.best.setText(data_text(values[0]))
        else:
            listing = ", ".join(data_text(value) for value in values[:_FEW])
            self.best.setText(f"{listing}, …" if len(values) > _FEW else listing)
        if answer.interval is not None:
            self.detail.setText(
                self.tr("Between {low} and {high} with {level} probability").format(
                    low=data_text(answer.interval[0]),
                    high=data_text(answer.interval[1]),
                    level=percent_text(answer.interval_level),
                )
            )
        elif len(values) > 1:
            self.detail.setText(
                self.tr("{n} values, {low} to {high}").format(
                    n=len(values), low=data_text(min(values)), high=data_text(max(values))
                )
            )
        else:
            self.detail.setText("")

    def _show_score(self, answer: ModelAnswer) -> None:
        score, threshold = answer.values[0], answer.threshold
        self.caption.setText(self.tr("Score"))
        self.bars.set_rows(())
        if threshold is None:
            self.best.setText(number_text(score))
            self.detail.setText(
                self.tr(
                    "The threshold is learnt at the end of the training; until then only "
                    "the score is known."
                )
            )
            return
        is_unusual = score > threshold
        self.best.setText(self.tr("unusual") if is_unusual else self.tr("usual"))
        self.detail.setText(
            self.tr("Score {score}; above {threshold} it is unusual.").format(
                score=number_text(score), threshold=number_text(threshold)
            )
        )
        top = max(score, 2 * threshold, 1e-12)
        name = self.tr("score")
        self.bars.set_rows(
            [ShareRow(name, score / top, is_unusual, threshold / top, number_text(score))]
        )

    def _show_several(self, answer: InputTried) -> None:
        self.caption.setText(self.tr("{n} inputs").format(n=len(answer.answers)))
        self.best.setText("")
        self.detail.setText("")
        self.bars.set_rows(())
        if self.rows is None:
            self.rows = TextTable(self.tr("What is said of each input"))
            self.rows.setMinimumHeight(40 * SPACING)
            self._column.insertWidget(4, self.rows, 1)
        self.rows.show()
        headings = (self.tr("Input"), self.tr("Answer"), self.tr("Unfamiliar"))
        lines = [
            (item.name, self._words_of(item), "; ".join(item.unfamiliar)) for item in answer.answers
        ]
        self.rows.set_rows(headings, lines)

    def _words_of(self, answer: ModelAnswer) -> str:
        """An answer in a few words."""
        if answer.labels or answer.thresholds:
            return ", ".join(answer.labels) or self.tr("no label")
        if answer.best:
            share = f" {percent_text(answer.shares[0][1], 1)}" if answer.shares else ""
            return f"{answer.best}{share}"
        if answer.threshold is not None:
            word = self.tr("unusual") if answer.values[0] > answer.threshold else self.tr("usual")
            return f"{word}, {number_text(answer.values[0])}"
        return ", ".join(map(data_text, answer.values)) or self.tr("(nothing)")

    def _show_parts(self, answer: InputTried | None) -> None:
        """Shows the parts that belong to an answer, and hides the others."""
        if self.rows is not None:
            self.rows.hide()
        is_picture = (
            answer is not None
            and answer.seen is not None
            and self._look is not None
            and self._look.kind == Kind.IMAGE.value
            and len(answer.answers) == 1
            and not self.is_seen_elsewhere
        )
        self.seen.setVisible(is_picture)
        self.seen_caption.setVisible(is_picture)
        if is_picture and answer is not None and answer.seen is not None:
            picture = np.asarray(answer.seen)
            shape = picture.shape if picture.ndim == 3 else (*picture.shape, 1)
            self.seen.setPixmap(picture_of(picture.reshape(shape), _SEEN_EDGE))
            text = self.tr("What the model receives: {width} × {height} pixels")
            self.seen_caption.setText(text.format(width=shape[1], height=shape[0]))
        if answer is None:
            self.unfamiliar.hide()

    @Slot()
    def forget_nearest(self) -> None:
        """The input has changed: what was like it may not be like it any more."""
        self.nearest.fade()
