"""What readers of fundus photographs perceive, look for and blame."""

from __future__ import annotations

from functools import partial

from medq_gen.ontology import authoring
from physics.modality import Modality

MODALITY: Modality = "fundus"
attribute = partial(authoring.attribute, modalities=(MODALITY,))

ATTRIBUTES = (
    attribute(
        "defocus",
        "defocus",
        "defocus blur|focus error|lack of focus",
        is_="defocused",
        looks=("slightly soft vessel edges", "clearly soft vessel edges", "vessels without any edge"),
        measure="sharpness_lost",
    ),
    attribute(
        "motion blur",
        "motion blur",
        "movement blur|motion smear|eye-movement blur",
        is_="smeared|motion-blurred",
        looks=("slightly drawn-out vessels", "clearly drawn-out vessels", "vessels drawn out into smears"),
        measure="sharpness_lost",
    ),
    attribute(
        "uneven illumination",
        "uneven illumination",
        "uneven lighting|illumination non-uniformity|illumination fall-off",
        is_="unevenly lit|unevenly illuminated",
        opposite="evenly illuminated",
        looks=("a slightly darker side", "a clearly darker side", "a side lost in darkness"),
        measure="shading",
    ),
    attribute(
        "over-exposure",
        "over-exposure",
        "overexposure|excess light",
        is_="overexposed|over-exposed",
        looks=("a slightly glaring disc", "a clearly glaring posterior pole", "a posterior pole washed out by light"),
        measure="exposure",
        unit="EV",
    ),
    attribute(
        "under-exposure",
        "under-exposure",
        "underexposure|lack of light|insufficient light",
        is_="underexposed|under-exposed",
        looks=("a slightly dark retina", "a clearly dark retina", "a retina lost in darkness"),
        measure="exposure",
        unit="EV",
    ),
    attribute(
        "haze",
        "haze",
        "media haze|media opacity|milky veil",
        is_="hazy|veiled",
        looks=("a thin milky veil", "a clear milky veil", "a dense milky veil over the retina"),
        measure="contrast_lost",
    ),
    attribute(
        "colour distortion",
        "colour distortion",
        "colour cast|discolouration|false colour",
        is_="discoloured|tinted",
        opposite="true in colour",
        looks=("a slight false tint", "a clear false tint", "colours far from those of a retina"),
        measure="colour_difference",
        unit="ΔE00",
    ),
    attribute("dust", "dust spots", "dust|spots|lens dust", looks=("a few soft spots", "several soft spots", "soft spots all over the field"), local=True),
    attribute(
        "eyelash shadow",
        "eyelash shadows",
        "eyelash shadow|lash shadow|lash artefact",
        looks=("a thin dark fringe at the margin", "dark fringes at the margin", "dark fringes that reach the centre"),
        local=True,
    ),
    attribute(
        "flare",
        "lens flare",
        "flare|internal reflection|crescent reflection",
        looks=("a faint bright crescent", "a clear bright crescent", "a glaring crescent over the retina"),
        local=True,
    ),
    attribute(
        "vignetting",
        "vignetting",
        "small-pupil vignetting|small-pupil shadow|pupil shadow",
        is_="vignetted",
        looks=("a slightly dark rim", "a clearly dark rim", "a dark rim that leaves a small window"),
    ),
    attribute(
        "disc off centre",
        "decentration",
        "off-centre disc|poor centring|disc off centre",
        is_="off centre|decentred",
        opposite="well centred",
        looks=("a slightly displaced disc", "a clearly displaced disc", "a disc cut by the margin"),
    ),
    attribute(
        "blink",
        "blink artefact",
        "blink|eyelid cover|eyelid artefact",
        looks=("a thin lid shadow", "a lid over part of the field", "a lid over most of the field"),
    ),
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
    structure("optic disc", MODALITY, "optic nerve head|disc margin|optic disc margin|margin of the optic disc|papilla", written="margin of the optic disc"),
    structure("macula", MODALITY, "macular region|fovea|foveal region"),
    structure("vessel branching", MODALITY, "vessel branches|vascular branching|retinal vessels|vascular arcades|small vessel branches"),
)

artefact = authoring.artefact
ARTEFACTS = (
    artefact(
        "fundus_uneven_illumination",
        MODALITY,
        "uneven illumination artefact",
        "illumination artefact",
        cause="the flash entered the pupil off its axis",
        hides="retina in the dark part",
        attributes="uneven illumination|uniformity",
        looks=("a slight fall-off of light to one side", "a clear fall-off of light to one side", "a steep fall-off of light to one side"),
    ),
    artefact(
        "fundus_haze",
        MODALITY,
        "media haze artefact",
        "cataract haze",
        cause="a cloudy lens scattered the light",
        hides="fine vessels",
        attributes="haze|contrast",
        looks=("a thin veil over the retina", "a milky veil over the retina", "a dense veil over the retina"),
    ),
    artefact(
        "fundus_eyelash",
        MODALITY,
        "eyelash artefact",
        "lash shadow artefact",
        cause="eyelashes hung into the light path",
        hides="retina under the shadow",
        attributes="eyelash shadow",
        looks=("a thin dark fringe from below", "dark fringes from below", "dark fringes that cover the macula"),
    ),
    artefact(
        "fundus_flare",
        MODALITY,
        "lens flare artefact",
        "reflection artefact",
        cause="light was reflected inside the camera",
        hides="retina under the reflex",
        attributes="flare|saturation",
        looks=("a faint bright crescent at the margin", "a bright crescent at the margin", "a glaring crescent towards the centre"),
    ),
    artefact(
        "fundus_colour",
        MODALITY,
        "colour distortion artefact",
        "white-balance artefact",
        cause="the colour balance of the camera was wrong",
        hides="the natural tone of the retina",
        attributes="colour distortion",
        impact=0.5,
        looks=("a slight wrong tint", "a clear wrong tint", "a strong wrong tint"),
    ),
)
CONFUSION: dict[str, tuple[str, ...]] = {
    "fundus": ("fundus_defocus", "fundus_uneven_illumination", "fundus_haze", "fundus_eyelash", "fundus_flare", "fundus_colour")
}
