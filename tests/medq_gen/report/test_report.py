"""The report: rebuilt from the folder alone, complete, bounded, and safe to open."""

from __future__ import annotations

import base64
import functools
import io
import re
import shutil
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import fake_store
import numpy as np
import pytest
from fake_store import Options
from PIL import Image

from medq_gen import report
from medq_gen.errors import StoreError
from medq_gen.ontology.levels import LEVELS
from medq_gen.report import build, thumbnail
from medq_gen.report.pictures import Pictures
from medq_gen.report.plot import LEFT, WIDTH, strip
from medq_gen.report.rows import Ladder, chosen, overview
from medq_gen.report.sheet import GAP, HEAD, SIDE, Cell, of_runs, write
from medq_gen.store import Store


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return fake_store.make(tmp_path_factory.mktemp("run") / "run")


@pytest.fixture(scope="module")
def page(run: Store) -> str:
    return build(run).read_text(encoding="utf-8")


class Reader(HTMLParser):
    """Tags with their attributes, and the open tags that were never closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in {"meta", "img", "br", "line", "rect", "circle"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop() != tag:
            assert tag != "body", "something was left open"


def codes_of(uri: str) -> np.ndarray:
    """The codes of an embedded picture."""
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(uri.partition("base64,")[2]))))


def test_the_page_needs_nothing_from_elsewhere(page: str) -> None:
    """Pictures, style and script are inside; a policy forbids everything else; the tags are closed."""
    reader = Reader(page)
    addresses = [value for _, attributes in reader.tags for name, value in attributes.items() if name in {"src", "href", "srcset", "action", "data"}]
    assert addresses
    assert all(address and address.startswith(("data:image/", "#")) for address in addresses)
    assert not re.search(r"url\(|@import|https?://", page)
    assert "default-src 'none'" in page
    assert not reader.open


def test_the_contact_sheet_shows_the_stored_codes_in_order(run: Store, page: str) -> None:
    """Every ladder's row reads clean, mild, moderate, severe, with exactly the stored codes; a missing level has its reason in its place."""
    articles = re.findall(r'<article class="ladder">(.*?)</article>', page, re.DOTALL)
    ladders = list(overview(run).ladders.values())
    assert len(articles) == len(ladders) == 3
    for article, ladder in zip(articles, ladders, strict=True):
        assert ladder.key in article
        assert "side myopic" in article
        assert "noise seed" not in article
        pictures = re.findall(r'<img src="([^"]+)" alt="(\w+)"', article.partition("<details>")[0])
        wanted = ["clean", *(level for level in LEVELS[1:] if level in ladder.rungs)]
        assert [alt for _, alt in pictures] == wanted
        keys = [ladder.clean, *(ladder.rungs[level].key for level in wanted[1:])]
        for (uri, _), key in zip(pictures, keys, strict=True):
            stored = np.asarray(Image.open(io.BytesIO(run.image(str(key)))))
            shown = codes_of(uri)
            np.testing.assert_array_equal(shown if stored.ndim == 3 else shown[..., 0], stored)
        for level in wanted[1:]:
            row = ladder.rungs[level]
            assert f"u {row.effect:.2f}" in article
            assert f"target {row.target:.2f}" in article
            assert f"{row.strength:.3g} dioptres" in article
    assert "severe missing</b><br>the knob ends at u 2.41" in articles[1]


def test_the_page_tells_what_went_wrong(page: str) -> None:
    """Missing levels, failures with the command that replays them, refused files with their remedy, throughput: all are there, and a hostile error stays
    text."""
    text = unescape(re.sub(r"<[^>]+>", " ", page))
    for part in (
        "1 level missing",
        "1 failed",
        "1 input refused",
        "ValueError: <b>the lens</b> is opaque",
        "cut.dcm",
        "Copy it again",
        "1.22 finished pictures per second",
    ):
        assert part in text, part
    assert re.search(r"python -m medq_gen task=replay run=\S+ key=deadbeef/fundus_defocus/0/mild", text)
    assert "<b>the lens</b>" not in page


def test_questions_stand_beside_their_own_pictures(run: Store, page: str) -> None:
    """The option that is marked is the right one, and the picture is the one that is asked about."""
    records = {record.key: record for record in run.records()}
    found = re.findall(r'<article class="item"><img src="([^"]+)".*?<small>(.*?)</small>\s*<p><b>(.*?)</b></p><ol>(.*?)</ol>', page, re.DOTALL)
    assert 8 <= len(found) <= 12
    right = {"none": "No degradation", "mild": "Mild", "moderate": "Moderate", "severe": "Severe"}
    by_picture = {codes.tobytes(): record for record in records.values() for codes in [codes_of(thumbnail.data_uri(thumbnail.opened(run.image(record.key))))]}
    for uri, kind, question, options in found:
        record = by_picture[codes_of(uri).tobytes()]
        assert kind.endswith(record.level)
        (marked,) = re.findall(r'class="right">(.*?)</li>', options)
        assert marked == (right[record.level] if "blurred" in unescape(question) else "No" if record.level == "none" else "Yes")


def test_a_page_is_rebuilt_from_its_folder_alone(run: Store, page: str, tmp_path: Path) -> None:
    """A copy of the folder elsewhere gives the same page, but for the folder in replay commands."""
    shutil.copytree(run.path, tmp_path / "copy")
    (tmp_path / "copy" / "report.html").unlink()
    again = build(tmp_path / "copy").read_text(encoding="utf-8")
    assert again.replace(str(tmp_path / "copy"), str(run.path)) == page
    with pytest.raises(StoreError, match="does not exist"):
        build(tmp_path / "nowhere")


def test_many_ladders_stay_a_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures are capped by ladders and by size, taken evenly over the run, and the page says how many are shown; the tables still count all."""
    store = fake_store.make(tmp_path / "run", Options(cases=60, edge_px=48, items=False))
    monkeypatch.setattr(report, "MAX_LADDERS", 10)
    page = build(store).read_text(encoding="utf-8")
    assert page.count('<article class="ladder">') == 10
    assert "Pictures of 10 of 60 ladders" in page
    assert "60 of 60" in page
    monkeypatch.setattr(report, "MAX_EMBEDDED", 20_000)
    small = build(store).read_text(encoding="utf-8")
    assert 1 <= small.count('<article class="ladder">') < 10
    assert len(small) < len(page)
    ladders = list(overview(store).ladders.values())
    picked = [ladders.index(ladder) for ladder in chosen(ladders, 10)]
    assert picked[0] == 0
    assert picked[-1] == 59
    assert set(np.diff(picked)) <= {6, 7}


def test_a_run_without_anything_has_a_page_too(tmp_path: Path) -> None:
    """One ladder, no items, no failures; and a run that made nothing at all."""
    one = build(fake_store.make(tmp_path / "one", Options(cases=1, items=False, missing=False))).read_text(encoding="utf-8")
    assert one.count('<article class="ladder">') == 1
    assert "Questions and references" not in one
    none = build(fake_store.make(tmp_path / "none", Options(cases=0, items=False, missing=False))).read_text(encoding="utf-8")
    assert "No pictures were made" in none


def test_a_leaderboard_beside_the_page_is_linked(run: Store, page: str, tmp_path: Path) -> None:
    """Where answers were ranked, the page says where; elsewhere it does not."""
    assert "leaderboard.html" not in page
    copy = tmp_path / "copy"
    shutil.copytree(run.path, copy)
    (copy / "leaderboard.html").write_text("<p>ranks</p>", encoding="utf-8")
    assert 'href="leaderboard.html"' in build(copy).read_text(encoding="utf-8")


def test_a_solved_none_has_a_column_of_its_own(tmp_path: Path) -> None:
    """A sub-threshold `none` stands between the clean picture and mild, never in place of the clean picture."""
    store = fake_store.make(tmp_path / "run", Options(cases=2, items=False, missing=False, touched_none=True))
    page = build(store).read_text(encoding="utf-8")
    assert "None (below threshold)" in page
    first, second = re.findall(r'<article class="ladder">(.*?)</article>', page, re.DOTALL)
    assert re.findall(r'alt="(\w+)"', first.partition("<details>")[0]) == ["clean", "none", "mild", "moderate", "severe"]
    assert "the clean picture itself" in second


def test_differences_are_signed() -> None:
    """A brighter patch is red and a darker one blue, full at the scale, black where nothing changed; sizes that differ have no difference."""
    clean = Image.fromarray(np.full((8, 8), 100, np.uint8))
    changed = np.full((8, 8), 100, np.uint8)
    changed[0, 0], changed[0, 1], changed[1, 0] = 116, 84, 132
    found = thumbnail.difference(Image.fromarray(changed), clean)
    assert found is not None
    assert (found[0, 0], found[0, 1], found[4, 4]) == (16, -16, 0)
    scale = thumbnail.scale_of([found])
    assert scale == 32
    colours = np.asarray(thumbnail.signed(found, scale)).astype(int)
    assert colours[0, 0, 0] > 200 > 100 > colours[0, 0, 2]
    assert colours[0, 1, 2] > 200 > 100 > colours[0, 1, 0]
    assert colours[1, 0].min() > 120, "full scale is pale"
    assert colours[4, 4].max() == 0
    assert thumbnail.difference(Image.new("L", (8, 9)), clean) is None


def test_jpeg_keeps_a_shading_and_loses_fine_noise() -> None:
    """Quality 75 keeps a smooth change (share and correlation near 1) and only part of weak noise of single pixels; a change of sign would show as a
    negative share."""
    rng = np.random.default_rng(3)
    clean = np.clip(fake_store.head(), 20, 235)
    ramp = np.linspace(-20, 20, clean.shape[1])[None, :]
    smooth, noisy = np.clip(clean + ramp, 0, 255), np.clip(clean + rng.normal(0, 3, clean.shape), 0, 255)

    def picture(codes: np.ndarray) -> Image.Image:
        return Image.fromarray(np.rint(codes).astype(np.uint8))

    shading = thumbnail.kept_by_jpeg(picture(smooth), picture(clean))
    noise = thumbnail.kept_by_jpeg(picture(noisy), picture(clean))
    assert shading is not None
    assert noise is not None
    assert shading == (pytest.approx(1, abs=0.03), pytest.approx(1, abs=0.05))
    assert 0 < noise[0] < 0.6
    assert thumbnail.kept_by_jpeg(picture(clean), picture(clean)) is None


def test_the_plot_puts_an_effect_where_its_number_is(run: Store) -> None:
    """The axis is linear in u: each dot lies between the edges of its band, a dot at u lies at the same place as the tick of u."""
    rows = [row for row in overview(run).rows if row.effect is not None]
    svg = str(strip(rows))
    ticks = {int(number): float(x) for x, number in re.findall(r'<text x="([\d.]+)" y="\d+" class="tick">(\d)</text>', svg)}
    unit = ticks[1] - ticks[0]
    assert ticks[0] == LEFT
    assert ticks[3] == pytest.approx(LEFT + 3 * unit, abs=0.2)
    assert ticks[3] < WIDTH
    dots = sorted(float(x) for x in re.findall(r'<circle cx="([\d.]+)"', svg))
    assert dots == pytest.approx(sorted(LEFT + unit * row.effect for row in rows), abs=0.11)
    assert "out" not in re.findall(r'class="(dot[^"]*)"', svg)
    bands = [(float(x), float(width)) for x, width in re.findall(r'<rect x="([\d.]+)" y="\d+" width="([\d.]+)"', svg)]
    assert bands == [pytest.approx((LEFT + unit * low, unit * (high - low)), abs=0.2) for low, high in ((0.75, 1.25), (1.75, 2.25), (2.9, 3.6))]


def test_large_pictures_are_reduced_by_area_and_said_so(tmp_path: Path) -> None:
    """A picture of 600 px is shown at 512 with the mean of the codes kept; the page says that noise looks weaker."""
    stripes = Image.fromarray(np.tile(np.array([[0, 200]], np.uint8), (600, 300)))
    small = thumbnail.reduced(stripes)
    assert small.size == (512, 512)
    assert np.asarray(small).mean() == pytest.approx(100, abs=0.6)
    assert thumbnail.reduced(small) is small
    page = build(fake_store.make(tmp_path / "run", Options(cases=1, edge_px=600, items=False, missing=False))).read_text(encoding="utf-8")
    assert "reduced by area averaging" in page


def test_a_sheet_is_a_grid_of_its_pictures(tmp_path: Path) -> None:
    """Row and column decide where a picture stands; small pictures are enlarged by whole pixels; the same input gives the same bytes."""
    grey = {code: fake_store.png_of(np.full((16, 32), code, float)) for code in (60, 120, 180, 240)}
    rows = [("first", [Cell(grey[60], "a"), Cell(grey[120], "b", "c" * 200)]), ("second", [Cell(grey[180], "c"), Cell(None, "missing")])]
    path = write(tmp_path / "sheet.png", rows, columns=("Clean", "Mild"), edge_px=64)
    codes = np.asarray(Image.open(path).convert("L"))
    places = {code: np.argwhere(codes == code) for code in (60, 120, 180)}
    assert all(len(place) >= 64 * 32 for place in places.values())
    middle = {code: np.median(place, axis=0) for code, place in places.items()}
    assert middle[60][1] < middle[120][1]
    assert middle[60][0] == pytest.approx(middle[120][0], abs=1)
    assert middle[60][0] < middle[180][0]
    assert middle[60][1] == pytest.approx(middle[180][1], abs=1)
    assert write(tmp_path / "again.png", rows, columns=("Clean", "Mild"), edge_px=64).read_bytes() == path.read_bytes()
    with pytest.raises(ValueError, match="needs 3 cells"):
        write(path, rows, columns=("Clean", "Mild", "Severe"))


def test_runs_stand_one_below_another(run: Store, tmp_path: Path) -> None:
    """A sheet over two runs has a row for each, clean to severe from left to right: detail falls along the row; the fullest ladder is chosen."""
    path = of_runs(tmp_path / "sheet.png", [run, run], edge_px=96)
    codes = np.asarray(Image.open(path).convert("L"), dtype=float)
    top = HEAD + 10
    detail = [np.abs(np.diff(codes[top : top + 80, SIDE + GAP + place * (96 + GAP) + 10 :][:, :76], axis=1)).mean() for place in range(4)]
    assert detail == sorted(detail, reverse=True)
    assert detail[3] > 0.1
    half = (codes.shape[0] - HEAD) // 2
    np.testing.assert_array_equal(codes[HEAD : HEAD + half], codes[HEAD + half :])


def test_anisotropic_pixels_are_shown_in_proportion() -> None:
    """100 columns of 0.5 mm by 50 rows of 2 mm lie in the body as 50 mm by 100 mm; square pixels and unknown spacing are left alone."""
    assert Ladder("k", "about", (2.0, 0.5)).shape((100, 50)) == "50 / 100"
    assert Ladder("k", "about", (1.0, 1.01)).shape((100, 50)) == ""
    assert Ladder("k", "about", None).shape((100, 50)) == ""


def test_pictures_are_read_once_a_group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading every picture of a run in order opens each group of rows once, and gives the bytes of each record."""
    store = fake_store.make(tmp_path / "run", Options(cases=9, edge_px=24, items=False, missing=False))
    pictures, groups = Pictures(store), []
    read = pictures._read
    monkeypatch.setattr(pictures, "_group", functools.lru_cache(maxsize=2)(lambda number, group: groups.append(group) or read(number, group)))
    keys = [record.key for record in store.records()]
    assert [pictures.png(key) for key in keys] == [store.image(key) for key in keys]
    assert groups == sorted(set(groups))
    assert len(groups) > 1
    with pytest.raises(StoreError, match="no record 'x'"):
        pictures.png("x")
