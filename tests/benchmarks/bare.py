"""What OpenCV alone takes of a run: the calls that augkit makes to it, recorded, and made again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from unittest import mock

import cv2
import numpy as np

from augkit import codec
from augkit.render import reductions, render
from tests.benchmarks import pictures, policies
from tests.benchmarks.rounds import Entry

Files = tuple[tuple[int, bytes], ...]
Call = tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]

NAME = "augkit's calls to OpenCV, nothing else"

_RESAMPLING = ("GaussianBlur", "warpAffine", "warpPerspective", "resize", "remap")


def from_files(name: str, files: Files, copies: int, extension: str) -> Entry:
    """Return the work of decoding each file, resampling it for so many copies, and encoding those.

    Tones, hashes, provenance and files are left out: with the pictures augkit makes, nothing that calls
    OpenCV is faster.
    """
    data = [one for _, one in files]
    by, made = _recorded(files, copies)
    small = [cv2.resize(pictures.decoded(one), (pictures.SIDE,) * 2).astype(np.uint8) for one in data]

    def work() -> None:
        for one, smaller, each, last in zip(data, by, made, small, strict=True):
            codec.decode(one, by=smaller)
            for calls in each:
                _again(calls)
                pictures.encoded(last, extension)

    return Entry(name, work, len(data) * copies)


def in_memory(name: str, files: Files) -> Entry:
    """Return the work of resampling pictures that are decoded already."""
    _, made = _recorded(files, 1)
    return Entry(name, lambda: [_again(calls) for (calls,) in made], len(files))


def _again(calls: list[Call]) -> None:
    for function, given, named in calls:
        function(*given, **named)


def _recorded(files: Files, copies: int) -> tuple[list[int], list[list[list[Call]]]]:
    """Return how many times smaller each file is read, and what is called for each of its copies."""
    plan, labels = policies.photo_plan(copies), [label for label, _ in files]
    whole = [codec.decode(data) for _, data in files]
    sizes = np.array([(picture.shape[1], picture.shape[0]) for picture in whole], dtype=np.int64)
    draws = [policies.drawn(plan, whole, labels, copy) for copy in range(1, copies + 1)]
    by = np.min([reductions(some, sizes) for some in draws], axis=0).tolist()
    calls: list[Call] = []

    def recording(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*given: Any, **named: Any) -> Any:
            calls.append((function, given, named))
            return function(*given, **named)

        return call

    out = []
    with mock.patch.multiple(cv2, **{name: recording(getattr(cv2, name)) for name in _RESAMPLING}):
        for number, (_, data) in enumerate(files):
            picture, size = codec.decode(data, by=by[number]), (int(sizes[number, 0]), int(sizes[number, 1]))
            out.append([])
            for some in draws:
                calls.clear()
                render(picture, some, number, size=size, by=by[number])
                out[-1].append(list(calls))
    return by, out
