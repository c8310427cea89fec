"""Batches are a pure function of plan, data, epoch and index, and show what `generate` writes."""

from __future__ import annotations

import hashlib
import math
import os
import pickle
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from datasets import DatasetDict
from PIL import Image

from augkit import codec, keys, store
from augkit.draw import draws, fusing
from augkit.errors import PictureError, SourceError, UsageError
from augkit.feed import Feed, held
from augkit.sources import records
from tests.store import making

ROOT = Path(__file__).parents[2]
BLUR = "  - blur: {sigma: [0.02, 0.04], p: 0.5}\n"
MIXUP = "version: 1\ntask: digits\nsteps:\n  - mixup: {alpha: 0.4, p: 0.7}\n"
BOTH = making.SAFE + "  - mixup: {alpha: 0.3, p: 0.5}\n  - cutmix: {p: 0.5}\n"


def feed(text: str = making.SAFE, *, seed: int = 3, sources: int = 43, **how) -> Feed:
    return Feed(making.plan(text, seed=seed), making.source(sources), **{"batch_size": 8, **how})


def digests(made: Feed) -> list[str]:
    return [hashlib.sha256(x.tobytes() + y.tobytes()).hexdigest() for x, y in made]


def shown(made: Feed) -> dict[tuple[str, int], tuple[bytes, int]]:
    """Return the pixels and the label of every source and copy of an epoch."""
    out = {}
    for index, (x, y) in enumerate(made):
        for origin, picture, label in zip(made.origins(index), x, y, strict=True):
            out[origin] = (picture.tobytes(), int(label))
    return out


def test_an_epoch_shows_what_generate_writes_as_a_copy(tmp_path):
    plan = making.plan(seed=3, copies=2)
    store.generate(plan, making.source(43), tmp_path, progress=False)
    rows = pd.read_parquet(tmp_path / ".augkit" / "manifest.parquet")
    for epoch in (0, 1):
        found = shown(feed().at(epoch))
        written = rows[rows["copy"] == epoch + 1]
        assert len(found) == len(written) == 43
        for source, file, label in zip(
            written["source"], written["file"], written["label_after"], strict=True
        ):
            with Image.open(tmp_path / file) as image:
                assert found[source, epoch + 1] == (np.asarray(image).tobytes(), int(label))


def test_batches_are_uint8_pictures_and_int64_labels_and_the_last_one_is_kept():
    made = feed()
    shapes = [(x.shape, y.shape) for x, y in made]
    assert len(made) == 6 and shapes == [((8, 32, 32, 1), (8,))] * 5 + [((3, 32, 32, 1), (3,))]
    assert all(x.dtype == np.uint8 and y.dtype == np.int64 for x, y in made)
    assert made.shape == (32, 32, 1) and made.classes == making.DIGITS


@pytest.mark.parametrize("text", [making.SAFE, making.SAFE + BLUR, making.RELABEL, BOTH])
@pytest.mark.parametrize("decoded", [True, False])
def test_any_number_of_workers_makes_the_same_bytes(text, decoded, monkeypatch):
    if not decoded:
        monkeypatch.setattr(held, "IN_MEMORY", 0)
    alone = [digests(feed(text).at(epoch)) for epoch in range(3)]
    for workers in (1, 2, 3):
        made = feed(text, workers=workers)
        assert [digests(made.at(epoch)) for epoch in range(3)] == alone
    assert len({digest for epoch in alone for digest in epoch}) == 18, "every epoch differs"


def test_processes_make_the_same_bytes_also_when_one_is_killed(monkeypatch, capfd):
    monkeypatch.setattr(held, "IN_MEMORY", 0)
    made = feed(BOTH, workers=2, processes=True)
    assert digests(made) == digests(feed(BOTH))
    os.kill(next(iter(made._ahead._pool._processes)), signal.SIGKILL)
    said = ""
    for epoch in range(1, 50):  # what was made ahead hides a death for a while
        assert digests(made.at(epoch)) == digests(feed(BOTH).at(epoch))
        said += capfd.readouterr().err
        if said:
            break
    assert "a worker process of the feed died" in said


def test_a_picture_that_a_process_cannot_read_is_named_and_the_feed_goes_on(monkeypatch):
    monkeypatch.setattr(held, "IN_MEMORY", 0)
    files = [making.picture(0), making.picture(1), making.picture(2), making.picture(3)[:200]]
    data = records.dataset(["a", "b", "c", "d"], files, [0, 1, 2, 3], making.DIGITS)
    made = Feed(making.plan(), data, batch_size=2, workers=1, processes=True, shuffle=False)
    with pytest.raises(PictureError, match="d"):
        made[1]
    assert len(made[0][1]) == 2


def test_sources_decoded_once_or_each_time_give_the_same_bytes(monkeypatch):
    kept = digests(feed(BOTH))
    monkeypatch.setattr(held, "IN_MEMORY", 0)
    assert digests(feed(BOTH)) == kept


@pytest.mark.thorough
def test_another_process_makes_the_same_bytes():
    """A spawned one: it shares nothing but what was pickled."""
    made = feed(BOTH, workers=1).at(2)
    code = "import hashlib, pickle, sys; feed = pickle.load(sys.stdin.buffer); print(feed.epoch, *"
    code += "[hashlib.sha256(x.tobytes() + y.tobytes()).hexdigest() for x, y in feed])"
    command = [sys.executable, "-W", "ignore", "-c", code]
    done = subprocess.run(command, input=pickle.dumps(made), capture_output=True, cwd=ROOT, check=True)
    assert done.stdout.decode().split() == ["2", *digests(made)]


def test_a_batch_does_not_depend_on_those_before_it():
    whole = digests(feed(BOTH).at(1))
    for index in (4, 0, 5):
        x, y = feed(BOTH, epoch=1, workers=2)[index]
        assert hashlib.sha256(x.tobytes() + y.tobytes()).hexdigest() == whole[index]


def test_an_epoch_shows_every_source_once_in_an_order_of_its_own():
    made = feed()
    orders = []
    for epoch in range(3):
        origins = [origin for index in range(len(made)) for origin in made.at(epoch).origins(index)]
        assert Counter(origins) == {(f"k{number:03d}", epoch + 1): 1 for number in range(43)}
        orders.append([key for key, _ in origins])
    assert orders[0] != orders[1] != orders[2] != sorted(orders[2])
    others = feed(seed=4)
    assert orders[0] != [key for index in range(6) for key, _ in others.origins(index)]


def test_a_new_source_moves_no_other_past_another_and_changes_none():
    before, after = feed(sources=42), feed(sources=43)
    old, new = ([key for i in range(6) for key, _ in made.origins(i)] for made in (before, after))
    assert [key for key in new if key != "k042"] == old and "k042" in new
    pictures = shown(after)
    assert {key: pictures[key] for key in shown(before)} == shown(before)


def test_unshuffled_sources_come_in_the_order_of_the_data():
    made = feed(shuffle=False).at(2)
    assert [made.origins(1)[0], made.origins(5)[-1]] == [("k008", 3), ("k042", 3)]


def test_steps_go_round_the_sources_and_on_where_the_last_epoch_ended():
    made = feed(sources=10, batch_size=4, steps=3)
    assert len(made) == 3 and all(len(x) == 4 for x, _ in made)
    origins = [origin for epoch in range(5) for i in range(3) for origin in made.at(epoch).origins(i)]
    assert Counter(origins) == {(f"k{number:03d}", copy): 1 for number in range(10) for copy in range(1, 7)}
    assert [copy for _, copy in origins] == sorted(copy for _, copy in origins), "round after round"


def test_a_draw_that_is_not_accepted_gives_the_picture_as_it_is():
    text = "{version: 1, task: digits, on_unsafe: drop, steps: [{rotate: {degrees: [-180, 180]}}]}"
    made, originals, accepted = feed(text), making.source(43)["train"], 0
    sources = {row["key"]: codec.decode(row["image"]["bytes"]).tobytes() for row in originals}
    labels = dict(zip(originals["key"], originals["label"], strict=True))
    names = [key for index in range(6) for key, _ in made.origins(index)]
    wanted = np.array([labels[key] for key in names])
    draws = made._batches.plan.draw(names, wanted, np.ones(43, np.int64), np.full((43, 2), 32))
    for (key, _), (picture, label) in shown(made).items():
        fine = draws.accepted[names.index(key)]
        assert (picture == sources[key]) != fine and label == labels[key]
        accepted += fine
    assert 3 < accepted < 40


def test_relabelling_changes_labels():
    found = {int(key[1:]) % 10: set() for key, _ in shown(feed(making.RELABEL))}
    for epoch in range(8):
        for (key, _), (_, label) in shown(feed(making.RELABEL).at(epoch)).items():
            found[int(key[1:]) % 10].add(label)
    assert found[6] == found[9] == {6, 9} and found[0] == {0} and found[3] == {3}


def test_a_split_that_the_policy_does_not_name_comes_as_it_is():
    data = making.source(4, 11)
    made = Feed(making.plan(BOTH), data, batch_size=4, split="test", shuffle=False)
    pictures = np.concatenate([x for x, _ in made])
    assert (pictures == np.stack([codec.decode(cell["bytes"]) for cell in data["test"]["image"]])).all()
    labels = np.concatenate([y for _, y in made])
    assert labels.dtype == np.float32 and (labels == np.eye(10)[data["test"]["label"]]).all(), "not mixed"
    alone = Feed(making.plan(BOTH), data["test"], batch_size=4, split="test", shuffle=False)
    assert digests(alone) == digests(made)


def addressed(step: str, key: str, copy: int, count: int) -> list[float]:
    """Draw even numbers by NumPy's own Philox, at the address that the contract names."""
    counter = [0, keys.word(step), copy, keys.word(key)]
    words = np.random.Philox(key=3, counter=np.array(counter, dtype=np.uint64)).random_raw(count)
    return [int(word >> np.uint64(11)) * 2.0**-53 for word in words]


def test_mixed_labels_and_pixels_are_right_by_hand():
    made = feed(MIXUP).at(1)
    data = making.source(43)["train"]
    pixels = {row["key"]: codec.decode(row["image"]["bytes"]).astype(float) for row in data}
    done = 0
    for index, (x, y) in enumerate(made):
        origins = made.origins(index)
        circle = sorted(range(len(origins)), key=lambda i: addressed("mixup: partner", *origins[i], 1))
        for i, (key, copy) in enumerate(origins):
            other = origins[circle[(circle.index(i) + 1) % len(circle)]][0]
            chance, radius, angle = addressed("mixup", key, copy, 3)
            share = 1.0
            if chance < 0.7:
                t = math.sqrt(radius ** (-1 / 0.4) - 1) * math.cos(2 * math.pi * angle)
                share, done = 0.5 + 0.5 * t / math.sqrt(1 + t * t), done + 1
            label = np.zeros(10)
            label[int(key[1:]) % 10] += share
            label[int(other[1:]) % 10] += 1 - share
            assert y.dtype == np.float32 and np.abs(y[i] - label).max() < 1e-6
            assert np.abs(x[i] - (share * pixels[key] + (1 - share) * pixels[other])).max() < 0.501
    assert 20 < done < 40


def test_rows_of_mixed_labels_have_the_sum_one():
    labels = np.concatenate([y for epoch in range(3) for _, y in feed(BOTH).at(epoch)])
    assert np.abs(labels.sum(axis=1, dtype=np.float64) - 1).max() < 1e-6 and (labels >= 0).all()
    parts = (labels > 0).sum(axis=1)
    assert {1, 2} <= set(parts.tolist()) and parts.max() <= 4


def test_a_picture_alone_in_its_batch_is_mixed_with_nothing():
    made = feed(MIXUP, sources=9)
    x, y = made[1]
    ((key, _),) = made.origins(1)
    assert len(x) == 1 and (y == np.eye(10)[[int(key[1:])]]).all()


def test_one_hot_labels_can_be_had_without_mixing():
    labels = np.concatenate([y for _, y in feed(one_hot=True)])
    plain = np.concatenate([y for _, y in feed()])
    assert labels.dtype == np.float32 and (labels == np.eye(10)[plain]).all()


def photos(sizes: list[tuple[int, int]], channels: list[int]) -> DatasetDict:
    random = np.random.default_rng(0)
    data = [
        codec.encode(random.integers(0, 256, (high, wide, depth), dtype=np.uint8))
        for (wide, high), depth in zip(sizes, channels, strict=True)
    ]
    names = [f"p{number}" for number in range(len(data))]
    return DatasetDict(train=records.dataset(names, data, [0] * len(data), ("a", "b")))


@pytest.mark.parametrize("memory", [held.IN_MEMORY, 0])
def test_pictures_of_several_sizes_are_refused_with_the_fix(memory, monkeypatch):
    monkeypatch.setattr(held, "IN_MEMORY", memory)
    with pytest.raises(UsageError, match="'p2' is 20×16 and 'p0' 16×16") as caught:
        list(Feed(making.free_plan(("a", "b")), photos([(16, 16)] * 2 + [(20, 16)], [1] * 3), batch_size=2))
    assert "resize: {width" in str(caught.value)


RESIZED = """
version: 1
task: none
steps:
  - flip_horizontal: {p: 0.5}
  - rotate: {degrees: [-20, 20], p: 0.9}
  - resize: {width: 24, height: 20}
"""


def test_a_policy_that_ends_in_one_size_takes_pictures_of_all_sizes():
    data = photos([(48, 40), (24, 20), (96, 80), (72, 60), (31, 57)], [3] * 5)
    plan = making.plan(RESIZED, ("a", "b"))
    alone = Feed(plan, data, batch_size=2)
    assert alone.shape == (20, 24, 3) and [x.shape[0] for x, _ in alone] == [2, 2, 1]
    assert digests(Feed(plan, data, batch_size=2, workers=2)) == digests(alone)
    (plain,) = (x for x, _ in Feed(plan, data["train"], split="test", batch_size=9, shuffle=False))
    for number, cell in enumerate(data["train"]["image"][:4]):
        source = Image.fromarray(codec.decode(cell["bytes"]))
        known = np.asarray(source.resize((24, 20), Image.Resampling.BOX)).astype(int)
        assert np.abs(plain[number] - known).max() <= 1, "only resized, and averaged where it shrinks"


@pytest.mark.parametrize("split", ["train", "test"])
def test_jpeg_files_that_shrink_far_are_read_smaller_and_look_the_same(split, monkeypatch):
    smooth = [
        np.asarray(Image.fromarray(codec.decode(making.picture(n))[:, :, 0]).resize((640, 640)))
        for n in (1, 2)
    ]
    data = [codec.encode(picture[:, :, None], "jpeg") for picture in smooth]
    part = records.dataset(["a", "b"], data, [0, 1], ("a", "b"))
    how = {"batch_size": 2, "split": split, "shuffle": False}
    plan = making.plan(RESIZED, ("a", "b"))
    ((whole, _),) = Feed(plan, part, **how)
    read: list[int] = []
    decode = codec.decode
    monkeypatch.setattr(
        codec, "decode", lambda data, by=1, **more: read.append(by) or decode(data, by=by, **more)
    )
    monkeypatch.setattr(held, "IN_MEMORY", 0)
    ((smaller, _),) = Feed(plan, part, **how)
    assert read == [1, 8, 8]
    assert np.abs(whole.astype(int) - smaller).mean() < 1.5, "averaged in blocks of 13 pixels, and of 8"


def test_each_file_of_a_batch_is_looked_at_once_and_no_draw_is_composed_twice(monkeypatch):
    data = [codec.encode(codec.decode(making.picture(n)), "jpeg") for n in range(6)]
    part = records.dataset([f"k{n}" for n in range(6)], data, [0] * 6, ("a", "b"))
    monkeypatch.setattr(held, "IN_MEMORY", 0)
    made = Feed(making.plan(RESIZED, ("a", "b")), part, batch_size=6)
    seen: list[str] = []
    peek, composed = codec.peek, fusing.compiled
    monkeypatch.setattr(codec, "peek", lambda data, **more: seen.append("file") or peek(data, **more))
    monkeypatch.setattr(draws, "compiled", lambda *args: seen.append("draws") or composed(*args))
    assert len(made[0][0]) == 6
    assert Counter(seen) == {"file": 6, "draws": 1}


@pytest.mark.parametrize("memory", [held.IN_MEMORY, 0])
def test_grey_among_colour_is_refused_or_made_alike(memory, monkeypatch):
    monkeypatch.setattr(held, "IN_MEMORY", memory)
    data = photos([(16, 16)] * 3, [3, 1, 3])
    plan = making.free_plan(("a", "b"))
    with pytest.raises(UsageError, match="'p1' is grey and 'p0' in colour") as caught:
        list(Feed(plan, data, batch_size=2))
    assert "channels=3" in str(caught.value)
    sources = [codec.decode(cell["bytes"]) for cell in data["train"]["image"]]
    how = {"batch_size": 2, "split": "test", "shuffle": False}  # which the policy leaves as it is
    colour = np.concatenate([x for x, _ in Feed(plan, data["train"], channels=3, **how)])
    assert (colour[0] == sources[0]).all() and (colour[1] == sources[1]).all() and colour.shape[3] == 3
    grey = np.concatenate([x for x, _ in Feed(plan, data["train"], channels=1, **how)])
    known = np.asarray(Image.fromarray(sources[0]).convert("L")).astype(int)
    assert np.abs(grey[0, :, :, 0] - known).max() <= 1 and (grey[1] == sources[1]).all()


def test_what_makes_no_feed_is_refused():
    wrong = {
        "batch_size": (0, "batch_size=0, want 1"),
        "epoch": (-1, "epoch=-1, want 0"),
        "steps": (0, "steps=0, want 1"),
        "workers": (-2, "workers=-2, want 0"),
        "channels": (4, "channels=4, want 1"),
        "split": ("dev", "no split 'dev', only train"),
    }
    for name, (value, said) in wrong.items():
        with pytest.raises(UsageError, match=said):
            feed(**{name: value})
    with pytest.raises(UsageError, match="epoch=-1"):
        feed().at(-1)
    with pytest.raises(UsageError, match="mixes labels"):
        feed(MIXUP, one_hot=False)
    with pytest.raises(UsageError, match="workers=2 after"):
        feed().workers = 2
    for index in (-1, 6):
        with pytest.raises(IndexError, match="want 0 to 5"):
            feed()[index]


def test_data_that_does_not_fit_the_plan_is_refused():
    plan, good = making.plan(), making.source(4)["train"]
    with pytest.raises(UsageError, match="the plan is for the classes"):
        Feed(plan, making.source(4, classes=("0", "1")), batch_size=2)
    with pytest.raises(SourceError, match="no column key"):
        Feed(plan, good.remove_columns("key"), batch_size=2)
    with pytest.raises(SourceError, match="holds no pictures"):
        Feed(plan, good.select([]), batch_size=2)
    twice = records.dataset(["a", "b", "b"], [making.picture(0)] * 3, [0, 1, 2], making.DIGITS)
    with pytest.raises(SourceError, match="the key 'b'"):
        Feed(plan, twice, batch_size=2)
    unknown = records.dataset(["a", "b"], [making.picture(0)] * 2, [0, -1], making.DIGITS)
    with pytest.raises(SourceError, match="outside its 10 classes"):
        Feed(plan, unknown, batch_size=2)


@pytest.mark.parametrize("memory", [held.IN_MEMORY, 0])
@pytest.mark.parametrize("workers", [0, 2])
def test_a_picture_that_cannot_be_read_is_named(memory, workers, monkeypatch, tmp_path):
    monkeypatch.setattr(held, "IN_MEMORY", memory)
    for bad in (making.picture(1)[:200], str(tmp_path / "gone.png")):
        data = records.dataset(["a", "b"], [making.picture(0), bad], [0, 1], making.DIGITS)
        with pytest.raises(PictureError, match="b"):
            list(Feed(making.plan(), data, batch_size=2, workers=workers))


def test_pictures_on_disk_are_fed_as_those_in_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(held, "IN_MEMORY", 0)
    for number in range(6):
        (tmp_path / f"{number}.png").write_bytes(making.picture(number))
    paths = [str(tmp_path / f"{number}.png") for number in range(6)]
    on_disk = records.dataset([f"k{n:03d}" for n in range(6)], paths, list(range(6)), making.DIGITS)
    assert digests(Feed(making.plan(), on_disk, batch_size=4)) == digests(
        Feed(making.plan(), making.source(6), batch_size=4)
    )


def test_the_feed_loads_keras_when_one_is_made_and_not_before():
    code = "import sys, augkit.feed; print('keras' in sys.modules, 'datasets' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_pictures_that_would_become_too_large_are_told_before_memory_is_asked_for():
    steps = "[pad: {share: 10}, blur: {sigma: [0.01, 0.02]}, pad: {share: 10}]"
    text = f"{{version: 1, task: none, steps: {steps}}}"
    with pytest.raises(PictureError, match="32×32 would become 14112×14112, more than"):
        feed(text)
    row = {"image": [{"bytes": making.picture(0)}], "label": [0]}
    with pytest.raises(PictureError, match="would become 14112×14112, more than"):
        making.plan(text).as_transform()(row)
