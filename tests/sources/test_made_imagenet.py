"""A whole ILSVRC2012 of small pictures, in its true archives: built, augmented, verified and trained on."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from augkit import backend, codec, sources
from augkit.sources import records
from tests.sources import archives

ROOT = Path(__file__).parents[2]
CLASSES, EACH, SHOWN, CMYK = 1000, 3, 1000, 22
POLICY = """\
version: 1
task: natural
steps:
  - flip_horizontal: {p: 0.5}
  - contrast: {gain: [0.9, 1.1]}
  - resize: {width: 64, height: 64}
"""


def wnids() -> list[str]:
    """Return 1,000 WordNet ids in order, with that of the class that has a PNG file among them."""
    others = random.Random(0).sample(range(1_440_764, 13_133_613), CLASSES)
    return sorted({f"n{number:08d}" for number in others[1:]} | {"n02105855"})


def oddities(names: list[str]) -> dict[str, bytes]:
    """Return the files that are not what their names say, as they are known of the real archives."""
    chance = random.Random(1)
    odd = chance.sample([name for name in names if not name.startswith("n02105855")], CMYK + 40)
    files = {name: archives.jpeg(n, "CMYK") for n, name in enumerate(odd[:CMYK])}
    files |= {name: archives.jpeg(n, "L") for n, name in enumerate(odd[CMYK : CMYK + 20])}
    files |= {name: archives.jpeg(n, exif=archives.broken_exif()) for n, name in enumerate(odd[-20:-10])}
    files |= {name: archives.jpeg(n, exif=archives.turned(6)) for n, name in enumerate(odd[-10:])}
    return files | {"n02105855_2933.JPEG": archives.png(7)}


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> tuple[Path, dict[str, str], dict[str, bytes]]:
    """Write the archives; return their folder, validation file → class, and the odd files."""
    root, known = tmp_path_factory.mktemp("ilsvrc") / "archives", wnids()
    ids = list(range(1, CLASSES + 1))
    random.Random(2).shuffle(ids)  # the kit's numbers are not the ranks of the WordNet ids
    names = {wnid: [f"{wnid}_{n}.JPEG" for n in (1, 10, 2933)[:EACH]] for wnid in known}
    odd = oddities([name for files in names.values() for name in files])
    train = {
        wnid: [(name, odd.get(name) or archives.jpeg(10 * rank + n)) for n, name in enumerate(files)]
        for rank, (wnid, files) in enumerate(names.items())
    }
    numbers = [*range(1, SHOWN), 19_877]
    shown = [random.Random(number).choice(known) for number in numbers]
    validation = [(f"ILSVRC2012_val_{number:08d}.JPEG", archives.jpeg(50_000 + number)) for number in numbers]
    validation[-1] = (validation[-1][0], archives.jpeg(3, "CMYK"))
    validation[0] = (validation[0][0], train[known[5]][0][1])  # stands in both, with other labels
    truth = dict(zip((name for name, _ in validation), shown, strict=True))
    of = dict(zip(known, ids, strict=True))
    random.Random(3).shuffle(validation)
    archives.ilsvrc(root, train, validation, of, [of[truth[name]] for name in sorted(truth)])
    return root, truth, odd


def run(*arguments: object) -> str:
    command = [sys.executable, "-m", "augkit", *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


@pytest.mark.slow
def test_a_whole_imagenet_is_built_generated_from_verified_and_trained_on(made, tmp_path):
    root, truth, odd = made
    policy, built, out = tmp_path / "policy.yaml", tmp_path / "built", tmp_path / "out"
    policy.write_text(POLICY)
    said = run("build", f"imagenet:{root}", built, "--format", "parquet", "--workers", 2)
    assert f"made: {CLASSES * EACH + SHOWN:,} pictures" in said
    assert (
        f"train: {CMYK} × CMYK" in said
        and "train: 1 × a PNG file" in said
        and "train: 10 × EXIF asks" in said
    )
    assert "validation: 1 × CMYK" in said and "could not be read" not in said
    assert "whole: 4,000 pictures" in run("verify", built)

    said = run(
        "generate", policy, f"imagenet:{root}", out, "--copies", 1, "--format", "parquet", "--workers", 2
    )
    assert f"made: {CLASSES * EACH * 2 + SHOWN:,} pictures" in said
    assert "whole: 7,000 pictures" in run("verify", out)
    from_built = run("generate", policy, built, tmp_path / "again", "--copies", 1, "--format", "parquet")
    assert "made: 7,000" in from_built

    rows = pd.read_parquet(out / ".augkit" / "manifest.parquet")
    assert (rows.label == rows.label_after).all() and json.loads(
        (out / ".augkit" / "quarantine.json").read_text()
    ) == []
    shown = rows[rows.split == "validation"]
    assert dict(zip(shown.source, shown.label, strict=True)) == truth
    train = rows[rows.split == "train"]
    assert (train.source.str.partition("_")[0] == train.label).all() and set(odd) <= set(train.source)

    data = sources.load(out)
    assert records.class_names(data) == tuple(wnids())
    learns(out)


def learns(out: Path) -> None:
    """Train a small AlexNet for one epoch on what `datasets` makes of the folder."""
    import datasets

    from models.alexnet import alexnet

    keras = backend.load()
    train = datasets.load_dataset(str(out), split="train", cache_dir=str(out.parent / "cache"))
    train = train.cast_column("image", datasets.Image(decode=False))
    pictures = np.stack([colour(row["bytes"]) for row in train["image"]]) / np.float32(255)
    labels = np.array(train["label"])
    assert pictures.shape == (6000, 64, 64, 3) and set(labels) == set(range(CLASSES))
    keras.utils.set_random_seed(0)
    with_last = keras.config.image_data_format() == "channels_last"
    network = alexnet("digits", CLASSES, (64, 64, 3) if with_last else (3, 64, 64), dropout=0.0, seed=0)
    network.compile(keras.optimizers.Adam(0.001), "sparse_categorical_crossentropy")
    pictures = pictures if with_last else pictures.transpose(0, 3, 1, 2)
    before = network.evaluate(pictures[:2000], labels[:2000], batch_size=250, verbose=0)
    seen = network.fit(pictures, labels, batch_size=125, epochs=1, verbose=0).history["loss"]
    after = network.evaluate(pictures[:2000], labels[:2000], batch_size=250, verbose=0)
    assert len(seen) == 1 and after < before


def colour(data: bytes) -> np.ndarray:
    picture = codec.decode(data)
    return np.broadcast_to(picture, (*picture.shape[:2], 3))
