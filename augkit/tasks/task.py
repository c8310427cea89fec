"""Tasks: what the labels of a data set survive, class by class, in the units of `augkit.reach`."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from augkit import document
from augkit.document import Item
from augkit.errors import TaskError
from augkit.intervals import NOWHERE, Arcs, Interval
from augkit.reach import AXES, Limits, Reach

_KEYS = ("version", "task", "about", "classes", "aspect", "survives", "except", "becomes", "because")

_SQUARE = Interval(1, 1)


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

    Attributes:
        name:     what it is called.
        about:    one sentence on the pictures it is for.
        classes:  the class names; empty when the task is for any classes.
        default:  what every class survives that is not excepted.
        excepted: what some classes survive instead.
        becomes:  zones where the label is another.
        because:  reasons, axis to (text, source).
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
        if not self.classes:
            strangers = [name for name, _ in self.excepted if name not in classes]
            if strangers:
                raise TaskError(
                    f"the task {self.name} speaks of {_listed(strangers)}, which the data do not have",
                    where=self.file,
                )
            return
        extra = [name for name in classes if name not in self.classes]
        if extra:
            raise TaskError(
                f"the data's {_listed(classes)} are not those of {self.name}: {_listed(self.classes)}",
                where=self.file,
                fix=f"rename {_listed(extra)}, or judge against a task that has them (see 'augkit tasks')",
            )

    def canonical(self) -> dict[str, Any]:
        """Return the task as plain data that decides verdicts.

        For digests and for saving beside what was made.
        """
        out: dict[str, Any] = {"version": 1, "task": self.name}
        if self.about:
            out["about"] = self.about
        out["classes"] = list(self.classes) if self.classes else "any"
        out["aspect"] = [self.aspect.low, self.aspect.high]
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


def read(path: str | Path) -> Task:
    """Read a task from a YAML file; TaskError at `file:line:col` where it is not one."""
    return _task(document.read(path, TaskError))


def parse(text: str, name: str = "task") -> Task:
    """Read a task from YAML text; `name` stands for the file in messages."""
    return _task(document.parse(text, name, TaskError))


def _task(item: Item) -> Task:
    keys = item.mapping(_KEYS, needs=("version", "task", "classes", "survives"))
    if keys["version"].value != 1 or isinstance(keys["version"].value, bool):
        keys["version"].fail(f"got {keys['version'].shown}, want 1", "write 'version: 1'")
    classes = (
        () if keys["classes"].value == "any" else tuple(entry.text() for entry in keys["classes"].sequence())
    )
    if len(set(classes)) < len(classes) or (not classes and keys["classes"].value != "any"):
        keys["classes"].fail("want each class once, or 'any'", "list the class names")
    default = Reach.unknown() if keys["survives"].value == "any" else _survives(keys["survives"], Reach())
    excepted = _excepted(keys["except"], classes, default) if "except" in keys else ()
    zones = tuple(_zone(entry, classes) for entry in keys["becomes"].sequence()) if "becomes" in keys else ()
    because = keys["because"].mapping() if "because" in keys else {}
    return Task(
        name=keys["task"].text(),
        about=keys["about"].text() if "about" in keys else "",
        classes=classes,
        default=default,
        excepted=excepted,
        becomes=zones,
        because=tuple((axis, _reason(entry)) for axis, entry in because.items()),
        aspect=_interval(keys["aspect"]) if "aspect" in keys else Interval(1, 1),
        file=item.file,
    )


def _excepted(item: Item, classes: tuple[str, ...], default: Reach) -> tuple[tuple[str, Reach], ...]:
    entries = item.mapping(classes or None)
    return tuple((name, _survives(entry, default)) for name, entry in entries.items())


def _survives(item: Item, default: Reach) -> Reach:
    limits = {axis: _limits(axis, entry) for axis, entry in item.mapping(AXES).items()}
    return dataclasses.replace(default, **limits)  # type: ignore[arg-type]


def _limits(axis: str, item: Item) -> Limits:
    kind = AXES[axis]
    if isinstance(item.value, str):
        return kind.any if item.word(("any", "none")) == "any" else kind.still
    limits: Limits
    if kind.kind == "arcs":
        limits = _arcs(item)
    elif kind.kind == "range":
        limits = _interval(item)
    else:
        assert isinstance(kind.whole, Interval)
        bound = item.number()
        limits = Interval(kind.whole.low, bound) if kind.kind == "most" else Interval(bound, kind.whole.high)
    still_inside = kind.still.inside(limits)  # type: ignore[arg-type]
    if not still_inside and not kind.parity:
        item.fail(
            "an unchanged picture must keep its label", "let the limits hold what doing nothing reaches"
        )
    return limits


def _arcs(item: Item) -> Arcs:
    entries = item.sequence()
    pairs = entries if entries and isinstance(entries[0].value, list) else [item]
    arcs = [_interval(pair) for pair in pairs]
    for pair, arc in zip(pairs, arcs, strict=True):
        if not (arc.low >= -360 and arc.high <= 360):
            pair.fail("want degrees from -360 to 360")
    return Arcs.of(*((arc.low, arc.high) for arc in arcs))


def _interval(item: Item) -> Interval:
    entries = item.sequence()
    if len(entries) != 2:
        item.fail(f"got {item.shown}, want [low, high]")
    low, high = (entry.number() for entry in entries)
    if low > high:
        item.fail(f"got [{low:g}, {high:g}], want the low end first")
    return Interval(low, high)


def _zone(item: Item, classes: tuple[str, ...]) -> Zone:
    keys = item.mapping(("turn", "mirrored", "classes"), needs=("classes",))
    axes = [axis for axis in ("turn", "mirrored") if axis in keys]
    if len(axes) != 1:
        item.fail("want one of turn and mirrored", "write a zone for each")
    pairs = []
    for name, entry in keys["classes"].mapping(classes or None).items():
        partner = entry.text()
        if classes and partner not in classes:
            entry.fail(f"got {partner!r}, want a class of this task")
        pairs.append((name, partner))
    return Zone(axes[0], _arcs(keys[axes[0]]), tuple(pairs))


def _reason(item: Item) -> tuple[str, str]:
    keys = item.mapping(("text", "source"), needs=("text",))
    return keys["text"].text(), keys["source"].text() if "source" in keys else ""


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
