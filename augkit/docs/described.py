"""What the pages on ops, rules, tasks and sources say, read from the code."""

from __future__ import annotations

import dataclasses
import textwrap
from typing import Any

from augkit import policy, safety, tasks
from augkit.docs import prose
from augkit.errors import AugkitError
from augkit.ops import OPS
from augkit.reach import AXES, numbers
from augkit.safety import RULES
from augkit.show.strip import BESIDE, strip, values
from augkit.steps import FOREIGN, wanted
from augkit.suites import SUITES
from augkit.tasks import Task

_NEEDED = {"resize": BESIDE["resize"]}


def family(kind: type) -> str:
    """Return the heading that an op stands under: the file that it is in."""
    return kind.__module__.rpartition(".")[2].replace("_", " ").capitalize()


def op(name: str, kind: Any) -> dict[str, Any]:
    """Return what the page of an op shows: its docstring, its settings, an example, and its pictures."""
    settings = [] if name == FOREIGN else [_setting(field) for field in dataclasses.fields(kind)]
    example = _example(name)
    read = policy.parse(example, f"{name}.yaml")
    reach = safety.judge(read, tasks.load("none")).reach.in_words()
    drawn = strip(name).shots() if name in OPS or name in SUITES else ""
    return {
        "name": name,
        "text": prose.docstring(kind),
        "settings": settings,
        "example": example,
        "reach": reach,
        "drawn": drawn,
    }


def _setting(field: dataclasses.Field[Any]) -> tuple[str, str, str]:
    if field.default is dataclasses.MISSING:
        given = "required"
    elif field.default is None:
        given = "may be left out"
    else:
        given = str(list(field.default) if isinstance(field.default, tuple) else field.default)
    return field.name, wanted(field), given


def _example(name: str) -> str:
    """Return a policy of one op, its required settings as wide as its picture shows them."""
    if name == FOREIGN:
        inner = "{name: GaussianBlur, blur_limit: [3, 5], side: 224}"
    elif name in SUITES:
        inner = "{}"
    else:
        fields = dataclasses.fields(OPS[name])
        given = [_given(name, field) for field in fields if field.default is dataclasses.MISSING]
        if not given:  # one of several settings is needed, or none
            given = [f"{setting}: {value:g}" for setting, value in _NEEDED.get(name, {}).items()]
        if not given:  # or each can be left out, and all of them would do nothing
            given = [_given(name, field) for field in fields if _rests(field)][:1]
        inner = f"{{{', '.join(given)}}}"
    return f"version: 1\ntask: none\nsteps:\n  - {name}: {inner}\n"


def _given(name: str, field: dataclasses.Field[Any]) -> str:
    """Return a setting as it is written, as wide as its picture shows it."""
    swept = values(name, field.name)
    if "limits" in field.metadata:
        ends = sorted(float(value) for value in (swept[0], swept[-1]))
        return f"{field.name}: [{round(ends[0], 3):g}, {round(ends[1], 3):g}]"
    middle = swept[len(swept) // 2]
    return f"{field.name}: {middle if isinstance(middle, str) else f'{middle:g}'}"


def _rests(field: dataclasses.Field[Any]) -> bool:
    """Tell whether a range does nothing unless it is given."""
    limits = field.metadata.get("limits")
    return limits is not None and limits.still is not None and field.default == (limits.still, limits.still)


def rule(code: str) -> dict[str, Any]:
    """Return what the page of a rule shows: its docstring, and what augkit says to its example."""
    text = prose.docstring(RULES[code])
    block = textwrap.dedent(text.partition("Example:\n")[2].partition("Use instead:")[0]).strip("\n")
    said = ""
    if block.startswith("version:"):
        read = policy.parse(block + "\n", "policy.yaml")
        said = safety.judge(read, tasks.load(read.task)).text()
    head, _, rest = text.partition("Use instead:")
    return {"head": head.strip("\n"), "said": said, "rest": rest.strip("\n")}


def task(shown: Task) -> dict[str, Any]:
    """Return what the page of a task shows: what its labels survive, class by class, and the evidence."""
    because = dict(shown.because)
    axes = []
    for axis, kind in AXES.items():
        others: dict[str, list[str]] = {}
        for name, limits in shown.excepted:
            if limits.on(axis) != shown.default.on(axis):
                others.setdefault(numbers(axis, limits.on(axis)), []).append(name)
        axes.append((axis, kind.unit, numbers(axis, shown.default.on(axis)), others, because.get(axis)))
    zones = [(zone.axis, numbers(zone.axis, zone.arcs), dict(zone.classes)) for zone in shown.becomes]
    rest = {name: because[name] for name in because if name not in AXES}
    return {
        "task": shown,
        "axes": axes,
        "zones": zones,
        "rest": rest,
        "written": policy.text(shown.canonical()),
    }


def sources(text: str) -> list[tuple[str, str]]:
    """Return the sources, as `augkit build --list` lists them: how to name each, and what it is."""
    lines = [line.split(maxsplit=1) for line in text.splitlines() if line.strip()]
    if any(len(line) != 2 for line in lines):
        raise AugkitError("a source is listed without saying what it is")
    return [(name, about) for name, about in lines]
