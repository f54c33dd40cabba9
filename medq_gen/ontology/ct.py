"""What readers of CT perceive, look for and blame."""

from __future__ import annotations

from functools import partial

from medq_gen.ontology import authoring
from physics.modality import Modality

MODALITY: Modality = "ct"
attribute = partial(authoring.attribute, modalities=(MODALITY,))

ATTRIBUTES = (
    attribute(
        "quantum noise",
        "quantum noise",
        "quantum mottle|photon noise|low-dose noise|photon mottle",
        measure="added_noise",
        unit="HU",
        looks=("fine mottle in soft tissue", "clear mottle in soft tissue", "coarse mottle that covers soft tissue"),
    ),
    attribute(
        "sparse-view streaks",
        "sparse-view streaks",
        "view aliasing|fine radiating lines|few-view streaks|sparse-view streaking",
        looks=("faint radiating lines at the margin", "clear radiating lines through the section", "dense radiating lines over the section"),
    ),
    attribute(
        "directional smear",
        "directional smear",
        "limited-angle smear|limited-angle blur|wedge-shaped smear",
        is_="smeared along one direction",
        looks=("slightly drawn-out edges along one direction", "clearly drawn-out edges along one direction", "edges lost along one direction"),
    ),
    attribute(
        "metal streaks",
        "metal streaks",
        "metallic streaks|streaks from metal|bright and dark streaks from metal",
        looks=("thin streaks beside the metal", "bright and dark streaks from the metal", "broad streaks from the metal across the section"),
        local=True,
    ),
    attribute(
        "starvation streaks",
        "starvation streaks",
        "photon starvation|horizontal streaks|photon-starvation streaks",
        looks=("faint streaks along the widest diameter", "clear streaks along the widest diameter", "heavy streaks along the widest diameter"),
        local=True,
    ),
    attribute(
        "streaks",
        "streaks",
        "streaking|streak artefact|streak artefacts",
        is_="streaky",
        opposite="free from streaks",
        more="streakier",
        measure="streaks",
        looks=("a few faint streaks", "clear streaks through the section", "dense streaks through the section"),
        local=True,
    ),
    attribute(
        "rings",
        "rings",
        "ring artefact|ring artefacts|concentric rings|circular bands",
        looks=("one faint circle about the centre", "several circles about the centre", "dense circles about the centre"),
    ),
    attribute(
        "cupping",
        "cupping",
        "cupping artefact|central darkening",
        is_="cupped",
        looks=("a slightly darker centre", "a clearly darker centre", "a centre much darker than the rim"),
    ),
    attribute(
        "dark bands",
        "dark bands",
        "beam-hardening bands|beam hardening|beam-hardening artefact|interpetrous bands",
        looks=("a faint dark band between dense bones", "a clear dark band between dense bones", "a black band between dense bones"),
        local=True,
    ),
    attribute(
        "scatter shading",
        "scatter shading",
        "scatter artefact|scatter haze|scattered radiation",
        looks=("a faint grey haze", "a clear grey haze between dense parts", "a dense haze that levels out soft tissue"),
    ),
    attribute(
        "double contours",
        "double contours",
        "doubled contours|double edges|motion doubling|motion contours",
        is_="doubled",
        looks=("slightly doubled edges", "clearly doubled edges", "edges that appear twice at a distance"),
        local=True,
    ),
    attribute(
        "truncation rim",
        "truncation rim",
        "bright rim|truncation artefact|rim of brightening|cut-off brightening",
        looks=("a thin bright rim at the field edge", "a clear bright rim at the field edge", "a broad glaring rim at the field edge"),
        local=True,
    ),
    attribute(
        "windmill",
        "windmill artefact",
        "windmill|windmill pattern|spiral artefact|helical artefact",
        looks=("faint vanes around dense parts", "clear vanes around dense parts", "bold vanes that turn around dense parts"),
    ),
    attribute(
        "partial-volume streaks",
        "partial-volume streaks",
        "partial volume streaks|partial-volume bands",
        looks=("faint bands beside dense bone", "clear bands beside dense bone", "broad bands beside dense bone"),
        local=True,
    ),
    attribute(
        "aliasing lines",
        "aliasing lines",
        "fine aliasing lines|detector aliasing",
        looks=("a faint set of fine lines from sharp edges", "a clear set of fine lines from sharp edges", "dense lines from sharp edges"),
    ),
    attribute(
        "kernel",
        "kernel softness",
        "soft kernel look|too soft a kernel",
        is_="softened",
        looks=("slightly softened structures", "clearly softened structures", "heavily softened structures"),
    ),
    attribute(
        "over-sharpness",
        "over-sharpening",
        "over-sharpness|edge overshoot|oversharpening",
        is_="oversharpened",
        looks=("slight overshoot at edges", "clear overshoot at edges", "heavy overshoot and amplified grain"),
    ),
    attribute(
        "hu shift",
        "HU shift",
        "shift of CT numbers|CT number shift|Hounsfield shift",
        unit="HU",
        asked=False,
        looks=("slightly shifted CT numbers", "clearly shifted CT numbers", "grossly shifted CT numbers"),
    ),
    attribute(
        "over-range",
        "over-range clipping",
        "over-range|clipped CT numbers|CT number overflow",
        looks=("a few clipped dense parts", "clipped dense parts", "large clipped dense parts"),
    ),
    attribute(
        "waxy texture",
        "waxy texture",
        "plastic texture|blotchy texture|over-denoised texture",
        is_="waxy|blotchy",
        looks=("a slightly waxy look", "a clearly waxy look", "a waxy look without natural texture"),
    ),
    attribute(
        "window",
        "wrong window",
        "unsuitable window|window error|wrong window setting",
        is_="wrongly windowed",
        opposite="well windowed",
        asked=False,
        looks=("a slightly unsuitable window", "a clearly unsuitable window", "a window that hides the tissue of interest"),
    ),
    attribute(
        "projections",
        "missing projections",
        "incomplete projections|lost views",
        looks=("faint streaks from lost views", "clear streaks from lost views", "heavy streaks from lost views"),
    ),
)

structure = authoring.structure
STRUCTURES = (
    structure(
        "grey–white boundary",
        MODALITY,
        "grey-white boundary|grey–white matter boundary|grey-white matter boundary|grey-white junction|grey-white differentiation",
        anatomies="head|brain",
    ),
    structure(
        "ventricles",
        MODALITY,
        "ventricular system|lateral ventricles|outlines of the ventricles|ventricular outlines",
        written="outlines of the ventricles",
        anatomies="head|brain",
        plural=True,
    ),
    structure("skull base", MODALITY, "base of the skull|petrous bones", anatomies="head|brain"),
    structure("liver edge", MODALITY, "liver margin|hepatic margin|liver contour", anatomies="abdomen|liver"),
    structure("abdominal vessels", MODALITY, "vessels|hepatic vessels|mesenteric vessels", anatomies="abdomen|liver", plural=True),
    structure("fat planes", MODALITY, "fat plane|fascial planes", anatomies="abdomen|liver|pelvis", plural=True),
    structure("lung fissures", MODALITY, "fissures|interlobar fissures", anatomies="lung|lungs|chest|thorax", plural=True),
    structure("lung vessels", MODALITY, "pulmonary vessels", anatomies="lung|lungs|chest|thorax", plural=True),
)

artefact = authoring.artefact
ARTEFACTS = (
    artefact(
        "ct_metal",
        MODALITY,
        "metal artefact",
        "metallic artefact|metal streak artefact",
        cause="metal inside the section absorbed most of the beam",
        hides="tissue around the metal",
        attributes="metal streaks",
        looks=(
            "thin bright and dark streaks from a small dense body",
            "bright and dark streaks from a dense body",
            "broad bright and dark streaks across the section",
        ),
    ),
    artefact(
        "ct_ring",
        MODALITY,
        "ring artefact",
        "detector ring artefact",
        cause="a detector element was miscalibrated",
        hides="low-contrast detail near the centre of rotation",
        attributes="rings",
        looks=("one faint concentric ring", "several concentric rings", "dense concentric rings"),
    ),
    artefact(
        "ct_motion",
        MODALITY,
        "patient motion artefact",
        "motion artefact",
        cause="the patient moved while the gantry turned",
        hides="edges along the direction of movement",
        attributes="double contours",
        looks=("slightly doubled borders", "clearly doubled borders with streaks", "borders doubled at a distance with long streaks"),
    ),
    artefact(
        "ct_sparse_view",
        MODALITY,
        "sparse-view artefact",
        "few-view artefact|view aliasing artefact",
        cause="too few projections were recorded",
        hides="soft tissue between dense parts",
        attributes="sparse-view streaks|projections",
        looks=("fine radiating streaks at the margin", "fine radiating streaks throughout", "dense radiating streaks throughout"),
    ),
    artefact(
        "ct_beam_hardening",
        MODALITY,
        "beam-hardening artefact",
        "beam hardening",
        cause="the beam lost its soft quanta in dense bone",
        hides="tissue between dense bones",
        attributes="dark bands|cupping",
        looks=("faint dark bands between bones", "dark bands between bones", "black bands between bones"),
    ),
)
CONFUSION: dict[str, tuple[str, ...]] = {"ct": ("ct_low_dose", "ct_metal", "ct_ring", "ct_motion", "ct_sparse_view", "ct_beam_hardening")}
