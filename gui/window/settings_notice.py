"""Says that the settings could not be read, and the window begins without them."""

from __future__ import annotations

from gui.formatting.translation import translate
from gui.state.messages import Messages
from gui.state.settings import Settings


def tell_of_settings(settings: Settings, messages: Messages) -> None:
    """Says which file is wrong and what to do; nothing where all is well."""
    if settings.damaged is None:
        return
    path, reason = settings.damaged
    messages.show_warning(
        translate("The settings in '{path}' are not read: {reason}.").format(
            path=path, reason=reason
        ),
        translate("Remove that file, to have settings there again."),
    )
