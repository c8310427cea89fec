"""Docs: augkit's documentation as a folder of HTML files, made from the code itself.

    python -m augkit.docs out/docs

Ops, rules, tasks, sources and commands come from their docstrings, YAML files and help, so that nothing is
said twice; the README and the results of benchmarks are there where they are at hand, in a checkout.  The
pages look like all others of the house, link to each other by relative addresses, and need no network and no
script.

It is a room of augkit, not a folder beside it, because it imports everything that it writes about and ships
with it: whoever has a version installed can make the pages of that version.
"""

from __future__ import annotations

from augkit.docs.site import write

__all__ = ["write"]
