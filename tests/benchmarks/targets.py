"""Targets: what augkit aims at, each with what a run of the benchmark found, and what the time went to."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from tests.benchmarks.report import Section, number, table


@dataclasses.dataclass(frozen=True)
class Target:
    """Hold one target.

    Attributes:
        what:    what is wanted.
        section: which section measures it, and under which name.
        name:    the number's name there.
        reach:   the value aimed at, and `stretch`, the one hoped for.
        unit:    what stands behind the number.
        least:   whether more is better.
        held:    the stages whose share of the time is told: "photos", "digits" or "" for none.
    """

    what: str
    section: str
    name: str
    reach: float
    stretch: float | None
    unit: str = ""
    least: bool = True
    held: str = ""

    def state(self, value: float) -> str:
        """Say whether a value meets the target."""
        if value != value:
            return "not measured"
        if self.stretch is not None and self._meets(value, self.stretch):
            return "stretch met"
        return "met" if self._meets(value, self.reach) else "**not met**"

    def _meets(self, value: float, wanted: float) -> bool:
        return value >= wanted if self.least else value <= wanted


TARGETS = (
    Target("photos in memory, against albumentations, separate steps",
           "photos", "separate steps", 8, 12, "×", held="photos"),
    Target("… one affine", "photos", "one affine", 2.7, 4, "×", held="photos"),
    Target("… crop first, one affine", "photos", "crop first, one affine", 1.2, 1.6, "×", held="photos"),
    Target("generate JPEG to JPEG, one copy a source, share of the floor",
           "generate", "one copy a source", 0.8, 0.91, held="generate"),
    Target("… 4 copies", "generate", "4 copies", 1.4, 1.6, held="generate"),
    Target("… 10 copies", "generate", "10 copies", 1.8, 2.2, held="generate"),
    Target("sources of 1600×1200, share of the floor", "large", "large", 1.5, 1.9, held="generate"),
    Target("PNG out, share of OpenCV's PNG floor", "png", "png", 2, 4, held="generate"),
    Target("digits in memory, against albumentations, separate steps",
           "digits", "separate steps", 35, 60, "×", held="digits"),
    Target("… one affine", "digits", "one affine", 11, 20, "×", held="digits"),
    Target("digits to Parquet, against albumentations and a PNG file each",
           "digits-to-disk", "augkit, parquet", 30, 40, "×"),
    Target("quality of photos", "quality", "photos dB: augkit", 49, 50.6, " dB"),
    Target("… beyond separate steps", "quality", "photos dB: beyond separate steps", 8, None, " dB"),
    Target("… sharpness, at least", "quality", "photos sharpness: augkit", 0.95, None),
    Target("… sharpness, at most", "quality", "photos sharpness: augkit", 1.08, None, least=False),
    Target("two workers against one",
           "workers", "generate JPEG to JPEG, 4 copies, processes: 2", 1.7, 1.9, "×"),
    Target("training step, Keras on PyTorch against plain PyTorch, time",
           "training", "paper: torch against plain", 1.10, 1.02, "×", least=False),
    Target("the feed against the hungriest AlexNet", "training", "feed against appetite", 1, None, "×"),
    Target("24 digits in the studio after an edit", "studio", "digits: shown", 200, 100, " ms", least=False),
    Target("… 24 photos", "studio", "photos: shown", 200, 100, " ms", least=False),
    Target("memory for four times the sources", "memory", "growth", 1.1, None, "×", least=False),
)  # fmt: skip


def judged(found: Mapping[str, Section]) -> list[list[str]]:
    """Return the table's rows, for the targets whose sections were run."""
    rows = []
    for target in TARGETS:
        if target.section not in found:
            continue
        value = found[target.section].numbers.get(target.name, float("nan"))
        state = target.state(value)
        held = _held(target, found) if "not met" in state or state == "met" else ""
        if (alone := found[target.section].numbers.get(f"alone: {target.name}")) is not None:
            held += f"; its calls to OpenCV alone reach {number(alone)}"
        sign = "≥" if target.least else "≤"
        stretch = f"{target.stretch}{target.unit}" if target.stretch is not None else "–"
        measured = "–" if value != value else f"{number(value)}{target.unit}"
        rows.append([target.what, measured, f"{sign} {target.reach}{target.unit}", stretch, state, held])
    return rows


def markdown(found: Mapping[str, Section]) -> str:
    """Return the section on targets."""
    head = ["target", "measured", "reach", "stretch", "", "where the time goes"]
    lines = table(head, judged(found))
    # Words stand to the left.
    lines[1] = "| --- | ---: | ---: | ---: | --- | --- |"
    return "\n".join(["## Targets", "", *lines]) + "\n"


def _held(target: Target, found: Mapping[str, Section]) -> str:
    """Say what most of the time goes to, as the stages were measured in the same run."""
    stages = found.get("breakdown" if target.held == "generate" else "stages")
    if not target.held or stages is None:
        return ""
    head = f"{target.held}: "
    parts = {
        name.removeprefix(head): value
        for name, value in stages.numbers.items()
        if name.startswith(head) and not name.endswith("alone")
    }
    whole = sum(parts.values())
    most = sorted(parts, key=lambda name: -parts[name])[:4]
    return ", ".join(f"{name} {parts[name] / whole:.0%}" for name in most)
