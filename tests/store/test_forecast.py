"""What a run will make is said before it does, and held against the room there is."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from datasets import DatasetDict

from augkit import codec, sources, store
from augkit.errors import StoreError
from augkit.sources import records
from augkit.store import forecast, job
from tests.benchmarks import pictures
from tests.store import making

ROOT = Path(__file__).parents[2]


def on_disk(out: Path) -> int:
    """Return what the data and the manifest take, in blocks of 4 KiB where they are many."""
    files = [
        path
        for path in out.rglob("*")
        if path.is_file() and path.suffix in (".png", ".parquet", ".tar", ".arrow")
    ]
    files = [path for path in files if path.name != "contact-sheet.png"]
    size = 4096 if any(path.suffix == ".png" for path in files) else 1
    return sum(-(-path.stat().st_size // size) * size for path in files)


@pytest.mark.parametrize("name", store.FORMATS)
def test_the_size_is_near_what_is_made(tmp_path, name):
    plan, data = making.plan(copies=3), making.source(400, 50)
    expected = store.dry_run(plan, data, tmp_path / "out", format=name)
    assert not (tmp_path / "out").exists()
    assert expected.total == 400 * 4 + 50 and expected.originals == 450
    made = store.generate(plan, data, tmp_path / "out", format=name, progress=False)
    assert made.pictures == expected.total
    assert on_disk(made.out) * 0.7 < expected.size < on_disk(made.out) * 1.4
    files = sum(len(list((made.out / top).rglob("*.*"))) for top in ("data", "train", "test"))
    assert expected.files == files


@pytest.mark.slow
@pytest.mark.parametrize("name", ["folder", "parquet"])
@pytest.mark.parametrize("source", ["digits", "photos"])
def test_what_is_said_of_real_pictures_is_near_what_is_made(tmp_path, source, name):
    if source == "digits":
        data, image, copies = sources.load("mnist-sample"), "png", 4
        plan = making.plan((ROOT / "recipes/policies/digits.yaml").read_text("utf-8"), copies=copies)
    else:
        folder = pictures.folder(tmp_path / "photos", pictures.photos(64), 10)
        data, image, copies = sources.load(folder, limit=600), "jpeg:90", 2
        text = (ROOT / "recipes/policies/alexnet-2012.yaml").read_text("utf-8")
        plan = making.plan(text, records.class_names(data), task="none", copies=copies)
    how = {"format": name, "image_format": image}
    expected = store.dry_run(plan, data, tmp_path / "out", **how)
    made = store.generate(plan, data, tmp_path / "out", progress=False, **how)
    assert made.pictures == expected.total == (copies + 1) * (5000 if source == "digits" else 600)
    kept = [path for path in made.out.rglob("*") if path.suffix in (".png", ".jpg", ".parquet")]
    kept = [path for path in kept if path.name != "contact-sheet.png" and ".augkit" not in path.parts]
    assert len(kept) == expected.files
    block = 1 if name == "parquet" else 4096
    size = sum(-(-path.stat().st_size // block) * block for path in kept)
    assert 0.8 * size < expected.size < 1.25 * size


def test_the_sentences_say_pictures_classes_and_time(tmp_path):
    said = []
    data = making.source(23)
    plan = making.plan(copies=3)
    store.generate(plan, data, tmp_path / "out", say=said.append, progress=False)
    (text,) = said
    assert "To make: 92 pictures (23 originals and 69 copies) in 92 files; about " in text
    assert [line.split() for line in text.splitlines()[2:]] == [
        [str(digit), "12" if digit < 3 else "8"] for digit in range(10)
    ]
    hours = store.dry_run(plan, data, tmp_path / "x", workers=2).hours()
    assert "with 2 workers" in hours and "pictures a second were made by each worker" in hours


def test_many_classes_are_summed_up():
    counts = {f"c{number}": number + 5 for number in range(1000)}
    rates = {"train": forecast.Rate(100, 10**6, 2.0)}
    whole = sum(counts.values())
    given = forecast.Forecast({"train": counts}, whole, 7, {"train": whole}, rates, 2)
    assert "  train: 5 (c0) to 1,004 (c999) of each of 1,000 classes" in given.text()
    assert given.size == whole * 10**4 and given.seconds == pytest.approx(whole * 0.02 / 2)
    assert (
        given.hours()
        == "About 84 minutes, with 2 workers: 50 pictures a second were made by each worker in a sample."
    )


@pytest.mark.parametrize(
    ("count", "said"),
    [(0, "0 B"), (999, "999 B"), (1_340, "1.3 kB"), (55_000_000, "55 MB"), (2.5e12, "2.5 TB")],
)
def test_bytes_come_in_the_unit_that_suits_them(count, said):
    assert forecast.in_bytes(count) == said


def test_promise_5_too_little_room_is_said_before_anything_is_made(tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=100_000))
    with pytest.raises(
        StoreError, match=r"about \d+ kB are needed, 100 kB are free and \d+ kB are missing"
    ) as caught:
        store.generate(making.plan(), making.source(40), tmp_path / "out", progress=False)
    assert caught.value.exit_code == 3 and not list((tmp_path / "out").rglob("*.png"))
    monkeypatch.undo()
    assert store.generate(making.plan(), making.source(40), tmp_path / "out", progress=False).done == "made"


def test_a_run_looks_briefly_at_what_it_will_make_and_closely_where_room_is_tight(tmp_path, monkeypatch):
    looked = []
    real = forecast._timed
    monkeypatch.setattr(
        forecast,
        "_timed",
        lambda given, some, attempt: looked.append(len(some.keys)) or real(given, some, attempt),
    )
    plan, data = making.plan(copies=3), making.source(400)
    made = store.generate(plan, data, tmp_path / "roomy", progress=False)
    assert max(looked) == 4 and made.pictures == 1600  # 16 pictures, a hundredth of all
    looked.clear()
    free = 3 * on_disk(made.out)
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=free))
    said = []
    assert store.generate(plan, data, tmp_path / "tight", say=said.append, progress=False).done == "made"
    assert max(looked) == forecast.SAMPLE and len(said) == 1


@pytest.mark.parametrize("name", store.FORMATS)
def test_a_brief_look_is_near_what_is_made_too(tmp_path, name):
    plan, said = making.plan(copies=3), []
    made = store.generate(plan, making.source(400), tmp_path / "out", format=name, say=said.append)
    number, unit = re.search(r"about ([\d.]+) ([kM])B", said[0]).groups()
    size = float(number) * {"k": 1e3, "M": 1e6}[unit]
    assert on_disk(made.out) * 0.6 < size < on_disk(made.out) * 1.7


@pytest.mark.parametrize(
    ("sources", "pictures", "looked"),
    [
        (1024, 1024, 16),
        (256, 2560, 3),
        (5000, 55_000, 50),
        (1_281_167, 6_405_835, 64),
        (3, 3, 16),
        (2, 0, 32),
    ],
)
def test_a_brief_look_takes_a_hundredth_and_at_least_sixteen_pictures(sources, pictures, looked):
    assert forecast._brief(sources, pictures) == looked


def test_what_is_made_already_needs_no_room(tmp_path, monkeypatch):
    monkeypatch.setattr(job, "SHARD_SIZE", 4)
    said = []
    plan, data = making.plan(), making.source(40)
    with monkeypatch.context() as patched:
        patched.setattr("augkit.store.sealing.seal", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(store.Interrupted):
            store.generate(plan, data, tmp_path / "out", progress=False)
    for number in range(3):
        (tmp_path / "out" / ".augkit" / "run" / "shards" / f"{number:06d}.parquet").unlink()
    store.generate(plan, data, tmp_path / "out", say=said.append, progress=False)
    assert (
        "To make: 120 pictures (40 originals and 80 copies) in 120 files, 36 of them still missing; about"
        in said[0]
    )


def test_a_sample_that_cannot_be_made_stops_nothing(tmp_path, monkeypatch):
    def fails(*_: object) -> object:
        raise StoreError("no")

    said = []
    monkeypatch.setattr(forecast, "_sample", fails)
    store.generate(making.plan(), making.source(8), tmp_path / "out", say=said.append, progress=False)
    assert said[0].startswith("To make: 24 pictures (8 originals and 16 copies) in 24 files.")
    assert "not known" in store.dry_run(making.plan(), making.source(8), tmp_path / "x").hours()


def test_the_sample_leaves_nothing_behind(tmp_path, monkeypatch):
    kept = []
    real = forecast._sample
    monkeypatch.setattr(
        forecast, "_sample", lambda given, *rest: kept.append(Path(given.out)) or real(given, *rest)
    )
    store.generate(making.plan(), making.source(8), tmp_path / "out", progress=False)
    assert len(kept) == 1 and not kept[0].exists() and kept[0].is_relative_to(tmp_path / "out")


def imagenet(count: int, photo: Path) -> DatasetDict:
    """Make a source of so many keys in 1,000 classes, whose pictures are all in one file."""
    import pyarrow as pa
    from datasets import Dataset, DatasetInfo

    noise = np.random.default_rng(0).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    photo.write_bytes(codec.encode(noise, "jpeg:90"))
    rows = np.arange(count)
    keys = [f"n{row % 1000:08d}_{row}.JPEG" for row in rows.tolist()]
    paths = pa.nulls(count, pa.string()).fill_null(str(photo))
    cells = pa.StructArray.from_arrays([pa.nulls(count, pa.binary()), paths], ["bytes", "path"])
    columns = records.features([f"n{number:08d}" for number in range(1000)])
    table = pa.table([pa.array(keys), cells, pa.array(rows % 1000)], schema=columns.arrow_schema)
    return DatasetDict(train=Dataset(table, info=DatasetInfo(features=columns)))


PLANNING = """
import re, sys, time
from pathlib import Path
from datasets import Dataset, DatasetDict
from tests.store import making
from augkit import store
data = DatasetDict(train=Dataset.from_file(sys.argv[1]))
plan = making.free_plan(tuple(data["train"].features["label"].names), copies=4)
def peak():
    return int(re.search(r"VmHWM:\\s*(\\d+)", Path("/proc/self/status").read_text())[1])
before, start = peak(), time.process_time()
found = store.dry_run(plan, data, "/nowhere/out", format="parquet", image_format="jpeg:90")
grown = peak() - before
print(found.total, found.files, grown // 1024, time.process_time() - start)
print(found.text(), found.hours(), sep="\\n", file=sys.stderr)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="peak memory is read from /proc")
def test_promise_27_a_dry_run_of_a_million_keys_takes_seconds_and_little_memory(tmp_path):
    import pyarrow as pa

    table = imagenet(1_281_167, tmp_path / "photo.jpg")["train"].data.table
    with (
        pa.OSFile(str(tmp_path / "keys.arrow"), "wb") as file,
        pa.ipc.new_stream(file, table.schema) as stream,
    ):
        stream.write_table(table, max_chunksize=1000)
    command = [sys.executable, "-c", PLANNING, str(tmp_path / "keys.arrow")]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    total, files, grown, seconds = said.stdout.split()
    assert int(total) == 5 * 1_281_167 and int(files) == -(-1_281_167 // 256)
    assert int(grown) < 260, said.stdout  # MB, 130 of them the file that is mapped
    assert float(seconds) < 60
