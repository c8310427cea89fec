"""How long judging takes: twenty steps for a thousand classes, all alike or all different.

Command: make bench ARGS=judging, or python -m tests.benchmarks.judging
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

from augkit import policy, safety, tasks
from tests.benchmarks.report import Section, table
from tests.benchmarks.rounds import Effort

STEPS = [
    "shift: {x: [-0.02, 0.02]}",
    "zoom: {factor: [0.97, 1.03]}",
    "rotate: {degrees: [-2, 2], p: 0.5}",
    "shear: {x_degrees: [-1, 1]}",
    "contrast: {gain: [0.95, 1.05]}",
    "brightness: {shift: [-0.03, 0.03]}",
    "noise: {sigma: [0, 0.01]}",
    "flip_horizontal: {p: 0.5}",
    "blur: {sigma: [0, 0.001]}",
    "crop: {side: [0.95, 1]}",
]
CLASSES = [f"class {number}" for number in range(1000)]
SURVIVES = (
    "{turn: [-30, 30], mirrored: [-30, 30], stretch: 1.5, zoom: [0.4, 2.5], kept: 0.3, covered: 0.3, "
    "contrast: [0.3, 3], brightness: [-0.5, 0.5], blur: 0.05, noise: 0.2, pixels: 8, levels: 2, quality: 10}"
)


def twenty_steps() -> policy.Policy:
    """Return a policy of twenty steps."""
    return policy.parse("version: 1\ntask: many\nsteps:\n" + "".join(f"  - {step}\n" for step in STEPS * 2))


def thousand_classes(kinds: int) -> tasks.Task:
    """Return a task of a thousand classes that survive turns of `kinds` different widths."""
    lines = [
        "version: 1",
        "task: many",
        f"classes: {CLASSES}".replace("'", '"'),
        f"survives: {SURVIVES}",
        "except:",
    ]
    for number, name in enumerate(CLASSES):
        widest = 4.0 + (number % kinds) * 3 / kinds
        lines.append(f'  "{name}": {{turn: [{-widest:.4f}, {widest:.4f}]}}')
    return tasks.parse("\n".join(lines) + "\n")


def seconds(work: Callable[[], object], rounds: int = 5) -> float:
    """Return the median time of some calls, in seconds."""
    times = []
    for _ in range(rounds):
        begun = time.perf_counter()
        work()
        times.append(time.perf_counter() - begun)
    return statistics.median(times)


def section(effort: Effort) -> Section:
    """Return the table: kinds of limits, findings, median seconds."""
    found = Section(
        "judging",
        "Judging",
        f"Twenty steps against a task of 1,000 classes. Medians of {effort.rounds} calls.",
        ["20 steps, 1,000 classes", "findings", "seconds"],
    )
    judged = twenty_steps()
    for kinds in (1, 10, 100, 1000):
        task = thousand_classes(kinds)
        findings = len(safety.judge(judged, task).findings)
        taken = seconds(lambda task=task: safety.judge(judged, task), effort.rounds)  # type: ignore[misc]
        found.rows.append([f"{kinds} different limits on turns", f"{findings}", f"{taken:.3f}"])
    return found


def main() -> None:
    """Print the table alone."""
    made = section(Effort(5))
    print("\n".join(table(made.head, made.rows)))


if __name__ == "__main__":
    main()
