"""What readers of histopathology perceive, look for and blame."""

from __future__ import annotations

from functools import partial

from medq_gen.ontology import authoring
from physics.modality import Modality

MODALITY: Modality = "histopathology"
attribute = partial(authoring.attribute, modalities=(MODALITY,))

ATTRIBUTES = (
    attribute(
        "defocus",
        "defocus",
        "defocus blur|focus error|lack of focus",
        is_="defocused",
        looks=("slightly soft nuclear borders", "clearly soft nuclear borders", "nuclei melted into smudges"),
        measure="sharpness_lost",
    ),
    attribute(
        "over-staining",
        "over-staining",
        "overstaining|excess stain|too dark a stain",
        is_="overstained|over-stained",
        measure="stain_change",
        unit="1",
        looks=("slightly heavy stain", "clearly heavy stain", "stain so heavy that detail drowns"),
    ),
    attribute(
        "under-staining",
        "under-staining",
        "understaining|pale stain|weak stain|too pale a stain",
        is_="understained|under-stained|pale",
        measure="stain_change",
        unit="1",
        looks=("slightly pale stain", "clearly pale stain", "stain so pale that nuclei fade"),
    ),
    attribute(
        "stain shift",
        "stain shift",
        "staining variation|stain variation|colour shift of the stain|stain imbalance|hue shift",
        measure="colour_difference",
        unit="ΔE00",
        opposite="evenly stained|well stained",
        virtue="staining|stain",
        looks=("a slight shift of the stain colours", "a clear shift of the stain colours", "stain colours far from the usual"),
    ),
    attribute(
        "section thickness",
        "section thickness error",
        "uneven section thickness|thick section|thickness variation",
        looks=("a slightly thick section", "a clearly thick section", "a section so thick that layers overlap"),
    ),
    attribute(
        "tissue fold",
        "tissue folding",
        "tissue folds|tissue fold|folded tissue|wrinkles|folds of tissue",
        is_="folded",
        looks=("a thin dark fold", "a clear dark fold", "broad dark folds across the field"),
        local=True,
    ),
    attribute(
        "air bubble",
        "air bubbles",
        "air bubble|mounting bubble|trapped air",
        looks=("a small round bubble", "a clear bubble with a dark rim", "large bubbles over the tissue"),
        local=True,
    ),
    attribute(
        "blood stain",
        "blood staining",
        "blood stain|red-cell smear|blood contamination",
        looks=("a thin red smear", "a clear red smear", "blood over much of the tissue"),
        local=True,
    ),
    attribute(
        "dark spots",
        "dark spots",
        "pigment specks|dirt specks|dust specks",
        looks=("a few dark specks", "several dark spots", "dark spots all over the field"),
        local=True,
    ),
    attribute(
        "pen mark",
        "pen marks",
        "pen mark|ink mark|marker ink",
        looks=("a thin stroke of ink", "a broad stroke of ink", "ink over much of the tissue"),
        local=True,
    ),
    attribute(
        "thread",
        "foreign threads",
        "thread|threads|foreign fibre|foreign fibres",
        looks=("a thin thread", "a clear thread across the field", "thick threads across the field"),
        local=True,
    ),
    attribute(
        "overlap",
        "tissue overlap",
        "overlapping tissue|floater|overlap",
        is_="overlapping",
        looks=("a small overlapping piece", "an overlapping piece of tissue", "tissue pieces on top of each other"),
        local=True,
    ),
    attribute(
        "tissue cut",
        "tissue tears",
        "tissue cut|tissue tear|tear|tears|cut tissue|cracks",
        is_="torn",
        looks=("a thin tear", "clear tears", "broad tears that part the tissue"),
        local=True,
    ),
    attribute(
        "knife chatter",
        "knife chatter",
        "chatter lines|knife lines|venetian-blind lines|knife marks",
        looks=("faint parallel bars", "clear parallel bars", "bold parallel bars across the tissue"),
    ),
    attribute(
        "stitching",
        "stitching error",
        "stitching artefact|tile seams|tile misalignment",
        looks=("a faint tile seam", "a clear tile seam", "tiles that do not meet"),
        local=True,
    ),
    attribute(
        "uneven illumination",
        "uneven illumination",
        "uneven lighting|vignetting",
        is_="unevenly lit|unevenly illuminated",
        opposite="evenly illuminated",
        looks=("slightly darker corners", "clearly darker corners", "very dark corners"),
        measure="shading",
    ),
    attribute(
        "scan jitter",
        "scan jitter",
        "line jitter|stage jitter|jitter",
        is_="jagged",
        looks=("slightly jagged edges", "clearly jagged edges", "edges torn line by line"),
    ),
    attribute(
        "colour fringing",
        "colour fringing",
        "chromatic aberration|coloured fringes|colour fringes",
        looks=("thin coloured fringes", "clear coloured fringes", "broad coloured fringes"),
    ),
    attribute(
        "over-exposure",
        "over-exposure",
        "overexposure|excess light",
        is_="overexposed|over-exposed",
        looks=("slightly bleached tissue", "clearly bleached tissue", "tissue lost in white"),
        measure="exposure",
        unit="EV",
    ),
    attribute(
        "empty field",
        "empty field",
        "lack of tissue|field without tissue|background only",
        looks=("a small empty part", "a half-empty field", "a field almost without tissue"),
        local=True,
    ),
    attribute(
        "sensor noise",
        "sensor noise",
        "camera noise|chroma noise|electronic noise",
        measure="added_noise",
        unit="codes",
        looks=("fine grain on clear glass", "clear grain on glass and tissue", "coarse coloured grain"),
    ),
)

structure = authoring.structure
STRUCTURES = (
    structure("nuclear border", MODALITY, "nuclear borders|nuclear membrane|nuclear outline", written="nuclear borders", plural=True),
    structure("chromatin", MODALITY, "chromatin texture|chromatin pattern|nuclear chromatin"),
    structure("glands", MODALITY, "glandular structures|glandular lumina", plural=True),
    structure("stroma", MODALITY, "stromal fibres|stromal tissue"),
)

artefact = authoring.artefact
ARTEFACTS = (
    artefact(
        "histopathology_fold",
        MODALITY,
        "tissue fold artefact",
        "folding artefact",
        cause="the section wrinkled when it was mounted",
        hides="cells inside the folded strip",
        attributes="tissue fold",
        looks=("a thin dark strip of doubled tissue", "a dark strip of doubled tissue", "broad dark strips of doubled tissue"),
    ),
    artefact(
        "histopathology_air_bubble",
        MODALITY,
        "air bubble artefact",
        "mounting artefact",
        cause="air was trapped under the cover slip",
        hides="cells under the bubble",
        attributes="air bubble",
        looks=("a small round clearing with a dark rim", "a round clearing with a dark rim", "large round clearings with dark rims"),
    ),
    artefact(
        "histopathology_pen_mark",
        MODALITY,
        "pen mark artefact",
        "ink artefact",
        cause="the slide was marked with a pen",
        hides="tissue under the ink",
        attributes="pen mark",
        looks=("a thin coloured stroke", "a broad coloured stroke", "coloured ink over much of the field"),
    ),
    artefact(
        "histopathology_defocus",
        MODALITY,
        "out-of-focus artefact",
        "focus artefact",
        cause="the scanner focused above or below the section",
        hides="nuclear detail",
        attributes="defocus|sharpness",
        looks=("slightly soft nuclei", "clearly soft nuclei", "nuclei without any border"),
    ),
    artefact(
        "histopathology_knife_chatter",
        MODALITY,
        "knife chatter artefact",
        "microtome chatter",
        cause="the knife vibrated while the section was cut",
        hides="cells inside the bars",
        attributes="knife chatter",
        looks=("faint parallel bars across the tissue", "parallel bars across the tissue", "bold parallel bars of torn tissue"),
    ),
)
CONFUSION: dict[str, tuple[str, ...]] = {
    "histopathology": (
        "histopathology_stain",
        "histopathology_fold",
        "histopathology_air_bubble",
        "histopathology_pen_mark",
        "histopathology_defocus",
        "histopathology_knife_chatter",
    )
}
