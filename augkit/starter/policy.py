"""A first policy for a task: ordinary steps within what all its classes survive, each with a word beside it.

The numbers are shares of the narrowest limit of any class, made smaller together until the whole policy is
proved safe: steps add up, and only a proof knows by how much.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator

from augkit import policy as policies
from augkit import safety
from augkit.errors import UsageError
from augkit.intervals import Arcs, Interval
from augkit.reach import numbers
from augkit.tasks import Task

MODELINE = "# yaml-language-server: $schema={}\n"
"""The comment by which an editor finds the schema of a file."""

_STRENGTHS = (1.0, 0.8, 0.6, 0.45, 0.3, 0.2, 0.1)


@dataclasses.dataclass(frozen=True)
class _Limits:
    """Hold what all classes of a task survive, on each axis, and how far a starter goes."""

    task: Task
    classes: tuple[str, ...] | None
    strength: float

    def half(self, axis: str) -> float:
        """Return how far an angle may go either way; 180 where any does."""
        return min(_either_way(self._arcs(limit.on(axis))) for limit in self.task.limits(self.classes))

    def most(self, axis: str) -> float:
        """Return the greatest number that all classes survive."""
        return min(self._span(limit.on(axis)).high for limit in self.task.limits(self.classes))

    def least(self, axis: str) -> float:
        """Return the least number that all classes survive."""
        return max(self._span(limit.on(axis)).low for limit in self.task.limits(self.classes))

    def mirrors(self, angle: float) -> bool:
        """Tell whether every class keeps its label when it is mirrored and turned by an angle."""
        return all(angle in self._arcs(limit.on("mirrored")) for limit in self.task.limits(self.classes))

    def said(self, axis: str) -> str:
        """Say what all classes survive; of arcs, the one about doing nothing."""
        if axis in ("turn", "mirrored"):
            half = self.half(axis)
            return "any angle" if half == 180 else f"-{half:g}° to {half:g}°"
        return numbers(axis, Interval(self.least(axis), self.most(axis)))

    @staticmethod
    def _arcs(limit: object) -> Arcs:
        assert isinstance(limit, Arcs)
        return limit

    @staticmethod
    def _span(limit: object) -> Interval:
        assert isinstance(limit, Interval)
        return limit


def starter(
    task: Task,
    named: str,
    *,
    classes: tuple[str, ...] | None = None,
    aspect: Interval | None = None,
    schema: str = "policy.schema.json",
    file: str = "policy.yaml",
) -> str:
    """Return the text of a first policy for a task, which `check` accepts.

    Args:
        task:    what labels survive.
        named:   how the policy names the task: its name, or the path of its file.
        classes: the data's class names, if known; aspect, width over height of their pictures.
        schema:  where an editor finds the schema; file, what the policy's file will be called.

    Raises:
        UsageError: the task survives too little for any step.
    """
    for strength in _STRENGTHS:
        text = _written(_Limits(task, classes, strength), named, schema, file)
        if not text:
            continue
        if safety.judge(policies.parse(text, file), task, classes=classes, aspect=aspect).safe:
            return text
    raise UsageError(
        f"the task {task.name} survives too little for a starter", where=task.file,
        fix="write the policy by hand: 'augkit ops' lists the steps",
    )  # fmt: skip


def _written(limits: _Limits, named: str, schema: str, file: str) -> str:
    """Write the policy at one strength; nothing where no step is left."""
    task = limits.task
    safe = f"# 'augkit check {file}' proves it safe; change a number, and check again."
    if task.survives_everything:
        safe = "# The task none makes no promise about labels: everything is let through."
    lines = [
        f"# A starter for the task {task.name}, with what its labels survive beside each step.",
        safe,
        "version: 1",
        f"task: {named}",
        "on_unsafe: refuse        # or redraw, clip, relabel, drop: then each draw is held to its own class",
        "steps:                   # one after the other; p is how often a step is done: augkit ops",
    ]
    steps = [step for write in _STEPS for step in write(limits)]
    if all(step.startswith("  #") for step, _ in steps):
        return ""
    width = max(len(step) for step, _ in steps)
    lines += [f"{step:<{width}}  # {said}" if said else step for step, said in steps]
    return MODELINE.format(schema) + "\n".join(lines) + "\n"


Lines = Iterator[tuple[str, str]]


def _windows(limits: _Limits) -> Lines:
    """Cut windows where little of a picture will do, and shift and zoom where most of it has to stay."""
    kept = max(0.0, limits.least("kept"))
    if kept <= 0.35 and limits.most("stretch") >= 1.3:
        area = _down(1 - (1 - max(0.5, kept)) * limits.strength, 2)
        yield (
            f"  - random_resized_crop: {{area: [{area:g}, 1.0], ratio: [0.9, 1.1]}}",
            f"a window of the picture; survived: {limits.said('kept')} of it",
        )
        return
    far = _down(min(0.1, (1 - kept) / 4) * limits.strength, 2)
    if far > 0:
        yield (f"  - shift: {{x: [-{far:g}, {far:g}], y: [-{far:g}, {far:g}]}}",
               f"shares of the side; {kept:.0%} of the picture has to stay in frame")  # fmt: skip
    room = min(limits.most("zoom") - 1, 1 / max(limits.least("zoom"), 0.01) - 1, 0.25, (1 - kept) / 2)
    by = _down(0.6 * room * limits.strength, 2)
    if by > 0:
        yield f"  - zoom: {{factor: [{1 - by:g}, {1 + by:g}]}}", f"survived: {limits.said('zoom')}"


def _turns(limits: _Limits) -> Lines:
    half = limits.half("turn")
    if half >= 180:
        yield "  - rotate: {degrees: [-180, 180]}", "no direction is up"
    else:
        by = _down(min(15.0, 0.5 * half) * limits.strength, 0 if half > 6 else 1)
        if by > 0:
            yield f"  - rotate: {{degrees: [-{by:g}, {by:g}]}}", f"survived: {limits.said('turn')}"
        lean = _down(min(8.0, 0.25 * half) * limits.strength, 0)
        if lean > 0:
            yield (
                f"  - shear: {{x_degrees: [-{lean:g}, {lean:g}]}}",
                "leans, which turns and stretches a little",
            )


def _mirrors(limits: _Limits) -> Lines:
    if limits.mirrors(0):
        yield "  - flip_horizontal: {p: 0.5}", "mirrored left to right, every class keeps its label"
        return
    swaps = [zone for zone in limits.task.becomes if zone.axis == "mirrored" and 0 in zone.arcs]
    if swaps:
        one, other = swaps[0].classes[0]
        yield (
            "  # - flip_horizontal: {p: 0.5}",
            f"mirrored, {_a(one)} reads {other}: only with on_unsafe: relabel, which writes that label down",
        )
    else:
        yield "  # - flip_horizontal: {p: 0.5}", "not for these labels: check says for which of them"


def _tones(limits: _Limits) -> Lines:
    room = min(limits.most("contrast") - 1, 1 / max(limits.least("contrast"), 0.01) - 1)
    by = _down(min(0.3, 0.4 * room) * limits.strength, 2)
    if by > 0:
        yield (
            f"  - contrast: {{gain: [{1 - by:g}, {1 + by:g}], p: 0.5}}",
            f"survived: {limits.said('contrast')}",
        )
    shift = min(limits.most("brightness"), -limits.least("brightness"))
    by = _down(min(0.15, 0.4 * shift) * limits.strength, 2)
    if by > 0:
        yield (
            f"  - brightness: {{shift: [-{by:g}, {by:g}], p: 0.5}}",
            "shares of the range from black to white",
        )


def _colours(limits: _Limits) -> Lines:
    """Change colours where they matter and may change; where any hue does, pictures may well be grey."""
    if limits.most("hue") >= 180:
        return
    room = min(limits.most("saturation") - 1, 1 - limits.least("saturation"))
    by = _down(min(0.3, 0.6 * room) * limits.strength, 2)
    if by > 0:
        yield (
            f"  - saturation: {{factor: [{1 - by:g}, {1 + by:g}]}}",
            f"survived: {limits.said('saturation')}",
        )
    turn = _down(min(15.0, 0.5 * limits.most("hue")) * limits.strength, 0)
    if turn > 0:
        yield f"  - hue: {{degrees: [-{turn:g}, {turn:g}]}}", f"survived: {limits.said('hue')} degrees"


def _spoilt(limits: _Limits) -> Lines:
    blur = _down(min(0.01, 0.3 * limits.most("blur")) * limits.strength, 4)
    noise = _down(min(0.05, 0.3 * limits.most("noise")) * limits.strength, 3)
    if blur > 0 and noise > 0:
        yield "  - one_of:", "one of these two, or, as p says, neither"
        yield "      p: 0.3", ""
        yield "      steps:", ""
        yield (
            f"        - blur: {{sigma: [0.0, {blur:g}]}}",
            f"shares of the side; survived: {limits.said('blur')}",
        )
        yield (
            f"        - noise: {{sigma: [0.0, {noise:g}]}}",
            f"shares of the range; survived: {limits.said('noise')}",
        )


def _sizes(limits: _Limits) -> Lines:
    yield (
        "  # - resize: {shorter: 224}",
        "pictures keep their size; this scales them, the shorter side to 224 pixels",
    )


_STEPS: tuple[Callable[[_Limits], Lines], ...] = (
    _windows, _turns, _mirrors, _tones, _colours, _spoilt, _sizes
)  # fmt: skip


def _either_way(arcs: Arcs) -> float:
    """Return how far about 0 a set of arcs goes either way."""
    if arcs.full:
        return 180.0
    return max((min(-low, high) for low, high in arcs.arcs if low <= 0 <= high), default=0.0)


def _down(value: float, digits: int) -> float:
    """Round down to so many digits after the point; no more than a person would write."""
    fine = 10.0**digits
    return math.floor(min(value, 1e6) * fine + 1e-9) / fine


def _a(name: str) -> str:
    return f"{'an' if name[:1].lower() in 'aeio' else 'a'} {name}"
