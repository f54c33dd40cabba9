"""Facts of a header: units and bounds."""

from __future__ import annotations

from typing import Any

import pytest
from pydicom.dataset import Dataset

from medq_gen.sources.headers import acquisition, window_of


def made(**elements: Any) -> Dataset:
    """A data set of elements."""
    dataset = Dataset()
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    return dataset


def test_window_is_centre_and_half_the_width_to_either_side() -> None:
    """40/400 reaches from -160 to 240 HU; only the first of several counts."""
    assert window_of(made(WindowCenter=[40, 500], WindowWidth=[400, 2000])) == (-160.0, 240.0)
    assert window_of(made(WindowCenter=40, WindowWidth=0)) is None


@pytest.mark.parametrize(
    ("elements", "mas"),
    [({"Exposure": 300}, 300.0), ({"ExposureInuAs": 120000}, 120.0), ({"XRayTubeCurrent": 230, "ExposureTime": 2000}, 460.0), ({"XRayTubeCurrent": 230}, None)],
)
def test_mas_from_three_places(elements: dict[str, Any], mas: float | None) -> None:
    """mAs as stated; from microampere-seconds; from 230 mA over 2000 ms."""
    assert acquisition(made(**elements), "ct").get("mas") == mas


@pytest.mark.parametrize(("stated", "tesla"), [(1.5, 1.5), (15000, 1.5), (70, None), (-3, None)])
def test_field_strength_in_tesla_or_gauss(stated: float, tesla: float | None) -> None:
    """15,000 is gauss; what no magnet has is not believed."""
    assert acquisition(made(MagneticFieldStrength=stated), "mri").get("field_strength_t") == tesla


@pytest.mark.parametrize(("stated", "kept"), [("B30f", "B30f"), ("FC08", "FC08"), ("STANDARD", "STANDARD"), ("D", "D"), ("SMITH", None), ("MR DOE 1947", None)])
def test_kernel_is_a_code_or_nothing(stated: str, kept: str | None) -> None:
    """Makers' codes pass, free text does not."""
    assert acquisition(made(ConvolutionKernel=stated), "ct").get("kernel") == kept


@pytest.mark.parametrize(
    ("elements", "facts"),
    [
        ({"ScanningSequence": "GR", "SequenceVariant": ["SK", "SP"], "EchoTime": 2.8, "RepetitionTime": 5.5, "FlipAngle": 10}, ("spoiled", "T1")),
        ({"ScanningSequence": "GR", "SequenceVariant": "SS", "EchoTime": 20, "RepetitionTime": 600, "FlipAngle": 20}, ("gradient", "T2*")),
        ({"ScanningSequence": ["SE", "IR"], "EchoTime": 120, "RepetitionTime": 9000}, ("spin", None)),
        ({"ScanningSequence": "SE", "EchoTime": 120, "RepetitionTime": 4000, "InversionTime": 2500}, ("spin", None)),
        ({"ScanningSequence": "SE", "EchoTime": 120, "RepetitionTime": 4000}, ("spin", "T2")),
        ({"ScanningSequence": ["EP", "SE"], "EchoTime": 80}, ("spin", None)),
        ({"ScanningSequence": ["GR", "SE"], "EchoTime": 80, "RepetitionTime": 4000}, (None, None)),  # GRASE
        ({"ScanningSequence": "EP", "EchoTime": 30, "RepetitionTime": 2000}, (None, None)),
        ({"EchoPulseSequence": "GRADIENT", "EchoTime": 30, "RepetitionTime": 600}, ("gradient", "T2*")),
        ({"ScanningSequence": "DOE JOHN", "SequenceVariant": "DOE JOHN", "EchoPulseSequence": "DOE JOHN", "EchoTime": 30, "RepetitionTime": 600}, (None, None)),
    ],
)
def test_echo_and_weighting_are_our_own_words(elements: dict[str, Any], facts: tuple[str | None, str | None]) -> None:
    """Kind of echo from coded fields, weighting from times and angle; what they do not decide is absent, and free text never passes."""
    found = acquisition(made(**elements), "mri")
    assert (found.get("echo"), found.get("weighting")) == facts
    assert "DOE" not in str(found)
    assert "echo" not in acquisition(made(**elements), "ct")
