"""Loading: the plug-ins of this process, imported when they are first asked for.

Only what the check found sound is imported. `PLUGINS` is what the registries ask.
"""

from __future__ import annotations

import importlib
import logging
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, Generic, TypeVar

from engine.spec.plugins import verdicts
from engine.spec.plugins.discovery import declared
from engine.spec.plugins.guarding import failure
from engine.spec.plugins.record import Group, PluginRecord, PluginState

logger = logging.getLogger(__name__)

Check = Callable[[Sequence[PluginRecord]], Iterable[PluginRecord]]
Key = tuple[Group, str]
Loaded = tuple[PluginRecord, object]


class Plugins:
    """The plug-ins there are, and those of them that are loaded. May be asked from any thread."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._loader = 0  # the thread that loads, while one does
        self.forget()

    def forget(self) -> None:
        """Begins anew, as a process does."""
        self._records: dict[Key, PluginRecord] = {}
        self._objects: dict[Key, Loaded] = {}
        self._admitted: dict[Key, PluginRecord] = {}
        self._stamp: tuple[tuple[str, int], ...] = ()
        self._is_loaded = False
        self._is_deferred = False
        self._check: Check | None = None

    def check_with(self, check: Check | None) -> None:
        """Has those that are new checked before they are first asked for; None: left out."""
        self._check = check

    def defer(self) -> None:
        """Loads nothing but by `load`: whoever asks has no time to wait, as a window's thread."""
        self._is_deferred = True

    def records(self) -> tuple[PluginRecord, ...]:
        """Returns what is known of every plug-in."""
        self._load_once()
        return tuple(self._records.values())

    def record(self, group: Group, name: str) -> PluginRecord | None:
        """Returns what is known of one plug-in; None where no package has it."""
        self._load_once()
        return self._records.get((group, name))

    def objects(self, group: Group) -> dict[str, Loaded]:
        """Returns the loaded plug-ins of a group by name, each with what is known of it."""
        self._load_once()
        found = self._objects
        return {key[1]: loaded for key, loaded in found.items() if key[0] is group}

    def load(self) -> tuple[PluginRecord, ...]:
        """Finds all plug-ins, and imports those that are sound and not imported yet."""
        with self._lock:
            self._loader = threading.get_ident()
            try:
                self._load()
            finally:
                self._loader = 0
            return tuple(self._records.values())

    def _load(self) -> None:
        found = {record.key: recalled(record) for record in declared()}
        new = [record for record in found.values() if record.state is PluginState.UNCHECKED]
        if new and self._check is not None:
            found |= {record.key: record for record in self._check(new)}
        stamp = verdicts.stamp()
        objects: dict[Key, Loaded] = {}
        for key, record in found.items():
            known = self._objects.get(key)
            if known is not None and known[0].target == record.target:
                objects[key] = known
            elif record.state is PluginState.READY:
                found[key], plugin = _imported(record)
                if plugin is not None:
                    objects[key] = (record, plugin)
        admitted = {key: self._objects[key] for key in self._admitted}
        # Put in place as a whole: another thread may be reading.
        self._records, self._objects = found | self._admitted, objects | admitted
        self._stamp, self._is_loaded = stamp, True

    def refresh(self) -> None:
        """Looks again at the next question, if something was checked since the last."""
        if self._is_loaded and verdicts.stamp() != self._stamp:
            self._is_loaded = False

    def admit(self, record: PluginRecord, plugin: object) -> None:
        """Takes in a plug-in that is not checked yet: for the check itself, and for tests."""
        with self._lock:
            self._admitted[record.key] = record
            self._objects = {**self._objects, record.key: (record, plugin)}
            self._records = {**self._records, record.key: record}

    def _load_once(self) -> None:
        # A plug-in that asks for others while it is imported gets those that are there.
        if self._is_loaded or self._is_deferred or self._loader == threading.get_ident():
            return
        with self._lock:
            if not self._is_loaded:
                self.load()


def recalled(record: PluginRecord) -> PluginRecord:
    """Returns what is known of a plug-in: what its name alone tells, or what the check found."""
    return record if record.state is PluginState.REFUSED else verdicts.recall(record)


def make(record: PluginRecord) -> object:
    """Imports a plug-in and makes the one object it is.

    Raises:
        BaseException: Whatever its module raises.
    """
    module, _, path = record.target.partition(":")
    found: object = importlib.import_module(module.strip())
    for name in path.partition("[")[0].strip().split("."):
        found = getattr(found, name)
    return found() if isinstance(found, type) else found


def _imported(record: PluginRecord) -> tuple[PluginRecord, object | None]:
    """A sound plug-in and its object; refused, and none, where it fails here and now."""
    try:
        return record, make(record)
    except (Exception, SystemExit) as error:
        told = failure(record, "it was imported", error)
        logger.exception("%s cannot be imported", record.words)
        refused = replace(
            record,
            state=PluginState.REFUSED,
            reason=told.message,
            hint=told.hint,
            details=told.details,
        )
        return refused, None


T = TypeVar("T")


class OtherPackages(Generic[T]):
    """The plug-ins of one group, for a registry.

    Args:
        group: Which.
        base: What each must be.
        guard: Puts a plug-in under guard.
        plugins: Where they are kept.
    """

    def __init__(
        self,
        group: Group,
        base: type,
        guard: Callable[[Any, PluginRecord], T],
        plugins: Plugins | None = None,
    ) -> None:
        self._group = group
        self._base = base
        self._guard = guard
        self._plugins = plugins or PLUGINS
        self._guards: dict[int, tuple[object, T]] = {}

    def __call__(self) -> Mapping[str, T]:
        """Returns them by name."""
        found: dict[str, T] = {}
        for name, (record, plugin) in self._plugins.objects(self._group).items():
            if not isinstance(plugin, self._base):
                continue
            known = self._guards.get(id(plugin))
            if known is None or known[0] is not plugin:
                known = self._guards[id(plugin)] = (plugin, self._guard(plugin, record))
            found[name] = known[1]
        return found

    def why_missing(self, name: str) -> str:
        """Says why a name that a package has cannot be used; empty where none has it."""
        record = self._plugins.record(self._group, name)
        return "" if record is None else record.why_missing


PLUGINS: Final = Plugins()
