"""Data sets of the Hugging Face hub, by name: "hub:owner/name" or "hub:owner/name:config".

Loading scripts are never run.  Whatever else `datasets.load_dataset` opens, it opens here, a folder too.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from augkit.errors import SourceError
from augkit.sources import columns, streamed
from augkit.sources.request import Request

if TYPE_CHECKING:
    from datasets import DatasetDict


def read(request: Request) -> DatasetDict:
    """Read a data set of the hub, all its splits.

    Raises:
        SourceError: there is none of this name, it is gated, the hub cannot be reached, it has several
            configurations and none was named, or it has no columns of images and labels.
    """
    name, _, config = request.where.partition(":")
    if not name:
        raise SourceError("want a name on the hub", where=request.name, fix="write hub:owner/name")
    data = _loaded(name, config or None, request)
    return columns.made(data, request, within=_places(data, name))


def published(
    request: Request, name: str, config: str | None = None, *, classes: Sequence[str] | None = None
) -> DatasetDict:
    """Read a known data set from its place on the hub, its classes called as its files' are."""
    data = _loaded(name, config, request)
    return columns.made(data, request, classes=classes, within=_places(data, name))


def _places(data: Any, name: str) -> list[str]:
    """Return the folders in which pictures of a data set may lie as files.

    Where `datasets` has listed a folder of pictures it names them itself, in its caches; what a table says of
    paths is anybody's.
    """
    import datasets
    from huggingface_hub.constants import HF_HUB_CACHE

    kinds = {part.info.builder_name for part in data.values()}
    here = [name] if os.path.isdir(name) else []  # noqa: PTH112
    listed = [str(HF_HUB_CACHE), str(datasets.config.DOWNLOADED_DATASETS_PATH)]
    return [*here, *(listed if kinds == {"imagefolder"} else [])]


def _loaded(name: str, config: str | None, request: Request) -> Any:
    import datasets

    where = f"{request} ({name})" if name not in str(request) else str(request)
    try:
        with contextlib.nullcontext() if sys.stderr.isatty() else streamed.bars_off():
            return datasets.load_dataset(name, config)
    except datasets.exceptions.DatasetNotFoundError as error:
        raise _absent(name, where, str(error)) from error
    except ConnectionError as error:
        other = "" if request.name == "hub" else f"; or give its files: {request.name}:FOLDER"
        fix = f"go online, without HF_HUB_OFFLINE{other}"
        raise SourceError("the hub cannot be reached", where=where, fix=fix) from error
    except (OSError, ValueError, RuntimeError, datasets.exceptions.DatasetsError) as error:
        raise _refused(name, where, error) from error


def _absent(name: str, where: str, said: str) -> SourceError:
    if "gated" in said.lower():
        fix = f"accept its terms at https://huggingface.co/datasets/{name}, then: hf auth login"
        return SourceError(
            "its owner asks you to agree to terms first (a gated data set)", where=where, fix=fix
        )
    fix = "check the name; a private one needs: hf auth login"
    return SourceError("the hub has no such data set, or does not show it to you", where=where, fix=fix)


def _refused(name: str, where: str, error: BaseException) -> SourceError:
    said = str(error)
    configs = re.search(r"\[('[^\]]*')\]", said)
    if configs and re.search(r"config", said, re.IGNORECASE):
        first = configs[1].split(",")[0].strip("' ")
        problem = f"want one of its configurations: {configs[1]}"
        return SourceError(problem, where=where, fix=f"write hub:{name}:{first}")
    if "script" in said.lower():
        fix = "look for a copy in Parquet, or download its files and name them as a source"
        return SourceError("it is made by a loading script, and those are not run", where=where, fix=fix)
    cause = error.__cause__ or error
    lines = str(cause).strip().splitlines() or [type(cause).__name__]
    return SourceError(f"cannot be loaded ({lines[0][:200]})", where=where)
