"""What a slice shows beside its grain: the patient moves, the noise of the quanta does not."""

from __future__ import annotations

import torch
from torch import Tensor

from physics.ct.iterative_look import total_variation_prox
from physics.ct.memory import Memory
from physics.ct.scan import CTScan
from physics.ct.source_noise import measured_noise_hu

WEIGHT_MM = 0.8  # of the penalty, times the noise: a tenth of the noise is left in the structure
LARGEST = 3.0  # deviations: what stands out by more is no grain
EDGE = 4.0  # deviations within EDGE_PX pixels: there grain cannot be told from the edge
EDGE_PX = 5
_ITERATIONS = 40
_STRUCTURES: Memory[Tensor] = Memory(size=2)


def structure_of(scan: CTScan) -> Tensor:
    """The source without its grain, as the rays meet it.

    Model
        x - g: g = x - u, held within three deviations of the noise, u the least total variation beside x at a weight of 0.8 mm times that noise; no
        grain is taken where u changes by more than four deviations within two pixels, since an edge and its grain cannot be told apart.
    Parameters
        scan : its source, and how far apart its pixels are.
    Returns
        (row, column) in HU, dtype of the source, the same tensor for the same picture; the source itself where it shows no noise in soft tissue.
    Assumes
        Noise of soft tissue stands for that of the slice.
    Not modelled
        Structures fainter than the noise, which count as grain.
    References
        Rudin, Osher and Fatemi 1992; Chambolle and Pock 2011.
    Oracle
        Of grain on discs a tenth is left, the discs keep their place and height (tests/physics/ct/test_ct_structure.py).
    """
    return _STRUCTURES.get(scan.hu, scan.grid, make=lambda: _structure(scan))


def _structure(scan: CTScan) -> Tensor:
    hu = scan.attenuating_hu()
    noise = measured_noise_hu(hu, spacing_mm=scan.spacing_mm)
    if not noise:
        return hu
    smooth = total_variation_prox(hu, weight=WEIGHT_MM * noise, spacing_mm=scan.spacing_mm, iterations=_ITERATIONS)
    highest, lowest = (sign * torch.nn.functional.max_pool2d(sign * smooth[None, None], EDGE_PX, stride=1, padding=EDGE_PX // 2)[0, 0] for sign in (1, -1))
    grain = (hu - smooth).clamp(-LARGEST * noise, LARGEST * noise)
    return hu - torch.where(highest - lowest > EDGE * noise, torch.zeros_like(grain), grain)
