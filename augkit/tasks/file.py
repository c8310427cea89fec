"""The task file: YAML to `Task`, errors at `file:line:col`."""

from __future__ import annotations

import dataclasses
from importlib import resources
from pathlib import Path

from augkit import document
from augkit.document import Item
from augkit.errors import TaskError
from augkit.intervals import Arcs, Interval
from augkit.reach import AXES, Limits, Reach, numbers
from augkit.tasks.task import Task, Zone

_KEYS = ("version", "task", "about", "classes", "aspect", "survives", "except", "becomes", "because")
_LIKE_KEYS = ("version", "task", "about", "like", "classes", "aspect")
_REASONS = (*AXES, "becomes", "except")
_SETTLED = "a task that is like another survives what that one does; write a whole task to say otherwise"


def names() -> list[str]:
    """Return the names of the built-in tasks, sorted."""
    files = resources.files("augkit.tasks").iterdir()
    return sorted(file.name.removesuffix(".yaml") for file in files if file.name.endswith(".yaml"))


def built_in(name: str) -> Task:
    """Read a built-in task; `name` is one of `names()`."""
    return read(str(resources.files("augkit.tasks") / f"{name}.yaml"))


def read(path: str | Path) -> Task:
    """Read a task from a YAML file; TaskError at `file:line:col` where it is not one."""
    return _task(document.read(path, TaskError))


def parse(text: str, name: str = "task") -> Task:
    """Read a task from YAML text; `name` stands for the file in messages."""
    return _task(document.parse(text, name, TaskError))


def _task(item: Item) -> Task:
    given = item.mapping((*_KEYS, "like"), needs=("version", "task", "classes"))
    if given["version"].value != 1 or isinstance(given["version"].value, bool):
        given["version"].fail(f"got {given['version'].shown}, want 1", "write 'version: 1'")
    given["task"].text()
    return _like(item, given) if "like" in given else _whole(item, given)


def _whole(item: Item, given: dict[str, Item]) -> Task:
    """Read a task that says itself what its classes survive."""
    if "survives" not in given:
        item.fail("'survives' is missing", "say what every class survives, or which task yours is 'like'")
    classes = _classes(given["classes"])
    default = Reach.unknown() if given["survives"].value == "any" else _survives(given["survives"], Reach())
    excepted = _excepted(given["except"], classes, default) if "except" in given else ()
    because = given["because"].mapping(_REASONS) if "because" in given else {}
    task = Task(
        name=given["task"].text(),
        about=given["about"].text() if "about" in given else "",
        classes=classes,
        default=default,
        excepted=excepted,
        because=tuple((axis, _reason(entry)) for axis, entry in because.items()),
        aspect=_aspect(given["aspect"]) if "aspect" in given else Interval(1, 1),
        file=item.file,
    )
    zones = given["becomes"].sequence() if "becomes" in given else []
    return dataclasses.replace(task, becomes=tuple(_zone(entry, task) for entry in zones))


def _like(item: Item, given: dict[str, Item]) -> Task:
    """Read a task that gives the classes of a built-in one the names that they have in the user's data."""
    for key, entry in given.items():
        if key not in _LIKE_KEYS:
            entry.fail(f"got {key!r} beside 'like'", _SETTLED)
    model = built_in(given["like"].word(names()))
    stands_for = _stands_for(given["classes"], model)
    own: dict[str, list[str]] = {}
    for name, theirs in stands_for.items():
        own.setdefault(theirs, []).append(name)
    zones = []
    for zone in model.becomes:
        partners = {one: own.get(other, []) for one, other in zone.classes}
        # Where a picture becomes a class that the data do not have, or have twice, nobody can name its label.
        pairs = [(n, partners[t][0]) for n, t in stands_for.items() if len(partners.get(t, ())) == 1]
        zones += [dataclasses.replace(zone, classes=tuple(pairs))] if pairs else []
    excepted = dict(model.excepted)
    return dataclasses.replace(
        model,
        name=given["task"].text(),
        about=given["about"].text() if "about" in given else model.about,
        classes=tuple(stands_for),
        excepted=tuple((name, excepted[theirs]) for name, theirs in stands_for.items() if theirs in excepted),
        becomes=tuple(zones),
        aspect=_aspect(given["aspect"]) if "aspect" in given else model.aspect,
        file=item.file,
    )


def _stands_for(item: Item, model: Task) -> dict[str, str]:
    """Return for each of the user's classes the class of `model` that it stands for."""
    if not model.classes:
        if isinstance(item.value, dict):
            item.fail(f"{model.name} names no classes for yours to stand for", "list yours, or write 'any'")
        return dict.fromkeys(_classes(item), "")
    if not isinstance(item.value, dict):
        one = model.classes[0]
        item.fail(
            f"got {item.shown}, want for each of your classes the one of {model.name} that it is",
            f"write 'classes: {{your-name: \"{one}\", ...}}'",
        )
    stands_for = {name: entry.word(model.classes) for name, entry in item.mapping().items()}
    if not stands_for:
        item.fail("want at least one class", f"name those of your classes that are {model.name}")
    return stands_for


def _classes(item: Item) -> tuple[str, ...]:
    if item.value == "any":
        return ()
    names = [entry.text() for entry in item.sequence()]
    for entry in item.sequence():
        if names.count(entry.text()) > 1:
            entry.fail(f"the class {entry.shown} is listed twice", "keep one of them")
    if not names:
        item.fail("want each class once, or 'any'", "list the class names")
    return tuple(names)


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


def _aspect(item: Item) -> Interval:
    aspect = _interval(item)
    if aspect.low <= 0:
        item.fail(f"got {item.shown} from {aspect.low:g}, want width over height, above 0")
    return aspect


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


def _zone(item: Item, task: Task) -> Zone:
    keys = item.mapping(("turn", "mirrored", "classes"), needs=("classes",))
    axes = [axis for axis in ("turn", "mirrored") if axis in keys]
    if len(axes) != 1:
        item.fail("want one of turn and mirrored", "write a zone for each")
    axis, arcs = axes[0], _arcs(keys[axes[0]])
    pairs = []
    for name, entry in keys["classes"].mapping(task.classes or None).items():
        partner = entry.word(task.classes) if task.classes else entry.text()
        if partner == name:
            entry.fail(f"{name!r} becomes itself", f"write what it survives, as '{axis}' under 'except'")
        if _meet(arcs, task.survives(name).on(axis)):
            kept = numbers(axis, task.survives(name).on(axis))
            entry.fail(
                f"{name!r} cannot become {partner!r} at {axis} {numbers(axis, arcs)}: it survives {kept}",
                "let a picture either keep its label or change it",
            )
        pairs.append((name, partner))
    return Zone(axis, arcs, tuple(pairs))


def _meet(one: Arcs, other: Limits) -> bool:
    assert isinstance(other, Arcs)
    return any(low in other for low, _ in one.arcs) or any(low in one for low, _ in other.arcs)


def _reason(item: Item) -> tuple[str, str]:
    keys = item.mapping(("text", "source"), needs=("text",))
    return keys["text"].text(), keys["source"].text() if "source" in keys else ""
