"""Quality: how near pictures come to what the policy means, in float64."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence

from augkit.draw import Draws
from augkit.render import render
from tests.benchmarks import pictures, policies, truth
from tests.benchmarks.pictures import SIDE, Picture
from tests.benchmarks.report import Section
from tests.benchmarks.rounds import Effort


def quality(effort: Effort) -> Section:
    """Photos and digits against the truth: separate steps, one affine, augkit."""
    found = Section(
        "quality",
        "Quality",
        "Against each picture's policy in float64, looked up at 4×4 points in each pixel. The same drawn "
        "numbers for all; the first two are OpenCV's linear resampling, as albumentations calls it. Pixels "
        "near an edge, of the picture or of a canvas on the way, are left out. Sharpness is the Laplacian's "
        "root mean square against the truth's. Medians over pictures.",
        ["", "photos, dB", "photos, sharpness", "digits, dB", "digits, sharpness"],
    )
    files = pictures.photos(64)[: effort.count(32, 4)]
    some, labels = [pictures.decoded(data) for _, data in files], [label for label, _ in files]
    photo = policies.drawn(policies.photo_plan(), some, labels)
    pixels, kinds = (part[: effort.count(400, 16)] for part in pictures.digits())
    digit = policies.drawn(policies.digit_plan(), pixels, kinds.tolist())
    columns = [_measured(some, photo, (SIDE, SIDE)), _measured(list(pixels), digit, (28, 28))]
    for way in WAYS:
        cells = [f"{column[way][part]:.{digits}f}" for column in columns for part, digits in ((0, 1), (1, 2))]
        found.rows.append([way, *cells])
        for name, column in zip(("photos", "digits"), columns, strict=True):
            found.numbers |= {f"{name} dB: {way}": column[way][0], f"{name} sharpness: {way}": column[way][1]}
    gain = found.numbers["photos dB: augkit"] - found.numbers["photos dB: separate steps"]
    found.numbers["photos dB: beyond separate steps"] = gain
    return found


WAYS = ("separate steps", "one affine, then the crop", "augkit")


def _measured(some: Sequence[Picture], draws: Draws, after: truth.Size) -> dict[str, tuple[float, float]]:
    """Return the median dB and sharpness of each way."""
    seen: dict[str, list[tuple[float, float]]] = {way: [] for way in WAYS}
    for i, picture in enumerate(some):
        values = {name: float(column[i]) for name, column in draws.values.items()}
        true = truth.truth(picture, values, after)
        where = truth.compared(values, (picture.shape[1], picture.shape[0]), after)
        if where.sum() < 100:
            continue
        made: tuple[Callable[[], Picture], ...] = (
            lambda: truth.separately(picture, values, after),  # noqa: B023 - called at once
            lambda: truth.in_one_affine(picture, values, after),  # noqa: B023
            lambda: render(picture, draws, i),  # noqa: B023
        )
        for way, make in zip(WAYS, made, strict=True):
            out = make()
            seen[way].append((truth.decibels(out, true, where), truth.sharpness(out, true, where)))
    return {
        way: (statistics.median(dB for dB, _ in pairs), statistics.median(sharp for _, sharp in pairs))
        for way, pairs in seen.items()
    }
