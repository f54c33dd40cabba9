"""Recipes that ask what a source is before they claim what went wrong in it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sample_benches import bench_of

from medq_gen import scan_of, sources
from medq_gen.declare import Degradation
from medq_gen.records import Case
from physics.mri import MRIScan
from physics.mri.protocol import Echo, Protocol
from recipes.mri.banding import RECIPE as BANDING
from recipes.mri.india_ink import RECIPE as INK
from recipes.mri.respiratory_ghosting import RECIPE as BREATHING
from recipes.mri.signal_dropout import RECIPE as DROPOUT
from recipes.mri.transmit_field import RECIPE as TRANSMIT


def said(recipe: Degradation, protocol: Protocol) -> MRIScan:
    scan: MRIScan = bench_of("mri", recipe).healthy
    return replace(scan, protocol=protocol)


@pytest.mark.parametrize(
    ("recipe", "echo", "word"), [(INK, "spin", "refocuses"), (DROPOUT, "spin", "refocuses"), (BANDING, "spin", "a spin echo"), (BANDING, "spoiled", "spoiled")]
)
def test_what_a_sequence_cannot_show_is_refused(recipe: Degradation, echo: Echo, word: str) -> None:
    """A stated echo that cannot have the artefact refuses it with a reason; an unstated one does not."""
    assert word in str(recipe.refuse(said(recipe, Protocol(echo=echo))))
    assert recipe.refuse(said(recipe, Protocol())) is None
    assert recipe.refuse(said(recipe, Protocol(echo="gradient"))) is None


def test_the_transmit_field_takes_the_sequence_that_is_stated() -> None:
    """A spin echo stays one, with long TR where it is weighted by T2; a spoiled echo that is weighted by T2* tips below Ernst's angle; options win."""

    def drawn(protocol: Protocol, **options: str) -> list[dict[str, object]]:
        return [TRANSMIT.pattern(np.random.default_rng(seed), said(TRANSMIT, protocol), **options) for seed in range(30)]

    for pattern in drawn(Protocol(echo="spin", weighting="T2")):
        assert pattern["sequence"] == "spin_echo"
        assert 2500 <= float(str(pattern["tr_ms"])) <= 6000
    assert all(400 <= float(str(pattern["tr_ms"])) <= 800 for pattern in drawn(Protocol(echo="spin", weighting="T1")))
    for pattern in drawn(Protocol(echo="gradient", weighting="T2*")):
        assert pattern["sequence"] == "spoiled"
        assert float(str(pattern["flip_deg"])) <= 25 < np.degrees(np.arccos(np.exp(-float(str(pattern["tr_ms"])) / 900)))
    assert {str(pattern["sequence"]) for pattern in drawn(Protocol())} == {"spin_echo", "spoiled"}
    assert {str(pattern["sequence"]) for pattern in drawn(Protocol(echo="spin"), sequence="spoiled")} == {"spoiled"}


def test_the_samples_say_what_they_are() -> None:
    """The abdomen's header names a spoiled gradient echo weighted by T1 across a trunk; the sagittal head is a head by T1 of no stated echo."""
    source = sources.make("sample", {"modality": "mri"})
    known = [scan_of.protocol_of(source.load(case).case) for case in source.index() if isinstance(case, Case)]
    assert known[0] == Protocol(region="head", plane="sagittal", weighting="T1")
    assert known[1] == Protocol(region="trunk", plane="axial", echo="spoiled", weighting="T1")
    assert known[2] == Protocol(region="head", plane="axial")
    assert BREATHING.refuse(bench_of("mri", BREATHING).healthy) is None
