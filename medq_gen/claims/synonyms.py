"""Words that models and people use and the drafter does not: read, never written. Jargon, terse notes, and the habits of writers of other languages."""

from __future__ import annotations

from medq_gen.ontology.authoring import split

# attribute -> (nouns and adjectives of the fault, words for its absence, neutral nouns that can be good or bad)
ATTRIBUTES: dict[str, tuple[str, str, str]] = {
    "noise": (
        "noise level|noise levels|noise content|granularity|granular|grainy texture|grainy appearance|snow|snowy|speckle|salt and pepper|"
        "salt and pepper noise|"
        "background noise|noised|gritty|mottled|speckled|coarse grain|fine grain|coarse noise|fine noise|noise texture|pixel noise|electronic snow|low SNR|"
        "poor SNR|bad SNR|low signal-to-noise ratio|poor signal-to-noise ratio|low signal to noise|poor signal to noise",
        "good SNR|high SNR|high signal-to-noise ratio|noise free",
        "SNR|signal-to-noise ratio|signal to noise",
    ),
    "sharpness": (
        "soft|softened|softness|soft edges|soft contours|soft outlines|blurred edges|blurry edges|smeared|smear|smearing|smeary|smudgy|bleary|"
        "indistinct edges|unfocused|unfocussed|"
        "not in focus|mushy|fuzziness|loss of fine detail|loss of detail|lack of detail|lack of definition|poor definition|poor sharpness|low sharpness|"
        "insufficient sharpness|missing sharpness|blurr|blurring of edges|blurred look|blurred appearance|unsharp edges|smoothed edges|washed edges|"
        "edge blur|"
        "lacks sharpness|lacks focus|lacks definition|lacking sharpness|reduced sharpness|low acutance|smoothed out|blur effect",
        "razor sharp|tack sharp|pin sharp|focused|focussed|sharp edges|crisp edges|sharp focus|crisp detail|crisp contours|sharp contours|in good focus|"
        "in perfect focus|sharp outlines|good focus|no loss of detail",
        "focus|edge sharpness|acutance|crispness|image sharpness|clarity|image clarity|edge quality|sharpness of edges|edges|contours",
    ),
    "contrast": (
        "low-contrast|dull|faded|flatness|insufficient contrast|bad contrast|diminished contrast|contrast reduction|lacks contrast|lacking contrast|"
        "weakly contrasted|poorly contrasted|greyed out|lack of tissue contrast|poor tissue contrast|little contrast",
        "high-contrast|contrasty|strong contrast|good contrast|high contrast|well-contrasted",
        "contrast resolution|soft tissue contrast|grey-white contrast|contrast between grey and white matter|tissue differentiation",
    ),
    "brightness": (
        "overly dark|overly bright|very dark|very bright|rather dark|quite dark|too light|excessively bright|excessively dark|wrongly exposed|badly exposed|"
        "exposure problem|exposure problems|exposure is off",
        "properly exposed|adequately exposed|well lit|good exposure",
        "illumination level|brightness level|overall brightness|luminance",
    ),
    "uniformity": (
        "shading artefact|intensity variation|intensity variations|brightness variation|brightness variations|signal variation|intensity drift|"
        "intensity gradient|signal gradient|uneven signal|uneven intensity|not uniform|nonuniform|non uniform|patchy brightness|brightness drift",
        "evenly distributed|equally bright",
        "signal uniformity|signal homogeneity|intensity uniformity",
    ),
    "resolution": ("pixelised|pixellated|pixely|low-resolution|low res|coarse pixel|blocky pixels", "high-resolution|high resolution",
        "sharpness of resolution"),
    "saturation": ("overflowed|saturated areas|clipped highlights|blown highlights|burnt highlights", "", ""),
    "coverage": ("anatomy cut off|field of view too small|incomplete field of view|truncated anatomy|cropped|cropped anatomy", "complete coverage", ""),
    "geometric fidelity": ("geometrically distorted|shape distortion|bent contours|stretched anatomy|warped anatomy", "geometrically correct",
        "shape fidelity"),
    "compression": ("blocks|block pattern|jpeg artefacts|jpeg blocks|compressed look|mosquito noise", "", ""),
    "motion ghosting": (
        "ghost image|ghost images|ghost contour|ghost contours|doubled contours|double contours|double image|repeated edges|duplicated edges|"
        "duplicate outlines|duplicated outlines|ghost like|shadow copies|ghost artefact|ghost artefacts|ghost lines|replicated edges|"
        "repetitions of the skull|"
        "repetitions|doubling|double edges|multiple contours",
        "",
        "",
    ),
    "wrap-around": ("wraparound|wrap around|back-folding|backfolding|folding over|wrapping|anatomy folded over|overfolding", "", ""),
    "undersampling aliasing": ("undersampling|under-sampling|aliasing artefact|subsampling|aliasing pattern|folded copies|overlapping copies", "", ""),
    "gibbs ringing": ("ringing artefact|Gibbs|Gibb's|Gibbs phenomenon|edge ripples|ripples beside edges|ripples at edges|truncation", "", ""),
    "intensity inhomogeneity": (
        "signal inhomogeneities|intensity inhomogeneities|bias|inhomogeneous signal|non-uniform signal|signal fall-off|signal falls off|uneven coil shading|"
        "coil inhomogeneity|field inhomogeneity|signal drop towards",
        "homogeneous signal|uniform signal|even signal",
        "",
    ),
    "susceptibility distortion": ("susceptibility|susceptibility effects|susceptibility effect|field distortions", "", ""),
    "signal void": ("signal dropout|signal drop|dark hole|missing signal|signal extinction|black area|black areas", "", ""),
    "zipper": ("zip artefact|interference line|interference lines|RF interference|line of dots|bright dotted line", "", ""),
    "banding": ("dark bands|dark banding|band artefact|banding lines", "", ""),
    "herringbone": ("spike|criss-cross pattern|crisscross pattern|corduroy|woven pattern|cross-hatch pattern|stripe pattern", "", ""),
    "radial streaks": ("streaks|streaking|streak artefact|radiating streaks|radiating lines", "", ""),
    "quantum noise": ("dose noise|low-dose grain|photon-limited noise", "", ""),
    "streaks": ("streak|streaky lines|streak lines|radiating lines|radiating streaks|lines of streaking", "", ""),
    "rings": ("ring|circles|concentric circles|circular artefact", "", ""),
    "metal streaks": ("metal artefacts|streaks around metal", "", ""),
    "uneven illumination": (
        "uneven light|unequal illumination|unequal lighting|inhomogeneous illumination|inhomogeneous lighting|irregular illumination|"
        "non-uniform illumination|"
        "non-uniform lighting|illumination is uneven|lighting is uneven|darker periphery|dark periphery|dark edges|dark borders",
        "even illumination|homogeneous illumination|uniform illumination|uniform lighting|even lighting|illumination is even|lighting is even|"
        "illumination is uniform",
        "illumination|lighting",
    ),
    "over-exposure": ("too bright|overly bright|overlit|over exposed|over exposure|excessively bright|very bright", "", ""),
    "under-exposure": ("too dark|overly dark|dim|dimly lit|poorly lit|badly lit|insufficiently lit|underlit|under exposed|under exposure|very dark", "", ""),
    "specular reflection": (
        "reflections|light reflections|reflection|glare|shiny spots|bright reflections|bright spots|hot spots|hotspots|white spots|light spots|specularities|"
        "specularity|glints",
        "",
        "",
    ),
    "motion blur": (
        "blur from motion|blur due to motion|blur from movement|blurred by motion|blurred by movement|motion-induced blur|shaken|shaky|shake|smearing|smear|"
        "movement artefact|movement unsharpness|motion unsharpness|directional smearing|motion artefact",
        "",
        "",
    ),
    "defocus": (
        "out of focus|out-of-focus|unfocused|unfocussed|badly focused|poorly focused|misfocus|misfocused|focus blur|wrong focus|bad focus|poor focus|"
        "focus problem|incorrect focus|focus is off|not focused|not in focus|defocussed|defocusing|out-of-focus blur",
        "correctly focused|well-focused|good focus|in focus",
        "focus",
    ),
    "colour cast": ("colour shift|wrong white balance|reddish tint|bluish tint|greenish tint|yellowish tint|yellow tint|red tint|blue tint|green tint", "",
        ""),
    "colour distortion": ("colour shift|wrong colour|wrong colours|unnatural colour|unnatural colours|colour tint|colour error",
        "natural colours|natural colour", "colour balance|white balance|colours|colour rendition"),
    "lens fog": ("fog|misted lens|misty|foggy lens|fogged lens", "", ""),
    "over-staining": (
        "stained too intensely|too intense staining|too intensely stained|too dark|overstain|dark staining|heavy staining|stained too strongly|"
        "stained too darkly|stained too heavily|strong staining|intense staining|"
        "excessive staining|too much stain|too strong staining|hyperchromatic staining|stain is too dark|staining is too dark|staining too dark|too strongly "
        "stained|too heavily stained|stain too dark|excessive stain",
        "",
        "",
    ),
    "under-staining": (
        "haematoxylin too weak|eosin too weak|stain too weak|staining too weak|weak eosin|weak haematoxylin|too pale|faint staining|weak staining|"
        "light staining|pale staining|washed-out staining|insufficient staining|stained too weakly|stained too lightly|"
        "bleached|too light|too weakly stained|too lightly stained|stain is too pale|staining is too pale|staining too pale|staining is pale|"
        "staining is weak|"
        "stain too pale|washed-out stain|washed-out colours|poorly coloured|faded stain|too little stain|stain is faint|staining is faint",
        "",
        "",
    ),
    "stain shift": ("poor staining|bad staining|inadequate staining|poorly stained|badly stained|unbalanced stain|staining problem", "properly stained",
        "stain quality"),
    "tissue fold": ("fold|folds|folding|wrinkle|creases|crease", "", ""),
    "haze": ("milky|veil|hazy look|foggy|fog|cloudy|cloudiness|murky|misty", "", ""),
    "vignetting": ("dark corners|dark edges|peripheral darkening|darkening of the periphery|darkening towards the periphery", "", ""),
}  # fmt: skip
_MOTION = (
    "motion|movement|patient moving|moving patient|moving in the scanner|patient movement|patient motion|head motion|head movement|subject motion|"
    "patient moved|movement of the patient|motion of the patient|"
    "artefact of motion|artefacts of motion|artefacts of movement|artefacts from motion|artefacts from movement|artefacts due to motion|"
    "artefacts due to movement|artefacts by motion|artefacts by movement|motion corruption|motion-degraded|motion-corrupted|motion degraded|motion corrupted|"
    "restless patient|kinetic artefact|kinetic artefacts|moved during the scan|moved during the acquisition|body movement|movement artefacts"
)
ARTEFACTS: dict[str, str] = {
    "mri_motion": _MOTION,
    "ct_motion": _MOTION,
    "endoscopy_motion_blur": "camera motion|camera movement|scope movement|camera shake|movement|motion|motion artefact|movement artefact|moving camera",
    "mri_undersampling": "undersampling|under-sampling|undersampled|acceleration artefacts|sparse sampling|subsampling artefact",
    "mri_radial_streaks": "radial streaks|radial streaking artefacts|star-shaped streaks",
    "mri_bias_field": "bias|coil shading artefact|B1 shading",
    "mri_zipper": "radio frequency interference|RF interference|interference artefact|zip artefact",
    "mri_spike": "spike|spike in k-space|k-space spike|data spike",
    "mri_metal": "metallic artefact|metal implant artefact|implant|metallic implant|metal",
    "mri_signal_dropout": "signal drop-out|susceptibility dropout|signal void from susceptibility",
    "ct_low_dose": "low dose|low-dose|dose reduction|dose too low|insufficient dose|too low a dose|too low dose|underdosed",
    "ct_metal": "metallic implant|metal implant|implant|metal|implant artefact",
    "histopathology_stain": "staining problem|stain problem|staining defect|bad staining|poor staining|staining quality problem",
    "fundus_defocus": "focus problem|wrong focus|camera out of focus|misfocus|poor focus|out of focus|focusing error|incorrect focus",
}
STRUCTURES: dict[str, str] = {
    "grey–white boundary": "grey-white matter differentiation|grey-white matter junction|grey/white matter boundary|grey/white differentiation|"
    "grey-white interface|cortex|"
    "cortical ribbon|grey and white matter|white-grey boundary|grey-white border|sulci|grey matter-white matter boundary|"
    "boundary between grey and white matter|"
    "border between grey and white matter|cortical detail|gyri",
    "ventricles": "ventricle",
    "skull line": "skull contour|skull",
    "skull base": "petrous bone|bones of the skull base",
    "optic disc": "disc|optic disk|disk|optic nerve|optic disk margin",
    "macula": "macular area",
    "vessel branching": "vessels|vessel|blood vessels|vasculature|retinal vasculature|vessel tree|vascular tree|small vessels|fine vessels|vascular details|"
    "finer vessels|vessel edges",
    "mucosal vessels": "vessels|blood vessels|mucosal vasculature|mucosal detail|mucosal details|mucosal pattern|mucosal surface|mucosa|fine vessels",
    "lumen": "colonic lumen",
    "mucosal folds": "mucosal fold",
    "nuclear border": "nuclei|nuclear detail|nuclear details|nuclear contours|cell nuclei|nuclear edges|nucleus|nuclear membranes|cell borders",
    "stroma": "stromal fibre",
}
DETAIL = split(
    "anatomical structures|anatomic structures|anatomical detail|anatomical details|anatomy|fine detail|fine details|fine structures|small structures|"
    "small details|"
    "details|detail|structures|tissue detail|tissue details|diagnostic features|anatomical landmarks|landmarks|anatomic detail|anatomic details|"
    "main structures|"
    "soft tissue|soft tissues|surrounding soft tissue|soft tissue structures|low contrast detail|low contrast details|low-contrast lesions|"
    "low-contrast structures|low contrast lesions|relevant structures|key structures|"
    "cellular detail|cellular details|retinal details|retinal structures|brain structures|the main anatomy"
)
PICTURE_FAULT = split(
    "imperfection|flaw|quality issue|quality limitation|quality defect|image problem|technical problem|technical issue|abnormality of quality|impairment"
)
PICTURE_GOOD = split(
    "pristine|perfect|immaculate|spotless|artifact free|is clean|clean image|clean picture|clean scan|looks clean|appears clean|a clean|free of any issue"
)
IMAGE_NOUNS = (
    "image",
    "picture",
    "scan",
    "slice",
    "frame",
    "photo",
    "photograph",
    "view",
    "panel",
    "one",
    "field",
    "section",
    "exam",
    "example",
    "sample",
    "fundus",
)
# Words of grammar beside those of the lexicon.
GRAMMAR: dict[str, tuple[str, ...]] = {
    "negator": (
        "without any", "not any", "no visible", "no obvious", "no apparent", "no evident", "no noticeable", "no discernible", "no appreciable",
        "no detectable",
        "no perceptible", "no recognisable", "not a trace of", "nothing of", "zero", "does not have", "do not have", "is not affected by", "not affected by",
        "minus", "lacks any", "void of", "no real", "no clear", "no disturbing", "exempt of", "exempt from", "no indication of", "no indications of",
        "no hint of",
        "w/o", "does not suffer from", "do not see", "cannot see", "nothing like",
    ),
    "gone": ("none", "unlikely", "not present", "not found", "not detected", "no issue", "no problem", "nothing", "not an issue", "not a problem", "avoided"),
    "little": ("not much", "not a lot of", "next to nothing of", "close to no", "almost nothing of", "practically no", "minimal to no", "little to no",
        "little or no", "no to minimal", "scarce"),
    "break": ("even though", "in spite of", "notwithstanding", "on the contrary", "instead", "on the other side", "with the exception of",
        "besides"),
    "sound": ("within acceptable limits", "within normal limits", "in an acceptable range", "at an acceptable level", "within limits", "in the normal range",
        "ok", "okay", "fine", "great", "very good", "nice", "decent", "correct", "well maintained", "kept", "retained", "solid", "well balanced",
        "appropriate",
        "balanced", "proper", "reasonable", "perfect", "superb", "still good", "well kept", "uncompromised",
    ),
    "impaired": (
        "worsened", "deteriorated", "hampered", "unsatisfactory", "restricted", "corrupted", "spoiled", "spoilt", "ruined", "destroyed",
        "damaged", "wrong", "incorrect", "very poor", "mediocre", "not sufficient",
    ),
    "clear": (
        "well visualised", "visualised", "readable", "discernible", "distinguishable", "can be recognised", "can be identified", "easily identified",
        "easily seen",
        "well demonstrated", "well shown", "appreciated", "resolved", "well resolved", "well identifiable", "identifiable", "clearly recognisable",
        "well recognisable",
        "clearly defined", "well appreciated", "clearly identifiable", "can be made out", "can be followed", "perfectly visible", "very well seen",
        "nicely seen",
        "well distinguishable", "readily seen", "easily recognisable", "well preserved", "can be distinguished", "well distinguished", "crisply seen",
        "easy to identify",
        "easy to see", "easy to follow", "depicted", "recognised",
    ),
    "partly": (
        "can still be recognised", "can still be seen", "can still be identified", "can still be made out", "still seen", "still identifiable",
        "partially seen",
        "partly seen", "faintly visible", "faintly seen", "still discernible", "still distinguishable", "less clear", "less clearly seen",
        "somewhat indistinct",
        "indistinct", "less visible", "harder to see", "harder to delineate", "harder to identify", "harder to make out", "harder to discern",
        "harder to distinguish",
        "more difficult to see", "more difficult to identify", "softly defined", "partly masked", "partially masked", "partly hidden", "partially hidden",
        "partly lost",
        "partially lost", "less well defined", "less well seen", "less sharply defined", "still be recognised", "still be seen", "still be identified",
        "still be made out",
        "incompletely visible", "moderately visible", "still interpretable", "somewhat degraded", "only faintly visible", "slightly obscured",
        "mildly obscured", "partly impaired",
        "somewhat hidden", "somewhat masked", "can be recognised with difficulty", "followed with difficulty", "seen with difficulty",
        "still readable",
        "just about visible", "still resolved", "limited visibility", "remain recognisable", "remains recognisable", "remain visible", "remains visible",
    ),
    "hidden": (
        "cannot be discerned", "not discernible", "indiscernible", "cannot be distinguished", "impossible to identify", "impossible to see",
        "impossible to make out",
        "not identifiable", "cannot be assessed", "hidden", "masked", "erased", "wiped out", "vanished", "vanish", "disappear", "disappeared", "swallowed",
        "not recognised",
        "not distinguishable", "unidentifiable", "indistinguishable", "totally obscured", "fully obscured", "no longer discernible", "no longer identifiable",
        "no longer distinguishable", "can no longer be identified", "can no longer be recognised", "can no longer be discerned", "unreadable",
        "not readable", "illegible",
        "not resolved", "no longer resolved", "cannot be resolved", "cannot be evaluated", "not assessable", "impossible to recognise",
        "impossible to delineate",
        "cannot be delineated", "cannot be visualised", "not visualised", "not identified", "barely visible", "barely seen", "barely recognisable",
        "hardly visible",
        "hardly seen", "hardly recognisable", "scarcely visible", "barely discernible", "hardly discernible", "hard to delineate", "hard to see",
        "hard to identify",
        "hard to discern", "hard to make out", "hard to recognise", "hard to distinguish", "difficult to see", "difficult to delineate",
        "difficult to identify",
        "difficult to make out", "difficult to discern", "difficult to recognise", "difficult to assess", "difficult to distinguish", "poorly defined",
        "poorly delineated",
        "poorly recognisable", "ill defined", "poorly visualised", "badly visible", "badly seen", "poorly discernible", "hardly distinguishable",
        "barely distinguishable",
        "can hardly be seen", "can hardly be identified", "can hardly be recognised", "can hardly be made out", "can barely be seen",
        "can barely be identified",
        "can barely be made out", "hardly be identified", "hardly be seen", "barely identifiable", "hardly identifiable",
    ),
    "be": (
        "seems", "seem", "looking", "appearing", "exists", "exist", "presents", "observed", "visible", "noticed", "suffer from", "suffers", "comes with",
        "occurs", "occur",
        "there exists", "can be seen", "can be observed", "can be noticed", "stands out", "stay", "stays", "consists of", "identified", "perceived", "yes",
        "apparent",
        "detectable", "i see", "we see", "one sees",
    ),
    "finer": ("wins", "winner", "preferred", "favoured", "clearer", "nicer", "more diagnostic", "more useful", "the better"),
    "poorer": ("loses", "less diagnostic", "less useful", "less usable", "more degraded", "more affected", "more impaired", "more corrupted"),
    "rise": ("elevated", "higher amount of", "much more", "far more", "significantly more", "heightened", "additional", "more of", "more visible",
        "more obvious", "more extensive"),
    "drop": ("less of", "much less", "far less", "lower amount of", "significantly less", "less visible", "less obvious", "less extensive"),
    "same": ("as well as in the other", "no difference", "nearly identical", "nearly the same"),
    "subject": ("which", "i", "we", "one"),
    "open": ("the scan", "this scan", "the slice", "this slice", "the frame", "this frame", "the photograph", "this photograph", "the photo", "the slide",
        "the section",
    "this photo"),
    "word": ("does not interfere", "do not interfere", "not interfere", "does not affect", "do not affect", "does not hamper", "does not impair",
    "does not limit", "does not obscure", "do not obscure", "does not hide", "does not compromise", "without affecting", "without compromising",
        "not affecting",
    "lower the quality", "lowers the quality", "reduce the quality", "reduces the quality", "limit the quality", "limits the quality", "as well",
        "at least in part"),
}  # fmt: skip
LEVELS: dict[str, tuple[str, ...]] = {
    "mild": (
        "tiny", "a trace", "traces of", "barely visible", "barely noticeable", "hardly noticeable", "just visible", "slightest", "minimum",
        "inconspicuous", "discrete",
        "a touch of", "a hint of", "gentle", "gently", "low grade", "light degree of", "tolerable", "small amount of", "small amounts of",
        "a small amount of", "a bit of",
        "a little bit", "slight degree of", "a slight", "slightly increased", "limited amount of", "lightweight", "mild degree of", "marginal", "marginally",
        "residual", "grade i", "some slight", "almost imperceptible", "mildly increased", "unobtrusive", "negligible to mild", "minor degree of",
    ),
    "moderate": (
        "middle", "mid level", "medium level of", "of medium strength", "clearly noticeable", "moderate degree of", "intermediate degree of",
        "moderate amount of",
        "moderate amounts of", "grade ii", "medium degree of", "mid grade", "average", "moderate level of", "moderately increased", "to a moderate degree",
        "middling",
    ),
    "severe": ("major",
        "a lot of", "lots of", "plenty of", "tons of", "terrible", "terribly", "awful", "awfully", "horrible", "horribly", "enormous", "enormously",
        "huge", "overwhelming",
        "overwhelmingly", "badly", "very strong", "very strongly", "very heavy", "very severe", "very severely", "drastic", "drastically", "high grade",
        "large amount of",
        "large amounts of", "high degree of", "strong degree of", "severe degree of", "massive amounts of", "critical", "critically", "extremely strong",
        "highly", "too much",
        "devastating", "grave", "gravely", "grade iii", "much", "important", "maximal", "maximum", "considerable amounts of", "striking", "strikingly",
        "hugely", "intensive", "vast", "very much", "heavy degree of", "rampant",
    ),
}  # fmt: skip
PLACES: dict[str, str] = {
    "upper left": "top left|left upper|upper-left corner|top-left corner|upper left corner|top left corner|left upper quadrant",
    "upper right": "top right|right upper|upper right corner|top right corner|right upper quadrant",
    "lower left": "bottom left|left lower|lower left corner|bottom left corner|left lower quadrant",
    "lower right": "bottom right|right lower|lower right corner|bottom right corner|right lower quadrant",
    "upper half": "upper part|top half|upper portion|top part|at the top|upper region|upper area|in the upper part",
    "lower half": "lower part|bottom half|lower portion|bottom part|at the bottom|lower region|lower area",
    "left half": "left part|left side|left portion|left hand side|on the left|left area",
    "right half": "right part|right side|right portion|right hand side|on the right|right area",
    "upper third": "top third",
    "lower third": "bottom third",
    "middle third": "central third",
    "centre": "in the middle|central region|central part|centrally|central area|middle of the image|middle of the picture|at the centre",
    "periphery": "peripheral region|peripherally|at the edges|at the margins|peripheral part|at the periphery|periphery of the image|outer part|outer parts",
}
