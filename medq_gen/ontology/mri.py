"""What readers of MRI perceive, look for and blame."""

from __future__ import annotations

from functools import partial

from medq_gen.ontology import authoring
from physics.modality import Modality

MODALITY: Modality = "mri"
attribute = partial(authoring.attribute, modalities=(MODALITY,))

ATTRIBUTES = (
    attribute(
        "motion ghosting",
        "ghosting",
        "ghosts|ghost copies|motion ghosts|displaced copies|replicas|repeated contours",
        is_="ghosted",
        measure="ghosting",
        unit="1",
        looks=("faint displaced copies of bright edges", "clear displaced copies of bright edges", "strong overlapping copies that replace the anatomy"),
        local=True,
    ),
    attribute(
        "pulsation ghosting",
        "pulsation ghosting",
        "flow ghosts|pulsation ghosts|vascular ghosts|flow ghosting",
        looks=("a faint row of vessel copies", "a clear row of vessel copies", "bright vessel copies across the picture"),
        local=True,
    ),
    attribute(
        "wrap-around",
        "wrap-around",
        "fold-over|foldover|wrap|fold-over of anatomy|phase wrap",
        is_="wrapped|folded over",
        looks=("a thin folded rim of anatomy at one edge", "folded anatomy over the margin", "folded anatomy over the region of interest"),
        local=True,
    ),
    attribute(
        "undersampling aliasing",
        "aliasing",
        "undersampling aliasing|incoherent aliasing|residual aliasing|aliased copies|aliased energy",
        is_="aliased",
        measure="aliasing",
        looks=("a faint aliasing pattern", "a clear aliasing pattern over the tissue", "a dense aliasing pattern that hides the tissue"),
    ),
    attribute(
        "radial streaks",
        "radial streaks",
        "radial streaking|spoke streaks|streaking from spokes",
        looks=("thin faint streaks at the margin", "clear streaks that radiate from bright parts", "dense streaks over the whole slice"),
    ),
    attribute(
        "gibbs ringing",
        "Gibbs ringing",
        "truncation ringing|truncation lines|edge ringing|ringing",
        is_="ringing at edges",
        looks=("a faint line beside sharp edges", "several parallel lines beside edges", "parallel lines over large parts of the tissue"),
    ),
    attribute(
        "intensity inhomogeneity",
        "intensity inhomogeneity",
        "bias field|coil shading|signal inhomogeneity|receive shading|intensity non-uniformity",
        is_="unevenly bright",
        opposite="uniform in signal",
        measure="shading",
        looks=("a gentle drift of signal", "a clear drift of signal across the slice", "a steep drift of signal with dark and glaring parts"),
    ),
    attribute(
        "susceptibility distortion",
        "susceptibility distortion",
        "susceptibility artefact|field distortion",
        looks=("slightly pulled contours near air", "clearly stretched tissue near air or metal", "grossly stretched and piled-up tissue"),
        local=True,
    ),
    attribute(
        "signal void",
        "signal loss",
        "signal void|signal voids|signal drop-out|drop-out|dropout|black hole",
        looks=("a small dark spot without signal", "a dark hole of some size", "a large area without signal"),
        local=True,
    ),
    attribute(
        "chemical shift",
        "chemical shift artefact",
        "chemical shift|fat-water shift|fat shift",
        looks=("a thin dark or bright line at fat borders", "clear dark and bright bands at fat borders", "broad bands at every fat border"),
    ),
    attribute(
        "fat suppression failure",
        "fat suppression failure",
        "incomplete fat suppression|failed fat saturation|residual fat signal",
        opposite="fully fat suppressed",
        looks=("a small patch of bright fat", "several patches of bright fat", "bright fat over a large part of the slice"),
        local=True,
    ),
    attribute(
        "banding",
        "banding",
        "dark bands of the steady state|bands|off-resonance bands",
        is_="banded",
        looks=("a thin dark band at the margin", "several dark bands", "dark bands through the region of interest"),
        local=True,
    ),
    attribute(
        "herringbone",
        "herringbone pattern",
        "herringbone|corduroy pattern|criss-cross stripes|spike stripes|regular stripes",
        looks=("faint regular stripes", "clear regular stripes", "dense stripes over the whole picture"),
    ),
    attribute(
        "zipper",
        "zipper artefact",
        "zipper|zipper line|dotted line|zipper lines",
        looks=("one faint dotted line", "a clear dotted line", "several bright dotted lines"),
    ),
    attribute(
        "nyquist ghost",
        "N/2 ghosting",
        "Nyquist ghost|N/2 ghost|half-field ghost|Nyquist ghosting",
        looks=("a faint copy shifted by half the field", "a clear copy shifted by half the field", "a bright copy shifted by half the field"),
    ),
    attribute(
        "partial volume",
        "partial volume effect",
        "partial volume averaging|partial voluming|slice averaging",
        looks=("slightly blended tissue borders", "clearly blended tissue borders", "tissue borders that vanish by averaging"),
    ),
    attribute(
        "cross-talk",
        "cross-talk",
        "slice cross-talk|crosstalk|inter-slice interference",
        looks=("a slightly darker slice", "a clearly darker strip of the slice", "a strip almost without signal"),
    ),
    attribute(
        "geometric warp",
        "geometric warp",
        "gradient non-linearity warp|gradient warp",
        looks=("slightly bent contours at the margin", "clearly bent contours at the margin", "grossly bent contours"),
    ),
    attribute(
        "central artefact",
        "central artefact",
        "central point artefact|DC spot|central spot|zero-frequency spot",
        looks=("one faint dot at the centre", "a clear dot at the centre", "a glaring dot at the centre"),
        local=True,
    ),
    attribute(
        "noise band",
        "noise band",
        "g-factor noise|noise amplification|central noise band",
        looks=("slightly more grain in the middle", "a clear band of grain in the middle", "a heavy band of grain over the middle"),
        local=True,
    ),
    attribute(
        "over-smoothing",
        "over-smoothing",
        "oversmoothing|plastic look|loss of texture|smeared texture",
        is_="oversmoothed|plastic",
        opposite="naturally textured",
        looks=("slightly washed texture", "clearly washed texture", "plastic-looking tissue without texture"),
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
    structure("skull line", MODALITY, "outline of the skull|skull outline", anatomies="head|brain"),
    structure("liver edge", MODALITY, "liver margin|hepatic margin|liver contour", anatomies="abdomen|liver"),
    structure("abdominal vessels", MODALITY, "vessels|hepatic vessels|liver vessels", anatomies="abdomen|liver", plural=True),
    structure("cruciate ligaments", MODALITY, "cruciate ligament", anatomies="knee", plural=True),
    structure("menisci", MODALITY, "meniscus|menisci of the knee", anatomies="knee", plural=True),
    structure("articular cartilage", MODALITY, "cartilage|joint cartilage", anatomies="knee"),
)

artefact = authoring.artefact
ARTEFACTS = (
    artefact(
        "mri_wrap_around",
        MODALITY,
        "wrap-around artefact",
        "fold-over artefact|phase wrap artefact",
        cause="the field of view was smaller than the body along the phase-encoding direction",
        hides="anatomy under the folded part",
        attributes="wrap-around",
        looks=("a thin rim of folded anatomy", "folded anatomy over the opposite margin", "folded anatomy over the centre"),
    ),
    artefact(
        "mri_metal",
        MODALITY,
        "metal artefact",
        "metallic susceptibility artefact|susceptibility artefact from metal",
        cause="a metallic implant disturbed the magnetic field",
        hides="tissue around the implant",
        attributes="susceptibility distortion|signal void",
        looks=("a small signal void with a thin bright rim", "a signal void with a bright rim", "a large signal void with grossly bent surroundings"),
    ),
    artefact(
        "mri_zipper",
        MODALITY,
        "zipper artefact",
        "radio-frequency interference|RF leak artefact",
        cause="radio-frequency interference leaked into the scanner room",
        hides="tissue under the line",
        attributes="zipper",
        impact=0.5,
        looks=("one faint dotted line across the slice", "a clear dotted line across the slice", "several bright dotted lines across the slice"),
    ),
    artefact(
        "mri_gibbs",
        MODALITY,
        "Gibbs ringing artefact",
        "truncation artefact",
        cause="too few phase-encoding lines were sampled at the edge of k-space",
        hides="thin structures beside bright edges",
        attributes="gibbs ringing",
        looks=("a faint parallel line beside edges", "parallel lines beside edges", "parallel lines through much of the tissue"),
    ),
    artefact(
        "mri_chemical_shift",
        MODALITY,
        "chemical shift artefact",
        "fat-water shift artefact",
        cause="fat and water were displaced against each other along the read-out",
        hides="borders between fat and water",
        attributes="chemical shift",
        impact=0.5,
        looks=("thin dark lines at fat borders", "dark and bright bands at fat borders", "broad bands at all fat borders"),
    ),
)
CONFUSION: dict[str, tuple[str, ...]] = {"mri": ("mri_motion", "mri_undersampling", "mri_bias_field", "mri_noise", "mri_wrap_around", "mri_metal")}
