"""Attributes that any modality's reader uses."""

from __future__ import annotations

from medq_gen.ontology.authoring import attribute

ATTRIBUTES = (
    attribute(
        "noise", "noise", "image noise|grain|graininess|random noise|speckling|mottle", is_="noisy|grainy", opposite="noise-free|noiseless|free from grain",
        more="noisier|grainier", less="cleaner|smoother", measure="added_noise", unit="codes", scope="general",
        looks=("fine grain in smooth areas|a faint random texture", "clearly visible grain over smooth areas", "coarse grain that covers fine detail"),
    ),
    attribute(
        "sharpness", "blurring", "blur|unsharpness|loss of sharpness|lack of sharpness|image blur|blurriness|loss of definition", is_="blurred|blurry|unsharp|out of focus|ill-defined|fuzzy",
        opposite="sharp|crisp|well defined|well-defined|in focus|well focused|sharply defined", more="blurrier|fuzzier", less="sharper|crisper|better defined", virtue="sharpness|edge definition|definition",
        measure="sharpness_lost", scope="general",
        looks=("slightly softened edges", "clearly softened edges", "edges that can hardly be followed"),
    ),
    attribute(
        "contrast", "loss of contrast", "low contrast|poor contrast|reduced contrast|lack of contrast|weak contrast|contrast loss", is_="low in contrast|washed out|flat",
        opposite="well contrasted|rich in contrast|high in contrast|of good contrast", more="flatter|more washed out", less="better contrasted|richer in contrast", virtue="contrast|tissue contrast|image contrast",
        measure="contrast_lost", scope="general",
        looks=("slightly flattened contrast", "clearly flattened contrast", "tissues that hardly differ in brightness"),
    ),
    attribute(
        "brightness", "brightness error", "exposure error|inadequate exposure|wrong brightness|incorrect exposure", is_="too dark|too bright|poorly exposed",
        opposite="well exposed|correctly exposed|evenly lit|adequately bright", virtue="brightness|exposure", measure="exposure", unit="EV", scope="general",
        looks=("a slightly wrong brightness", "a clearly wrong brightness", "a brightness that hides much of the picture"),
    ),
    attribute(
        "uniformity", "non-uniformity", "shading|nonuniformity|inhomogeneity|uneven brightness|brightness gradient", is_="uneven|non-uniform|inhomogeneous|shaded",
        opposite="uniform|even|homogeneous|evenly bright", more="more uneven", less="more uniform|more even|more homogeneous", virtue="uniformity|homogeneity", measure="shading", scope="general",
        looks=("a gentle drift of brightness", "a clear drift of brightness across the picture", "a brightness drift that leaves parts too dark or too bright"),
    ),
    attribute(
        "resolution", "loss of resolution", "low resolution|poor resolution|reduced resolution|pixelation|coarse pixels", is_="pixelated|coarse",
        opposite="finely resolved|highly resolved", more="coarser", less="better resolved", virtue="resolution|spatial resolution", scope="general",
        looks=("slightly coarse pixels", "clearly coarse pixels", "pixels so coarse that small parts merge"),
    ),
    attribute(
        "saturation", "clipping", "saturation|burnt-out areas|blown-out areas|clipped areas|overflow", is_="clipped|burnt out|blown out|saturated",
        opposite="free from clipping|unclipped", measure="clipped_share", scope="general",
        looks=("small clipped areas", "several clipped areas", "large clipped areas without any detail"),
    ),
    attribute(
        "coverage", "incomplete coverage", "truncated field of view|cut-off anatomy|limited field of view|restricted coverage", is_="incompletely covered|cut off",
        opposite="fully covered|completely covered", virtue="coverage|field of view", measure="covered_share", scope="general",
        looks=("a narrow missing margin", "a missing part of the region", "a largely missing region"),
    ),
    attribute(
        "geometric fidelity", "geometric distortion", "distortion|deformation|warping", is_="distorted|deformed|warped", opposite="undistorted|true to shape",
        more="more warped", less="truer to shape", virtue="geometric fidelity|geometry", measure="displacement", unit="px", scope="general",
        looks=("slightly displaced contours", "clearly displaced contours", "grossly displaced contours"),
    ),
    attribute(
        "compression", "compression artefact", "blocking|block artefact|JPEG artefact|compression blocks|blockiness", is_="blocky|overcompressed", opposite="free from blocks",
        more="blockier", measure="blockiness", scope="general",
        looks=("faint block edges", "clear block edges and mosquito noise", "coarse blocks in place of detail"),
    ),
)  # fmt: skip
