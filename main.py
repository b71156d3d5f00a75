"""The command line, and the one place where settings are read and the parts are put together."""

import argparse
import asyncio
import json
import logging
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import yaml
from aiohttp import web
from pydantic import SecretStr, ValidationError
from tortoise.exceptions import DBConnectionError, OperationalError

import bot.app
import miniprogram_api.app
import pages.app
from bot.door_runner import DoorRunner
from bot.menu import menu
from bot.texts import REFUSALS
from handlers import (
    audit,
    backups,
    demo_assessments,
    demo_records,
    demo_showcase,
    demo_visits,
    demo_workers,
    doctor,
    fonts,
    knowledge,
    lessons,
    logs,
    memory,
    posters,
    regulations,
    schema,
    secret_rotation,
    seeding,
    sites,
)
from handlers.answering.engine import Engine
from handlers.answering.shapes import Answer
from handlers.context import Context, open_context, open_database
from handlers.errors import NoFont, NotFound, Refused
from handlers.gateways.errors import WeChatError
from handlers.lesson_content import BadLesson
from handlers.regulation_text import Unsplittable
from jobs.runner import run_clock, run_jobs
from jobs.timetable import timetable
from models import Organization, Site
from settings import MissingSettings, Settings, explained

HERE = Path(__file__).parent
SIMULATOR_PORT = 8081
PORTS_FILE = "demo-ports.json"
"""Where the demo notes its ports, for the commands that are typed beside it."""
SHUTDOWN_PATIENCE = 30.0
"""Seconds an accepted request may still take after the signal to stop."""
START_PATIENCE = 20.0
DUTIES = {
    "member": "党员",
    "branch_worker": "支部工作者",
    "site_keeper": "阵地管理员",
    "town_officer": "镇街党务干部",
    "district_officer": "区级党务干部",
}

REGISTERS = (
    "organizations", "sites", "duties", "workers", "quotas", "trainings", "trainees", "rotations", "showcase",
)  # fmt: skip

Command = Callable[[argparse.Namespace], Coroutine[Any, Any, int]]


class Failed(Exception):
    """The command can't go on; the message tells a person why, in Chinese."""


# Serving


async def serve(args: argparse.Namespace) -> int:
    """Both doors, and the clock unless told otherwise, until a signal."""
    settings = Settings()
    settings.require_secrets()
    await _require_schema(settings)
    logs.set_up(settings.log_level)
    async with open_context(settings) as ctx, _until_signalled() as stop:
        port = args.port or int(os.environ.get("PORT") or settings.port)
        async with _doors(ctx, port=port):
            memory.settle()
            print(f"支部通已就绪：http://{settings.host}:{port}/", flush=True)
            await _run(ctx, stop, with_clock=not args.no_clock)
    return 0


async def clock(args: argparse.Namespace) -> int:
    """The timetable alone, until a signal."""
    settings = Settings()
    settings.require_secrets()
    await _require_schema(settings)
    logs.set_up(settings.log_level)
    async with _until_signalled() as stop:
        memory.settle()
        print("时钟已就绪", flush=True)
        await run_clock(settings, stop)
    return 0


async def _run(ctx: Context, stop: asyncio.Event, *, with_clock: bool) -> None:
    if with_clock:
        await run_jobs(ctx, timetable(ctx.settings), stop)
    else:
        await stop.wait()


@asynccontextmanager
async def _doors(ctx: Context, *, port: int) -> AsyncIterator[None]:
    """The doors on one address; on leaving, nothing new is accepted and what was is finished."""
    app = web.Application()
    for door in (bot.app, miniprogram_api.app, pages.app):
        door.setup(app, ctx)
    runner = DoorRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_PATIENCE)
    await runner.setup()
    try:
        site = web.TCPSite(runner, ctx.settings.host, port, backlog=1024)
        try:
            await site.start()
        except OSError as error:
            raise Failed(f"端口 {port} 已被占用：换一个端口（PORT=…），或先停掉占用它的程序") from error
        yield
    finally:
        await runner.cleanup()


@asynccontextmanager
async def _until_signalled() -> AsyncIterator[asyncio.Event]:
    """An event that SIGTERM and SIGINT set."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    try:
        yield stop
    finally:
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(name)


async def _require_schema(settings: Settings) -> None:
    _make_data_dir(settings)
    if waiting := await schema.pending(settings):
        raise Failed(f"数据库有 {len(waiting)} 个结构更新没有应用，请先运行：zhibutong migrate")
    if len(settings.secret_keys) == 1:
        return
    async with open_database(settings.resolved_database_url, pool=1):
        if await secret_rotation.is_due(settings):
            raise Failed("还有数据用的是旧密钥：服务都停下以后运行 zhibutong secret rotate，再启动")


def _make_data_dir(settings: Settings) -> None:
    settings.data_dir.mkdir(parents=True, exist_ok=True)


# The demo


async def demo(args: argparse.Namespace) -> int:
    """The whole house with invented people and a simulated WeChat, until a signal."""
    port = int(os.environ.get("PORT") or 8080)
    simulator_port = int(os.environ.get("SIMULATOR_PORT") or SIMULATOR_PORT)
    settings = demo_settings(port, simulator_port)
    for wanted in (port, simulator_port):
        _require_free(settings.host, wanted)
    _make_data_dir(settings)
    with (settings.data_dir / "demo.log").open("a", encoding="utf-8") as log:
        logs.set_up(settings.log_level, log)
        async with _until_signalled() as stop:
            print("正在准备演示数据 …", flush=True)
            ports = json.dumps({"port": port, "simulator_port": simulator_port})
            (settings.data_dir / PORTS_FILE).write_text(ports, encoding="utf-8")
            async with (
                _demo_data(settings) as ctx,
                _simulator(settings, simulator_port),
                _doors(ctx, port=port),
            ):
                await _publish(ctx)
                _welcome(settings, port, simulator_port)
                await _introduce(ctx)
                await _run(ctx, stop, with_clock=True)
    print("已停止，数据保留在", settings.data_dir, flush=True)
    return 0


@asynccontextmanager
async def _demo_data(settings: Settings) -> AsyncIterator[Context]:
    """The demo's database: made and filled where there is none yet."""

    def tell(line: str) -> None:
        print(f"  {line}", file=sys.stderr, flush=True)

    _make_data_dir(settings)
    await schema.migrate(settings, progress=lambda name: tell(f"数据库结构 {name}"))
    async with open_context(settings) as ctx:
        if not await Organization.exists() or not await Site.exists():
            await seeding.seed_demo(ctx, progress=tell)
        await seeding.keep_visits_open(ctx)
        await demo_visits.keep_claimable(ctx)
        await demo_workers.seed(ctx)
        await demo_showcase.seed(ctx)
        await demo_records.keep_records(ctx)
        await demo_assessments.keep_cycle(ctx)
        yield ctx


def demo_settings(port: int, simulator_port: int) -> Settings:
    """The demo's values, never those of a real `.env` beside them."""
    return Settings(
        _env_file=HERE / ".env.demo",
        port=port,
        public_url=f"http://127.0.0.1:{port}",
        wechat_api_base=f"http://127.0.0.1:{simulator_port}",
        wechat_authorize_url=f"http://127.0.0.1:{simulator_port}/connect/oauth2/authorize",
    )


def _require_free(host: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise Failed(
                f"端口 {port} 已被占用：先停掉占用它的程序，"
                "或换端口运行，例如 PORT=8090 SIMULATOR_PORT=8091 make run"
            ) from error


@asynccontextmanager
async def _simulator(settings: Settings, port: int) -> AsyncIterator[None]:
    """The simulator as a process of its own, in its own group: a Ctrl-C reaches it through us."""
    environment = os.environ | _environment(settings) | {"SIMULATOR_PORT": str(port)}
    with (settings.data_dir / "simulator.log").open("ab") as log:
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "simulator",
            cwd=HERE, env=environment, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    try:
        await _answers(settings.host, port, child)
        yield
    finally:
        if child.returncode is None:
            child.terminate()
        await child.wait()


def _environment(settings: Settings) -> dict[str, str]:
    return {
        f"ZBT_{name.upper()}": value.get_secret_value() if isinstance(value, SecretStr) else str(value)
        for name, value in settings
    }


async def _answers(host: str, port: int, child: asyncio.subprocess.Process) -> None:
    """Wait until the simulator listens."""
    async with asyncio.timeout(START_PATIENCE):
        while child.returncode is None:
            try:
                _, writer = await asyncio.open_connection(host, port)
            except OSError:
                await asyncio.sleep(0.05)
                continue
            writer.close()
            return
    raise Failed("模拟器没有启动，原因见数据目录下的 simulator.log")


async def _publish(ctx: Context) -> int:
    """The account's menu, and a poster code for each site that has none."""
    await ctx.wechat.create_menu(menu())
    return await sites.create_posters(ctx)


def _welcome(settings: Settings, port: int, simulator_port: int) -> None:
    print(f"\n支部通      http://127.0.0.1:{port}/api/docs")
    print(f"微信模拟器  http://127.0.0.1:{simulator_port}/   ← 从这里开始：选一个人，像在微信里一样用")
    print(f"数据和日志  {settings.data_dir}/（make reset 重新开始）")


async def _introduce(ctx: Context) -> None:
    """Who is who in the demo."""
    people = yaml.safe_load((HERE / "content/demo/people.yaml").read_text(encoding="utf-8"))
    names = {row.code: row.name for row in await Organization.all()}
    names |= {row.id: row.name for row in await Site.all()}
    print("\n演示人物（都是虚构的）：")
    for person in people:
        print(f"  {person['name']}　{_describe(person, names)}")
    print("\n试一试：")
    print("  · 选“演示壬”，扫“般阳红色楼长会客厅”的海报，马上能签到")
    print("  · 选“演示己”，打开小程序“阵地地图”，给支部约一个时段")
    print("  · 在聊天里问“预备党员的预备期多长”，或点菜单“学习”里的“本周课程”")
    print(f"  · 另开一个终端推送微课：.venv/bin/zhibutong lessons push --friday {_next_friday(ctx)}")
    print("\n按 Ctrl-C 停止，数据会保留。", flush=True)


def _next_friday(ctx: Context) -> date:
    today = ctx.now().date()
    return today + timedelta(days=(4 - today.weekday()) % 7)


def _describe(person: dict[str, Any], names: dict[str, str]) -> str:
    if not person.get("roster", True):
        return "不在名册上的关注者"
    words = [DUTIES[person["duty"]], names.get(person["organization"], person["organization"])]
    words += [f"管理“{names.get(person['site'], person['site'])}”"] if "site" in person else []
    words += ["专职党务工作者，收周五课程"] if person.get("worker") else []
    words += ["还没有绑定手机号"] if not person.get("bound", True) else []
    words += ["没有关注公众号"] if not person.get("follows", True) else []
    return "　".join(words)


# Answers on the command line


async def ask(args: argparse.Namespace) -> int:
    """One question as an argument, or many as JSON lines on standard input."""
    if not args.text and not args.jsonl:
        raise Failed('请写上问题，例如：zhibutong ask "党费怎么算"')
    logs.set_up("WARNING")
    settings = _reading_settings()
    _make_data_dir(settings)
    async with open_context(settings) as ctx:
        # Before anything is seeded, what is shipped answers.
        engine = ctx.engine if len(ctx.engine) else knowledge.shipped_engine()
        today = ctx.now().date()
        if args.text:
            print(engine.answer(args.text, on=today).text)
            return 0
        for line in sys.stdin:
            if line.strip():
                print(_ask_line(engine, line, today), flush=True)
    return 0


def _ask_line(engine: Engine, line: str, today: date) -> str:
    """One line in, one line out, whatever the line is. Nothing is kept: nobody waits for an answer."""
    try:
        wish = json.loads(line)
        question, scope = str(wish["question"]), wish.get("scope")
    except (ValueError, TypeError, KeyError) as error:
        raise Failed(f'这一行不是 {{"id","question"}} 形式的 JSON：{line.strip()[:80]}') from error
    answer = engine.answer(question, scope=scope, on=today)
    return json.dumps({"id": wish.get("id")} | _shown(answer), ensure_ascii=False)


def _shown(answer: Answer) -> dict[str, Any]:
    return {
        "kind": answer.kind,
        "text": answer.text,
        "entry": answer.entry,
        "confidence": answer.confidence,
        "citations": [{"rule": c.rule, "article": c.article} for c in answer.citations],
    }


# Data


async def migrate(args: argparse.Namespace) -> int:
    """Bring the database up to date."""
    settings = _reading_settings()
    _make_data_dir(settings)
    await schema.migrate(settings, progress=lambda name: print(f"已应用 {name}", flush=True))
    print("数据库结构是最新的")
    return 0


async def seed(args: argparse.Namespace) -> int:
    """The demo's data; `--scale district` makes it as large as the district."""
    if not args.demo:
        raise Failed("请写 seed --demo：目前只有演示数据可以装入")
    async with _opened() as ctx:
        await seeding.seed_demo(ctx, scale=args.scale, progress=lambda line: print(line, flush=True))
    return 0


async def examine(args: argparse.Namespace) -> int:
    """Say what isn't set up, and how to mend it."""
    logs.set_up("CRITICAL")
    findings = await doctor.examine(_reading_settings())
    for finding in findings:
        print(finding)
    broken = [finding for finding in findings if not finding.good]
    print(f"\n有 {len(broken)} 处需要处理" if broken else "\n一切就绪")
    return 1 if broken else 0


async def publish(args: argparse.Namespace) -> int:
    """Put the menu and the posters' codes in place."""
    async with _opened() as ctx:
        made = await _publish(ctx)
    print(f"菜单已更新，新做了 {made} 个阵地海报码")
    return 0


async def print_posters(args: argparse.Namespace) -> int:
    """Posters to be printed, of one site or of all."""
    async with _opened() as ctx:
        try:
            pdf = await (posters.draw(ctx, site_id=args.site) if args.site else posters.draw_all(ctx))
        except NotFound as error:
            raise Failed(f"地图上没有阵地 {args.site}" if args.site else "地图上还没有阵地") from error
        except NoFont as error:
            raise Failed(f"这台机器没有中文字体，海报上会全是方框：{fonts.HOW_TO_GET}") from error
    with args.file.open("xb") as file:
        file.write(pdf)
    print(f"海报已写入 {args.file}")
    return 0


async def push_lesson(args: argparse.Namespace) -> int:
    """Send a Friday's lesson to all who lack it."""
    async with _opened() as ctx:
        try:
            report = await lessons.push(ctx, friday=args.friday, dry_run=args.dry_run)
        except NotFound as error:
            raise Failed(f"{args.friday} 没有安排课程") from error
    print("\n".join(report.lines))
    return 0


async def lesson_status(args: argparse.Namespace) -> int:
    """How every Friday's deliveries stand, and what the quarter ahead holds and why."""
    async with _opened() as ctx:
        weeks, ahead = await lessons.status(ctx), await lessons.outlook(ctx)
    for week in weeks:
        print(f"{week.friday}《{week.title}》", *(f"  {line}" for line in week.lines), sep="\n")
    if not weeks:
        print("还没有推送记录")
    print("今后一个季度：")
    for one in ahead:
        print(*one.lines, sep="\n  ")
    return 0


async def backup(args: argparse.Namespace) -> int:
    """Copy the database while the service runs."""
    size = await backups.backup(_reading_settings(), file=args.file)
    print(f"已备份到 {args.file}（{size / 1024 / 1024:.1f} MB）")
    return 0


async def restore(args: argparse.Namespace) -> int:
    """Put a copy back."""
    settings = _reading_settings()
    kept = await backups.restore(settings, file=args.file)
    print(f"已从 {args.file} 恢复" + (f"；原来的数据库保存在 {kept}" if kept else ""))
    if waiting := await schema.pending(settings):
        print(f"这个备份比程序旧，还有 {len(waiting)} 个结构更新：请运行 zhibutong migrate")
    return 0


async def rotate_secret(args: argparse.Namespace) -> int:
    """Put what the previous secret sealed under the one in force; say what to do next."""
    settings = _reading_settings()
    _make_data_dir(settings)
    if await schema.pending(settings):
        raise Failed("数据库有结构更新没有应用，请先运行：zhibutong migrate")
    if args.dry_run:
        async with open_database(settings.resolved_database_url, pool=1):
            found = await secret_rotation.look(settings)
    else:
        async with open_context(settings) as ctx:
            found = await secret_rotation.rotate(ctx)
    print("\n".join(found.lines()))
    print(NEXT_IF_LOOKED if args.dry_run and found.renewed else NEXT_IF_ROTATED)
    return 0


NEXT_IF_LOOKED = (
    "下一步：备份，停止所有服务和时钟，运行 zhibutong secret rotate（中断了什么都不会改，再运行一次即可）"
)
NEXT_IF_ROTATED = """下一步：
  1. 启动服务；所有人要重新登录一次，在微信里一般是自动的
  2. 运行 zhibutong menu 和 zhibutong posters 文件.pdf，换上新海报；清空旧密钥以前，旧海报还能用
  3. 运行 zhibutong backup 重新备份；各支部重新导出年度档案：换密钥以前的，要有旧密钥才能恢复
  4. 以上都做完，清空 ZBT_PREVIOUS_SECRET_KEY，重启服务；旧密钥已经泄露的，现在就清空"""


async def import_roster(args: argparse.Namespace) -> int:
    """Bring the roster up to date from an Excel file."""
    from handlers import roster  # With Excel's library, which no server needs in its memory.

    async with _opened() as ctx:
        report = await roster.import_file(ctx, file=args.file, dry_run=args.dry_run)
    print("\n".join(report.report_lines()))
    return 1 if report.refused else 0


async def import_register(args: argparse.Namespace) -> int:
    """Bring a register up to date from an Excel file."""
    from handlers import registers  # With Excel's library, which no server needs in its memory.

    async with _opened() as ctx:
        report = await registers.import_file(
            ctx, name=args.name, file=args.file, say=_refusal, dry_run=args.dry_run
        )
    print("\n".join(report.lines()))
    return 1 if report.refused else 0


async def export_register(args: argparse.Namespace) -> int:
    """Write a register to an Excel file."""
    from handlers import registers

    async with _opened() as ctx:
        content = await registers.export(ctx, name=args.name)
    with args.file.open("xb") as file:
        file.write(content)
    print(f"已写入 {args.file}")
    return 0


def _refusal(refused: Refused) -> str:
    return next(REFUSALS[kind] for kind in type(refused).__mro__ if kind in REFUSALS)


async def import_rules(args: argparse.Namespace) -> int:
    """A regulation's text, split by article."""
    async with _opened() as ctx:
        imported = await regulations.import_file(ctx, file=args.file)
    print("\n".join(imported.lines))
    return 0


async def check_rules(args: argparse.Namespace) -> int:
    """Citations of published entries, held against the list of rules and the imported texts."""
    async with _opened() as ctx:
        found = await regulations.check(ctx)
    print("\n".join(found.lines))
    return 1 if found.broken else 0


async def export_audit(args: argparse.Namespace) -> int:
    """Write the chained audit entries to a file."""
    async with _opened() as ctx:
        await audit.seal(ctx)
        with args.file.open("x", encoding="utf-8") as file:
            async for line in audit.export(ctx):
                file.write(f"{line}\n")
    return await verify_audit(args)


async def verify_audit(args: argparse.Namespace) -> int:
    """Check an export's chain of hashes."""
    with args.file.open(encoding="utf-8") as file:
        verdict = audit.verify(file, head=getattr(args, "head", None))
    for problem in verdict.problems:
        print(problem)
    state = "完整，没有被改动" if verdict.intact else "有问题"
    print(f"{verdict.entries} 条，{state}；末条校验值 {verdict.head}")
    return 0 if verdict.intact else 1


@asynccontextmanager
async def _opened() -> AsyncIterator[Context]:
    """The service's database and gateway; on a fresh clone, the demo's."""
    settings = _reading_settings()
    if _is_configured():
        await _require_schema(settings)
    async with open_context(settings) if _is_configured() else _demo_data(settings) as ctx:
        yield ctx


def _is_configured() -> bool:
    return Path(".env").exists() or "ZBT_SECRET_KEY" in os.environ


def _reading_settings() -> Settings:
    """The settings of `.env`, or the demo's where nothing is set up: `ask` works on a fresh clone."""
    if _is_configured():
        return Settings()
    return demo_settings(*_demo_ports())


def _demo_ports() -> tuple[int, int]:
    """The ports asked for, else those of the demo that was started last."""
    folder = demo_settings(8080, SIMULATOR_PORT).data_dir
    try:
        noted = json.loads((folder / PORTS_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        noted = {}
    port = os.environ.get("PORT") or noted.get("port") or 8080
    simulator_port = os.environ.get("SIMULATOR_PORT") or noted.get("simulator_port") or SIMULATOR_PORT
    return int(port), int(simulator_port)


# The command line


def parser() -> argparse.ArgumentParser:
    """All commands, in the order of a first day."""
    top = argparse.ArgumentParser(prog="zhibutong", description="支部通：党支部工作的公众号和小程序服务端")
    commands = top.add_subparsers(metavar="命令", required=True)

    def command(group: Any, name: str, run: Command, about: str) -> argparse.ArgumentParser:
        made: argparse.ArgumentParser = group.add_parser(name, help=about, description=about)
        made.set_defaults(run=run)
        return made

    def group(name: str, about: str) -> Any:
        return commands.add_parser(name, help=about, description=about).add_subparsers(
            metavar="命令", required=True
        )

    serving = command(commands, "serve", serve, "运行服务（含时钟）")
    serving.add_argument("--no-clock", action="store_true", help="不运行时钟，另用 clock 命令")
    serving.add_argument("--port", type=int, help="监听端口，默认取 PORT 或设置")
    command(commands, "clock", clock, "只运行时钟：推送、提醒、整理")
    command(commands, "demo", demo, "运行演示：服务、时钟和微信模拟器")
    asking = command(commands, "ask", ask, "问一个党务问题")
    asking.add_argument("text", nargs="?", help="问题")
    asking.add_argument("--jsonl", action="store_true", help="从标准输入逐行读 JSON，逐行回答")
    command(commands, "migrate", migrate, "更新数据库结构")
    seeding_ = command(commands, "seed", seed, "装入演示数据")
    seeding_.add_argument("--demo", action="store_true", help="演示数据")
    seeding_.add_argument("--scale", choices=("small", "district"), default="small", help="规模")
    command(commands, "doctor", examine, "检查设置、数据库、Redis、微信，指出怎么修")
    command(commands, "menu", publish, "更新公众号菜单，生成阵地海报码")

    printing = command(commands, "posters", print_posters, "生成阵地签到海报，PDF，每个阵地一页")
    printing.add_argument("--site", metavar="编号", help="只要一个阵地，例如 S10")
    printing.add_argument("file", type=Path, metavar="文件.pdf")

    course = group("lessons", "周五课程")
    pushing = command(course, "push", push_lesson, "推送某个周五的课程；重复运行不会重发")
    pushing.add_argument("--friday", type=_date, required=True, metavar="YYYY-MM-DD", help="周五的日期")
    pushing.add_argument("--dry-run", action="store_true", help="只预演，说明给谁、走哪个渠道、为什么")
    command(course, "status", lesson_status, "各周推送情况")

    for name, run, about in (
        ("backup", backup, "备份数据库，服务不用停"),
        ("restore", restore, "从备份恢复；先停服务"),
    ):
        command(commands, name, run, about).add_argument("file", type=Path, metavar="文件")

    turning = command(
        group("secret", "服务自己的密钥"), "rotate", rotate_secret, "换密钥：把旧密钥加密的数据改用新密钥"
    )
    turning.add_argument("--dry-run", action="store_true", help="只数还有多少条，不改动")

    people = command(group("roster", "名册"), "import", import_roster, "从 Excel 导入名册")
    people.add_argument("file", type=Path, metavar="文件.xlsx")
    people.add_argument("--dry-run", action="store_true", help="只检查，不改动")
    book = group(
        "register",
        "台账：党组织、阵地、职责、专职党务工作者、应配数、培训、轮训、样板、软弱涣散党组织、处理措施、备案、意见建议、整改台账",
    )
    for name, run, about in (
        ("import", import_register, "从 Excel 导入；同一份表再导一次不会重复"),
        ("export", export_register, "导出 Excel"),
    ):
        made = command(book, name, run, about)
        made.add_argument("name", choices=REGISTERS, metavar="台账", help="、".join(REGISTERS))
        made.add_argument("file", type=Path, metavar="文件.xlsx")
        if run is import_register:
            made.add_argument("--dry-run", action="store_true", help="只检查，不改动")
    rules = group("rules", "法规原文")
    taking = command(rules, "import", import_rules, "导入法规原文，按条拆分；重复导入不会重复")
    taking.add_argument("file", type=Path, metavar="文件")
    command(rules, "check", check_rules, "核对知识条目的引用，列出引错的")

    trail = group("audit", "审计记录")
    checking = command(trail, "verify", verify_audit, "校验导出的审计记录有没有被改动")
    checking.add_argument("--head", help="留存的末条校验值")
    exporting = command(trail, "export", export_audit, "导出审计记录")
    for made in (checking, exporting):
        made.add_argument("file", type=Path, metavar="文件")
    return top


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"“{text}”不是日期，请写成 2026-11-27 这样") from error


EXPECTED = (
    Failed, MissingSettings, backups.BackupFailed, secret_rotation.NothingToRotate, BadLesson, Unsplittable,
)  # fmt: skip


def main(arguments: Iterable[str] | None = None) -> int:
    """Run one command; its exit code."""
    args = parser().parse_args(None if arguments is None else list(arguments))
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            code: int = runner.run(args.run(args))
            return code
    except EXPECTED as error:
        return _say(str(error))
    except ValidationError as error:
        if error.title != Settings.__name__:
            raise
        return _say(explained(error))
    except Refused as refusal:
        return _say(f"没有完成（{refusal.code}）：{refusal}")
    except WeChatError as error:
        return _say(f"微信没有完成这个操作（{error}）：请运行 zhibutong doctor 查看原因")
    except FileExistsError as error:
        return _say(f"文件已存在，没有覆盖：{error.filename}")
    except FileNotFoundError as error:
        return _say(f"找不到文件：{error.filename}")
    except DBConnectionError:
        return _say("连不上数据库：检查 ZBT_DATABASE_URL 和数据库服务，或运行 zhibutong doctor")
    except OperationalError as error:
        logging.getLogger(__name__).debug("database", exc_info=error)
        return _say("数据库还没有准备好：请先运行 zhibutong migrate；仍不行请运行 zhibutong doctor")
    except KeyboardInterrupt:
        return 130


def _say(sentence: str) -> int:
    print(sentence, file=sys.stderr)
    return 1


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:  # There is none for Windows.
        return None
    return uvloop.new_event_loop


if __name__ == "__main__":
    sys.exit(main())
