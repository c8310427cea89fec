"""Scaling: several workers against one, and memory against the number of pictures."""

from __future__ import annotations

import json
import multiprocessing
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import cv2
import numpy as np

from augkit.render import render, render_batch
from tests.benchmarks import peers, pictures, policies
from tests.benchmarks.on_disk import generated, scratch
from tests.benchmarks.peers import ONE_AFFINE
from tests.benchmarks.pictures import SIDE
from tests.benchmarks.report import Section, number
from tests.benchmarks.rounds import Effort, Entry, interleaved


def workers(effort: Effort) -> Section:
    """Two workers and more, up to the cores there are, against one: processes that generate, and threads."""
    many = _counts()
    most = many[-1]
    head = ["pictures a second", *(f"{count}" for count in many), f"{most} against 1"]
    found = Section("workers", "Workers", _ABOUT_WORKERS, head)
    times = effort.count(24 * most, 1)
    with scratch() as root, _processes(many) as crews:
        source = pictures.folder(root / "source", pictures.photos(64), times)
        compared = [
            (_GENERATED, _generating(source, root, 64 * times, many)),
            (_APART, _decoding(crews, effort.count(8 * most, 2))),
            ("photos in memory, threads", _photos_by_threads(effort, many)),
            ("digits in memory, threads", _digits_by_threads(effort, many)),
            ("albumentations in memory, one affine, threads", _albumentations_by_threads(effort, many)),
        ]
        for name, entries in compared:
            timed = interleaved(entries, Effort(max(2, effort.rounds // 2), effort.share))
            gains = {count: timed.ratio(f"{count}", "1") for count in many}
            rates = [number(timed.rate(f"{count}")) for count in many]
            found.rows.append([name, *rates, f"{gains[most]:.2f}×"])
            found.numbers |= {f"{name}: {count}": gain for count, gain in gains.items()}
    two, apart = (found.numbers[f"{name}: {most}"] for name in (_GENERATED, _APART))
    found.remarks.append(
        f"{most} processes that share nothing, and start before the clock does, reach {apart:.2f}× here; "
        f"{most} workers of generate reach {two / apart:.0%} of that."
    )
    if most < 2 or (os.cpu_count() or 1) < 2:
        found.remarks.append("This machine has one core: two workers cannot be faster here.")
    return found


def _counts() -> list[int]:
    """Return one, two, four … up to the cores there are, and two at least."""
    cores = max(2, os.cpu_count() or 1)
    return [2**power for power in range(cores.bit_length()) if 2**power <= cores]


_GENERATED = "generate JPEG to JPEG, 4 copies, processes"
_APART = "decode and encode, processes that share nothing"


@contextmanager
def _processes(many: Iterable[int]) -> Iterator[dict[int, ProcessPoolExecutor]]:
    """Start so many processes, a crew for each count, for as long as something is measured."""
    spawn = multiprocessing.get_context("spawn")
    with ExitStack() as stack:
        yield {count: stack.enter_context(ProcessPoolExecutor(count, spawn)) for count in many}


def _decoding(crews: dict[int, ProcessPoolExecutor], parts: int) -> list[Entry]:
    def with_processes(many: int) -> Entry:
        return Entry(f"{many}", lambda: list(crews[many].map(_decoded, range(parts))), 64 * parts)

    return [with_processes(count) for count in crews]


def _decoded(part: int) -> None:
    """Decode 64 photos, and encode each at the size of the output; the same work for any part."""
    for _, data in pictures.photos(64):
        picture = pictures.decoded(data)
        pictures.encoded(np.asarray(cv2.resize(picture, (SIDE, SIDE)), np.uint8))


def _generating(source: Path, root: Path, count: int, many: Iterable[int]) -> list[Entry]:
    def with_workers(many: int) -> Entry:
        plan, out = policies.photo_plan(4), root / f"workers-{many}"
        return Entry(
            f"{many}",
            lambda: generated(plan, source, out, workers=many),
            4 * count,
            lambda: shutil.rmtree(out, ignore_errors=True),
        )

    return [with_workers(count) for count in many]


def _photos_by_threads(effort: Effort, many: list[int]) -> list[Entry]:
    files = pictures.photos(64)
    some, labels = [pictures.decoded(data) for _, data in files], [label for label, _ in files]
    plan = policies.photo_plan()

    def work(part: int) -> None:
        mine = some[part * 16 : part * 16 + 16]
        draws = policies.drawn(plan, mine, labels[part * 16 : part * 16 + 16])
        for i, picture in enumerate(mine):
            render(picture, draws, i)

    return _by_threads(work, [0, 1, 2, 3] * effort.count(4 * many[-1], 1), 16, many)


def _digits_by_threads(effort: Effort, many: list[int]) -> list[Entry]:
    pixels, labels = pictures.digits()
    plan = policies.digit_plan()

    def work(part: int) -> None:
        rows = slice(part * 512, part * 512 + 512)
        render_batch(pixels[rows], policies.drawn(plan, pixels[rows], labels[rows].tolist()))

    return _by_threads(work, list(range(8)) * effort.count(4 * many[-1], 1), 512, many)


def _albumentations_by_threads(effort: Effort, many: list[int]) -> list[Entry]:
    some = [pictures.decoded(data) for _, data in pictures.photos(64)]
    pipeline = peers.albumentations_photo()[ONE_AFFINE]

    def work(part: int) -> None:
        for picture in some[part * 16 : part * 16 + 16]:
            pipeline(image=picture)

    return _by_threads(work, [0, 1, 2, 3] * effort.count(many[-1], 1), 16, many)


def _by_threads(work: Callable[[int], None], parts: list[int], each: int, many: Iterable[int]) -> list[Entry]:
    def with_threads(count: int) -> Entry:
        def run() -> None:
            with ThreadPoolExecutor(count) as pool:
                list(pool.map(work, parts))

        return Entry(f"{count}", run, len(parts) * each)

    return [with_threads(count) for count in many]


def memory(effort: Effort) -> Section:
    """The most memory that generating takes, for a number of pictures and for four times as many."""
    found = Section(
        "memory",
        "Memory",
        "The most memory that one process held while it generated photos, one copy each, in a process of its "
        "own; what its imports alone take is the first line.",
        ["sources", "MB at the most"],
    )
    times = effort.count(16, 1)
    with scratch() as root:
        peaks = {0: _peak(root, 0)}
        for factor in (1, 4):
            peaks[64 * times * factor] = _peak(root, times * factor)
    few, many = list(peaks)[1:]
    for count, peak in peaks.items():
        found.rows.append([f"{count:,}" if count else "none", number(peak)])
    kilobytes = (peaks[many] - peaks[few]) * 1000 / (many - few)
    found.numbers["kB for each further source"] = kilobytes
    found.numbers["growth"] = peaks[many] / peaks[few]
    found.remarks.append(f"Each further source cost {number(kilobytes)} kB.")
    return found


def _peak(root: Path, times: int) -> float:
    """Generate in a process of its own and return its peak, in megabytes."""
    call = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.scaling", str(root / str(times)), str(times)],
        capture_output=True,
        text=True,
        check=True,
    )
    return float(json.loads(call.stdout.splitlines()[-1]))


def _alone(root: Path, times: int) -> None:
    """Generate once, and print the most memory that this process held, in megabytes."""
    if times:
        source = pictures.folder(root / "source", pictures.photos(64), times)
        pictures.photographs.cache_clear()
        generated(policies.photo_plan(1), source, root / "out")
    else:
        policies.photo_plan(1)
        import datasets  # noqa: F401
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps(most / (1e6 if sys.platform == "darwin" else 1e3)))


_ABOUT_WORKERS = (
    "Whole runs, from starting the workers to the last byte: processes as `augkit generate --workers N`, "
    "threads each drawing and rendering batches (16 photos, 512 digits). Processes that share nothing say "
    "what further cores of the machine add."
)

if __name__ == "__main__":
    _alone(Path(sys.argv[1]), int(sys.argv[2]))
