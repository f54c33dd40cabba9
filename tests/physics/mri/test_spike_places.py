"""Where a spike may lie: every frequency that a matrix holds, and no other."""

import pytest
import torch

from physics.mri import MRIScan
from physics.mri.spike import Spike, add_spike


@pytest.mark.parametrize(("n", "first", "last"), [(16, -8, 7), (15, -7, 7)])
@pytest.mark.parametrize("axis", [0, 1])
def test_the_last_sample_on_either_side_can_be_hit(n: int, first: int, last: int, axis: int) -> None:
    """Of an even matrix the most negative frequency has no partner; of an odd one both ends have."""
    scan = MRIScan.of(torch.ones((n, 20) if axis == 0 else (20, n)))

    def spike(at: int) -> Spike:
        return Spike(*((at, 0) if axis == 0 else (0, at)), amplitude=1.0)

    for at in (first, last):
        assert len(add_spike(scan, spike(at)).events) == 1
    for at in (first - 1, last + 1):
        with pytest.raises(ValueError, match=f"allowed: {first} to {last}"):
            add_spike(scan, spike(at))
