"""Measure how fast augkit is, against its peers and the floor, and how good its pictures are.

Command: make bench, or make bench ARGS='photos digits'; ARGS=--help says more.

Each section runs in a process of its own, kept to one thread where it says so.  All sections together write
tests/benchmarks/RESULTS.md and speed.svg; a section alone is printed.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks import (
    breakdown,
    in_memory,
    judging,
    machine,
    on_disk,
    planned,
    planted,
    plot,
    quality,
    scaling,
    studio,
    targets,
    training,
)
from tests.benchmarks.report import Section
from tests.benchmarks.rounds import Effort

SECTIONS: dict[str, tuple[Callable[[Effort], Section], bool]] = {
    "photos": (in_memory.photos, True),
    "digits": (in_memory.digits, True),
    "stages": (in_memory.stages, True),
    "generate": (on_disk.generate, True),
    "breakdown": (breakdown.breakdown, True),
    "large": (on_disk.large, True),
    "png": (on_disk.png, True),
    "digits-to-disk": (on_disk.digits, True),
    "workers": (scaling.workers, False),
    "memory": (scaling.memory, True),
    "planned": (planned.section, True),
    "quality": (quality.quality, True),
    "judging": (judging.section, True),
    "audit": (planted.section, True),
    "studio": (studio.section, False),
    "training": (training.training, False),
}
"""Each section, and whether it is kept to one thread."""

HERE = Path(__file__).parent


def main() -> int:
    """Run the sections asked for; exit 1 where one failed."""
    asked = _arguments()
    wanted = asked.section or list(SECTIONS)
    lines = machine.described()
    print("\n".join(lines), file=sys.stderr)
    if machine.load() > machine.BUSY:
        print(f"warning: the machine is busy (load {machine.load():.1f}): trust no number", file=sys.stderr)
        lines.append("**The machine was busy: these numbers are not to be trusted.**")
    found, failed = {}, []
    for name in wanted:
        section = _measured(name, asked.quick)
        if section is None:
            failed.append(name)
            continue
        found[name] = section
        print(section.markdown(), flush=True)
    aimed = targets.markdown(found) if targets.judged(found) else ""
    print(aimed)
    for name in failed:
        print(f"{name}: failed, see above", file=sys.stderr)
    out = asked.out or (HERE if not asked.section and not asked.quick else None)
    lines += [f"**{name} could not be measured.**" for name in failed]
    if out is not None and found:
        _write(out, lines, aimed, found)
    return 1 if failed else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="make bench",
        description="Measure augkit. Without a section, all of them, and the results are saved.",
        epilog="Example: make bench ARGS='photos digits'",
    )
    parser.add_argument(
        "section",
        nargs="*",
        choices=[[], *SECTIONS],  # argparse holds no section at all against the choices, too
        metavar="SECTION",
        help=f"any of {', '.join(SECTIONS)}",
    )
    parser.add_argument(
        "--quick", action="store_true", help="few pictures, few rounds: to try it, not to cite it"
    )
    parser.add_argument("--out", type=Path, help="write RESULTS.md and speed.svg into this folder")
    return parser.parse_args()


def _measured(name: str, quick: bool) -> Section | None:
    """Run one section in a process of its own; None where it failed."""
    one_thread = SECTIONS[name][1]
    with tempfile.TemporaryDirectory() as folder:
        into = Path(folder, "section.json")
        call = [sys.executable, "-m", "tests.benchmarks.alone", name, str(into), "quick" if quick else "full"]
        run = subprocess.run(call, env=machine.environment(one_thread=one_thread), check=False)
        return Section(**json.loads(into.read_text("utf-8"))) if run.returncode == 0 else None


def alone(name: str, into: Path, quick: bool) -> None:
    """Run one section in this process and write what it found as JSON."""
    measure, one_thread = SECTIONS[name]
    if one_thread:
        machine.keep_to_one_thread()
    load, begun = machine.load(), time.perf_counter()
    section = measure(Effort(2, 0.1) if quick else Effort())
    section.load, section.seconds = load, time.perf_counter() - begun
    into.write_text(json.dumps(dataclasses.asdict(section)), "utf-8")


def _write(out: Path, lines: list[str], aimed: str, found: dict[str, Section]) -> None:
    out.mkdir(parents=True, exist_ok=True)
    picture = plot.drawn(found)
    if picture is not None:
        (out / "speed.svg").write_bytes(picture)
    parts = [
        "# How fast augkit is\n",
        "Written by `make bench`; ratios are taken within one run, medians of interleaved rounds.\n",
        "\n".join(f"- {line}" for line in lines) + "\n",
        aimed,
        "![Pictures a second by tool](speed.svg)\n" if picture is not None else "",
        *(section.markdown() for section in found.values()),
    ]
    (out / "RESULTS.md").write_text("\n".join(part for part in parts if part), "utf-8")
    print(f"wrote {out / 'RESULTS.md'}", file=sys.stderr)


if __name__ == "__main__":
    raise SystemExit(main())
