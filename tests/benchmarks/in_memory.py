"""In memory: from decoded pictures to augmented ones, decoding excluded, on one thread."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import cv2
import numpy as np

from augkit.render import render, render_batch
from tests.benchmarks import bare, peers, pictures, policies
from tests.benchmarks.peers import CROP_FIRST, ONE_AFFINE, SEPARATE, Peer
from tests.benchmarks.pictures import SIDE, Picture
from tests.benchmarks.report import Section, number, times
from tests.benchmarks.rounds import Effort, Entry, Timed, interleaved

_HEAD = ["pictures a second", "one thread", "augkit is faster by (least–greatest of the rounds)"]


def photos(effort: Effort) -> Section:
    """Photos of about 500×375 to 224×224."""
    files = pictures.photos(64)
    some, labels = [pictures.decoded(data) for _, data in files], [label for label, _ in files]
    plan = policies.photo_plan()

    def augkit() -> list[Picture]:
        draws = policies.drawn(plan, some, labels)
        return [render(picture, draws, i) for i, picture in enumerate(some)]

    found = Section("photos", "Photos in memory", _ABOUT_PHOTOS, _HEAD)
    entries = [
        Entry("augkit", augkit, len(some)),
        bare.in_memory(bare.NAME, files),
        Entry("resize only (OpenCV)", lambda: [cv2.resize(one, (SIDE, SIDE)) for one in some], len(some)),
    ]
    return _compared(found, entries, peers.photo_peers(found.remarks), some, effort)


def digits(effort: Effort) -> Section:
    """Digits of 28×28."""
    pixels, labels = pictures.digits()
    pixels, labels = pixels[: effort.count(5000, 512)], labels[: effort.count(5000, 512)]
    plan = policies.digit_plan()

    def augkit(batch: int) -> Callable[[], object]:
        def work() -> None:
            for start in range(0, len(pixels), batch):
                some = pixels[start : start + batch]
                render_batch(some, policies.drawn(plan, some, labels[start : start + batch].tolist()))

        return work

    found = Section("digits", "Digits in memory", _ABOUT_DIGITS, _HEAD)
    entries = [
        Entry("augkit", augkit(512), len(pixels)),
        Entry("augkit, batches of 64", augkit(64), len(pixels)),
        Entry("augkit, all at once", augkit(len(pixels)), len(pixels)),
    ]
    return _compared(found, entries, peers.digit_peers(found.remarks), list(pixels), effort)


def _compared(
    found: Section, entries: list[Entry], others: Iterable[Peer], some: list[Picture], effort: Effort
) -> Section:
    for peer in others:
        mine = some[: max(1, min(len(some), round(peer.pictures * max(effort.share, 0.25))))]
        entries.append(Entry(peer.name, _made(peer, mine), len(mine)))
    timed = interleaved(entries, effort)
    for entry in entries:
        found.rows.append([entry.name, number(timed.rate(entry.name)), _faster(timed, entry.name)])
        found.numbers[f"rate: {entry.name}"] = timed.rate(entry.name)
    for form in (SEPARATE, ONE_AFFINE, CROP_FIRST):
        if f"albumentations, {form}" in timed:
            found.numbers[form] = timed.ratio("augkit", f"albumentations, {form}")
            if bare.NAME in timed:
                found.numbers[f"alone: {form}"] = timed.ratio(bare.NAME, f"albumentations, {form}")
    return found


def _made(peer: Peer, some: list[Picture]) -> Callable[[], object]:
    return lambda: peer.make(some)


def _faster(timed: Timed, name: str) -> str:
    return "" if name == "augkit" else times(timed.ratios("augkit", name))


def stages(effort: Effort) -> Section:
    """Where augkit's own time goes in memory, in microseconds a picture."""
    found = Section(
        "stages",
        "Where augkit's time goes, in memory",
        "The stages of the rows above, one after the other, each timed alone. OpenCV alone is its warp, with "
        "the matrices at hand.",
        ["microseconds a picture", "photos", "digits, batches of 512"],
    )
    files = pictures.photos(64)
    some, labels = [pictures.decoded(data) for _, data in files], [label for label, _ in files]
    pixels, kinds = (part[:512] for part in pictures.digits())
    photo, digit = policies.photo_plan(), policies.digit_plan()
    columns = [
        _staged(photo, some, labels, lambda draws: [render(one, draws, i) for i, one in enumerate(some)]),
        _staged(digit, pixels, kinds.tolist(), lambda draws: render_batch(pixels, draws)),
    ]
    timed = [interleaved(column, effort) for column in columns]
    for name in [entry.name for entry in columns[0]]:
        cells = [1e6 * one.median(name) for one in timed]
        found.rows.append([name, *map(number, cells)])
        found.numbers |= {f"photos: {name}": cells[0], f"digits: {name}": cells[1]}
    return found


def _staged(plan: Any, some: Any, labels: list[int], rendered: Callable[[Any], object]) -> list[Entry]:
    draws = policies.drawn(plan, some, labels)

    def warped() -> None:
        for picture in some:
            cv2.warpAffine(picture, matrix, size, flags=cv2.INTER_LINEAR)

    grey = some[0].shape[2] == 1
    size = (28, 28) if grey else (SIDE, SIDE)
    matrix = np.array([[0.9, 0.1, 3.0], [-0.1, 0.9, 1.0]])
    work: dict[str, Callable[[], object]] = {
        "draw and guard, with provenance": lambda: policies.drawn(plan, some, labels),
        "compose maps and tones": lambda: draws.take(np.arange(len(draws))).groups,
        "render": lambda: rendered(draws),
        "OpenCV alone": warped,
    }
    return [Entry(name, one, len(some)) for name, one in work.items()]


_ABOUT_PHOTOS = (
    "64 crops of three photographs, about 500×375, to 224×224, decoding excluded: flip, shift, zoom, rotate, "
    "shear, random resized crop, brightness and contrast. Medians of interleaved rounds; ratios are taken "
    "inside each round. augkit's calls to OpenCV are its softening and its warps, recorded and made again."
)
_ABOUT_DIGITS = (
    "5,000 digits of MNIST, 28×28, in batches of 512: shift, zoom, rotate, shear and contrast. Medians of "
    "interleaved rounds; ratios are taken inside each round."
)
