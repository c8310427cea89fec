"""A window says which part of its source a picture shows: held against pictures whose colours are places."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from datasets import DatasetDict

from augkit import codec, policy, safety, tasks
from augkit.errors import UsageError
from augkit.feed import Feed
from augkit.plan import Plan
from augkit.sources import records
from tests.store import making

CROPPED = """
version: 1
task: none
steps:
  - resize: {shorter: 96}
  - centre_crop: {aspect: 1}
  - crop: {side: [0.6, 0.9]}
  - flip_horizontal: {p: 0.5}
  - flip_vertical: {p: 0.3}
  - resize: {width: 64, height: 80}
"""
TURNED = "version: 1\ntask: none\nsteps:\n  - rotate: {degrees: [-5, 5], p: 0.9}\n"
TILTED = "version: 1\ntask: none\nsteps:\n  - perspective: {x: [0.05, 0.1]}\n"


def plan(text: str) -> Plan:
    judged = safety.judge(policy.parse(text, "p.yaml"), tasks.load("none"))
    return Plan(judged.safe_policy(), ("a", "b"), seed=4)


def places(width: int, height: int, count: int = 12) -> DatasetDict:
    """Make pictures whose red rises from left to right, and whose green from top to bottom.

    Both are 0 at the edges of the middle square, 200 across it, and 28 more all over.
    """
    side = min(width, height)
    across = ((np.arange(width) + 0.5) - (width - side) / 2) / side
    down = ((np.arange(height) + 0.5) - (height - side) / 2) / side
    red, green = np.broadcast_to(across, (height, width)), np.broadcast_to(down[:, None], (height, width))
    levels = np.stack([red, green, np.zeros_like(red)], axis=-1) * 200 + 28
    data = codec.encode(np.clip(np.rint(levels), 0, 255).astype(np.uint8))
    names = [f"p{number}" for number in range(count)]
    part = records.dataset(names, [data] * count, [number % 2 for number in range(count)], ("a", "b"))
    return DatasetDict(train=part)


@pytest.mark.parametrize(("width", "height"), [(150, 100), (100, 100), (90, 140)])
def test_a_window_is_where_the_colours_say_the_picture_was_cut(width, height):
    feed = Feed(plan(CROPPED), places(width, height), batch_size=12, windows=True)
    (pictures, windows), labels = feed[0]
    assert windows.shape == (12, 4) and windows.dtype == np.float32 and len(labels) == 12
    seen = (pictures.astype(np.float64) - 28) / 200
    # A line through the inner pixels, read at the edges.
    for edges, share in (((0, 2), seen[:, 40, :, 0]), ((1, 3), seen[:, :, 32, 1])):
        inner = share[:, 8:-8]
        slope = (inner[:, -1] - inner[:, 0]) / (inner.shape[1] - 1)
        first = inner[:, 0] - slope * 8.5
        np.testing.assert_allclose(windows[:, edges[0]], first, atol=0.012)
        np.testing.assert_allclose(windows[:, edges[1]], first + slope * share.shape[1], atol=0.012)
    assert (windows[:, 0] > windows[:, 2]).any(), "none was mirrored"
    assert len(np.unique(windows, axis=0)) > 8


def test_the_windows_come_with_the_pictures_of_a_feed_without_them():
    pictures, windows = Feed(plan(CROPPED), places(90, 60), batch_size=12, windows=True)[0][0]
    assert np.array_equal(pictures, Feed(plan(CROPPED), places(90, 60), batch_size=12)[0][0])
    copied = pickle.loads(pickle.dumps(Feed(plan(CROPPED), places(90, 60), batch_size=12, windows=True)))
    assert np.array_equal(copied[0][0][1], windows)


def test_a_picture_of_the_whole_middle_has_the_whole_window():
    """A split that is not augmented is brought to its size alone."""
    data = places(90, 60)["train"]
    (_, windows), _ = Feed(plan(CROPPED), data, split="test", batch_size=3, windows=True)[0]
    np.testing.assert_allclose(windows, [[0, 0, 1, 1]] * 3, atol=1e-6)


@pytest.mark.parametrize("text", [TURNED, TILTED])
def test_pictures_that_are_turned_or_tilted_have_no_window(text):
    with pytest.raises(UsageError, match="no upright window"):
        Feed(plan(text), places(64, 64), batch_size=12, windows=True)[0]


@pytest.mark.parametrize("of", [1, 2, 3, 4])
@pytest.mark.parametrize("kept", [True, False], ids=["in memory", "read each time"])
def test_the_parts_of_an_epoch_are_the_epoch(of, kept, monkeypatch):
    if not kept:
        monkeypatch.setattr("augkit.feed.held.IN_MEMORY", 0)
    how = {"batch_size": 12, "steps": 4, "workers": 1}
    whole = Feed(making.plan(seed=3), making.source(43), **how)
    parts = [Feed(making.plan(seed=3), making.source(43), **how, part=(n, of)) for n in range(of)]
    assert sum(part.pictures for part in parts) == whole.pictures == 48
    for index in range(4):
        made = [part.at(1)[index] for part in parts]
        assert {len(y) for _, y in made} == {12 // of}
        for place, together in enumerate(whole.at(1)[index]):
            assert np.array_equal(np.concatenate([batch[place] for batch in made]), together)
        assert [o for part in parts for o in part.at(1).origins(index)] == whole.at(1).origins(index)


def test_a_last_batch_is_parted_too_where_it_has_one_for_each():
    parts = [Feed(making.plan(), making.source(11), batch_size=8, part=(n, 3)) for n in range(3)]
    assert [len(part[1][1]) for part in parts] == [1, 1, 1]
    with pytest.raises(UsageError, match=r"last batch of an epoch has 3, which is not one for each"):
        Feed(making.plan(), making.source(11), batch_size=8, part=(0, 4))
    with pytest.raises(UsageError, match=r"got part=\(2, 2\)"):
        Feed(making.plan(), making.source(11), batch_size=8, part=(2, 2))
