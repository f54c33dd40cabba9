"""Words for what a picture shows: modality, anatomy, view."""

from __future__ import annotations

from physics.modality import Modality

# The noun of the picture, several forms; the first is the plainest.
PICTURES: dict[Modality, tuple[str, ...]] = {
    "mri": ("MR image", "MRI slice", "magnetic resonance image"),
    "ct": ("CT image", "CT slice", "computed tomography image"),
    "endoscopy": ("endoscopic image", "endoscopy frame", "endoscopic view"),
    "histopathology": ("histopathology image", "microscopic field", "histological image"),
    "fundus": ("fundus photograph", "retinal photograph", "fundus image"),
}
# What follows "of" or "shows"; an anatomy that is not listed is written as it stands.
ANATOMY_WORDS: dict[str, str] = {
    **{
        word: f"the {word}"
        for word in ["head", "brain", "neck", "knee", "hip", "shoulder", "spine", "pelvis", "abdomen", "chest", "thorax", "lung", "liver", "heart", "prostate",
        "breast", "eye", "retina", "colon", "stomach", "oesophagus", "duodenum", "ileum", "bowel", "rectum", "bladder", "ankle", "wrist", "hand", "foot",
        "skull", "kidney", "pancreas", "spleen", "skin", "airway"]
    },
    # the word for an endoscopy of which nothing more is stated
    "bowel": "the gastrointestinal tract",
    "lungs": "the lungs", "gi": "the gastrointestinal tract", "limb": "a limb", "bone": "bone", "tissue": "a tissue section", "fundus": "the ocular fundus",
    "tube": "a tubular lumen",
}  # fmt: skip
UNSTATED: frozenset[str] = frozenset({"", "unknown", "unstated", "unspecified", "other", "not stated", "none", "any", "na", "n/a"})
VIEW_WORDS: dict[str, str] = {
    "ax": "axial", "axial": "axial", "transverse": "axial", "cor": "coronal", "coronal": "coronal", "sag": "sagittal", "sagittal": "sagittal",
    "oblique": "oblique",
    "luminal": "luminal", "macula": "macula-centred", "macula-centred": "macula-centred", "disc": "disc-centred",
    "disc-centred": "disc-centred", "posterior pole": "posterior-pole", "he": "H&E-stained", "h&e": "H&E-stained",
}  # fmt: skip


def _key(text: str) -> str:
    return text.replace("_", " ").strip().lower()


def anatomy_phrase(anatomy: str) -> str | None:
    """ "the head", "a tissue section"; None where the case states nothing."""
    text = _key(anatomy)
    return None if text in UNSTATED else ANATOMY_WORDS.get(text, text)


def view_phrase(view: str) -> str | None:
    """An adjective for the view; None where the case states nothing that is known here."""
    return VIEW_WORDS.get(_key(view))


# Words of a look, a cause or a loss that are true of these anatomies only.
BOUND: tuple[tuple[frozenset[str], frozenset[str]], ...] = (
    (frozenset({"head", "brain", "skull", "scalp", "cortical", "cortex", "sulci", "grey", "white"}), frozenset({"head", "brain"})),
    (frozenset({"body", "organ", "organs", "liver"}), frozenset({"abdomen", "liver", "pelvis", "chest"})),
)


def fits(phrase: str, anatomy: str) -> bool:
    """Whether a phrase may be said of a picture of this anatomy: no skull in an abdomen."""
    words = set(phrase.lower().replace("-", " ").replace(",", " ").replace("'s", " ").split())
    return all(_key(anatomy) in anatomies for bound, anatomies in BOUND if words & bound)
