"""Bad pictures are left out with a reason and counted; above a share the run stops and names the first."""

from __future__ import annotations

import json

import pytest
from datasets import DatasetDict

from augkit import store
from augkit.errors import StoreError, UsageError
from augkit.render import bounds
from augkit.sources import records
from augkit.store import bad, job
from tests.store import making


def spoilt(count: int, every: int) -> DatasetDict:
    """Make a source in which one of so many pictures is empty."""
    images = [b"" if number % every == 0 else making.picture(number) for number in range(count)]
    keys = [f"k{number:03d}" for number in range(count)]
    labels = [number % 10 for number in range(count)]
    return DatasetDict(train=records.dataset(keys, images, labels, making.DIGITS))


@pytest.mark.parametrize(
    ("most", "sources", "wanted"),
    [
        ("1%", 1000, 10),
        ("1%", 20, 1),
        ("0%", 1000, 0),
        ("0", 1000, 0),
        ("2.5 %", 400, 10),
        ("7", 10, 7),
        ("100%", 9, 9),
    ],
)
def test_a_share_or_a_number_may_be_bad(most, sources, wanted):
    assert bad.allowed(most, sources) == wanted


@pytest.mark.parametrize("most", ["", "x", "-1", "101%", "0.01", "1e2", "%"])
def test_anything_else_is_refused(most, tmp_path):
    with pytest.raises(UsageError, match="want a share such as 1%"):
        store.build(making.source(4), tmp_path / "out", max_bad=most)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("workers", [1, 2])
def test_promise_17_a_run_stops_above_the_share_and_names_the_first_ten(tmp_path, monkeypatch, workers):
    monkeypatch.setattr(job, "SHARD_SIZE", 20)
    out, data = tmp_path / "out", spoilt(400, 5)
    with pytest.raises(StoreError, match="of 400 sources cannot be read") as caught:
        store.generate(making.plan(copies=1), data, out, max_bad="5%", workers=workers, progress=False)
    lines = str(caught.value).splitlines()
    assert sum("the file is empty" in line for line in lines) == 10
    assert any(line.startswith("  and ") and line.endswith(" more so far") for line in lines)
    assert "--max-bad is 5%" in lines[-1] and not (out / "augkit.json").exists()
    sealed = len(list(out.glob(".augkit/run/shards/*.parquet")))
    assert 6 <= sealed < 10  # it did not go on to the end: 4 are bad in each shard, and 20 are forgiven
    made = store.generate(making.plan(copies=1), data, out, max_bad="20%", progress=False)
    assert made.done == "finished" and made.bad == 80 and store.verify(out).ok


def test_promise_17_below_the_share_the_run_goes_on(tmp_path):
    made = store.generate(
        making.plan(copies=1), spoilt(100, 20), tmp_path / "out", max_bad="5", progress=False
    )
    assert made.bad == 5 and "5 sources could not be read" in made.text()
    noted = json.loads((tmp_path / "out" / ".augkit" / "quarantine.json").read_text("utf-8"))
    assert [entry["source"] for entry in noted] == ["k000", "k020", "k040", "k060", "k080"]
    with pytest.raises(StoreError, match="1 of 100 sources"):
        store.generate(
            making.plan(copies=1), spoilt(100, 100), tmp_path / "none", max_bad="0", progress=False
        )


def test_what_was_bad_before_an_interruption_counts(tmp_path, monkeypatch):
    monkeypatch.setattr(job, "SHARD_SIZE", 20)
    out, data, plan = tmp_path / "out", spoilt(100, 10), making.plan(copies=1)
    with monkeypatch.context() as patched:
        patched.setattr("augkit.store.sealing.seal", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(store.Interrupted):
            store.generate(plan, data, out, max_bad="50%", progress=False)
    with pytest.raises(StoreError, match="10 of 100"):
        store.generate(plan, data, out, progress=False)
    assert store.generate(plan, data, out, max_bad="10", progress=False).bad == 10


def test_how_many_may_be_bad_is_no_part_of_what_is_made(tmp_path):
    one = store.generate(making.plan(), making.source(10), tmp_path / "one", max_bad="0", progress=False).out
    other = store.generate(
        making.plan(), making.source(10), tmp_path / "other", max_bad="50%", progress=False
    ).out
    assert making.tree(one) == making.tree(other)


def test_a_source_without_one_good_picture_is_refused(tmp_path):
    with pytest.raises(StoreError, match="3 of 3 sources"):
        store.build(spoilt(3, 1), tmp_path, max_bad="100%", progress=False)


FRAMED = """
version: 1
task: none
steps:
  - pad: {share: 0.5}
  - blur: {sigma: [0.01, 0.02]}
  - resize: {shorter: 16}
"""


@pytest.mark.parametrize("originals", [True, False])
@pytest.mark.parametrize("side", [32, 100])
@pytest.mark.parametrize("text", [FRAMED, FRAMED.rpartition("  - resize")[0]])
def test_promise_17_a_picture_that_would_become_too_large_costs_itself(
    tmp_path, monkeypatch, originals, side, text
):
    monkeypatch.setattr(bounds, "MAX_PIXELS", (2 * side) ** 2)
    images = [making.picture(number, side=side + (number == 3)) for number in range(8)]
    keys = [f"k{number}" for number in range(8)]
    data = DatasetDict(train=records.dataset(keys, images, [0] * 8, ("a",)))
    plan = making.plan(text, ("a",), originals=originals)
    made = store.generate(plan, data, tmp_path, max_bad="1", progress=False)
    assert (made.pictures, made.bad) == (7 * (2 + originals), 1) and store.verify(tmp_path).ok
    (told,) = json.loads((tmp_path / ".augkit/quarantine.json").read_text("utf-8"))
    one, other = side + 1, 2 * (side + 1)
    said = f"{one}×{one} would become {other}×{other}, more than {(2 * side) ** 2:,} pixels"
    assert (told["source"], told["reason"]) == ("k3", said)


def test_promise_17_small_pictures_that_would_all_become_too_large_are_named(tmp_path, monkeypatch):
    monkeypatch.setattr(bounds, "MAX_PIXELS", 1000)
    text = "{version: 1, task: none, steps: [{pad: {share: 0.5}}]}"
    with pytest.raises(StoreError, match="would become 64×64, more than 1,000 pixels"):
        store.generate(making.plan(text), making.source(8), tmp_path, progress=False)
