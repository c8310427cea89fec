"""Where the time of `augkit generate` goes: its stages one by one, and what the whole takes beside them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from augkit import codec
from augkit.render import render
from augkit.store import disk
from tests.benchmarks import pictures, policies
from tests.benchmarks.on_disk import generate_entry, scratch
from tests.benchmarks.pictures import QUALITY
from tests.benchmarks.report import Section, number
from tests.benchmarks.rounds import Effort, Entry, interleaved


def breakdown(effort: Effort) -> Section:
    """JPEG to JPEG, one copy a source, in microseconds a picture."""
    found = Section(
        "breakdown",
        "Where augkit's time goes, generating",
        "One copy of each photo, JPEG to JPEG. Each stage is timed alone, by functions of augkit; the rest "
        "is what the whole run takes beside them: reading and hashing the sources to tell them from others, "
        "moving files into place, syncing the disk, the manifest, and what is done once (a sample for the "
        "forecast, card, contact sheet).",
        ["microseconds a picture", "", "share"],
    )
    files, times = pictures.photos(64), effort.count(48, 1)
    with scratch() as root:
        source = pictures.folder(root / "source", files, times)
        out = root / "written"
        out.mkdir()
        entries = [Entry(name, work, 64) for name, work in _stages(str(out)).items()]
        whole = generate_entry("all of it", source, root, 1, times * 64)
        timed = interleaved([*entries, whole], effort)
    parts = {entry.name: 1e6 * timed.median(entry.name) for entry in entries}
    total = 1e6 * timed.median("all of it")
    parts["the rest"] = max(0.0, total - sum(parts.values()))
    for name, value in {**parts, "all of it": total}.items():
        found.rows.append([name, number(value), f"{value / total:.0%}"])
    found.numbers |= {f"generate: {name}": value for name, value in parts.items()}
    return found


def _stages(out: str) -> dict[str, Callable[[], object]]:
    plan, files = policies.photo_plan(), pictures.photos(64)
    data, labels = [data for _, data in files], [label for label, _ in files]
    some = [codec.decode(one) for one in data]
    draws = policies.drawn(plan, some, labels)
    made = [render(picture, draws, i) for i, picture in enumerate(some)]
    written = [codec.encode(picture, f"jpeg:{QUALITY}") for picture in made]
    numbers = iter(range(10**9))
    return {
        "decode": lambda: [codec.decode(one) for one in data],
        "draw and guard": lambda: policies.drawn(plan, some, labels).groups,
        "render": lambda: [render(picture, draws, i) for i, picture in enumerate(some)],
        "encode": lambda: [codec.encode(picture, f"jpeg:{QUALITY}") for picture in made],
        "hash": lambda: [hashlib.sha256(one).hexdigest() for one in (*data, *written)],
        "write": lambda: [disk.put(f"{out}/{next(numbers)}", one) for one in written],
    }
