"""Healthy scans of the sample cases, made once a session."""

from __future__ import annotations

from functools import cache

from medq_gen import scan_of, sources
from medq_gen.errors import SourceError
from medq_gen.ladder import Bench


@cache
def bench_of(modality: str) -> Bench:
    """The healthy scan and view of the first sample case of a modality."""
    source = sources.make("sample", {"modality": modality})
    case = next(found for found in source.index() if not isinstance(found, SourceError))
    return Bench(*scan_of.healthy_scan(source.load(case), seed=7))
