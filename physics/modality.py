"""The five modalities."""

from typing import Literal, get_args

Modality = Literal["mri", "ct", "endoscopy", "histopathology", "fundus"]
MODALITIES: tuple[Modality, ...] = get_args(Modality)
