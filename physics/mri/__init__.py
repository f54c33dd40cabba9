"""The MRI scanner and what goes wrong in it."""

from physics.mri import acquire as _registers_the_scanner
from physics.mri.scan import MRIScan, Stage

__all__ = ["MRIScan", "Stage"]
del _registers_the_scanner
