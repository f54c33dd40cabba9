"""The CT scanner and what can go wrong in it."""

from physics.ct.acquire import acquire_ct
from physics.ct.dose import lower_dose
from physics.ct.scan import CTScan, Stage

__all__ = ["CTScan", "Stage", "acquire_ct", "lower_dose"]
