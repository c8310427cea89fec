"""Whatever `datasets` holds becomes key, image, label, or is refused with the column that is meant."""

from __future__ import annotations

import io
import json

import fsspec
import numpy as np
import pyarrow as pa
import pytest
from datasets import ClassLabel, Dataset, DatasetDict, Features, Image, List, Value
from PIL import Image as Pillow

from augkit import codec, store
from augkit.errors import SourceError
from augkit.sources import columns, members, records
from augkit.sources.request import Request

PICTURES = [codec.encode(np.full((4, 4, 1), 20 * number, np.uint8)) for number in range(6)]


def part(images=None, label=None, kind=None, *, image="image", name="label", **more) -> Dataset:
    cells = [{"bytes": data, "path": None} for data in (images or PICTURES)]
    values = [0, 1, 0, 1, 0, 1] if label is None else label
    held = {image: cells, name: values, **more}
    features = Features(
        {
            image: Image(decode=False),
            name: kind or ClassLabel(names=["cat", "dog"]),
            **{key: Value("string") for key in more},
        }
    )
    return Dataset.from_dict(held, features=features)


def made(data, **how):
    said: list[str] = []
    return columns.made(data, Request("hub", "x/y", say=said.append), **how), said


def test_the_columns_are_named_and_all_others_left_out():
    data, said = made(part(image="img", name="fine_label", colour=["red"] * 6))
    assert list(data) == ["train"] and data["train"].column_names == ["key", "image", "label"]
    assert data["train"].features == records.features(["cat", "dog"])
    assert [cell["bytes"] for cell in data["train"]["image"]] == PICTURES and said == []


def test_promise_25_text_becomes_classes_in_the_order_of_text():
    data, _ = made(part(label=list("bacbca"), kind=Value("string")))
    assert records.class_names(data) == ("a", "b", "c")
    assert records.labels(data["train"]).tolist() == [1, 0, 2, 1, 2, 0]


@pytest.mark.parametrize("kind", ["int64", "uint8", "string"])
def test_promise_25_numbers_become_classes_in_the_order_of_numbers(kind):
    values = [10, 2, 1, 0, 2, 10]
    data, said = made(part(label=[str(v) if kind == "string" else v for v in values], kind=Value(kind)))
    assert records.class_names(data) == ("0", "1", "2", "10")
    assert records.labels(data["train"]).tolist() == [3, 2, 1, 0, 2, 3]
    assert said == ["The labels 0 to 10 are 4 names, not positions from 0."]


def test_numbers_from_zero_on_are_positions_and_nothing_is_said():
    data, said = made(part(label=[2, 1, 0, 2, 1, 0], kind=Value("int64")))
    assert records.labels(data["train"]).tolist() == [2, 1, 0, 2, 1, 0] and said == []


def test_text_with_leading_zeros_stays_text():
    assert columns.named(["10", "02", "1"]) == ["02", "1", "10"]
    assert columns.named(["10", "2", "1"]) == ["1", "2", "10"]
    assert columns.named(["٣", "1"]) == ["1", "٣"]


def test_promise_25_pictures_without_a_label_are_left_out_and_counted():
    data, said = made(DatasetDict(train=part(label=[0, -1, 1, None, 0, 1]), test=part(label=[-1] * 6)))
    assert list(data) == ["train"] and records.labels(data["train"]).tolist() == [0, 1, 0, 1]
    assert [cell["bytes"] for cell in data["train"]["image"]] == [PICTURES[i] for i in (0, 2, 4, 5)]
    assert said == [
        "train: 2 pictures without a label are left out.",
        "test: 6 pictures without a label are left out.",
    ]
    with pytest.raises(SourceError, match="no picture has a label"):
        made(part(label=[-1] * 6))


def test_promise_25_a_row_without_a_picture_is_quarantined_and_no_more(tmp_path):
    features = Features({"image": Image(decode=False), "label": ClassLabel(names=["a"])})
    cells = [None, {"bytes": None, "path": None}] + [{"bytes": PICTURES[1], "path": None}] * 198
    table = pa.table({"image": cells, "label": [0] * 200}, schema=features.arrow_schema)
    data, _ = made(Dataset(table))
    assert len(data["train"]) == 200 and len(set(records.keys(data["train"]))) == 200
    built = store.build(data, tmp_path / "out", progress=False)
    assert (built.pictures, built.bad) == (198, 2)


def test_promise_25_paths_are_read_as_bytes_are(tmp_path):
    (tmp_path / "a.png").write_bytes(PICTURES[3])
    features = Features({"image": Image(decode=False), "label": ClassLabel(names=["a"])})
    cells = [{"bytes": None, "path": str(tmp_path / "a.png")}]
    data, _ = made(Dataset.from_dict({"image": cells, "label": [0]}, features=features))
    assert records.content(data["train"][0]["image"]) == PICTURES[3]


def pointing(paths: list[str]) -> Dataset:
    """Make rows that name files and hold no bytes, all but the last."""
    features = Features({"image": Image(decode=False), "label": ClassLabel(names=["a"])})
    cells = [{"bytes": None, "path": path} for path in paths] + [{"bytes": PICTURES[1], "path": "own.png"}]
    table = pa.table({"image": cells, "label": [0] * len(cells)}, schema=features.arrow_schema)
    return Dataset(table)


@pytest.mark.parametrize(
    "path",
    [
        "{outside}/a.png",
        "{own}/../a.png",
        "{own}/link.png",
        "{own}/linked/a.png",
        "{reference}",
        "file://{outside}/a.png",
        "memory://elsewhere/a.png",
        "memory://bucket/set/../a.png",
        "memory://bucket/set/%2e%2e/a.png",
        "simplecache::file://{outside}/a.png",
        "\0",
        "",
    ],
)
def test_promise_21_a_path_that_leads_out_of_its_data_set_is_not_followed(tmp_path, path):
    own, outside = tmp_path / "own", tmp_path / "outside"
    own.mkdir()
    outside.mkdir()
    for place in (outside, tmp_path):
        (place / "a.png").write_bytes(PICTURES[3])
    (own / "link.png").symlink_to(outside / "a.png")
    (own / "linked").symlink_to(outside)
    size = (outside / "a.png").stat().st_size
    inside = members.reference(str(outside / "a.png"), 0, size)
    path = path.format(own=own, outside=outside, reference=inside)
    within = [str(own), "memory://bucket/set"]
    data, _ = made(pointing([path]), within=within)
    assert len(data["train"]) == 2
    built = store.build(data, tmp_path / "out", max_bad="50%", progress=False)
    assert (built.pictures, built.bad) == (1, 1)
    (told,) = json.loads((tmp_path / "out/.augkit/quarantine.json").read_text())
    assert "is not followed: it is no file of its own" in told["reason"]


def test_paths_within_the_data_set_are_followed(tmp_path, monkeypatch):
    own = tmp_path / "own"
    (own / "deep").mkdir(parents=True)
    (own / "deep/a.png").write_bytes(PICTURES[3])
    (own / "link.png").symlink_to(own / "deep/a.png")
    monkeypatch.chdir(own)
    paths = [str(own / "deep/a.png"), str(own / "link.png"), "deep/a.png"]
    data, _ = made(pointing(paths), within=[str(own)])
    assert [records.content(row["image"]) for row in data["train"]] == [PICTURES[3]] * 3 + [PICTURES[1]]
    at = "memory://bucket/set/a.png"
    fsspec.filesystem("memory").pipe_file(at, PICTURES[4])
    data, _ = made(pointing([at]), within=["memory://bucket/set"])
    assert records.content(data["train"][0]["image"]) == PICTURES[4]


def test_decoded_images_come_as_their_bytes():
    buffer = io.BytesIO()
    Pillow.new("L", (4, 4), 7).save(buffer, "PNG")
    features = Features({"image": Image(), "label": ClassLabel(names=["a"])})
    given = Dataset.from_dict(
        {"image": [{"bytes": buffer.getvalue(), "path": "x.png"}], "label": [0]}, features=features
    )
    data, _ = made(given)
    assert data["train"][0]["image"] == {"bytes": buffer.getvalue(), "path": "x.png"}


def test_keys_are_a_column_of_names_else_file_names_else_content():
    names = [f"n{number}" for number in range(6)]
    assert records.keys(made(part(file_name=names))[0]["train"]) == names
    cells = [{"bytes": data, "path": f"p{number}.png"} for number, data in enumerate(PICTURES)]
    features = Features({"image": Image(decode=False), "label": ClassLabel(names=["a"])})
    data = Dataset.from_dict({"image": cells, "label": [0] * 6}, features=features)
    assert records.keys(made(data)[0]["train"]) == [f"p{number}.png" for number in range(6)]
    doubled = records.keys(made(part(file_name=["x"] * 6))[0]["train"])
    assert doubled == records.keys(made(part())[0]["train"]) and len(set(doubled)) == 6


def test_promise_15_a_key_from_content_does_not_move_when_rows_do():
    before = dict(zip(PICTURES, records.keys(made(part())[0]["train"]), strict=True))
    after = records.keys(made(part(PICTURES[::-1]))[0]["train"])
    assert after == [before[data] for data in PICTURES[::-1]]
    twice = records.keys(made(part([PICTURES[0]] * 6))[0]["train"])
    assert twice == [before[PICTURES[0]]] + [f"{before[PICTURES[0]]}-{number}" for number in range(2, 7)]


def test_splits_are_called_by_our_names_and_empty_ones_left_out():
    empty = part().select([])
    data, _ = made(DatasetDict(train=part(), val=part(), testing=part(), more=empty))
    assert list(data) == ["train", "validation", "test"]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (part().remove_columns("image"), "no column of images, only label"),
        (part().remove_columns("label"), "no column of labels, only image"),
        (
            part(label=[[0], [1], [0], [1], [0], [1]], kind=List(ClassLabel(names=["a", "b"]))),
            "several labels a picture",
        ),
        (part(label=[0.5] * 6, kind=Value("float32")), "holds float32"),
        (
            part(name="left").add_column("right", [0] * 6, feature=ClassLabel(names=["x"])),
            "several columns of labels: left, right",
        ),
        (part().select([]), "it holds no pictures"),
        (part().to_iterable_dataset(), "a stream has no length"),
        (DatasetDict(train=part()).with_format(None)["train"].to_dict(), "got a dict"),
    ],
)
def test_promise_25_what_is_unclear_is_refused(given, told):
    with pytest.raises(SourceError, match=told):
        made(given)


def test_promise_20_class_names_of_any_kind_stay_as_they_are(tmp_path):
    names = ["../../etc", "a/b", "", "NUL", "café", "Cat", "cat", ".net", "10", "9", "<script>", "x" * 300]
    data, _ = made(part(label=[0, 1, 2, 3, 4, 5], kind=ClassLabel(names=names)))
    assert records.class_names(data) == tuple(names)
    built = store.build(data, tmp_path / "in" / "out", progress=False)
    assert built.pictures == 6 and [path.name for path in tmp_path.iterdir()] == ["in"]


def test_given_classes_rename_and_must_be_as_many():
    assert records.class_names(made(part(), classes=["a", "b"])[0]) == ("a", "b")
    with pytest.raises(SourceError, match="2 classes, want 3"):
        made(part(), classes=["a", "b", "c"])
