"""The desk: one policy file and one data set, and everything that the page can ask about them.

Knows no web.  Texts come from the page and are taken for what they are, the words of a stranger: they name no
file, but for a task beside the policy.
"""

from __future__ import annotations

import functools
import hashlib
import shlex
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from augkit import document, fix, safety, tasks
from augkit.errors import AugkitError, PolicyError, StoreError, TaskError, did_you_mean
from augkit.fix import Text
from augkit.intervals import Interval
from augkit.policy import Policy
from augkit.render import render
from augkit.sources.aspects import aspects
from augkit.studio import knobs, marks, shown, words
from augkit.studio.shown import Asked
from augkit.tasks import Task

if TYPE_CHECKING:
    from datasets import DatasetDict

__all__ = ["Asked", "Desk"]

Plain = dict[str, Any]

_LARGE = 1024  # pixels: the longer side of a picture that is looked at alone


class Changed(StoreError):
    """Say that the file is no longer what the page has seen of it."""


class Desk:
    """Hold a policy file and a data set.

    Args:
        path:   the policy file; it is there, and need not be a policy yet.
        source: what the data are called on the command line.
        data:   the data.
        task:   judged against this instead of the policy's own task.
    """

    def __init__(self, path: Path, source: str, data: DatasetDict, task: str = "") -> None:
        self.path, self.source, self.task = path, source, task
        self._data = data
        self.samples = shown.Samples(data)
        self._aspects: dict[tuple[str, ...], Interval] = {}
        self._judging, self._latest = threading.Lock(), 0

    def open(self) -> Plain:
        """Return the text on the disk and its version, and what the page says about it all."""
        text = document.text(self.path)
        args = [str(self.path), self.source, f"out/{self.path.stem}"]
        command = "augkit generate " + shlex.join(args)
        return {
            "file": str(self.path),
            "source": self.source,
            "text": _lines(text),
            "version": self._version(),
            "classes": list(self.samples.classes),
            "task": self.task,
            "command": command + (f" --task {shlex.quote(self.task)}" if self.task else ""),
            "words": words.vocabulary(),
            "rules": {code: {"name": rule.NAME, "text": rule.__doc__} for code, rule in safety.RULES.items()},
            "most": shown.MOST,
        }

    def look(self, text: str, asked: Asked) -> Plain:
        """Return the pictures of a policy's text, each with its verdict, and its knobs; or its error."""
        try:
            policy, task = self._read(text)
            policy = self._narrowed(text) if _suites(policy) else policy
            rows = shown.look(self.samples, policy, task, asked)
        except AugkitError as error:
            return {"error": self._mark(error, text)}
        found = [copy["state"] for row in rows for copy in row["copies"]]
        return {
            "rows": rows,
            "knobs": knobs.knobs(self._parsed(text)),
            "counts": {state: found.count(state) for state in ("unsafe", "unproven", "dropped", "safe")},
            "split": self.samples.part(policy),
            "guard": policy.on_unsafe,
        }

    def picture(self, text: str, asked: Asked, key: str, copy: int) -> Plain:
        """Return one source and one copy of it, both as large as is useful."""
        policy, task = self._read(text)
        policy = self._narrowed(text) if _suites(policy) else policy
        source = self.samples.whole(self.samples.part(policy), key)
        many = Asked(seed=asked.seed, rows=1, copies=max(1, min(copy, shown.MOST)))
        drawn = shown.draws(policy, task, self.samples.classes, [source], many)
        made = render(source.picture, drawn, many.copies - 1)
        values = {name: float(value[many.copies - 1]) for name, value in drawn.values.items()}
        return {
            "original": shown.address(source.picture, _LARGE),
            "copy": shown.address(made, _LARGE),
            "sizes": [[shape.shape[1], shape.shape[0]] for shape in (source.picture, made)],
            "values": [[name, f"{value:.4g}"] for name, value in values.items() if value == value],
        }

    def judge(self, text: str) -> Plain:
        """Return the verdict on a policy's text, its findings marked.

        One text is judged at a time; it is `stale` where a later one waits already.
        """
        self._latest = mine = self._latest + 1
        with self._judging:
            if mine != self._latest:
                return {"stale": True}
            try:
                verdict = self._verdict(text)
            except AugkitError as error:
                return {"word": "unreadable", "marks": [self._mark(error, text)]}
        found = (*verdict.findings, *verdict.waived)
        return {
            "word": verdict.word,
            "task": verdict.task.name,
            "marks": [marks.of_finding(one, text, str(self.path)) for one in found],
            "reach": verdict.reach.in_words() or ["nothing changes"],
            "guard": verdict.policy.on_unsafe,
            "acceptance": [[name, share] for name, share in verdict.acceptance.items()],
            "left_out": list(verdict.left_out),
            "promises": not verdict.task.survives_everything,
        }

    def fix(self, text: str) -> Plain:
        """Return a policy's text mended, what was done, and whether it is safe now."""
        policy, task = self._read(text)
        fixed = fix.fix(text, str(self.path), task, classes=self.samples.classes, aspect=self._aspect(policy))
        return {"text": fixed.after, "done": list(fixed.done), "safe": fixed.verdict.safe}

    def save(self, text: str, version: str) -> Plain:
        """Write the file, whole or not at all, and return its new version.

        Raises:
            Changed:    the file is not of the version that the page has seen.
            StoreError: it cannot be written.
        """
        now = self._version()
        if now != version:
            problem = "the file has changed on the disk since this page read it"
            raise Changed(problem, where=str(self.path), fix="load it again, or save over it")
        windows = b"\r\n" in self.path.read_bytes()
        fix.save(self.path, _lines(text).replace("\n", "\r\n") if windows else _lines(text))
        return {"version": self._version()}

    def _version(self) -> str:
        try:
            return hashlib.sha256(self.path.read_bytes()).hexdigest()
        except OSError:
            return "none"

    def _read(self, text: str) -> tuple[Policy, Task]:
        policy = self._parsed(text).policy
        try:
            task = _loaded(self._task(policy))
            task.fit(self.samples.classes)
        except TaskError as error:
            problem = f"{error.where}: {error.problem}" if error.where else error.problem
            raise PolicyError(problem, where=policy.place("task"), fix=error.fix) from None
        return policy, task

    def _task(self, policy: Policy) -> str:
        """Return the name of a built-in task, or the path of a file that the page may name: one beside the
        policy.
        """
        name = self.task or policy.task
        if self.task or name in tasks.names():
            return name
        folder = self.path.resolve().parent
        try:
            path = (folder / name).resolve()
            there = path.is_file()
        except (OSError, ValueError):  # no name that a file can have
            path, there = folder / "task", False
        if not path.is_relative_to(folder):
            problem = f"the studio opens no task outside the policy's folder, got {document.quoted(name)}"
            raise PolicyError(problem, where=policy.place("task"), fix="name it with --task")
        if not there:
            problem = f"no task {document.quoted(name)}; built in are {', '.join(tasks.names())}"
            hint = did_you_mean(name, tasks.names()) or "give one of these names, or a file beside the policy"
            raise PolicyError(problem, where=policy.place("task"), fix=hint)
        return str(path)

    @functools.lru_cache(maxsize=4)  # noqa: B019 one desk lives as long as the program
    def _parsed(self, text: str) -> Text:
        return Text(text, str(self.path))

    def _aspect(self, policy: Policy) -> Interval:
        if policy.splits not in self._aspects:
            self._aspects[policy.splits] = aspects(self._data, policy.splits)
        return self._aspects[policy.splits]

    @functools.lru_cache(maxsize=16)  # noqa: B019
    def _verdict(self, text: str) -> safety.Verdict:
        policy, task = self._read(text)
        return safety.judge(policy, task, classes=self.samples.classes, aspect=self._aspect(policy))

    @functools.lru_cache(maxsize=16)  # noqa: B019
    def _narrowed(self, text: str) -> Policy:
        """Return the policy with its suites narrowed, as `generate` does."""
        policy, task = self._read(text)
        terms = {"classes": self.samples.classes, "aspect": self._aspect(policy)}
        return safety.narrowed(policy, task, safety.OF_STEPS, **terms)[0]  # type: ignore[arg-type]

    def _mark(self, error: AugkitError, text: str) -> marks.Mark:
        return marks.of_error(error, text, str(self.path))


def _loaded(name: str) -> Task:
    return _built_in(name) if name in tasks.names() else tasks.load(name)


_built_in = functools.cache(tasks.load)


def _suites(policy: Policy) -> bool:
    return any("." in leaf.name for leaf in policy.leaves())


def _lines(text: str) -> str:
    """Return a text whose lines end in line feeds, as a browser keeps it."""
    return text.replace("\r\n", "\n").replace("\r", "\n")
