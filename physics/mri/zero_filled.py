"""The plain reconstruction: what was not sampled is zero."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from physics.fourier import to_picture


def combined(pictures: Tensor) -> Tensor:
    """One picture of several coils.

    Model
        Their root sum of squares; one coil keeps its phase.
    Parameters
        pictures : (coil, row, column) complex.
    Returns
        (row, column) complex, real for several coils.
    Assumes
        White coils of one noise level.
    Not modelled
        Combination by maps (sense).
    References
        Roemer et al. 1990, 10.1002/mrm.1910160203.
    Oracle
        The loops' combined sensitivity over its level (tests/physics/mri/test_coils.py).
    """
    return pictures[0] if len(pictures) == 1 else root_sum_of_squares(pictures).to(pictures.dtype)


def root_sum_of_squares(pictures: Tensor) -> Tensor:
    """How bright several coils see a place together.

    Model
        (sum_c |x_c|^2)^(1/2), coil by coil over whole planes: one reduction over coils and parts takes ten times as long.
    Parameters
        pictures : (coil, row, column) complex.
    Returns
        (row, column) real.
    Assumes
        White noise, alike in all coils.
    Not modelled
        Combination by maps (sense).
    References
        Roemer et al. 1990, 10.1002/mrm.1910160203.
    Oracle
        The sum itself, whatever lies next to what in memory (tests/physics/mri/test_closed_forms.py).
    """
    parts = torch.view_as_real(pictures).flatten(-2)  # (coil, row, real and imaginary part of each column)
    energy = parts[0].square()
    for part in parts[1:]:
        energy.addcmul_(part, part)
    return (energy[..., 0::2] + energy[..., 1::2]).sqrt_()


def magnitude(picture: Tensor) -> Tensor:
    """What is shown of a complex picture.

    Model
        |x|; on the CPU by NumPy, whose modulus takes a tenth of torch's time.
    Parameters
        picture : (...) complex.
    Returns
        (...) real, of the precision of the picture.
    Assumes
        No gradient is wanted.
    Not modelled
        Scaling and rounding to stored values.
    References
        Bernstein, King and Zhou 2004, Handbook of MRI Pulse Sequences, section 13.1 (Fourier reconstruction).
    Oracle
        The definition, also of a conjugate that was not carried out (tests/physics/mri/test_closed_forms.py).
    """
    return torch.from_numpy(np.abs(picture.resolve_conj().numpy())) if picture.device.type == "cpu" else picture.abs()


@dataclass(frozen=True, slots=True)
class ZeroFilled:
    """Inverse transform per coil, then the root sum of squares; one coil keeps its phase."""

    def __call__(self, kspace: Tensor, *, lines: Tensor | None, phase_axis: int) -> Tensor:
        """Take the picture as it comes.

        Model
            x_c = F^H s_c; one coil: x = x_1; several: x = (sum_c |x_c|^2)^(1/2), which carries no phase.
        Parameters
            kspace : (coil, row, column), zero where not sampled. lines, phase_axis : not needed here.
        Returns
            (row, column) complex.
        Assumes
            Coil maps whose sum of squares is 1, or shading that is to be seen.
        Not modelled
            Filters, interpolation.
        References
            Roemer et al. 1990, 10.1002/mrm.1910160203.
        Oracle
            Every R-th line gives R equal replicas N/R apart (tests/physics/mri/test_sampling.py).
        """
        return combined(to_picture(kspace))
