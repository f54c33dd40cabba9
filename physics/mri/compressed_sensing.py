"""Compressed sensing with too heavy a hand: texture is taken for noise."""

from __future__ import annotations

import numpy as np
import torch
from scipy import ndimage

from physics.fourier import frequencies, to_kspace, to_picture
from physics.measure.pair import Pair, Reading, measure
from physics.mri.accelerate import N_COILS
from physics.mri.l1_wavelet import L1Wavelet
from physics.mri.sampling import keep_lines, line_priority
from physics.mri.scan import MRIScan
from physics.mri.thermal import ThermalNoise

N_STEPS = 40
N_LEVELS = 4
FINE = 0.2  # cycles a pixel: texture lies beyond


def over_smooth(scan: MRIScan, *, weight: float, share: float, n_centre: int, power: float, mask_seed: int, noise_seed: int) -> MRIScan:
    """Plastic tissue without texture, then small vessels and folds gone, then wavelet blocks.

    Model
        Variable-density lines (`line_priority`), coil maps from the gapless centre, x = argmin 1/2 |A x - y|^2 + lambda |W x|_1 with
        lambda = weight max |W A^H y| on the details and none on the approximation (`L1Wavelet`, four levels), so that brightness stays. Details whose
        coefficients are below lambda vanish, the others lose lambda.
    Parameters
        scan : the acquisition; one channel becomes eight. weight : above 0; about 0.002 is usual. share : of lines kept. n_centre : calibration lines.
        power : of the density. mask_seed, noise_seed : of the lines and of the noise.
    Returns
        The scan with lines, reconstruction and the noise that a shorter scan has and the source, whose noise counts as anatomy, has not: its variance
        is (1 - share) that of the source.
    Assumes
        White noise, alike in all coils.
    Not modelled
        Other sparsity (total variation, learned); noise that the weight is tuned to by a vendor.
    Raises
        ValueError: a weight that is not above 0. EditConflict: another reconstruction or a readout.
    References
        Lustig, Donoho and Pauly 2007, 10.1002/mrm.21391; Jaspan, Fleysher and Lipton 2015, Br. J. Radiol. 88, 20150487 (its artefacts).
    Oracle
        |W A^H (A x - y)| <= lambda (1 + 1e-3) and a monotone objective (tests/physics/mri/test_compressed_sensing.py).
    """
    if not weight > 0:
        raise ValueError(f"weight {weight}: above 0 is needed")
    rng = np.random.Generator(np.random.PCG64(mask_seed))
    kept = keep_lines(scan, line_priority(scan.n_lines, n_centre=n_centre, power=power, rng=rng), share=share)
    sparse = kept.with_array(N_COILS).with_reconstruction(L1Wavelet(weight=weight, n_steps=N_STEPS, coarse=False, levels=N_LEVELS))
    sigma = scan.source_sigma * (1 - share) ** 0.5
    return sparse.with_event(ThermalNoise(sigma, noise_seed)) if sigma > 0 and not scan.masked_air else sparse


@measure("%")
def texture_kept(pair: Pair) -> Reading:
    """How much of the fine texture inside the body is left.

    Model
        The deviation of what lies beyond 0.2 cycles a pixel, degraded over reference, over the object eroded by 3 pixels.
    Parameters
        pair : degraded beside reference, one grid.
    Returns
        Percent: 100 unchanged, 0 plastic, above 100 where noise was added.
    Assumes
        Texture of the source is anatomy and its own noise; both are lost alike.
    Not modelled
        Which of the texture is anatomy.
    References
        None: a ratio of deviations.
    Oracle
        A fine wave halved reads 50, a coarse one does not matter (tests/physics/mri/test_compressed_sensing.py).
    """
    inside = torch.from_numpy(ndimage.binary_erosion(pair.view.mask.cpu().numpy(), iterations=3))
    if int(inside.sum()) < 100:
        return Reading(None, "the object is too small")
    before, after = (float(_fine(picture.double())[inside].std()) for picture in (pair.reference, pair.degraded))
    return Reading(100 * after / before) if before > 0 else Reading(None, "the source has no texture")


def _fine(picture: torch.Tensor) -> torch.Tensor:
    k0, k1 = (frequencies(n) / n for n in picture.shape)
    beyond = (k0[:, None] ** 2 + k1[None] ** 2).sqrt() > FINE
    return to_picture(to_kspace(picture) * beyond).real
