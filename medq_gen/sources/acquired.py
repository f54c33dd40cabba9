"""What an MRI picture went through before it became a file, and the grid that it is simulated on: the one that was acquired, not the one that was stored."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from medq_gen.sources.limits import MIN_SIDE
from medq_gen.sources.source import LoadedCase, Picture

_MASKED = 0.5  # share of exact zeros in air from which on it counts as masked


def facts_of(picture: Picture, *, crop: bool) -> dict[str, Any]:  # Any: plain JSON
    """What is found on a magnitude picture, as facts of its acquisition; nothing for k-space, which is what was acquired.

    crop : whether the scan is to go on on the acquired matrix.
    """
    if picture.modality != "mri" or picture.measured is not None:
        return {}
    from physics.mri.honesty import honesty

    found, facts = honesty(picture.pixels), dict[str, Any]()
    if min(found.share) < 1:
        facts["acquired_share"] = [round(share, 3) for share in found.share]
    shape = (int(picture.pixels.shape[0]), int(picture.pixels.shape[1]))
    matrix = found.matrix(shape)
    if crop and matrix != shape and min(matrix) >= MIN_SIDE:
        facts |= {"cropped_to_matrix": list(matrix), "stored_matrix": list(shape)}
    if any(found.doubled):
        facts["doubled_axes"] = [axis for axis in (0, 1) if found.doubled[axis]]
    if found.blocks:
        facts["jpeg_blocks"] = round(found.blocks, 2)
    if found.masked > _MASKED:
        facts["masked_air"] = round(found.masked, 3)
    return facts


def on_acquired_grid(loaded: LoadedCase) -> tuple[LoadedCase, tuple[str, ...]]:
    """A case on the grid that its facts name, with its neighbours and its spacing, and what is to be told of it."""
    facts, notes = loaded.case.acquisition, list[str]()
    share, matrix = facts.get("acquired_share"), facts.get("cropped_to_matrix")
    if share is not None and matrix is not None and tuple(matrix) != loaded.pixels.shape:
        from physics.mri.honesty import on_matrix

        rows, columns = int(matrix[0]), int(matrix[1])
        stored = loaded.pixels.shape
        notes.append(f"grid cut to the acquired {rows} x {columns}: the stored {stored[0]} x {stored[1]} was interpolated")
        spacing = loaded.case.spacing_mm
        if spacing is not None:
            spacing = (spacing[0] * stored[0] / rows, spacing[1] * stored[1] / columns)
        about = loaded.neighbours
        if about is not None:
            about = replace(about, pixels=np.stack([on_matrix(one, (rows, columns)) for one in about.pixels]))
        pixels = on_matrix(loaded.pixels, (rows, columns))
        loaded = replace(loaded, case=loaded.case.model_copy(update={"spacing_mm": spacing}), pixels=pixels, neighbours=about)
    elif share is not None:
        axes = " and ".join(name for name, held in zip(("rows", "columns"), share, strict=True) if held < 1)
        notes.append(f"{axes} interpolated before (share of acquired frequencies {min(share):.2f}): stored grid kept")
    if "jpeg_blocks" in facts:
        notes.append("source compressed by JPEG before")
    return loaded, tuple(notes)
