"""Makes the pictures of the README and of the list of recipes from real runs: `python docs/pictures.py [folder of finished runs]`."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from medq_gen import registry  # noqa: E402
from medq_gen.report import sheet  # noqa: E402
from medq_gen.store import Store  # noqa: E402

PICTURES = ROOT / "docs" / "pictures"
OVERVIEW = (
    ("mri_motion", "mri_undersampling", "mri_bias_field", "mri_noise"),
    ("ct_low_dose", "fundus_defocus", "endoscopy_motion_blur", "histopathology_stain"),
)
N_COLUMNS = 3  # of the sheet of one modality


def side_by_side(path: Path, columns: Sequence[Sequence[str]], runs: Path, *, edge_px: int) -> None:
    """The fullest ladder of each recipe, columns of recipes beside each other; runs that are not there yet are made."""
    parts = []
    for number, names in enumerate(columns):
        for name in names:
            if not (runs / name / "report.html").is_file():
                subprocess.run([sys.executable, "-m", "medq_gen", f"recipe={name}", f"out={runs / name}"], cwd=ROOT, check=True)
        sheet.of_runs(runs / f"column-{number}.png", [Store.open(runs / name) for name in names], ladders=1, edge_px=edge_px)
        parts.append(Image.open(runs / f"column-{number}.png").convert("RGB"))
    whole = Image.new("RGB", (sum(part.width for part in parts), max(part.height for part in parts)), parts[0].getpixel((0, 0)))
    for number, part in enumerate(parts):
        whole.paste(part, (sum(before.width for before in parts[:number]), 0))
    path.parent.mkdir(exist_ok=True)
    whole.save(path, quality=82, optimize=True)


def main(runs: Path) -> None:
    """The overview of the README, and all that can go wrong in a scanner."""
    side_by_side(PICTURES / "recipes.jpg", OVERVIEW, runs, edge_px=190)
    for modality in ("mri", "ct"):
        ours = [name for name in registry.names() if registry.place_of(name).modality == modality and registry.place_of(name).package == "medq_gen"]
        side_by_side(PICTURES / f"{modality}.jpg", [ours[number::N_COLUMNS] for number in range(N_COLUMNS)], runs, edge_px=132)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]).resolve())
    else:
        with tempfile.TemporaryDirectory() as folder:
            main(Path(folder))
