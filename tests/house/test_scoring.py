"""The page on scoring is true: its commands, one after another in an empty folder, do what it says."""

from __future__ import annotations

import csv
import json
import re
import shlex
from pathlib import Path

import pytest
from loopback import Seen, Send, completion, serving

from medq_gen.app import run_command
from medq_gen.judge import AXES

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "scoring.md").read_text(encoding="utf-8")
COMMANDS = [line for block in re.findall(r"```bash\n(.*?)```", PAGE, flags=re.DOTALL) for line in block.splitlines() if line.strip()]
RUN = Path("outputs") / "fundus_defocus"


def endpoint(seen: Seen) -> Send:
    """A model that answers B and describes a blurred picture, and a judge that gives one point and quotes nothing."""
    code = re.search(r"^<description-([0-9a-f]{12})>$", seen.text, flags=re.MULTILINE)
    if code:
        return Send(completion(json.dumps({"check": code[1], "reason": "In part.", "quote": "", "score": 1 if "1 is not given" not in seen.text else 2})))
    if "Answer with the letter" in seen.text:
        return Send(completion("B"))
    verdict = "the first image is of higher quality" if len(seen.pictures) == 2 else "the quality of this image is usable"
    return Send(completion(f"The picture of the retina shows moderate blurring. Overall, {verdict}."))


def rate(run: Path) -> None:
    """Two raters who fill in the table."""
    with open(run / "align" / "hand_out" / "sheet.csv", encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 10
    for rater in ("A", "B"):
        path = run / "align" / "ratings" / f"{rater}.csv"
        path.parent.mkdir(exist_ok=True)
        with open(path, "w", newline="") as stream:
            writer = csv.DictWriter(stream, fieldnames=list(rows[0]))
            writer.writeheader()
            writer.writerows({**row, **dict.fromkeys(AXES, 2 * (turn % 2))} for turn, row in enumerate(rows))


@pytest.mark.slow
def test_the_commands_of_the_page_lead_to_a_leaderboard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Each command ends well, and the files that the page names are there."""
    pytest.importorskip("openai", reason="the extra `answer` is not installed")
    monkeypatch.chdir(tmp_path)
    with serving(endpoint) as server:
        for command in COMMANDS:
            words = shlex.split(command.replace("http://localhost:8000/v1", server.url))
            assert words[:3] == ["python", "-m", "medq_gen"]
            if "task=align" in words:
                rate(RUN)
            assert run_command([*words[3:], *(["executor=serial"] if "recipe=fundus_defocus" in words else [])]) == 0, command + capsys.readouterr().err
    for name in ("score.md", "score.json", "score.csv", "items.csv", "parity.md", "parity.csv"):
        assert {path.name for path in (RUN / "score").glob(f"*.{name}")} == {f"chance.{name}", f"Qwen2.5-VL-7B.{name}"}
    assert (RUN / "score" / "comparison.md").is_file()
    figures = json.loads((RUN / "align" / "align.json").read_text())
    assert {rater["kind"] for rater in figures["raters"]} == {"human", "judge", "consensus"}
    assert len(figures["raters"]) == 5
    board = json.loads((RUN / "leaderboard.json").read_text())
    assert {row["model"] for row in board["perception"]} == {"chance", "Qwen2.5-VL-7B"}
    assert board["reasoning"].keys() == {"deterministic v1", "Qwen3-32B"}
    assert board["agreement"]
    assert sum(row["tokens_out"] for row in board["spent"]) > 0
    assert len(COMMANDS) == 9
