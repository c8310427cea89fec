"""The published MD5 sums of data sets that come as files, to tell a torn or changed download.

Sources: torchvision's `datasets` (MNIST, Fashion-MNIST, KMNIST, USPS, SVHN, ImageNet), which has them from
    the pages of the data sets.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from augkit.errors import SourceError, UsageError
from augkit.sources.progress import bar
from augkit.sources.request import Request

_TRAIN, _TEST = "train-images-idx3-ubyte.gz", "t10k-images-idx3-ubyte.gz"
_TRAIN_LABELS, _TEST_LABELS = "train-labels-idx1-ubyte.gz", "t10k-labels-idx1-ubyte.gz"

MD5: dict[str, dict[str, str]] = {
    "mnist": {
        _TRAIN: "f68b3c2dcbeaaa9fbdd348bbdeb94873",
        _TRAIN_LABELS: "d53e105ee54ea40749a09fcbcd1e9432",
        _TEST: "9fb629c4189551a2d022fa330f9573f3",
        _TEST_LABELS: "ec29112dd5afa0611ce80d1b7f02629c",
    },
    "fashion-mnist": {
        _TRAIN: "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
        _TRAIN_LABELS: "25c81989df183df01b3e8a0aad5dffbe",
        _TEST: "bef4ecab320f06d8554ea6380940ec79",
        _TEST_LABELS: "bb300cfdad3c16e7a12a480ee83cd310",
    },
    "kmnist": {
        _TRAIN: "bdb82020997e1d708af4cf47b453dcf7",
        _TRAIN_LABELS: "e144d726b3acfaa3e44228e80efcd344",
        _TEST: "5c965bf0a639b31b8f53240b1b52f4d7",
        _TEST_LABELS: "7320c461ea6c1c855c0b718fb2a4b134",
    },
    "usps": {
        "usps.bz2": "ec16c51db3855ca6c91edd34d0e9b197",
        "usps.t.bz2": "8ea070ee2aca1ac39742fdd1ef5ed118",
    },
    "svhn": {
        "train_32x32.mat": "e26dedcc434d2e4c54c9b2d4a06d8373",
        "test_32x32.mat": "eb5a983be6a315427106f1b164d9cef3",
        "extra_32x32.mat": "a93ce644f1a588dc4d68dda5feec44a7",
    },
    "imagenet": {
        "ILSVRC2012_img_train.tar": "1d675b47d978889d74fa0da5fadfb00e",
        "ILSVRC2012_img_val.tar": "29b22e2961454d5413ddabcf34fc5622",
        "ILSVRC2012_devkit_t12.tar.gz": "fa75699e90414af021442c21a62c3abf",
    },
}


def refuse(request: Request) -> None:
    """Refuse, with a UsageError, to check what has no published checksums: it would be left unchecked."""
    if request.checksums and (request.name not in MD5 or not request.where):
        fix = f"leave out --checksums; {', '.join(MD5)} have them, with the FOLDER of their files"
        raise UsageError(f"{request} has no files with published checksums", fix=fix)


def check(request: Request, files: Iterable[Path]) -> None:
    """Compare files with their published MD5 sums, where the request asks for that, and say so.

    Raises:
        SourceError: one differs.
        UsageError:  none of them has a published sum.
    """
    if not request.checksums:
        return
    known = MD5.get(request.name, {})
    checked = [path for path in files if path.name in known]
    if not checked:
        names = f": only {', '.join(known)}" if known else ""
        raise UsageError(
            f"{request} has no files with published checksums{names}", fix="leave out --checksums"
        )
    for path in checked:
        found = md5(path)
        if found != known[path.name]:
            problem = f"its MD5 is {found}, the published one {known[path.name]}: torn or changed"
            raise SourceError(problem, where=str(path), fix="fetch it again")
        request.say(f"{path.name} is as it was published (MD5 {found}).")


def md5(path: Path) -> str:
    """Return a file's MD5 as hex, read in pieces, with a bar."""
    digest = hashlib.md5(usedforsecurity=False)
    with path.open("rb") as file, bar(f"checking {path.name}", path.stat().st_size) as advance:
        while piece := file.read(1 << 20):
            digest.update(piece)
            advance(len(piece))
    return digest.hexdigest()
