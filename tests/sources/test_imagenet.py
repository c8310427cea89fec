"""ImageNet, from archives in the true format, with the oddities that are known planted in them."""

from __future__ import annotations

import io
import tarfile

import numpy as np
import pytest
from PIL import Image

from augkit import codec, safety, sources, store, tasks
from augkit import policy as policies
from augkit.errors import SourceError
from augkit.intervals import Interval
from augkit.plan import Plan
from augkit.sources import aspects, records, repairs
from tests.sources import archives

WNIDS = ("n01440764", "n02105855", "n04258138", "n13037406")
IDS = {"n13037406": 1, "n01440764": 2, "n04258138": 3, "n02105855": 4}  # not in the order of the WNIDs
PNG = archives.png(50)
CMYK, CMYK_VAL = archives.jpeg(51, "CMYK"), archives.jpeg(52, "CMYK")
BROKEN, TURNED = archives.jpeg(53, exif=archives.broken_exif()), archives.jpeg(54, exif=archives.turned(6))
FINE = archives.jpeg(55, exif=archives.turned(1))
GREY = archives.jpeg(56, "L")

TRAIN = {
    "n13037406": [("n13037406_4650.JPEG", CMYK), ("n13037406_1.JPEG", archives.jpeg(1))],
    "n01440764": [("n01440764_10026.JPEG", archives.jpeg(2)), ("n01440764_7.JPEG", GREY)],
    "n02105855": [("n02105855_2933.JPEG", PNG), ("n02105855_3.JPEG", TURNED)],
    "n04258138": [("n04258138_9.JPEG", BROKEN), ("n04258138_10.JPEG", FINE)],
}
VALIDATION = [(f"ILSVRC2012_val_{number:08d}.JPEG", archives.jpeg(100 + number)) for number in (3, 1, 2)]
VALIDATION.append(("ILSVRC2012_val_00019877.JPEG", CMYK_VAL))
TRUTH = (4, 1, 2, 3)  # of 1, 2, 3, 19877


@pytest.fixture
def root(tmp_path):
    return archives.ilsvrc(tmp_path / "ilsvrc", TRAIN, VALIDATION, IDS, TRUTH)


def rows(part) -> dict[str, tuple[bytes, str, str]]:
    names = part.features["label"].names
    return {row["key"]: (row["image"]["bytes"], names[row["label"]], row["repair"]) for row in part}


def test_classes_stand_by_rank_of_their_wordnet_id_not_by_the_kits_number(root):
    data = sources.load(f"imagenet:{root}")
    assert list(data) == ["train", "validation"] and records.class_names(data) == WNIDS
    train = rows(data["train"])
    assert {key: row[1] for key, row in train.items()} == {
        name: wnid for wnid, files in TRAIN.items() for name, _ in files
    }
    shown = {key: row[1] for key, row in rows(data["validation"]).items()}
    assert shown == {
        "ILSVRC2012_val_00000001.JPEG": "n02105855",
        "ILSVRC2012_val_00000002.JPEG": "n13037406",
        "ILSVRC2012_val_00000003.JPEG": "n01440764",
        "ILSVRC2012_val_00019877.JPEG": "n04258138",
    }
    assert records.labels(data["validation"]).tolist() == [1, 3, 0, 2]


def test_bytes_are_the_published_ones_unless_repaired(root):
    data = sources.load(f"imagenet:{root}")
    given = {name: content for files in TRAIN.values() for name, content in files} | dict(VALIDATION)
    for part in data.values():
        for key, (content, _, repair) in rows(part).items():
            assert (content == given[key]) == (repair in ("", repairs.REPAIRS["png"])), key


def test_what_is_not_as_its_name_says_is_repaired_and_said(root):
    said: list[str] = []
    data = sources.load(f"imagenet:{root}", say=said.append)
    train, validation = rows(data["train"]), rows(data["validation"])
    wanted = {
        "n02105855_2933.JPEG": "png",
        "n13037406_4650.JPEG": "cmyk",
        "n04258138_9.JPEG": "exif",
        "n02105855_3.JPEG": "turned",
    }
    assert {key: row[2] for key, row in train.items() if row[2]} == {
        key: repairs.REPAIRS[name] for key, name in wanted.items()
    }
    assert validation["ILSVRC2012_val_00019877.JPEG"][2] == repairs.REPAIRS["cmyk"]
    assert len(said) == 5 and any(text == f"validation: 1 × {repairs.REPAIRS['cmyk']}." for text in said)

    plain = Image.open(io.BytesIO(CMYK)).convert("RGB")
    assert np.abs(np.asarray(plain, int) - codec.decode(train["n13037406_4650.JPEG"][0])).max() == 0
    for key, given in (("n04258138_9.JPEG", BROKEN), ("n02105855_3.JPEG", TURNED)):
        clean = Image.open(io.BytesIO(train[key][0]))
        assert not clean.getexif() and clean.size == (40, 30)
        assert np.array_equal(np.asarray(clean), np.asarray(Image.open(io.BytesIO(given))))
        assert codec.decode(train[key][0]).shape == (30, 40, 3)  # nobody turns it


@pytest.mark.parametrize("kind", ["RGB", "L"])
@pytest.mark.parametrize(
    "filler", [b"", b"\xff\xe2\x20\x02" + bytes(8192), b"\xff\xe2\xff\xff" + bytes(65533) * 1]
)
def test_a_header_of_any_length_is_read_to_its_end(kind, filler):
    data = archives.jpeg(9, kind, exif=archives.turned(3))
    long = data[:2] + filler + data[2:]
    asked: list[int] = []

    def read(most: int) -> bytes:
        asked.append(most)
        return long[:most]

    assert repairs.needed(read, len(long)) == "turned"
    mended = repairs.repaired(long, "turned")
    assert len(mended) < len(long) and codec.peek(mended).orientation == 1
    assert (len(filler) < 4000) == (len(asked) == 1)


def test_shapes_are_those_of_the_repaired_pictures(root):
    data = sources.load(f"imagenet:{root}")
    assert aspects.aspects(data, ("train", "validation")) == Interval(40 / 30, 40 / 30)


def test_any_two_of_the_three_files_will_do(root):
    (root / "ILSVRC2012_img_val.tar").unlink()
    assert list(sources.load(f"imagenet:{root}")) == ["train"]
    (root / "ILSVRC2012_devkit_t12.tar.gz").unlink()
    assert records.class_names(sources.load(f"imagenet:{root}")) == WNIDS


@pytest.mark.parametrize(
    "spoil", ["no devkit", "torn devkit", "no truth", "other truth", "other class", "short", "torn"]
)
def test_files_that_do_not_fit_are_refused_by_name(root, spoil):
    kit, val, train = (
        root / name
        for name in ("ILSVRC2012_devkit_t12.tar.gz", "ILSVRC2012_img_val.tar", "ILSVRC2012_img_train.tar")
    )
    told = {
        "no devkit": "said in the devkit",
        "torn devkit": "torn, or no tar.gz",
        "no truth": "holds no data/ILSVRC2012_validation_ground_truth.txt",
        "other truth": "names no class",
        "other class": "does not know the class n99999999",
        "short": "4 pictures, but the devkit says what 3 show",
        "torn": "torn|end",
    }[spoil]
    if spoil == "no devkit":
        kit.unlink()
    elif spoil == "torn devkit":
        kit.write_bytes(kit.read_bytes()[:400])
    elif spoil == "no truth":
        with tarfile.open(kit, "w:gz") as archive:
            info = tarfile.TarInfo("x/data/meta.mat")
            info.size = len(archives.meta_mat(IDS))
            archive.addfile(info, io.BytesIO(archives.meta_mat(IDS)))
    elif spoil == "other truth":
        archives.devkit(root, IDS, (4, 1, 2, 77))
    elif spoil == "short":
        archives.devkit(root, IDS, (4, 1, 2))
    elif spoil == "other class":
        archives.ilsvrc(root, {**TRAIN, "n99999999": [("x.JPEG", GREY)]})
    elif spoil == "torn":
        train.write_bytes(train.read_bytes()[:9000])
    assert val.exists()
    with pytest.raises(SourceError, match=told) as caught:
        sources.load(f"imagenet:{root}")
    assert caught.value.where and caught.value.fix


def test_promise_22_an_inner_archive_with_a_link_is_refused_and_nothing_is_written(root, tmp_path):
    info = tarfile.TarInfo("n01440764_1.JPEG")
    info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
    inner = info.tobuf() + bytes(1024)
    (root / "ILSVRC2012_img_train.tar").write_bytes(archives.tar([("n01440764.tar", inner)]))
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    with pytest.raises(SourceError, match=r"n01440764\.tar: 'n01440764_1\.JPEG' is a link"):
        sources.load(f"imagenet:{root}")
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_an_outer_archive_of_other_things_is_refused(root):
    for name in ("readme.txt", "n0144.tar", "n01440764.zip"):
        (root / "ILSVRC2012_img_train.tar").write_bytes(archives.tar([(name, b"")]))
        with pytest.raises(SourceError, match="want archives of classes"):
            sources.load(f"imagenet:{root}")


def tree(root, *, flat=False, below=""):
    top = root / below if below else root
    for wnid, files in TRAIN.items():
        (top / "train" / wnid).mkdir(parents=True)
        for name, data in files:
            (top / "train" / wnid / name).write_bytes(data)
    shown = dict(zip(sorted(name for name, _ in VALIDATION), TRUTH, strict=True))
    by_id = {number: wnid for wnid, number in IDS.items()}
    for name, data in VALIDATION:
        place = top / "val" / ("" if flat else by_id[shown[name]])
        place.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(data)
    return root, {name: by_id[number] for name, number in shown.items()}


@pytest.mark.parametrize("how", ["folders", "flat", "flat, devkit unpacked", "kaggle"])
def test_a_tree_gives_the_rows_that_the_archives_give(root, tmp_path, how):
    made, shown = tree(
        tmp_path / "tree", flat=how != "folders", below="ILSVRC/Data/CLS-LOC" if how == "kaggle" else ""
    )
    if how.startswith("flat"):
        archives.devkit(made, IDS, TRUTH)
    if how.endswith("unpacked"):
        with tarfile.open(made / "ILSVRC2012_devkit_t12.tar.gz") as archive:
            archive.extractall(made, filter="data")
        (made / "ILSVRC2012_devkit_t12.tar.gz").unlink()
    if how == "kaggle":
        lines = [f"{name.removesuffix('.JPEG')},{wnid} 1 2 3 4\n" for name, wnid in shown.items()]
        (made / "LOC_val_solution.csv").write_text("ImageId,PredictionString\n" + "".join(lines))
    wanted, got = sources.load(f"imagenet:{root}"), sources.load(f"imagenet:{made}")
    assert records.class_names(got) == WNIDS
    for split in ("train", "validation"):
        assert rows(got[split]) == rows(wanted[split])


def test_a_tree_without_the_truth_and_other_folders_are_refused(tmp_path):
    made, _ = tree(tmp_path / "tree", flat=True)
    with pytest.raises(SourceError, match="outside folders of classes"):
        sources.load(f"imagenet:{made}")
    (made / "train" / "cat").mkdir()
    with pytest.raises(SourceError, match="the folder 'cat'"):
        sources.load(f"imagenet:{made}")
    (tmp_path / "nothing").mkdir()
    with pytest.raises(SourceError, match="neither the archives nor a tree"):
        sources.load(f"imagenet:{tmp_path / 'nothing'}")


def test_a_changed_tree_is_listed_again(tmp_path):
    made, _ = tree(tmp_path / "tree")
    assert len(sources.load(f"imagenet:{made}")["train"]) == 8
    (made / "train" / "n01440764" / "n01440764_8.JPEG").write_bytes(FINE)
    assert len(sources.load(f"imagenet:{made}")["train"]) == 9
    (made / "train" / "n01440764" / "n01440764_8.JPEG").write_bytes(TURNED)
    row = rows(sources.load(f"imagenet:{made}")["train"])["n01440764_8.JPEG"]
    assert row[2] == repairs.REPAIRS["turned"]


def test_classes_limits_and_splits_keep_the_pictures_in_place(root):
    data = sources.load(f"imagenet:{root}", classes=["n04258138", "n13037406"], limit=3)
    assert records.class_names(data) == ("n04258138", "n13037406") and len(data["train"]) == 3
    train = rows(sources.load(f"imagenet:{root}")["train"])
    for key, row in rows(data["train"]).items():
        assert row == train[key]


def test_the_archives_are_built_generated_from_and_verified(root, tmp_path):
    data = sources.load(f"imagenet:{root}")
    built = store.build(data, tmp_path / "built", progress=False)
    assert (built.pictures, built.bad) == (12, 0)
    names = {path.name for path in (tmp_path / "built" / "train").rglob("*.*")}
    assert (
        "n02105855_2933-0.png" in names and "n13037406_4650-0.png" in names and "n04258138_9-0.jpg" in names
    )
    unchanged = (tmp_path / "built" / "train" / "n01440764" / "n01440764_10026-0.jpg").read_bytes()
    assert unchanged == dict(TRAIN["n01440764"])["n01440764_10026.JPEG"]

    policy = policies.parse("version: 1\ntask: none\nsteps:\n  - flip_horizontal: {p: 0.5}\n")
    plan = Plan(safety.judge(policy, tasks.load("none")).safe_policy(), WNIDS, copies=1)
    made = store.generate(plan, data, tmp_path / "out", workers=2, progress=False)
    assert made.pictures == 8 * 2 + 4 and store.verify(tmp_path / "out").ok
