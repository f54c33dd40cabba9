"""Real pictures that ship inside the dependencies, and one rendered scene: something of every modality without a download."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

from medq_gen.errors import ConfigError, SourceError
from medq_gen.records import Case, Origin
from medq_gen.sources import dicom_pixels, limits
from medq_gen.sources.folder import Found
from medq_gen.sources.identity import case_of, grouped, reloaded
from medq_gen.sources.source import Configured, Declared, LoadedCase, Neighbours, Options, Picture, Pixels, Provenance
from physics.modality import Modality

# Power of the abdomen drops by a factor of 30 between 0.33 and 0.40 of the Nyquist frequency along the phase-encode axis: beyond lies interpolation.
TRUE_SHARE = 0.35
_TUBE_SEED = 5
_SLICE = 14  # through the lateral ventricles, ten slices below and nine above


class SampleOptions(Options):
    """Options of source=sample. modality, names: these pictures only."""

    names: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Sample:
    """One picture: how to read it and the slices about it, if there are any, and what may be said of its origin."""

    name: str
    modality: Modality
    read: Callable[[], Picture]
    licence: str
    origin: Origin = "clinical"
    neighbours: Callable[[], Neighbours | None] | None = None


def _shipped(package: str, *parts: str) -> Path:
    """A file inside an installed package."""
    from importlib.resources import files

    return Path(str(files(package).joinpath(*parts)))


def sagittal_head() -> Picture:
    """Sagittal T1 head: 256 x 256 big-endian codes 0..215, air set to exactly 0 outside the head. Its header is not part of the file: 1 mm is assumed."""
    packed = _shipped("matplotlib", "mpl-data", "sample_data", "s1045.ima.gz").read_bytes()
    codes = np.frombuffer(gzip.decompress(packed), dtype=">u2").reshape(256, 256)
    facts = {"spacing": "assumed", "phase_encode_axis": 0, "weighting": "T1"}
    return Picture("0", codes.astype(np.float32), "mri", "head", "sagittal", (1.0, 1.0), facts)


def axial_abdomen() -> Picture:
    """Axial fat-suppressed T1 abdomen, resampled by its maker: cropped in k-space to the matrix that holds signal, which keeps square pixels."""
    made = dicom_pixels.picture(_pydicom("examples_overlay.dcm"), Declared(anatomy="abdomen"), 0)
    assert made.spacing_mm is not None
    rows = 2 * round(TRUE_SHARE * made.pixels.shape[0] / 2)
    columns = 2 * round(rows * made.pixels.shape[1] / made.pixels.shape[0] / 2)
    spacing = tuple(step * old / new for step, old, new in zip(made.spacing_mm, made.pixels.shape, (rows, columns), strict=True))
    cropped = crop_kspace(made.pixels, rows, columns)
    return replace(made, pixels=cropped, spacing_mm=(spacing[0], spacing[1])).noted(cropped_to_matrix=[rows, columns], stored_matrix=list(made.pixels.shape))


def crop_kspace(pixels: Pixels, rows: int, columns: int) -> Pixels:
    """The picture of the central rows x columns of k-space, at equal brightness; a magnitude, so never negative."""
    spectrum = np.fft.fftshift(np.fft.fft2(pixels.astype(np.float64)))
    top, left = pixels.shape[0] // 2 - rows // 2, pixels.shape[1] // 2 - columns // 2
    kept = np.fft.ifft2(np.fft.ifftshift(spectrum[top : top + rows, left : left + columns]))
    return np.asarray(np.abs(kept) * (rows * columns / pixels.size), dtype=np.float32)


def axial_head() -> Picture:
    """Axial head CT, 512 x 512, 120 kVp, in HU: the signedness that the header and the JPEG 2000 stream disagree on is taken from the stream's header."""
    return dicom_pixels.picture(_pydicom("J2K_pixelrep_mismatch.dcm"), Declared(anatomy="head"), 0)


@cache
def _echo_planar() -> tuple[Picture, Neighbours | None]:
    from medq_gen.sources import volumes

    path = _shipped("nibabel", "tests", "data", "example4d.nii.gz")
    found, declared = Found(path, path.name, path.name), Declared(modality="mri", anatomy="head", volume=0)
    volume = volumes.read_volume(found, declared)
    made = volumes.one(volume, found, f"axial-{_SLICE}", declared)
    return made, volumes.neighbours_of(volume, made.part, made.pixels)


def echo_planar_head() -> Picture:
    """Axial echo-planar head of 2 x 2 mm, one of 24 slices 2.2 mm apart, from the first of two volumes; what lies outside the brain was set to 0."""
    return replace(_echo_planar()[0], part="0")


@cache
def _rendered_head() -> tuple[Pixels, int]:
    from physics.ct import head

    return head.head()


def skull_base() -> Picture:
    """Axial head CT at the petrous bones, made of ellipsoids: a phantom, never said to be a patient. One of 45 slices, 1 mm apart."""
    from physics.ct.head import SPACING_MM

    slices, place = _rendered_head()
    return Picture("0", slices[place].copy(), "ct", "head", "axial", (SPACING_MM, SPACING_MM), {"hu_exact": True, "kvp": 120.0})


def _about_skull_base() -> Neighbours | None:
    from physics.ct.head import STEP_MM

    slices, place = _rendered_head()
    return Neighbours(slices, place, STEP_MM)


def _pydicom(name: str) -> Found:
    return Found(_shipped("pydicom", "data", "test_files", name), name, name)


def _skimage(name: str) -> Pixels:
    with Image.open(_shipped("skimage", "data", name), formats=("JPEG", "PNG")) as image:
        return np.array(image.convert("RGB"))


def retina() -> Picture:
    """Fundus photograph of a normal left eye."""
    return Picture("0", _skimage("retina.jpg"), "fundus", "retina", "en face", None)


def immunohistochemistry() -> Picture:
    """Colonic glands, haematoxylin with DAB."""
    return Picture("0", _skimage("ihc.png"), "histopathology", "tissue", "section", None, {"stains": "hdab"})


def tube() -> Picture:
    """A rendered view down a mucosal tube: a phantom, never said to be a patient."""
    from physics.optics import tube as renderer

    frame = renderer.tube(seed=_TUBE_SEED)
    return Picture("0", frame.codes, "endoscopy", "colon", "luminal", None, {"field_deg": frame.field_deg}, field_mask=frame.mask)


SAMPLES: tuple[Sample, ...] = (
    Sample("matplotlib_s1045", "mri", sagittal_head, "Matplotlib licence (sample data s1045 of Matplotlib)"),
    Sample("pydicom_examples_overlay", "mri", axial_abdomen, "MIT (test file examples_overlay of pydicom)"),
    Sample("nibabel_example4d", "mri", echo_planar_head, "MIT (test file example4d of NiBabel)", neighbours=lambda: _echo_planar()[1]),
    Sample("pydicom_j2k_pixelrep_mismatch", "ct", axial_head, "MIT (test file J2K_pixelrep_mismatch of pydicom)"),
    Sample("skull_base", "ct", skull_base, "Apache-2.0 (rendered by this project)", "phantom", neighbours=_about_skull_base),
    Sample("tube", "endoscopy", tube, "Apache-2.0 (rendered by this project)", "phantom"),
    Sample("skimage_immunohistochemistry", "histopathology", immunohistochemistry, "no known copyright restrictions (CMMI; scikit-image data)"),
    Sample("skimage_retina", "fundus", retina, "CC0-1.0 (M. Häggström 2014, doi 10.15347/wjm/2014.008; scikit-image data)"),
)


class SampleSource(Configured):
    """The shipped pictures."""

    name = "sample"
    options_model = SampleOptions

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        assert isinstance(options, SampleOptions)
        names = tuple(sample.name for sample in SAMPLES)
        if strange := [name for name in options.names or () if name not in names]:
            raise ConfigError(f"source.names={strange[0]!r}: no such sample; allowed: {', '.join(names)}")
        self._chosen = tuple(sample for sample in SAMPLES if options.modality in (None, sample.modality) and sample.name in (options.names or names))

    def index(self) -> Iterator[Case | SourceError]:
        """Picture by picture."""
        for sample in self._chosen:
            try:
                picture = _read(sample)
            except SourceError as error:
                yield error
                continue
            case = case_of(picture, Provenance(source=self.name, entry=f"{sample.name}#0", licence=sample.licence, origin=sample.origin))
            yield from grouped([case], shares=self._shares)

    def load(self, case: Case) -> LoadedCase:
        """The pixels of a case."""
        name = case.entry.partition("#")[0]
        sample = next((sample for sample in SAMPLES if sample.name == name), None)
        if sample is None:
            raise SourceError(case.entry, "entry", "there is no such sample", f"Allowed: {', '.join(sample.name for sample in SAMPLES)}")
        made = reloaded(case, _read(sample), file=name)
        return replace(made, neighbours=sample.neighbours()) if sample.neighbours else made


def _read(sample: Sample) -> Picture:
    try:
        picture = sample.read()
    except OSError:
        raise SourceError(sample.name, "file", "the picture is missing from the installed package", "Install the dependency again") from None
    return limits.check_picture(picture, file=sample.name, max_pixels=Declared().max_pixels)
