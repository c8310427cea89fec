"""The hub, without a network: local repositories of Parquet, and the errors that the hub gives."""

from __future__ import annotations

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datasets import ClassLabel, Dataset, Features, Image
from datasets.exceptions import DatasetNotFoundError

from augkit import codec, sources
from augkit.errors import SourceError
from augkit.sources import mnist, records, repairs
from tests.sources import archives

REAL = datasets.load_dataset


def repository(root, cells, labels, names, *, configs=("default",), splits=("train", "test")):
    """Write a repository as the hub has them: a card that names configurations, and Parquet with bytes."""
    features = Features({"image": Image(), "label": ClassLabel(names=list(names))})
    part = Dataset.from_dict({"image": cells, "label": labels}, features=features)
    lines = ["---", "configs:"]
    for config in configs:
        lines += [f"- config_name: {config}", "  data_files:"]
        for split in splits:
            name = f"{config}/{split}-00000-of-00001.parquet"
            (root / config).mkdir(parents=True, exist_ok=True)
            part.to_parquet(root / name)
            lines += [f"  - split: {split}", f"    path: {name}"]
    (root / "README.md").write_text("\n".join([*lines, "---", ""]))
    return root


def cells(count, seed=0):
    made = [codec.encode(row[:, :, None]) for row in archives.pictures(count, 8, 8, seed)]
    return [{"bytes": data, "path": None} for data in made]


def pointing(path, paths):
    """Write a Parquet file of rows that name files and hold no bytes."""
    features = Features({"image": Image(), "label": ClassLabel(names=["a"])})
    table = pa.table(
        {"image": [{"bytes": None, "path": str(each)} for each in paths], "label": [0] * len(paths)},
        schema=features.arrow_schema,
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path)
    return path


@pytest.fixture
def online(tmp_path, monkeypatch):
    """Let the hub be a folder: "owner/name" stands for tmp_path/owner/name."""
    asked = []

    def load(name, config=None, **more):
        asked.append((name, config, more))
        return REAL(str(tmp_path / name), config, **more)

    monkeypatch.setattr(datasets, "load_dataset", load)
    return asked


def test_a_data_set_of_the_hub_is_read_with_all_its_splits(tmp_path, online):
    repository(tmp_path / "me/set", cells(4), [0, 1, 1, 0], ["a", "b"])
    data = sources.load("hub:me/set")
    assert list(data) == ["train", "test"] and records.class_names(data) == ("a", "b")
    assert data["train"][2]["image"]["bytes"] == cells(4)[2]["bytes"]
    assert online == [("me/set", None, {})]  # nobody asks for remote code


def test_promise_25_one_of_several_configurations_is_asked_for(tmp_path, online):
    repository(tmp_path / "me/set", cells(2), [0, 1], ["a", "b"], configs=("large", "small"))
    with pytest.raises(SourceError, match="one of its configurations: 'large', 'small'") as caught:
        sources.load("hub:me/set")
    assert caught.value.fix == "write hub:me/set:large"
    with pytest.raises(SourceError, match="one of its configurations"):
        sources.load("hub:me/set:medium")
    assert len(sources.load("hub:me/set:small")["train"]) == 2


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist", "kmnist"])
def test_known_sets_are_asked_for_by_name_and_called_as_their_files_call_them(tmp_path, online, name):
    theirs = [f"class {number}" for number in range(10)]
    repository(tmp_path / mnist.HUB[name], cells(10), list(range(10)), theirs)
    data = sources.load(name)
    assert records.class_names(data) == mnist.CLASSES[name] and list(data) == ["train", "test"]


def test_svhn_and_usps_are_asked_for_by_name(tmp_path, online):
    digits = list("0123456789")
    repository(
        tmp_path / "ufldl-stanford/svhn",
        cells(10),
        list(range(10)),
        digits,
        configs=("cropped_digits", "full_numbers"),
    )
    repository(tmp_path / "flwrlabs/usps", cells(10), list(range(10)), digits)
    assert records.labels(sources.load("svhn")["test"]).tolist() == list(range(10))
    assert online[-1][:2] == ("ufldl-stanford/svhn", "cropped_digits")
    assert records.class_names(sources.load("usps")) == tuple(digits)


def test_imagenet_of_the_hub_has_the_archives_names_and_repairs(tmp_path, online):
    wnids = ["n01440764", "n02105855", "n13037406"]
    files = [
        ("n01440764_10026_n01440764.JPEG", archives.jpeg(1), 0),
        ("n02105855_3_n02105855.JPEG", archives.jpeg(2, exif=archives.turned(6)), 1),
        ("n13037406_4650_n13037406.JPEG", archives.jpeg(3, "CMYK"), 2),
    ]
    given = [{"bytes": data, "path": name} for name, data, _ in files]
    words = ["tench, Tinca tinca", "Shetland sheepdog", "gyromitra"]
    repository(tmp_path / "ILSVRC/imagenet-1k", given, [0, 1, 2], words, splits=("train", "validation"))
    data = sources.load("imagenet")
    assert records.class_names(data) == tuple(wnids)
    assert records.keys(data["train"]) == ["n01440764_10026.JPEG", "n02105855_3.JPEG", "n13037406_4650.JPEG"]
    got = [row["image"]["bytes"] for row in data["train"]]
    assert got[0] == files[0][1] and codec.peek(got[1]).orientation == 1 and got[2].startswith(b"\x89PNG")
    assert set(repairs.REPAIRS) == {"png", "cmyk", "exif", "turned"}


def test_promise_33_offline_the_hub_is_not_asked_and_files_are_named_as_the_way_out():
    with pytest.raises(SourceError, match="the hub cannot be reached") as caught:
        sources.load("mnist")
    assert "mnist:FOLDER" in caught.value.fix and "HF_HUB_OFFLINE" in caught.value.fix
    with pytest.raises(SourceError, match="the hub cannot be reached"):
        sources.load("hub:me/set")


GATED = "Dataset 'ILSVRC/imagenet-1k' is a gated dataset on the Hub. You must be authenticated to access it."


@pytest.mark.parametrize(
    ("source", "error", "told", "fix"),
    [
        (
            "imagenet",
            DatasetNotFoundError(GATED),
            "agree to terms first",
            "huggingface.co/datasets/ILSVRC/imagenet-1k",
        ),
        (
            "hub:me/set",
            DatasetNotFoundError("Dataset 'me/set' doesn't exist on the Hub"),
            "no such data set",
            "check the name",
        ),
        (
            "hub:me/set",
            RuntimeError("Dataset scripts are no longer supported, but found set.py"),
            "script",
            "Parquet",
        ),
        ("hub:me/set", ConnectionError("Couldn't reach"), "cannot be reached", "go online"),
        ("hub:me/set", OSError("429 Too Many Requests"), "429 Too Many Requests", ""),
    ],
)
def test_promise_25_what_the_hub_refuses_is_said_with_the_way_out(monkeypatch, source, error, told, fix):
    def refuse(*names, **more):
        raise error

    monkeypatch.setattr(datasets, "load_dataset", refuse)
    with pytest.raises(SourceError, match=told) as caught:
        sources.load(source)
    assert fix in caught.value.fix and source in caught.value.where


def test_promise_21_paths_that_datasets_lists_are_followed_and_those_of_a_table_not(tmp_path, monkeypatch):
    for label in ("a", "b"):
        (tmp_path / "set/train" / label).mkdir(parents=True)
        (tmp_path / "set/train" / label / "x.png").write_bytes(cells(2)[label == "b"]["bytes"])
    read = [records.content(row["image"]) for row in sources.load(f"hub:{tmp_path / 'set'}")["train"]]
    assert read == [cell["bytes"] for cell in cells(2)]
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(datasets, "load_dataset", lambda name, config=None: REAL(str(tmp_path / name)))
    (tmp_path / "set").rename(tmp_path / "cache")
    read = [records.content(row["image"]) for row in sources.load("hub:cache")["train"]]
    assert read == [cell["bytes"] for cell in cells(2)]
    pointing(tmp_path / "mine/train.parquet", [tmp_path / "cache/train/a/x.png", tmp_path / "mine/x.png"])
    for row in sources.load("hub:mine")["train"]:
        with pytest.raises(PermissionError, match="is not followed"):
            records.content(row["image"])


def test_a_name_is_asked_for():
    with pytest.raises(SourceError, match="want a name on the hub"):
        sources.load("hub:")


def test_other_file_names_are_not_taken_for_imagenets(tmp_path, online):
    given = [{"bytes": archives.jpeg(1), "path": "a.JPEG"}]
    repository(tmp_path / "ILSVRC/imagenet-1k", given, [0], ["x"], splits=("train",))
    with pytest.raises(SourceError, match="not those of ImageNet"):
        sources.load("imagenet")
