"""The closed lists of what a picture may be said to show: no header text passes, only words of this page."""

from __future__ import annotations

import math
from collections.abc import Sequence
from types import MappingProxyType

from physics.modality import Modality

UNKNOWN = "unstated"
# DICOM defined terms of Body Part Examined (PS3.16 Annex L), and what vendors write for them -> our words.
_BODY_PARTS: dict[str, tuple[str, ...]] = {
    "head": ("HEAD", "BRAIN", "SKULL", "HEADNECK", "HEADBRAIN", "NEURO", "ORBIT", "SINUS", "IAC", "CAROTID", "PITUITARY"),
    "neck": ("NECK", "CERVIX NECK", "THYROID", "LARYNX"),
    "chest": ("CHEST", "THORAX", "LUNG", "HEART", "MEDIASTINUM", "CHESTABDOMEN", "CARDIAC"),
    "abdomen": ("ABDOMEN", "LIVER", "KIDNEY", "PANCREAS", "SPLEEN", "ABDOMENPELVIS", "STOMACH", "UROGRAPHY", "CHESTABDPELVIS"),
    "pelvis": ("PELVIS", "PROSTATE", "BLADDER", "UTERUS", "RECTUM", "HIP"),
    "spine": ("SPINE", "CSPINE", "TSPINE", "LSPINE", "SSPINE", "LUMBAR SPINE", "CERVICAL SPINE", "THORACIC SPINE", "LSSPINE"),
    "limb": ("KNEE", "LEG", "ANKLE", "FOOT", "SHOULDER", "ELBOW", "WRIST", "HAND", "ARM", "EXTREMITY", "FEMUR", "TIBIA", "HUMERUS"),
    "breast": ("BREAST",),
    "colon": ("COLON", "LARGE INTESTINE", "SIGMOID"),
    "stomach": ("GASTRIC", "ESOPHAGUS", "DUODENUM"),
    "retina": ("EYE", "RETINA", "FUNDUS", "MACULA", "OPTIC DISC"),
}
BODY_PARTS = MappingProxyType({term: word for word, terms in _BODY_PARTS.items() for term in terms})
ANATOMIES: tuple[str, ...] = (*_BODY_PARTS, "lung", "bone", "liver", "brain", "bowel", "tissue", "skin", UNKNOWN)
_OWN: dict[Modality, str] = {"fundus": "retina", "histopathology": "tissue", "endoscopy": "bowel", "mri": UNKNOWN, "ct": UNKNOWN}
VIEWS: dict[Modality, str] = {"fundus": "en face", "histopathology": "section", "endoscopy": "luminal", "mri": UNKNOWN, "ct": UNKNOWN}
PLANES = ("axial", "coronal", "sagittal")
_OBLIQUE_DEG = 30.0


def body_part(text: object, modality: Modality) -> str:
    """Our word for a header's body part; what is not on the list is the modality's own default, never the header's text."""
    return BODY_PARTS.get(str(text or "").strip().upper().replace("_", ""), _OWN[modality])


def own_anatomy(modality: Modality) -> str:
    """What a modality shows where nobody says."""
    return _OWN[modality]


def plane(row_direction: Sequence[float], column_direction: Sequence[float]) -> str:
    """axial, coronal or sagittal where the slice normal lies within 30 degrees of that axis, oblique otherwise (patient axes x left, y back, z head)."""
    (a, b, c), (d, e, f) = row_direction, column_direction
    normal = (b * f - c * e, c * d - a * f, a * e - b * d)
    length = math.hypot(*normal)
    if not length > 0.5:
        return UNKNOWN
    sagittal, coronal, axial = (abs(value) / length for value in normal)
    share, name = max((axial, "axial"), (coronal, "coronal"), (sagittal, "sagittal"))
    return name if share >= math.cos(math.radians(_OBLIQUE_DEG)) else "oblique"
