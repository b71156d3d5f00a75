"""The command line: the demo and the service as processes, and what commands say to people."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

import pytest

from handlers import lesson_calendar
from settings import HolidayRule
from tests import servers

ROOT = Path(__file__).parent.parent
READY = 60.0


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """The demo's settings over an empty data directory, and ports nobody uses."""
    demo = (line for line in (ROOT / ".env.demo").read_text(encoding="utf-8").splitlines() if "=" in line)
    return (
        {name: value for name, value in os.environ.items() if not name.startswith("ZBT_")}
        | dict(line.split("=", 1) for line in demo if not line.startswith("#"))
        | {
            "ZBT_DATA_DIR": str(tmp_path / "var"),
            "ZBT_WECHAT_API_BASE": "http://127.0.0.1:1",
            "PORT": str(servers.free_port()),
            "SIMULATOR_PORT": str(servers.free_port()),
            "PYTHONUNBUFFERED": "1",
        }
    )


def test_commands_find_the_ports_of_the_demo_in_its_own_folder(
    environment: dict[str, str], tmp_path: Path
) -> None:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "demo-ports.json").write_text('{"port": 8123, "simulator_port": 8124}', encoding="utf-8")
    left = {"PATH": environment["PATH"], "ZBT_DATA_DIR": str(folder)}
    code = "import main; print(*main._demo_ports())"
    asked = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=left, capture_output=True, text=True, timeout=100
    )
    assert asked.stdout.split() == ["8123", "8124"], asked.stderr


def run(environment: dict[str, str], *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    """One command to its end."""
    return subprocess.run(
        [sys.executable, "main.py", *arguments],
        cwd=ROOT, env=environment, input=given, capture_output=True, text=True, timeout=100,
    )  # fmt: skip


@contextmanager
def running(environment: dict[str, str], *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A command as a process that answers on its port; killed afterwards if it is still there."""
    process = subprocess.Popen(
        [sys.executable, "main.py", *arguments],
        cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        wait_for(f"http://127.0.0.1:{environment['PORT']}/healthz", process)
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=20)


def wait_for(url: str, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + READY
    while time.monotonic() < deadline and process.poll() is None:
        try:
            fetch(url)
        except OSError:
            time.sleep(0.05)
        else:
            return
    process.kill()
    pytest.fail(f"not ready: {process.communicate()[0]}")


def fetch(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310  Our own address.
        return str(answer.read().decode())


def test_the_demo_starts_shows_who_is_who_ends_cleanly_and_keeps_its_data(
    environment: dict[str, str],
) -> None:
    own, simulated = (f"http://127.0.0.1:{environment[name]}" for name in ("PORT", "SIMULATOR_PORT"))
    with running(environment, "demo") as process:
        wait_for(f"{simulated}/control/calls", process)
        assert json.loads(fetch(f"{own}/readyz")) == {"database": "ok", "redis": "ok"}
        process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=40)
    assert process.returncode == 0, said
    assert own in said
    assert simulated in said
    assert "演示甲　区级党务干部" in said
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", int(environment["SIMULATOR_PORT"]))) != 0, "the simulator ended"
    with running(environment, "demo") as process:
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=40)
    assert process.returncode == 0, said
    assert "党组织已就绪" not in said, "the data of the first run is still there"


def test_a_stopping_service_answers_what_it_accepted(environment: dict[str, str]) -> None:
    assert run(environment, "migrate").returncode == 0
    with running(environment, "serve", "--no-clock") as process:
        with socket.create_connection(("127.0.0.1", int(environment["PORT"]))) as client:
            client.sendall(b"POST /wechat/callback HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf ")
            fetch(f"http://127.0.0.1:{environment['PORT']}/healthz")  # By now the first request is in.
            process.send_signal(signal.SIGTERM)
            client.sendall(b"other")
            client.settimeout(20)
            assert client.recv(100).startswith(b"HTTP/1.1 403")
        process.communicate(timeout=40)
    assert process.returncode == 0


def test_a_start_without_secrets_names_all_of_them(environment: dict[str, str]) -> None:
    result = run(environment | {"ZBT_SECRET_KEY": "change-me", "ZBT_OA_TOKEN": ""}, "serve")
    assert result.returncode == 1
    assert "ZBT_SECRET_KEY、ZBT_OA_TOKEN" in result.stderr
    assert "Traceback" not in result.stderr


def test_settings_that_cannot_be_read_are_named_and_explained(environment: dict[str, str]) -> None:
    wrong = {
        "ZBT_PORT": "abc",
        "ZBT_DATABASE_POOL": "1",
        "ZBT_CLAIMS_TWO_REVIEWS": "maybe",
        "ZBT_LATE_ANSWERS": "never",
        "ZBT_LOG_LEVEL": "loud",
        "ZBT_TIMEZONE": "Mars/Base",
        "ZBT_CODE_VERSIONS": "no-secret-here",
    }
    result = run(environment | wrong, "serve")
    assert result.returncode == 1
    assert result.stderr.splitlines() == [
        "以下设置写得不对，请在 .env 中改正：",
        "ZBT_CODE_VERSIONS：写法不对，请对照 .env.example",
        "ZBT_TIMEZONE：应是时区的名称，例如 Asia/Shanghai",
        "ZBT_LOG_LEVEL：只能是 DEBUG、INFO、WARNING、ERROR",
        "ZBT_PORT：应是整数",
        "ZBT_DATABASE_POOL：不能小于 2",
        "ZBT_LATE_ANSWERS：只能是 customer_service、resend",
        "ZBT_CLAIMS_TWO_REVIEWS：应是 true 或 false",
    ]


def test_a_start_before_migrating_says_so(environment: dict[str, str]) -> None:
    result = run(environment, "serve")
    assert result.returncode == 1
    assert "zhibutong migrate" in result.stderr


def test_the_demos_secrets_do_not_start_against_the_real_wechat(environment: dict[str, str]) -> None:
    result = run(environment | {"ZBT_WECHAT_API_BASE": "https://api.weixin.qq.com"}, "serve")
    assert result.returncode == 1
    assert "ZBT_OA_SECRET" in result.stderr


def test_a_taken_port_is_said_in_a_sentence(environment: dict[str, str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        result = run(environment | {"PORT": str(taken.getsockname()[1])}, "demo")
    assert result.returncode == 1
    assert "已被占用" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.timeout(600)
def test_a_day_with_the_command_line(environment: dict[str, str], tmp_path: Path) -> None:
    """Migrate, seed, ask, push, export, back up, restore: one database, one command after another."""
    assert "最新" in run(environment, "migrate").stdout
    assert run(environment, "seed", "--demo").returncode == 0
    assert "党费" in run(environment, "ask", "党费怎么算").stdout
    lines = '{"id": 7, "question": "预备期多长"}\n\n{"id": "b", "question": ""}\n'
    first, second = map(json.loads, run(environment, "ask", "--jsonl", given=lines).stdout.splitlines())
    assert (first["id"], first["kind"], second["id"]) == (7, "answer", "b")
    assert second["kind"] in {"declined", "none"}
    assert set(first) == {"id", "kind", "text", "entry", "confidence", "citations"}
    assert "不是" in run(environment, "ask", "--jsonl", given="no json\n").stderr
    rule = tmp_path / "rule.txt"
    rule.write_text("中国共产党支部工作条例（试行）\n（2018年10月28日发布）\n第一条 甲。\n", encoding="utf-8")
    assert "新导入，共 1 条" in run(environment, "rules", "import", str(rule)).stdout
    assert "没有变化" in run(environment, "rules", "import", str(rule)).stdout
    checked = run(environment, "rules", "check")
    assert (checked.returncode, "导入的原文里没有这一条" in checked.stdout) == (1, True)
    assert "没有找到" in run(environment, "rules", "import", str(ROOT / "LICENSE")).stderr
    soon = lesson_calendar.turns(date.today() + timedelta(days=1), weeks=8, rule=HolidayRule.AFTER)  # noqa: DTZ011
    friday = str(next(one.friday for one in soon if one.day))
    rehearsal = run(environment, "lessons", "push", "--friday", friday, "--dry-run")
    assert re.search(r"群发：.+（\d+ 人）", rehearsal.stdout), rehearsal.stderr
    standing = run(environment, "lessons", "status").stdout
    assert "还没有推送记录" in standing
    assert re.search(friday + r"《.+》.+ 发出；预计：群发 \d+ 人", standing)
    export = tmp_path / "audit.jsonl"
    assert "完整" in run(environment, "audit", "export", str(export)).stdout
    export.write_text(export.read_text(encoding="utf-8").replace("system", "nobody", 1), encoding="utf-8")
    tampered = run(environment, "audit", "verify", str(export))
    assert (tampered.returncode, "改动过" in tampered.stdout) == (1, True)
    copy = tmp_path / "copy"
    assert "已备份" in run(environment, "backup", str(copy)).stdout
    assert run(environment, "backup", str(copy)).returncode == 1
    assert "已从" in run(environment, "restore", str(copy)).stdout
    change_the_secret(environment)


def change_the_secret(environment: dict[str, str]) -> None:
    """As an operator does it: the service doesn't start before, and says what to run."""
    assert "没有设置 ZBT_PREVIOUS_SECRET_KEY" in run(environment, "secret", "rotate").stderr
    same = environment | {"ZBT_PREVIOUS_SECRET_KEY": environment["ZBT_SECRET_KEY"]}
    assert "是同一个" in run(same, "secret", "rotate").stderr
    changed = environment | {
        "ZBT_SECRET_KEY": "demo-another-secret-of-this-test",
        "ZBT_PREVIOUS_SECRET_KEY": environment["ZBT_SECRET_KEY"],
    }
    for refused in (run(changed, "serve"), run(changed, "clock"), run(changed, "lessons", "status")):
        assert (refused.returncode, "zhibutong secret rotate" in refused.stderr) == (1, True)
    looked = run(changed, "secret", "rotate", "--dry-run")
    assert re.search(r"还没有改动.+共 \d\d+ 条", looked.stdout), looked.stderr
    done = run(changed, "secret", "rotate")
    assert re.search(r"已经改用新密钥的共 \d\d+ 条", done.stdout), done.stderr
    assert "zhibutong posters" in done.stdout
    assert "共 0 条" in run(changed, "secret", "rotate").stdout
    assert "今后一个季度" in run(changed, "lessons", "status").stdout
    with running(changed, "serve", "--no-clock"):
        pass


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["lessons", "push", "--friday", "next"], "不是日期"),
        (["ask"], "请写上问题"),
        (["seed"], "seed --demo"),
        (["audit", "verify", "/nowhere"], "找不到文件"),
        (["restore", "/nowhere"], "找不到"),
        (["rules", "import", "/nowhere"], "zhibutong migrate"),
        (["lessons", "status"], "zhibutong migrate"),
    ],
)
def test_a_command_that_cannot_work_says_why_in_chinese(
    environment: dict[str, str], arguments: list[str], says: str
) -> None:
    result = run(environment, *arguments, given="no json\n")
    assert result.returncode != 0
    assert says in result.stderr
    assert "Traceback" not in result.stderr
