"""What readers of endoscopy perceive, look for and blame."""

from __future__ import annotations

from functools import partial

from medq_gen.ontology import authoring
from physics.modality import Modality

MODALITY: Modality = "endoscopy"
attribute = partial(authoring.attribute, modalities=(MODALITY,))

ATTRIBUTES = (
    attribute(
        "uneven illumination",
        "uneven illumination",
        "uneven lighting|illumination non-uniformity|dark corners",
        is_="unevenly lit|unevenly illuminated",
        opposite="evenly illuminated",
        looks=("slightly darker margins", "clearly darker margins", "margins lost in darkness"),
        measure="shading",
    ),
    attribute(
        "over-exposure",
        "over-exposure",
        "overexposure|excess light",
        is_="overexposed|over-exposed|glaring",
        looks=("slightly glaring mucosa", "clearly glaring mucosa", "mucosa washed out by light"),
        measure="exposure",
        unit="EV",
    ),
    attribute(
        "under-exposure",
        "under-exposure",
        "underexposure|lack of light|insufficient light",
        is_="underexposed|under-exposed",
        looks=("slightly dark mucosa", "clearly dark mucosa", "mucosa lost in darkness"),
        measure="exposure",
        unit="EV",
    ),
    attribute(
        "specular reflection",
        "specular reflection",
        "specular highlights|specular reflections|highlights|glare spots",
        looks=("a few small highlights", "several bright highlights", "large highlights that cover mucosa"),
        measure="covered_share",
        local=True,
    ),
    attribute(
        "motion blur",
        "motion blur",
        "motion blurring|movement blur|motion smear|directional blur|directional smear|camera shake",
        is_="smeared|motion-blurred",
        measure="sharpness_lost",
        looks=("slightly drawn-out edges", "clearly drawn-out edges", "edges drawn out into smears"),
    ),
    attribute(
        "defocus",
        "defocus",
        "defocus blur|focus error|lack of focus",
        is_="defocused",
        looks=("slightly soft vessels", "clearly soft vessels", "vessels melted into the mucosa"),
        measure="sharpness_lost",
    ),
    attribute(
        "colour cast",
        "colour cast",
        "colour tint|tint|white-balance error|discolouration",
        is_="tinted|discoloured",
        opposite="neutral in colour|true in colour",
        looks=("a slight tint", "a clear tint", "a tint that falsifies the mucosa"),
        measure="colour_difference",
        unit="ΔE00",
    ),
    attribute(
        "colour misregistration",
        "colour misregistration",
        "colour shift|colour fringes from movement|channel shift",
        looks=("thin coloured rims", "clear coloured rims", "separate red, green and blue contours"),
    ),
    attribute(
        "ghost colours",
        "ghost colours",
        "colour ghosts|after-images",
        looks=("faint coloured after-images", "clear coloured after-images", "strong coloured after-images"),
    ),
    attribute("smoke", "smoke", "surgical smoke|plume", is_="smoky", looks=("a thin veil of smoke", "a clear veil of smoke", "dense smoke over the field")),
    attribute(
        "lens fog",
        "lens fog",
        "fogging|condensation",
        is_="fogged|foggy",
        looks=("a thin fog on the lens", "a clear fog on the lens", "a lens fogged all over"),
    ),
    attribute(
        "lens contamination",
        "lens contamination",
        "dirty lens|smudge|smudged lens",
        is_="smudged",
        looks=("a small smudge", "a clear smudge", "a large smudge over the field"),
        local=True,
    ),
    attribute(
        "water drops",
        "water drops",
        "droplets|drops on the lens",
        looks=("a small drop on the lens", "several drops on the lens", "drops that bend most of the field"),
        local=True,
    ),
    attribute(
        "bubbles",
        "bubbles",
        "foam|air bubbles|froth",
        is_="bubbly|foamy",
        looks=("a few small bubbles", "several bubbles", "bubbles over most of the mucosa"),
        local=True,
    ),
    attribute(
        "debris",
        "debris",
        "stool|food residue|residue",
        looks=("a few specks of debris", "patches of debris", "debris over most of the mucosa"),
        local=True,
    ),
    attribute("blood", "blood", "bleeding|blood cover", is_="bloody", looks=("a thin trace of blood", "pools of blood", "blood over most of the mucosa")),
    attribute(
        "instrument",
        "instrument in view",
        "instrument shaft|tool in view",
        looks=("the tip of an instrument", "an instrument over part of the field", "an instrument over most of the field"),
        local=True,
    ),
    attribute(
        "interlacing",
        "interlacing",
        "combing|comb artefact|interlace lines",
        looks=("faint combed edges", "clearly combed edges", "edges torn into separate lines"),
    ),
    attribute(
        "honeycomb",
        "honeycomb pattern",
        "honeycomb|fibre-bundle pattern|fibre pattern",
        looks=("a faint honeycomb", "a clear honeycomb", "a dominant honeycomb"),
    ),
    attribute("haze", "haze", "veiling glare|milky veil", is_="hazy|veiled", looks=("a thin milky veil", "a clear milky veil", "a dense milky veil")),
    attribute(
        "sensor noise",
        "sensor noise",
        "camera noise|chroma noise|electronic noise",
        measure="added_noise",
        unit="codes",
        looks=("fine grain in dark parts", "clear grain in dark parts", "coarse coloured grain"),
    ),
)

structure = authoring.structure
STRUCTURES = (
    structure("mucosal vessels", MODALITY, "mucosal vessel pattern|vessel pattern|vascular pattern|submucosal vessels", plural=True),
    structure("lumen", MODALITY, "luminal opening|bowel lumen|edge of the lumen|luminal edge", written="edge of the lumen"),
    structure("mucosal folds", MODALITY, "folds|haustral folds", plural=True),
)

artefact = authoring.artefact
ARTEFACTS = (
    artefact(
        "endoscopy_uneven_illumination",
        MODALITY,
        "uneven illumination artefact",
        "light fall-off",
        cause="the light source lay close to one side of the wall",
        hides="mucosa in the dark parts",
        attributes="uneven illumination|uniformity",
        looks=("slightly darkened margins", "clearly darkened margins", "margins that sink into darkness"),
    ),
    artefact(
        "endoscopy_specular",
        MODALITY,
        "specular reflection artefact",
        "specular highlight artefact|glare artefact",
        cause="light mirrored off the wet mucosa into the lens",
        hides="mucosa under the highlights",
        attributes="specular reflection|saturation",
        looks=("a few small mirror-like highlights", "several mirror-like highlights", "large mirror-like highlights"),
    ),
    artefact(
        "endoscopy_bubbles",
        MODALITY,
        "bubble artefact",
        "foam artefact",
        cause="foam lay between lens and mucosa",
        hides="mucosa under the bubbles",
        attributes="bubbles",
        looks=("a few bubbles on the mucosa", "groups of bubbles on the mucosa", "foam over most of the mucosa"),
    ),
    artefact(
        "endoscopy_smoke",
        MODALITY,
        "smoke artefact",
        "plume artefact",
        cause="electrocautery filled the lumen with smoke",
        hides="distant parts of the lumen",
        attributes="smoke|haze|contrast",
        looks=("a thin smoky veil", "a smoky veil over the field", "dense smoke that hides the field"),
    ),
    artefact(
        "endoscopy_colour_cast",
        MODALITY,
        "colour cast artefact",
        "white-balance artefact",
        cause="the white balance was set wrongly",
        hides="the natural tone of the mucosa",
        attributes="colour cast",
        impact=0.5,
        looks=("a slight false tint", "a clear false tint", "a strong false tint"),
    ),
)
CONFUSION: dict[str, tuple[str, ...]] = {
    "endoscopy": (
        "endoscopy_motion_blur",
        "endoscopy_uneven_illumination",
        "endoscopy_specular",
        "endoscopy_bubbles",
        "endoscopy_smoke",
        "endoscopy_colour_cast",
    )
}
