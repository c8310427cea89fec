"""Audit: measure what labels survive, and write it down as a task.

`audit` changes the pictures of a data set along every axis of `augkit.reach` (`sweeps`), lets two
cross-fitted networks read them (`measure`, `network`) and decides for each class, change and strength whether
the class is kept, becomes another, is destroyed or merely fragile (`cells`).
"""

from __future__ import annotations

from augkit.audit.auditing import Request, audit
from augkit.audit.measure import Effort
from augkit.audit.result import Audit, load

__all__ = ["Audit", "Effort", "Request", "audit", "load"]
