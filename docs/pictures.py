"""Makes the picture of the README from real runs: `python docs/pictures.py [folder of finished runs]`."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from medq_gen.report import sheet  # noqa: E402
from medq_gen.store import Store  # noqa: E402

COLUMNS = (
    ("mri_motion", "mri_undersampling", "mri_bias_field", "mri_noise"),
    ("ct_low_dose", "fundus_defocus", "endoscopy_motion_blur", "histopathology_stain"),
)
PICTURE = ROOT / "docs" / "pictures" / "recipes.jpg"


def main(runs: Path) -> None:
    """Run what is not there yet, and put the first ladder of each recipe on one sheet, two recipes beside each other."""
    halves = []
    for number, names in enumerate(COLUMNS):
        for name in names:
            if not (runs / name / "report.html").is_file():
                subprocess.run([sys.executable, "-m", "medq_gen", f"recipe={name}", f"out={runs / name}"], cwd=ROOT, check=True)
        path = runs / f"column-{number}.png"
        sheet.of_runs(path, [Store.open(runs / name) for name in names], ladders=1, edge_px=190)
        halves.append(Image.open(path).convert("RGB"))
    whole = Image.new("RGB", (sum(half.width for half in halves), max(half.height for half in halves)), halves[0].getpixel((0, 0)))
    whole.paste(halves[0], (0, 0))
    whole.paste(halves[1], (halves[0].width, 0))
    PICTURE.parent.mkdir(exist_ok=True)
    whole.save(PICTURE, quality=85, optimize=True)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]).resolve())
    else:
        with tempfile.TemporaryDirectory() as folder:
            main(Path(folder))
