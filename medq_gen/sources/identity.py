"""Who a picture is: identity, group and split, made of pixels and hashes only, never of a name or a number."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator

import numpy as np
import torch

from medq_gen.errors import SourceError
from medq_gen.ontology.levels import Level
from medq_gen.records import Case, Split
from medq_gen.seeds import digest
from medq_gen.sources.acquired import facts_of
from medq_gen.sources.anatomy import UNKNOWN
from medq_gen.sources.folder import Found, entry_of
from medq_gen.sources.source import LoadedCase, Mask, Picture, Pixels, Provenance, Shares
from physics.display import display_of, object_mask
from physics.measure.pair import View
from physics.modality import Modality

_SPLIT_SALT = "medq_gen split 1/"


def case_id(pixels: Pixels, *, spacing_mm: tuple[float, float] | None, modality: Modality) -> str:
    """SHA-256 of decoded pixels, spacing and modality, the first 32 hex digits. Spacing counts to a micrometre of a pixel, so that text forms agree."""
    whole = hashlib.sha256()
    spacing = "none" if spacing_mm is None else ",".join(f"{value:.6f}" for value in spacing_mm)
    little = np.ascontiguousarray(pixels, dtype=pixels.dtype.newbyteorder("<"))
    whole.update(f"{modality}/{spacing}/{little.dtype.kind}{little.dtype.itemsize}/{little.shape}/".encode())
    whole.update(little.view(np.uint8).reshape(-1).data)
    return whole.hexdigest()[:32]


def picture_id(picture: Picture) -> str:
    """The id of a picture: of its pixels, or of the stored k-space samples that it was made of, which do not depend on anybody's transform."""
    identity = picture.pixels if picture.measured is None else picture.measured.identity
    return case_id(identity, spacing_mm=picture.spacing_mm, modality=picture.modality)


def split_of(group: str, shares: Shares) -> Split:
    """The split of a group: a hash of the group id alone, so that all runs agree."""
    place = int.from_bytes(digest(_SPLIT_SALT + group)[:8], "big") / 2**64
    if place < shares.train:
        return "train"
    return "dev" if place < shares.train + shares.dev else "test"


def shown_by(picture: Picture) -> dict[str, Level]:
    """What the source itself shows, measured without a reference."""
    from physics.measure.source_shows import shows

    native = torch.from_numpy(picture.pixels.astype(np.float32))
    found: dict[str, Level] = shows(native, view_of(picture.pixels, picture))
    return found


def view_of(pixels: Pixels, about: Picture | Case, *, mask: Mask | None = None) -> View:
    """How a picture is shown: by anatomy; a CT in its declared window where codes of that window were read, or where the anatomy names no window."""
    native = torch.from_numpy(np.array(pixels, dtype=np.float32))
    stated = about.acquisition.get("window") if about.modality == "ct" else None
    window = None
    if stated and (about.anatomy == UNKNOWN or not about.acquisition.get("hu_exact", True)):
        window = float(stated[1] - stated[0]), float(stated[0] + stated[1]) / 2
    shown = display_of(native, modality=about.modality, anatomy=about.anatomy, window=window)
    inside = object_mask(native, modality=about.modality) if mask is None else torch.from_numpy(np.array(mask, dtype=bool))
    return View(modality=about.modality, anatomy=about.anatomy, display=shown, mask=inside, spacing_mm=about.spacing_mm)


def case_of(picture: Picture, provenance: Provenance) -> Case:
    """A case that is still a group of its own; `grouped` joins those of one person."""
    own = picture_id(picture)
    return Case(
        id=own,
        entry=provenance.entry,
        source=provenance.source,
        modality=picture.modality,
        anatomy=picture.anatomy,
        view=picture.view,
        spacing_mm=picture.spacing_mm,
        licence=provenance.licence,
        origin=provenance.origin,
        group=own,
        split=provenance.split or "train",
        shows=shown_by(picture),
        acquisition={**facts_of(picture, crop=provenance.grid == "acquired"), **picture.acquisition},
        withheld=picture.withheld,
    )


def grouped(cases: Iterable[Case], *, shares: Shares, split: Split | None = None) -> Iterator[Case]:
    """The cases of one person: their group is the smallest case id among them, so it stays when pictures are added, and their split hangs on it alone."""
    held = list(cases)
    if not held:
        return
    group = min(case.id for case in held)
    chosen = split or split_of(group, shares)
    for case in held:
        yield case.model_copy(update={"group": group, "split": chosen})


def reloaded(case: Case, picture: Picture, *, file: str) -> LoadedCase:
    """A case with its pixels.

    Raises
        SourceError: the file has changed since it was indexed.
    """
    if picture_id(picture) != case.id:
        raise SourceError(file, "pixels", "the file has changed since it was indexed", "Index the source again, or put the old file back")
    return LoadedCase(case=case, pixels=picture.pixels, field_mask=picture.field_mask, measured=picture.measured)


def duplicate(shown: str) -> SourceError:
    """The same picture came before."""
    return SourceError(shown, "pixels", "the same picture came before in this source", "Leave one of the two out")


class Seen:
    """Which pictures came already: eight bytes a picture."""

    def __init__(self) -> None:
        self._ids: set[int] = set()

    def again(self, case: Case) -> bool:
        """Whether this picture came before; remembers it."""
        key = int(case.id[:16], 16)
        if key in self._ids:
            return True
        self._ids.add(key)
        return False


def cases_of_files(
    found: Iterable[Found | SourceError], read: Callable[[Found], Iterable[Picture | SourceError]], provenance: Callable[[str], Provenance], *, shares: Shares
) -> Iterator[Case | SourceError]:
    """File by file, each a group of its own; pictures that came before, and what cannot be read, as errors. provenance : of an entry."""
    seen = Seen()
    for file in found:
        cases: list[Case] = []
        try:
            if isinstance(file, SourceError):
                raise file
            for made in read(file):
                if isinstance(made, SourceError):
                    yield made
                    continue
                case = case_of(made, provenance(entry_of(file.entry, made.part)))
                if seen.again(case):
                    yield duplicate(file.shown)
                else:
                    cases.append(case)
        except SourceError as error:
            yield error
        yield from grouped(cases, shares=shares)
