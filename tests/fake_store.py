"""A finished run made by hand, with real pictures blurred by SciPy: what export, score and report read, without any simulation."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files as resources
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from PIL import Image
from scipy.ndimage import gaussian_filter
from skimage import data, transform

from medq_gen import files, parquet
from medq_gen.ontology.levels import BANDS, LEVELS
from medq_gen.records import Record
from medq_gen.store import Finished, Store

SPLITS = ("test", "dev", "train")
SIGMA_PX = {"none": 0.0, "mild": 0.9, "moderate": 1.7, "severe": 3.2}
TIERS = {"none": "good", "mild": "usable", "moderate": "usable", "severe": "reject"}
DISPLAYS = {"mri": ("tissue", 0.0, 812.5), "fundus": ("srgb", 0.0, 255.0), "histopathology": ("srgb", 0.0, 255.0)}


@dataclass(frozen=True)
class Options:
    """What the fake holds. edge_px : long edge of the pictures. stem, description : texts of the items; pictures repeat over the cases."""

    cases: int = 3
    repeats: int = 1
    edge_px: int = 96
    stem: str = "How blurred is the picture?"
    description: str = "The picture shows the tissue. Overall, the quality of this image is usable."
    options: tuple[str, ...] = ("No degradation", "Mild", "Moderate", "Severe")
    recipe: str = "fundus_defocus"
    missing: bool = True
    items: bool = True
    touched_none: bool = False  # the first case has a solved `none` beside its reference
    own_groups: bool = False  # every case is a group of its own, so that no split cuts one, and every split has every modality


def head() -> np.ndarray:
    """A sagittal T1 head that ships with matplotlib, as codes."""
    with gzip.open(str(resources("matplotlib") / "mpl-data/sample_data/s1045.ima.gz")) as stream:
        raw = np.frombuffer(stream.read(), dtype=">u2").reshape(256, 256).astype(float)
    return np.clip(raw / np.percentile(raw, 99.7) * 255, 0, 255)


def pictures(edge_px: int) -> list[tuple[str, str, np.ndarray]]:
    """Modality, anatomy, codes."""
    sources = [("fundus", "retina", data.retina()[::2, ::2]), ("mri", "brain", head()), ("histopathology", "tissue", data.immunohistochemistry())]
    return [(modality, anatomy, _resized(np.asarray(codes, dtype=float), edge_px)) for modality, anatomy, codes in sources]


def _resized(codes: np.ndarray, edge_px: int) -> np.ndarray:
    shape = tuple(max(1, round(edge_px * n / max(codes.shape[:2]))) for n in codes.shape[:2])
    return np.asarray(transform.resize(codes, shape, anti_aliasing=True, preserve_range=True))


def png_of(codes: np.ndarray) -> bytes:
    """Codes as PNG."""
    stream = io.BytesIO()
    Image.fromarray(np.clip(np.rint(codes), 0, 255).astype(np.uint8)).save(stream, format="PNG")
    return stream.getvalue()


def degraded(codes: np.ndarray, sigma_px: float) -> np.ndarray:
    """Blurred across rows and columns, never across colours."""
    return gaussian_filter(codes, (sigma_px, sigma_px, 0)[: codes.ndim]) if sigma_px else codes


def make(folder: Path, options: Options | None = None) -> Store:
    """Write a run to a folder."""
    options = options or Options()
    store = Store(folder)
    folder.mkdir(parents=True, exist_ok=True)
    recipe = {
        "name": options.recipe,
        "version": 1,
        "variant": "original",
        "pattern": {},
        "effect": {"family": "detail", "anchors": [0.18, 0.41, 0.68]},
        "strength": {"limit": 6.0, "neutral": 0.0, "scale": "log", "unit": "dioptres"},
    }
    content = {"recipe": recipe, "levels": list(LEVELS), "repeats": options.repeats, "seed": 0, "index": {"cases": options.cases, "digest": "0" * 8}}
    digest = sha256(files.to_json(content).encode()).hexdigest()
    files.write_text(store.plan_path, files.to_page({"content": content, "digest": digest, "where": {}}))
    finished = list(_finished(options))
    missing = [{"key": item.record.key, "level": "severe", "reason": "the knob ends at u 2.41"} for item in finished if _is_missing(item.record, options)]
    kept = [item for item in finished if not _is_missing(item.record, options)]
    failures = (
        [{"key": "deadbeef/fundus_defocus/0/mild", "error": "ValueError: <b>the lens</b> is opaque", "where": "defocus.py:12 in edit"}]
        if options.missing
        else []
    )
    summary = {"missing": missing, "failures": failures, "acquisitions": 3 * len(kept), "levels": len(kept), "died": False}
    store.commit(0, kept, summary=lambda: summary)
    refused = [{"file": "cut.dcm", "field": "PixelData", "problem": "ends early", "remedy": "Copy it again"}] if options.missing else []
    files.write_text(folder / "index" / "refused.jsonl", "".join(json.dumps(row) + "\n" for row in refused))
    log = [
        {
            "event": "start",
            "time": "2026-01-01T00:00:00+00:00",
            "executor": "process",
            "workers": 2,
            "ladders": options.cases,
            "done": 0,
            "host": "here",
            "python": "3.11",
        }
    ]
    log.append({"event": "end", "time": "2026-01-01T00:00:09+00:00", "pictures": len(kept), "seconds": 9.0})
    files.write_text(folder / "run.jsonl", "".join(json.dumps(row) + "\n" for row in log))
    if options.items:
        records = [item.record for item in kept]
        write_items(store, "questions", list(questions(records, options)))
        write_items(store, "reasoning", list(reasoning(records, options)))
        write_items(store, "pairs", list(pairs(records)))
    return store


def _is_missing(record: Record, options: Options) -> bool:
    return options.missing and record.level == "severe" and record.case.endswith("01")


def _finished(options: Options) -> Iterator[Finished]:
    shown = pictures(options.edge_px)
    for number in range(options.cases):
        modality, anatomy, codes = shown[number % len(shown)]
        codes = np.roll(codes, 3 * (number // len(shown)), axis=1)
        case = sha256(f"case {number}".encode()).hexdigest()[:30] + f"{number:02d}"[-2:]
        for repeat in range(options.repeats):
            rng = np.random.default_rng([number, repeat])
            for level in LEVELS:
                low, high = BANDS[level]
                effect = 0.0 if level == "none" else float(rng.uniform(low + 0.05, min(high, 3.5) - 0.05))
                png = png_of(degraded(codes, SIGMA_PX[level] * (1 + 0.1 * repeat)))
                record = _record(options, case, number, modality, anatomy, repeat, level, effect, png)
                if level == "none" and options.touched_none and number == 0:
                    yield Finished(record.model_copy(update={"key": record.key.replace("/none", "/reference")}), png)
                    png = png_of(degraded(codes, 0.3))
                    solved = {"strength": 0.3, "target": 0.2, "effect": 0.19, "image_sha256": sha256(png).hexdigest()}
                    record = record.model_copy(update=solved)
                yield Finished(record, png)


def _record(options: Options, case: str, number: int, modality: str, anatomy: str, repeat: int, level: str, effect: float, png: bytes) -> Record:
    name, low, high = DISPLAYS[modality]
    return Record.model_validate(
        {
            "key": f"{case}/{options.recipe}/{repeat}/{level}",
            "case": case,
            "group": f"group-{number if options.own_groups else number // 2}",
            "split": SPLITS[(number // 3 if options.own_groups else number) % len(SPLITS)],
            "modality": modality,
            "anatomy": anatomy,
            "view": "axial",
            "spacing_mm": None,
            "origin": "clinical",
            "licence": "CC0-1.0",
            "recipe": options.recipe,
            "recipe_version": 1,
            "variant": "original",
            "bands_version": 1,
            "level": level,
            "strength": None if level == "none" else round(SIGMA_PX[level], 3),
            "target": None if level == "none" else effect - 0.01,
            "effect": None if level == "none" else effect,
            "band_low": BANDS[level][0],
            "band_high": BANDS[level][1],
            "pattern": '{"noise_seed": 5, "side": "myopic"}',
            "attributes": [{"name": "sharpness", "value": effect, "unit": "1", "level": level, "basis": "measured"}],
            "structures": [],
            "measures": [{"name": "psnr", "value": 40 - 5 * effect, "unit": "dB"}, {"name": "contrast lost", "value": effect / 4, "unit": "1"}],
            "tier": TIERS[level],
            "tier_rule": 1,
            "display": {"name": name, "low": low, "high": high},
            "assumed": ["phase of the picture"],
            "image_sha256": sha256(png).hexdigest(),
            "synthetic": False,
        }
    )


def _base(record: Record, name: str) -> dict[str, Any]:
    shared = ("case", "group", "split", "modality", "recipe", "level")
    return {
        "id": sha256(f"{record.key} {name}".encode()).hexdigest()[:24],
        "record": record.key,
        "picture": record.image_sha256,
        **{key: getattr(record, key) for key in shared},
    }


def questions(records: Sequence[Record], options: Options) -> Iterator[dict[str, Any]]:
    """Two questions a picture, so that pictures repeat."""
    for record in records:
        place = LEVELS.index(record.level)
        text = {"evidence": [{"name": "sharpness", "value": record.level}], "rule": "level of sharpness", "asked": "blur"}
        yield {
            **_base(record, "how"),
            "type": "how",
            "scope": "general",
            "family": "level",
            "question": options.stem,
            "options": list(options.options),
            "answer": place,
            **text,
        }
        yes = {
            "type": "yes_no",
            "scope": "specific",
            "family": "present",
            "question": 'Is there "blur"?',
            "options": ["Yes", "No"],
            "answer": 0 if place else 1,
        }
        yield {**_base(record, "yes"), **yes, **text}


def reasoning(records: Sequence[Record], options: Options) -> Iterator[dict[str, Any]]:
    """One description a picture."""
    for record in records:
        yield {
            **_base(record, "text"),
            "question": "Describe the quality of this image.",
            "reference": f"{options.description} ({record.level[:2]}.)",
            "tier": record.tier,
        }


def pairs(records: Sequence[Record]) -> Iterator[dict[str, Any]]:
    """Severe first, mild second."""
    by_key = {record.key: record for record in records}
    for record in records:
        second = by_key.get(record.key.rpartition("/")[0] + "/mild")
        if record.level == "severe" and second is not None:
            row = {key: value for key, value in _base(record, "pair").items() if key not in {"record", "level", "picture"}}
            text = "The first image is blurred, the second less. Overall, the second image is of higher quality."
            more = {"first": record.key, "second": second.key, "first_level": "severe", "second_level": "mild", "kind": "coarse", "delta_u": 2.0}
            yield {**row, **more, "question": "Compare the two images.", "reference": text, "better": "second"}


def write_items(store: Store, name: str, rows: list[dict[str, Any]]) -> None:
    """Rows as the drafter's table."""
    if rows:
        with files.whole(store.path / "items" / f"{name}.parquet") as temporary:
            parquet.write(temporary, rows, pa.Table.from_pylist(rows).schema)
