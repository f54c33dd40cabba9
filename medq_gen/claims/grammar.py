"""Words of grammar of the claims reader: negation, comparison, hedging; names of images, pictures and modalities."""

from __future__ import annotations

# Words of grammar. role -> phrases; the longest match at a place wins, mentions before grammar.
GRAMMAR: dict[str, tuple[str, ...]] = {
    "negator": (
        "no", "not", "without", "neither", "nor", "never", "free of", "free from", "devoid of", "absence of", "lack of", "lacks", "lacking", "rather than",
        "instead of",
        "as opposed to", "no evidence of", "no evidence for", "no sign of", "no signs of", "no trace of", "no longer", "far from", "anything but", "cannot",
        "none of",
        "rules out", "excludes", "spared by", "spared from", "clear of", "unaffected by", "untouched by", "almost no", "virtually no", "nearly no",
        "in the absence of",
        "with no", "fails to show", "does not show", "do not show", "nowhere",
    ),
    "assertion": ("not only", "not just", "nothing but", "not merely", "without doubt", "no doubt", "without question"),
    "little": ("hardly any", "barely any", "scarcely any", "hardly", "barely", "scarcely", "little", "very little", "only little", "few", "very few",
    "next to no"),
    "gone": ("absent", "missing", "undetectable", "negligible", "nil", "imperceptible", "ruled out", "excluded", "nonexistent"),
    "break": (
        ";", ":", "but", "however", "although", "though", "while", "whereas", "yet", "except for", "except", "apart from", "aside from", "despite", "with",
        "which", "because",
        "so that", "yet", "whilst", "nevertheless", "by contrast", "in contrast", "on the other hand",
    ),
    "than": ("than", "compared with", "compared to", "relative to", "in comparison with", "against"),
    "cap": ("at most", "no more than", "not more than", "up to", "not exceeding", "no worse than"),
    "floor": ("at least", "no less than", "not less than"),
    "above": ("more than",),
    "below": ("less than",),
    "rise": ("more", "stronger", "heavier", "greater", "worse", "denser", "increased", "more pronounced", "more marked", "more severe", "more prominent",
    "more noticeable"),
    "drop": ("less", "weaker", "fewer", "milder", "lighter", "fainter", "less pronounced", "less marked", "less severe", "less prominent", "smaller"),
    "finer": ("better", "higher", "superior", "best", "highest", "preferable", "outperforms"),
    "poorer": ("poorer", "lower", "inferior", "lowest", "worst"),
    "same": ("equal", "equally", "the same", "similar", "similarly", "comparable", "comparably", "identical", "no different", "no difference in", "alike",
    "as much", "to the same degree"),
    "sound": (
        "good", "preserved", "well preserved", "adequate", "excellent", "maintained", "intact", "unimpaired", "satisfactory", "sufficient", "normal",
        "acceptable", "high",
        "unaffected", "optimal", "undisturbed", "unremarkable", "full", "as expected", "undiminished",
    ),
    "impaired": (
        "reduced", "lost", "poor", "degraded", "impaired", "limited", "low", "decreased", "compromised", "diminished", "insufficient", "weakened", "affected",
        "bad", "inadequate",
        "suboptimal", "deficient", "disturbed", "loss of", "poorly preserved",
    ),
    "clear": (
        "clearly visible", "clearly seen", "well seen", "well visible", "clearly delineated", "well delineated", "clear", "clearly", "distinct",
        "fully visible", "easily followed",
        "can be followed without effort", "well depicted", "clearly depicted", "seen in full detail", "visible", "seen", "delineated", "preserved",
        "identified", "made out", "can be seen",
        "well defined", "sharply defined", "readily identified", "followed",
    ),
    "partly": (
        "partly visible", "only partly visible", "partially visible", "only partly clear", "still recognisable", "recognisable",
        "recognisable but not fully clear", "less distinct",
        "hard to follow", "harder to follow", "partly obscured", "partially obscured", "still visible", "only just visible", "of limited visibility",
        "seen with reduced clarity",
        "not fully clear", "somewhat obscured", "incompletely delineated",
    ),
    "hidden": (
        "not visible", "not seen", "invisible", "lost", "cannot be made out", "cannot be seen", "can no longer be made out", "can no longer be seen",
        "no longer visible", "obscured",
        "completely obscured", "obliterated", "unrecognisable", "not recognisable", "beyond recognition", "no longer recognisable", "cannot be identified",
        "poorly seen", "poorly visible",
        "cannot be recognised", "obscure", "obscures", "not delineated", "cannot be followed",
    ),
    "blocks": ("hides", "hide", "hiding", "obscures", "obscure", "obscuring", "masks", "mask", "masking", "covers", "covering", "conceals", "conceal",
    "concealing",
    "at the cost of"),
    "be": (
        "is", "are", "was", "were", "be", "appears", "appear", "shows", "show", "has", "have", "looks", "seen", "suffers from", "contains", "remains",
        "remain", "exhibits",
        "demonstrates", "displays", "affects", "degrades", "dominates", "disturbs", "lies", "lie", "found", "there is", "there are", "detected", "present",
        "noted", "evident", "reaches",
    ),
    "and": ("and", "or", ",", "as well as", "together with", "plus"),
    "subject": ("the", "it", "there", "its", "this", "these", "they", "both", "their"),
    "open": ("the image", "the picture", "this image", "this picture"),
}  # fmt: skip
IMAGES: dict[str, tuple[str, ...]] = {
    "first": (
        "first image",
        "first picture",
        "image 1",
        "picture 1",
        "left image",
        "left picture",
        "former",
        "the first",
        "first one",
        "image one",
        "in the first",
    ),
    "second": (
        "second image",
        "second picture",
        "image 2",
        "picture 2",
        "right image",
        "right picture",
        "latter",
        "the second",
        "second one",
        "image two",
        "in the second",
    ),
    "both": ("both images", "both pictures", "the two images", "the two pictures", "both", "either image"),
    "other": ("the other",),
}
PICTURE_FAULT = (
    "artefact",
    "artefacts",
    "degradation",
    "degradations",
    "image degradation",
    "quality problem",
    "quality problems",
    "defect",
    "image artefact",
    "disturbance",
)
SOURCE_FAULT = ("shortcomings of the original acquisition", "limits of the original acquisition", "weaknesses of the original acquisition")
PICTURE_GOOD = ("artefact-free", "undisturbed", "flawless")
QUALITY = ("quality", "image quality", "overall quality", "picture quality", "diagnostic quality")
MODALITY_WORDS: dict[str, tuple[str, ...]] = {
    "mri": ("mri", "mr image", "mri image", "mri scan", "magnetic resonance image", "mr scan"),
    "ct": ("ct", "ct image", "ct scan", "computed tomography"),
    "endoscopy": ("endoscopy", "endoscopic image", "endoscopy image", "colonoscopy image", "endoscopic frame"),
    "histopathology": ("histopathology", "histology", "microscopic image", "histopathology slide", "histopathological image", "histological section"),
    "fundus": ("fundus photograph", "fundus image", "retinal image", "retinal photograph", "fundus photography"),
}
