"""Tasks: what the labels of a data set survive, class by class, in the units of `augkit.reach`."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from augkit.errors import TaskError
from augkit.intervals import NOWHERE, Arcs, Interval
from augkit.reach import AXES, Reach

_SQUARE = Interval(1.0, 1.0)


@dataclasses.dataclass(frozen=True)
class Zone:
    """Say where a picture is good and its label another: on `axis`, within `arcs`, each class of `classes`
    becomes its partner.
    """

    axis: str
    arcs: Arcs
    classes: tuple[tuple[str, str], ...]


@dataclasses.dataclass(frozen=True)
class Task:
    """Say what labels survive.

    What a class survives is closed under composition of its discrete symmetries: a class that survives the
    left-right and the up-down flip survives the half turn, and where one of them makes it another class, so
    does what they compose to.  A picture either keeps its label or becomes another, never both.

    Attributes:
        name:     what it is called.
        about:    one sentence on the pictures it is for.
        classes:  the class names; empty when the task is for any classes.
        default:  what every class survives that is not excepted.
        excepted: what some classes survive instead.
        becomes:  zones where the label is another.
        because:  reasons: axis, "becomes" or "except" to (text, source); without a source, a convention.
        aspect:   width over height of the pictures, when the data are not at hand.
    """

    name: str
    about: str
    classes: tuple[str, ...]
    default: Reach
    excepted: tuple[tuple[str, Reach], ...] = ()
    becomes: tuple[Zone, ...] = ()
    because: tuple[tuple[str, tuple[str, str]], ...] = ()
    aspect: Interval = _SQUARE
    file: str = dataclasses.field(default="task", compare=False)

    @property
    def survives_everything(self) -> bool:
        """Tell whether nothing is refused, as with the task `none`."""
        return not self.excepted and self.default == Reach.unknown()

    def survives(self, label: str) -> Reach:
        """Return what one class survives."""
        return dict(self.excepted).get(label, self.default)

    def limits(self, classes: tuple[str, ...] | None = None) -> dict[Reach, tuple[str, ...]]:
        """Group classes by what they survive.

        For a task of any classes and none given, the rest is called "every class".
        """
        names = classes or self.classes or (*dict(self.excepted), "every class")
        groups: dict[Reach, list[str]] = {}
        for name in names:
            groups.setdefault(self.survives(name), []).append(name)
        return {limit: tuple(members) for limit, members in groups.items()}

    def partner(self, label: str, axis: str, angle: float) -> str | None:
        """Return what `label` becomes at an angle, or None where no zone says so."""
        for zone in self.becomes:
            if zone.axis == axis and angle in zone.arcs and label in dict(zone.classes):
                return dict(zone.classes)[label]
        return None

    def fit(self, classes: tuple[str, ...]) -> None:
        """Check that a data set's classes are this task's.

        Raises:
            TaskError: they differ; the message lists both.
        """
        named = self.classes or tuple(dict.fromkeys(self._speaks_of()))
        only_data = [name for name in classes if name not in named] if self.classes else []
        only_task = [] if self.classes else [name for name in named if name not in classes]
        if only_data:
            raise TaskError(
                f"{_listed(only_data)} of the data is no class of the task {self.name}; "
                f"the data have {_listed(classes)}, the task {_listed(named)}",
                where=self.file,
                fix=f"write a task that gives your names to its classes: 'like: {self.name}' and "
                f"'classes: {{{only_data[0]}: \"{named[0]}\", ...}}'; 'augkit init' with --data does",
            )
        if only_task:
            raise TaskError(
                f"{_listed(only_task)} of the task {self.name} is no class of the data; "
                f"the data have {_listed(classes)}, the task speaks of {_listed(named)}",
                where=self.file,
                fix="name the classes as the data do, or leave them out",
            )

    def _speaks_of(self) -> Iterator[str]:
        """Yield the classes that a task of any classes names all the same."""
        yield from dict(self.excepted)
        for zone in self.becomes:
            for pair in zone.classes:
                yield from pair

    def canonical(self) -> dict[str, Any]:
        """Return the task as plain data that decides verdicts.

        For digests and for saving beside what was made.
        """
        out: dict[str, Any] = {"version": 1, "task": self.name}
        if self.about:
            out["about"] = self.about
        out["classes"] = list(self.classes) if self.classes else "any"
        out["aspect"] = [float(self.aspect.low), float(self.aspect.high)]
        out["survives"] = "any" if self.default == Reach.unknown() else _written(self.default, Reach())
        if self.excepted:
            out["except"] = {name: _written(limit, self.default) for name, limit in self.excepted}
        if self.becomes:
            out["becomes"] = [
                {z.axis: [list(arc) for arc in z.arcs.arcs], "classes": dict(z.classes)} for z in self.becomes
            ]
        if self.because:
            out["because"] = {axis: {"text": text, "source": source} for axis, (text, source) in self.because}
        return out


def _written(limit: Reach, default: Reach) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for axis, kind in AXES.items():
        value = limit.on(axis)
        if value == default.on(axis):
            continue
        if value == kind.any:
            out[axis] = "any"
        elif value == kind.still or value == NOWHERE:
            out[axis] = "none"
        elif isinstance(value, Arcs):
            out[axis] = [list(arc) for arc in value.arcs]
        else:
            out[axis] = {"range": [value.low, value.high], "most": value.high, "least": value.low}.get(
                kind.kind
            )
    return out


def _listed(names: tuple[str, ...] | list[str]) -> str:
    shown = ", ".join(repr(name) for name in names[:12])
    return shown if len(names) <= 12 else f"{shown} and {len(names) - 12} more"
