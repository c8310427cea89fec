"""From files to files: `augkit generate`, against decoding and encoding alone."""

from __future__ import annotations

import dataclasses
import io
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np

from augkit import sources, store
from augkit.plan import Plan
from tests.benchmarks import bare, peers, pictures, policies
from tests.benchmarks.peers import SEPARATE
from tests.benchmarks.pictures import QUALITY, SIDE
from tests.benchmarks.report import Section, number
from tests.benchmarks.rounds import Effort, Entry, Timed, interleaved

Files = tuple[tuple[int, bytes], ...]
_HEAD = ["pictures a second", "one thread", "share of the floor"]


def generate(effort: Effort) -> Section:
    """JPEG to JPEG, one, four and ten copies of each source."""
    found = Section("generate", "Generate: JPEG to JPEG", _ABOUT, _HEAD)
    files = pictures.photos(64)
    with scratch() as root, scratch(disk=True) as disk:
        entries = [_floor(files, ".jpg"), _with_files(files, root)]
        names = {"one copy a source": (1, 48), "4 copies": (4, 16), "10 copies": (10, 8)}
        for name, (copies, most) in names.items():
            times = effort.count(most, 1)
            source = pictures.folder(root / f"source-{copies}", files, times)
            entries.append(generate_entry(f"augkit, {name}", source, root, copies, times * 64))
            if copies != 4:
                entries.append(bare.from_files(f"{bare.NAME}, {name}", files, copies, ".jpg"))
        source = pictures.folder(disk / "source", files, effort.count(16, 1))
        entries.append(generate_entry(_TO_DISK, source, disk, 1, effort.count(16, 1) * 64))
        for form, pipeline in peers.albumentations_photo().items():
            for copies in (1, 10):
                make = _copied(pipeline, files[:: 4 if copies > 1 else 2], copies, root)
                entries.append(Entry(f"albumentations, {form}, {_copies(copies)}", *make))
        timed = interleaved(entries, dataclasses.replace(effort, seconds=2 * effort.seconds))
        _against_floor(found, entries, timed)
        for name in names:
            found.numbers[name] = timed.ratio(f"augkit, {name}", _FLOOR)
            if f"{bare.NAME}, {name}" in timed:
                found.numbers[f"alone: {name}"] = timed.ratio(f"{bare.NAME}, {name}", _FLOOR)
    return found


def large(effort: Effort) -> Section:
    """Sources of 1600×1200, of which the policy uses few pixels."""
    found = Section("large", "Sources of 1600×1200", _ABOUT_LARGE, _HEAD)
    files, times = pictures.large(effort.count(16, 3)), effort.count(40, 1)
    with scratch() as root:
        source = pictures.folder(root / "source", files, times)
        entries = [_floor(files, ".jpg")]
        entries.append(generate_entry("augkit, one copy a source", source, root, 1, times * len(files)))
        entries.append(bare.from_files(bare.NAME, files, 1, ".jpg"))
        for form, pipeline in peers.albumentations_photo().items():
            make = _copied(pipeline, files[:8], 1, root)
            entries.append(Entry(f"albumentations, {form}", *make))
        timed = interleaved(entries, effort)
        _against_floor(found, entries, timed)
        found.numbers["large"] = timed.ratio("augkit, one copy a source", _FLOOR)
        found.numbers["alone: large"] = timed.ratio(bare.NAME, _FLOOR)
    return found


def png(effort: Effort) -> Section:
    """JPEG to PNG."""
    found = Section("png", "Generate: JPEG to PNG", _ABOUT_PNG, _HEAD)
    files, times = pictures.photos(64), effort.count(16, 1)
    with scratch() as root:
        source = pictures.folder(root / "source", files, times)
        entries = [_floor(files, ".png")]
        for copies in (1, 4):
            name = f"augkit, {_copies(copies)}"
            entries.append(generate_entry(name, source, root, copies, times * 64, "png"))
        timed = interleaved(entries, effort)
        _against_floor(found, entries, timed)
        found.numbers["png"] = timed.ratio(f"augkit, {_copies(1)}", _FLOOR)
    return found


def digits(effort: Effort) -> Section:
    """Digits to Parquet and to files."""
    found = Section(
        "digits-to-disk", "Digits to disk", _ABOUT_DIGITS, ["pictures a second", "one thread", "ratio"]
    )
    pixels, labels = (part[: effort.count(500, 64)] for part in pictures.digits())
    peer = "albumentations, separate steps, Pillow's PNG, a file each"
    with scratch() as root:
        entries = [
            _digits_as("parquet", effort.count(5000, 64), 10, root),
            _digits_as("folder", effort.count(1000, 64), 4, root),
            Entry(peer, _saved(pixels, labels, root), len(pixels)),
        ]
        timed = interleaved(entries, effort)
    for entry in entries:
        ratio = f"{number(timed.ratio(entry.name, peer))}×"
        found.rows.append([entry.name, number(timed.rate(entry.name)), ratio])
        found.numbers[entry.name] = timed.ratio(entry.name, peer)
    return found


def _digits_as(form: str, some: int, copies: int, root: Path) -> Entry:
    data, plan, out = sources.load("mnist-sample", limit=some), policies.digit_plan(copies), root / form
    return Entry(
        f"augkit, {form}",
        lambda: store.generate(plan, data, out, format=form, progress=False),
        some * copies,
        lambda: shutil.rmtree(out, ignore_errors=True),
    )


def _saved(pixels: np.ndarray, labels: np.ndarray, root: Path) -> Callable[[], None]:
    """Return work that augments digits with albumentations and saves each with Pillow."""
    from PIL import Image

    pipeline = peers.albumentations_digit()[SEPARATE]
    out = root / "digits"

    def work() -> None:
        for number_, (picture, label) in enumerate(zip(pixels, labels, strict=True)):
            made = pipeline(image=picture)["image"]
            path = out / str(label) / f"{number_}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            data = io.BytesIO()
            Image.fromarray(made[:, :, 0]).save(data, "PNG")
            path.write_bytes(data.getvalue())

    return work


_FLOOR = "floor: decode and encode, nothing else"
_TO_DISK = "augkit, one copy a source, all files on this machine's disk"


def _floor(files: Files, extension: str) -> Entry:
    """Return the work that nobody can leave out: decode each picture, and encode one of the output's size."""
    small = [cv2.resize(pictures.decoded(data), (SIDE, SIDE)) for _, data in files]

    def work() -> None:
        for (_, data), one in zip(files, small, strict=True):
            pictures.decoded(data)
            pictures.encoded(np.asarray(one, np.uint8), extension)

    return Entry(_FLOOR, work, len(files))


def _with_files(files: Files, root: Path) -> Entry:
    """Return the floor with a file read and a file written for each picture."""
    source = pictures.folder(root / "few", files)
    paths = sorted(source.rglob("*.jpg"))
    out = root / "floor"
    out.mkdir()

    def work() -> None:
        for number_, path in enumerate(paths):
            picture = pictures.decoded(path.read_bytes())
            small = cv2.resize(picture, (SIDE, SIDE))
            (out / f"{number_}.jpg").write_bytes(pictures.encoded(np.asarray(small, np.uint8)))

    return Entry("the same, resized, from file to file", work, len(files))


def _copied(pipeline: object, files: Files, copies: int, root: Path) -> tuple[Callable[[], None], int]:
    """Return work that decodes, augments so many times and writes files, as people write it."""
    source = pictures.folder(root / f"for-{id(pipeline)}-{copies}", files)
    paths = sorted(source.rglob("*.jpg"))
    out = root / f"by-{id(pipeline)}-{copies}"
    out.mkdir()

    def work() -> None:
        for number_, path in enumerate(paths):
            picture = pictures.decoded(path.read_bytes())
            for copy in range(copies):
                made = pipeline(image=picture)["image"]  # type: ignore[operator]
                (out / f"{number_}-{copy}.jpg").write_bytes(pictures.encoded(made))

    return work, len(paths) * copies


def generate_entry(
    name: str, source: Path, root: Path, copies: int, count: int, image_format: str = f"jpeg:{QUALITY}"
) -> Entry:
    """Return the work of generating so many copies of each of `count` sources, into a fresh folder."""
    plan, out = policies.photo_plan(copies), Path(tempfile.mkdtemp(dir=root), "out")
    return Entry(
        name,
        lambda: generated(plan, source, out, image_format),
        count * copies,
        lambda: shutil.rmtree(out, ignore_errors=True),
    )


def generated(
    plan: Plan, source: Path, out: Path, image_format: str = f"jpeg:{QUALITY}", workers: int = 1
) -> None:
    """Read a folder and make its augmented data set, as `augkit generate` does."""
    data = sources.load(source)
    store.generate(plan, data, out, image_format=image_format, workers=workers, progress=False)


def _against_floor(found: Section, entries: list[Entry], timed: Timed) -> None:
    for entry in entries:
        share = timed.ratio(entry.name, _FLOOR)
        found.rows.append([entry.name, number(timed.rate(entry.name)), f"{share:.2f}"])
        found.numbers[f"rate: {entry.name}"] = timed.rate(entry.name)


def _copies(count: int) -> str:
    return "one copy a source" if count == 1 else f"{count} copies"


_MEMORY = Path("/dev/shm")
_ROOM = 4e9  # bytes


@contextmanager
def scratch(*, disk: bool = False) -> Iterator[Path]:
    """Make a folder for the moment: in memory, where the system has a place for that, or on the disk."""
    in_memory = not disk and _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _ROOM
    with tempfile.TemporaryDirectory(prefix="augkit-bench-", dir=_MEMORY if in_memory else None) as root:
        yield Path(root)


_ABOUT = (
    f"64 JPEG files (quality {QUALITY}) of about 500×375 to JPEG files of 224×224 and quality 90; they stand "
    "under 3,072, 1,024 and 512 names for 1, 4 and 10 copies, so that what is done once weighs little. With "
    "manifest, hashes, card and contact sheet. Files lie in memory (/dev/shm) but for one line, as what a "
    "file costs is the disk's affair. The floor does one decode and one encode a picture; copies of one "
    "source share its decode, which is how a share can exceed 1. albumentations decodes once a source too, "
    "and writes no manifest. augkit's calls to OpenCV are what it decodes, softens, warps and encodes with, "
    "recorded and made again without it: at the quality that it holds, more than that is not to be had."
)
_ABOUT_LARGE = "Mosaics of nine crops, 1602×1200, JPEG of quality 90, 640 of them; otherwise as above."
_ABOUT_PNG = "As above, written as PNG; the floor decodes a JPEG and encodes a PNG as OpenCV does by itself."
_ABOUT_DIGITS = (
    "10 copies of 5,000 digits, as PNG in Parquet files, and 4 of 1,000, as files in folders; with manifest, "
    "hashes, card and contact sheet. The files lie in memory."
)
