"""Whatever people try: no finding is closed without proof and another's acceptance, and the trail is whole.

`ZBT_LOOP_STEPS=100000 pytest tests/handlers/test_assessment_loop.py` tries that many acts on each database.
"""

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from handlers import audit
from handlers.context import Context
from tests import verify_export
from tests.fakes import Clock
from tests.handlers import assessed, loop_driver
from tests.handlers.loop_driver import Driver

STEPS = int(os.environ.get("ZBT_LOOP_STEPS", "450"))
TEMPTING = 2000
"""Acts after which somebody has surely tried to accept what they proved."""
LOOKS_EVERY = max(50, STEPS // 100)
SCRIPT = Path(verify_export.__file__)


@pytest.mark.timeout(0 if STEPS > 1000 else 120)
async def test_no_path_closes_a_finding_without_proof_and_another(
    ctx: Context, clock: Clock, tmp_path: Path
) -> None:
    driver = Driver(await assessed.build(ctx), clock, random.Random(20261126))
    await driver.begin()
    closed = 0
    for number in range(STEPS):
        await driver.step()
        if number % LOOKS_EVERY == 0:
            closed = await loop_driver.check()
    closed = await loop_driver.check()
    assert closed > 0, "the walk never got as far as a closed finding"
    if STEPS >= TEMPTING:
        assert driver.refused["accept own_rectification"] > 0, "nobody was tempted"
    await audit.seal(ctx)
    lines = [line async for line in audit.export(ctx)]
    assert audit.verify(lines).intact
    file = tmp_path / "audit.jsonl"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    script = subprocess.run(  # noqa: ASYNC221 (one short run at the end)
        [sys.executable, str(SCRIPT), str(file)], capture_output=True, text=True, cwd=tmp_path
    )
    assert script.stdout == "intact\n", script.stdout + script.stderr


def entry(number: int, previous: str, **said: object) -> dict[str, object]:
    """A link as the product would write it, made without the product."""
    made: dict[str, object] = {
        "sequence": number, "previous_hash": previous, "id": number, "at": "2026-11-20T02:00:00.000000+00:00",
        "actor": "person:1", "action": "finding.opened", "subject": "finding:1", "details": {"round": 1},
        "request_id": "",
    }  # fmt: skip
    return sealed(made | said)


def sealed(made: dict[str, object]) -> dict[str, object]:
    rest = {key: value for key, value in made.items() if key != "hash"}
    import hashlib

    text = json.dumps(rest, sort_keys=True, separators=(",", ":"))
    return rest | {"hash": hashlib.sha256(text.encode()).hexdigest()}


def chained(*said: dict[str, object]) -> list[str]:
    lines, previous = [], verify_export.GENESIS
    for number, one in enumerate(said, start=1):
        made = entry(number, previous, **one)
        previous = str(made["hash"])
        lines.append(json.dumps(made))
    return lines


PROVED, CLOSED = (
    {"action": "finding.proved", "actor": "person:1"},
    {"action": "finding.closed", "actor": "person:2"},
)
WRONG = {
    "closed without proof": ([{}, CLOSED], "without proof"),
    "closed by who proved it": ([{}, PROVED, CLOSED | {"actor": "person:1"}], "by the one who proved it"),
    "closed after it came back": ([{}, PROVED, {"action": "finding.returned"}, CLOSED], "without proof"),
    "another round's proof": ([{}, PROVED, CLOSED | {"details": {"round": 2}}], "without proof"),
}


@pytest.mark.parametrize("name", WRONG)
def test_the_script_finds_a_closing_that_must_not_be(name: str) -> None:
    said, problem = WRONG[name]
    (found,) = verify_export.verify(chained(*said))
    assert problem in found


def test_the_script_finds_whatever_is_done_to_a_whole_export() -> None:
    lines = chained({}, PROVED, CLOSED)
    assert verify_export.verify(lines) == []
    head = json.loads(lines[-1])["hash"]
    assert verify_export.verify(lines, head) == []
    assert verify_export.verify(lines[:-1], head), "cut off"
    assert verify_export.verify(lines[1:]), "begun late"
    assert verify_export.verify([lines[0], lines[2]]), "one is gone"
    assert verify_export.verify([lines[1], lines[0], lines[2]]), "changed places"
    assert verify_export.verify([lines[0].replace("person:1", "person:9"), *lines[1:]]), "altered"
    assert verify_export.verify(["{}", *lines]), "no entry"


def test_the_script_knows_nothing_of_the_product() -> None:
    text = SCRIPT.read_text(encoding="utf-8")
    imports = {
        line.split()[1].partition(".")[0]
        for line in text.splitlines()
        if line.startswith(("import ", "from "))
    }
    assert imports <= set(sys.stdlib_module_names)
    assert len(text.splitlines()) < 120
