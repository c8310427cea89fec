"""A plan as a function of rows: the same picture for the same row and epoch, whoever asks."""

from __future__ import annotations

import io
import pickle
import subprocess
import sys

import numpy as np
import pytest
from datasets import Dataset
from PIL import Image

from augkit import codec
from augkit.errors import PictureError, UsageError
from augkit.render import render
from augkit.transform import Transform, read, undone
from tests.store import making

MIRROR = "{version: 1, task: digits, on_unsafe: MODE, steps: [{rotate: {degrees: [180, 180], p: 0.8}}]}"


def coarse() -> np.ndarray:
    """Return a picture of few pixels, uint8 12×16×3."""
    return np.random.default_rng(0).integers(0, 256, (12, 16, 3), dtype=np.uint8)


def part(**how: object) -> Dataset:
    return making.source(12, **how)["train"]


def expected(row: int, copy: int, plan: object) -> np.ndarray:
    """Draw and render one picture alone."""
    label = np.array([row % 10])
    draws = plan.draw([f"k{row:03d}"], label, np.array([copy]), np.array([[32, 32]]))
    return render(codec.decode(making.picture(row)), draws, 0)


def test_with_transform_gives_each_row_its_copy_of_the_epoch():
    plan = making.plan(seed=5)
    for epoch in (0, 3):
        rows = part().with_transform(plan.as_transform(epoch))
        batch = rows[2:5]
        assert batch["label"] == [2, 3, 4] and batch["key"] == ["k002", "k003", "k004"]
        for row in range(2, 5):
            assert (batch["image"][row - 2] == expected(row, epoch + 1, plan)).all()
            assert (np.asarray(rows[row]["image"]) == expected(row, epoch + 1, plan)).all()


def test_an_epoch_differs_from_the_next_and_equals_itself():
    transform = making.plan().as_transform()
    rows = part()[:6]
    first, again, next_ = (t(rows)["image"] for t in (transform, transform.at(0), transform.at(1)))
    assert all((a == b).all() for a, b in zip(first, again, strict=True))
    assert all((a != b).any() for a, b in zip(first, next_, strict=True))


def test_the_rows_beside_it_change_no_row():
    transform, rows = making.plan().as_transform(2), part()
    together = transform(rows[:12])["image"]
    for row in (0, 7, 11):
        assert (transform(rows[row : row + 1])["image"][0] == together[row]).all()


def test_a_row_without_a_key_is_known_by_its_pixels():
    transform = making.plan().as_transform()
    rows = part().remove_columns("key")
    made = transform(rows[:3])["image"]
    assert (transform(rows[2:3])["image"][0] == made[2]).all(), "wherever it stands"
    other = codec.decode(rows[2]["image"]["bytes"])
    other[0, 0] ^= 1
    (drawn,) = transform({"image": [other], "label": [2]})["image"]
    assert (drawn != made[2]).mean() > 0.2, "another picture is another key"
    twice = transform({"image": [rows[0]["image"]] * 2, "label": [0, 0]})["image"]
    assert (twice[0] == twice[1]).all()


def test_pictures_come_channels_first_where_that_is_asked_for():
    plan = making.plan()
    usual, first = (
        plan.as_transform(channels_first=on)(part(channels=3)[:2])["image"] for on in (False, True)
    )
    assert first[0].shape == (3, 32, 32) and first[0].flags.c_contiguous
    assert (np.transpose(first[1], (1, 2, 0)) == usual[1]).all()


def turned(row: int) -> np.ndarray:
    return codec.decode(making.picture(row))[::-1, ::-1].astype(int)


def test_relabelling_changes_the_label_and_other_columns_stay():
    transform = making.plan(MIRROR.replace("MODE", "relabel")).as_transform()
    rows = {**part()[:10], "note": list("abcdefghij")}
    labels = {6: set(), 9: set(), 0: set()}
    for epoch in range(24):
        made = transform.at(epoch)(rows)
        assert made["note"] == rows["note"] and made["key"] == rows["key"]
        for row, found in labels.items():
            is_turned = np.abs(made["image"][row] - turned(row)).max() <= 1
            found.add((bool(is_turned), made["label"][row]))
    assert labels == {6: {(True, 9), (False, 6)}, 9: {(True, 6), (False, 9)}, 0: {(True, 0), (False, 0)}}


def test_a_draw_that_is_not_accepted_leaves_the_picture_and_its_label():
    transform = making.plan(MIRROR.replace("MODE", "drop")).as_transform()
    changed = set()
    for epoch in range(24):
        made = transform.at(epoch)(part()[:10])
        assert made["label"] == list(range(10))
        for row in range(10):
            if (made["image"][row] != codec.decode(making.picture(row))).any():
                assert np.abs(made["image"][row] - turned(row)).max() <= 1
                changed.add(row)
    assert changed == {0, 1, 5, 8}, "the digits that survive a half turn, and no other"


def test_an_undone_draw_has_its_label_back():
    plan = making.plan(MIRROR.replace("MODE", "relabel"))
    many, sixes = [f"k{number}" for number in range(40)], np.full(40, 6)
    draws = plan.draw(many, sixes, np.ones(40, np.int64), np.full((40, 2), 32))
    some = np.arange(40) < 20
    again = undone(draws, some)
    assert (
        (again.labels[:20] == 6).all() and (draws.labels[:20] == 9).any() and not again.active[:, :20].any()
    )
    assert (again.labels[20:] == draws.labels[20:]).all() and (
        again.active[:, 20:] == draws.active[:, 20:]
    ).all()


class Pairs:
    """A map-style data set, as PyTorch knows them."""

    def __len__(self) -> int:
        return 12

    def __getitem__(self, index: int) -> tuple[Image.Image, int]:
        return Image.fromarray(codec.decode(making.picture(index))[:, :, 0]), index % 10


def test_a_map_style_data_set_is_augmented_by_index():
    transform = making.plan().as_transform()
    items = transform.over(Pairs())
    assert len(items) == 12
    picture, label = items[7]
    assert picture.shape == (32, 32, 1) and label == 7
    again, _ = pickle.loads(pickle.dumps(items))[7]
    assert (again == picture).all() and (items[-5][0] == picture).all()
    assert (transform.at(1).over(Pairs())[7][0] != picture).any()
    with pytest.raises(IndexError):
        items[12]


def test_pytorch_loads_the_same_batches_with_any_number_of_workers():
    data = pytest.importorskip("torch.utils.data")
    items = making.plan().as_transform(1, channels_first=True).over(Pairs())
    alone, two = (
        list(data.DataLoader(items, batch_size=5, num_workers=workers, multiprocessing_context=context))
        for workers, context in ((0, None), (2, "fork"))
    )
    assert [tuple(x.shape) for x, _ in alone] == [(5, 1, 32, 32), (5, 1, 32, 32), (2, 1, 32, 32)]
    for (x, y), (same, labels) in zip(alone, two, strict=True):
        assert x.equal(same) and y.equal(labels) and str(y.dtype) == "torch.int64"


def test_a_transform_loads_neither_pytorch_nor_keras():
    code = "import sys, augkit.transform; print(*{m.split('.')[0] for m in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"torch", "keras", "datasets", "tensorflow", "jax"} & set(done.stdout.split())


@pytest.mark.parametrize("mode", ["L", "RGB", "1", "P", "LA", "RGBA", "CMYK", "I;16"])
def test_a_pillow_image_is_read_as_its_file_is(mode):
    noise = np.random.default_rng(0).integers(0, 256, (9, 7, 3), dtype=np.uint8)
    image = Image.fromarray(noise).convert("L" if mode == "I;16" else mode)
    if mode == "I;16":
        image = Image.fromarray(np.arange(63, dtype=np.uint16).reshape(9, 7) * 1000)
    file = io.BytesIO()
    image.save(file, "TIFF" if mode == "CMYK" else "PNG")
    assert (read(image, "it") == codec.decode(file.getvalue())).all()


def test_arrays_bytes_and_paths_are_read_alike(tmp_path):
    data = making.picture(4)
    path = tmp_path / "4.png"
    path.write_bytes(data)
    picture = codec.decode(data)
    cells = [{"bytes": data, "path": None}, {"bytes": None, "path": str(path)}, picture, picture[:, :, 0]]
    for cell in cells:
        assert (read(cell, "it") == picture).all() and read(cell, "it").shape == (32, 32, 1)


def test_a_jpeg_file_is_read_as_small_as_generate_reads_it_where_its_row_has_a_key(monkeypatch):
    plan = making.plan("{version: 1, task: none, steps: [{resize: {width: 40, height: 30}}]}")
    smooth = np.asarray(Image.fromarray(coarse()).resize((400, 300)))
    data = codec.encode(smooth, "jpeg")
    sizes = np.array([[400, 300]])
    draws = plan.draw(["k"], np.array([0]), np.array([1]), sizes)
    expected = render(codec.decode(data, by=4), draws, 0, size=(400, 300), by=4)
    read: list[int] = []
    decode = codec.decode
    monkeypatch.setattr(
        codec, "decode", lambda data, by=1, **more: read.append(by) or decode(data, by=by, **more)
    )
    rows = {"image": [{"bytes": data, "path": None}], "label": [0], "key": ["k"]}
    assert (plan.as_transform()(rows)["image"][0] == expected).all() and read == [4]
    nameless = {name: rows[name] for name in ("image", "label")}  # its pixels are its name
    (whole,) = plan.as_transform()(nameless)["image"]
    assert 1 in read[1:] and whole.shape == expected.shape


def test_what_is_no_picture_is_refused_with_the_fix(tmp_path):
    with pytest.raises(UsageError, match="float32 4×4×3") as caught:
        read(np.zeros((4, 4, 3), np.float32), "it")
    assert "scale after augmenting" in str(caught.value)
    with pytest.raises(UsageError, match="3×4×4"):
        read(np.zeros((3, 4, 4), np.uint8), "it")
    with pytest.raises(PictureError, match="No such file"):
        read({"bytes": None, "path": str(tmp_path / "none.png")}, "it")
    with pytest.raises(PictureError, match="cannot be read"):
        read({"bytes": None, "path": "a\0b"}, "it")
    with pytest.raises(PictureError, match="row 1"):
        making.plan().as_transform()(
            {"image": [{"bytes": making.picture(0)}, {"bytes": b"x"}], "label": [0, 1]}
        )


def test_rows_that_do_not_fit_the_plan_are_refused():
    transform = making.plan().as_transform()
    with pytest.raises(UsageError, match="no column 'label', only image") as caught:
        transform({"image": []})
    assert "label=" in str(caught.value)
    with pytest.raises(UsageError, match="outside the 10 classes"):
        transform({"image": [{"bytes": making.picture(0)}], "label": [10]})
    with pytest.raises(UsageError, match="got epoch -1"):
        transform.at(-1)


def test_other_column_names_can_be_given():
    plan = making.plan()
    rows = part()[:2]
    named = Transform(plan, image="img", label="digit", key="id")
    made = named({"img": rows["image"], "digit": rows["label"], "id": rows["key"]})
    assert (made["img"][1] == plan.as_transform()(rows)["image"][1]).all() and made["digit"] == [0, 1]


def test_no_rows_are_no_pictures():
    assert making.plan().as_transform()({"image": [], "label": []}) == {"image": [], "label": []}


def test_a_policy_that_mixes_pictures_is_no_transform():
    plan = making.plan("{version: 1, task: digits, steps: [mixup]}")
    with pytest.raises(UsageError, match="one picture at a time") as caught:
        plan.as_transform()
    assert "feed" in str(caught.value)
