"""Versions: what augkit asks for, what is there, and which of it is missing or of another version."""

from __future__ import annotations

import importlib.metadata
import platform
import sys
from collections.abc import Iterator

from augkit.doctor.check import Check

_LEAST = (3, 11)
_SHOWN = ("keras", "albumentations", "datasets", "numpy", "pandas", "pyarrow", "pillow")
_OPTIONAL = ("torchvision", "ray", "scikit-learn", "mlxtend")


def checks() -> Iterator[Check]:
    """Yield how Python and the packages are."""
    yield _python()
    asked = requirements()
    if asked is None:
        yield Check(
            "packages", "note", "augkit is not installed, so nothing here says what it needs",
            "pip install --editable . in the checkout, or make setup",
        )  # fmt: skip
    missing = [wanted for wanted, found in asked or [] if found is None]
    wrong = [f"{wanted}, here {found}" for wanted, found in asked or [] if found and not fits(wanted, found)]
    if missing:
        yield Check("packages", "problem", f"missing: {', '.join(missing)}", _install(missing))
    if wrong:
        found = f"of another version than augkit wants: {'; '.join(wrong)}"
        yield Check("packages", "problem", found, _install([said.split(", here ")[0] for said in wrong]))
    shown = ", ".join(f"{name} {at}" for name in _SHOWN if (at := version(name)))
    if not (missing or wrong):
        yield Check("packages", "ok", shown)
    others = ", ".join(f"{name} {at}" for name in _OPTIONAL if (at := version(name)))
    if others:
        yield Check("optional", "ok", others)


def version(name: str) -> str:
    """Return the version of an installed distribution, or an empty string."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""


def requirements() -> list[tuple[str, str | None]] | None:
    """Return what augkit asks for, as written, each with the version that is installed; extras left out.

    None where augkit is not installed.
    """
    try:
        asked = importlib.metadata.requires("augkit") or []
    except importlib.metadata.PackageNotFoundError:
        return None
    plain = [line.partition(";")[0].strip() for line in asked if "extra ==" not in line]
    return [(line, version(_name(line)) or None) for line in plain]


def fits(wanted: str, found: str) -> bool:
    """Tell whether a version is one that a requirement such as "numpy>=2.1" takes."""
    try:
        from packaging.requirements import Requirement
    except ImportError:  # then nothing is compared; it comes with keras and with datasets
        return True
    return Requirement(wanted).specifier.contains(found, prereleases=True)


def _install(wanted: list[str]) -> str:
    """Return the command that installs requirements, each quoted for a shell."""
    return " ".join(["pip install", *(f"'{one}'" for one in wanted)])


def _name(requirement: str) -> str:
    for at, letter in enumerate(requirement):
        if letter in "<>=!~[ ;":
            return requirement[:at]
    return requirement


def _python() -> Check:
    here = f"{platform.python_implementation()} {platform.python_version()} in {sys.prefix}"
    if sys.version_info < _LEAST:
        return Check("python", "problem", here, f"use Python {'.'.join(map(str, _LEAST))} or newer")
    return Check("python", "ok", here)
