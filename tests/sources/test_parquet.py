"""Parquet files, as `datasets` and as pandas write them."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pandas as pd
import pytest
from datasets import ClassLabel, Dataset, Features, Image

from augkit import sources, store
from augkit.errors import SourceError
from augkit.sources import records
from tests.sources.test_hub import cells, pointing


def shard(path, count=4, seed=0, names=("a", "b")):
    features = Features({"image": Image(), "label": ClassLabel(names=list(names))})
    held = {"image": cells(count, seed), "label": [number % len(names) for number in range(count)]}
    path.parent.mkdir(parents=True, exist_ok=True)
    Dataset.from_dict(held, features=features).to_parquet(path)
    return path


def test_shards_of_a_folder_go_to_the_splits_in_their_names(tmp_path):
    shard(tmp_path / "data/train-00000-of-00002.parquet")
    shard(tmp_path / "data/train-00001-of-00002.parquet", seed=1)
    shard(tmp_path / "data/test-00000-of-00001.parquet", 2, seed=2)
    shard(tmp_path / "validation/0000.parquet", 3, seed=3)
    shard(tmp_path / ".cache/train-00002.parquet", seed=9)
    data = sources.load(f"parquet:{tmp_path}")
    assert {split: len(part) for split, part in data.items()} == {"train": 8, "validation": 3, "test": 2}
    assert records.class_names(data) == ("a", "b")
    assert data["test"][1]["image"]["bytes"] == cells(2, 2)[1]["bytes"]


def test_a_file_is_told_by_its_suffix(tmp_path):
    data = sources.load(shard(tmp_path / "pictures.parquet"))
    assert list(data) == ["train"] and len(data["train"]) == 4


def test_pandas_own_files_of_bytes_are_read(tmp_path):
    table = pd.DataFrame({"image": [cell["bytes"] for cell in cells(4)], "label": ["x", "y", "y", "x"]})
    table.to_parquet(tmp_path / "plain.parquet")
    data = sources.load(tmp_path / "plain.parquet")
    assert records.class_names(data) == ("x", "y")
    assert [row["image"]["bytes"] for row in data["train"]] == table["image"].tolist()
    table["image"] = cells(4)
    table.to_parquet(tmp_path / "struct.parquet")
    assert sources.load(tmp_path / "struct.parquet")["train"][1]["image"]["bytes"] == cells(4)[1]["bytes"]


def test_what_was_read_is_built(tmp_path):
    built = store.build(sources.load(shard(tmp_path / "p.parquet")), tmp_path / "out", progress=False)
    assert (built.pictures, built.bad) == (4, 0)


def test_promise_17_a_torn_file_is_refused(tmp_path):
    path = shard(tmp_path / "p.parquet")
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(SourceError, match="cannot be read as Parquet"):
        sources.load(path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(SourceError, match=r"found no \.parquet files"):
        sources.load(f"parquet:{tmp_path / 'empty'}")


def test_a_folder_of_parquet_given_as_a_folder_names_the_way(tmp_path):
    shard(tmp_path / "p.parquet")
    with pytest.raises(SourceError, match="found no pictures") as caught:
        sources.load(tmp_path)
    assert caught.value.fix == f"write parquet:{tmp_path}"


def test_promise_21_pictures_beside_a_parquet_file_are_read_and_no_others(tmp_path):
    for name in ("set/pictures/a.png", "other/a.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(cells(1)[0]["bytes"])
    named = [tmp_path / "set/pictures/a.png", tmp_path / "other/a.png"]
    file = pointing(tmp_path / "set/data/train.parquet", named)
    alone, whole = sources.load(file), sources.load(f"parquet:{tmp_path / 'set'}")
    assert records.content(whole["train"][0]["image"]) == cells(1)[0]["bytes"]
    for cell in (whole["train"][1]["image"], alone["train"][0]["image"], alone["train"][1]["image"]):
        with pytest.raises(PermissionError, match="is not followed"):
            records.content(cell)


def test_promise_21_33_no_url_in_a_parquet_file_is_asked_for(tmp_path):
    asked = []

    class Door(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(404)
            self.end_headers()

        do_HEAD = do_GET

    with HTTPServer(("127.0.0.1", 0), Door) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        (tmp_path / "own.png").write_bytes(cells(1)[0]["bytes"])
        paths = [tmp_path / "own.png", f"http://127.0.0.1:{server.server_port}/x.png"]
        data = sources.load(pointing(tmp_path / "p.parquet", paths))
        built = store.build(data, tmp_path / "out", max_bad="50%", progress=False)
        server.shutdown()
    assert (built.pictures, built.bad, asked) == (1, 1, [])
