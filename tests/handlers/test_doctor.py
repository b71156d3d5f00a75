"""The doctor finds what isn't set up, says so in Chinese, and never raises."""

import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from pydantic import SecretStr
from pytest_aiohttp.plugin import AiohttpServer

from handlers import doctor, phones, secret_rotation
from handlers.context import open_context, open_database
from handlers.doctor import Finding
from models import Organization, OrganizationKind, Person
from settings import Settings
from tests import servers

Answers = dict[str, dict[str, Any]]
HEALTHY: Answers = {
    "/cgi-bin/stable_token": {"access_token": "t", "expires_in": 7200},
    "/cgi-bin/menu/get": {"menu": {"button": [{"name": "学习"}]}},
    "/wxaapi/newtmpl/gettemplate": {"errcode": 0, "data": [{"priTmplId": "demo-template-lesson"}]},
}

Platform = Callable[[Answers], Awaitable[str]]


@pytest.fixture
def platform(aiohttp_server: AiohttpServer) -> Platform:
    """Starts a WeChat that gives fixed answers; its address."""

    async def start(answers: Answers) -> str:
        async def answer(request: web.Request) -> web.Response:
            return web.json_response((HEALTHY | answers)[request.path])

        app = web.Application()
        app.router.add_route("*", "/{path:.*}", answer)
        return str((await aiohttp_server(app)).make_url("")).rstrip("/")

    return start


@pytest.fixture
async def settings(tmp_path: Path, sqlite_template: Path, platform: Platform) -> Settings:
    """A service with nothing wrong, on an embedded database."""
    settings = Settings(
        _env_file=".env.demo", data_dir=tmp_path, wechat_api_base=await platform({}), redis_url="memory://"
    )
    shutil.copy(sqlite_template, tmp_path / "zhibutong.sqlite3")
    return settings


def broken(findings: list[Finding]) -> dict[str, str]:
    return {finding.part: str(finding) for finding in findings if not finding.good}


async def test_a_healthy_service_has_no_complaints(settings: Settings) -> None:
    findings = await doctor.examine(settings)
    assert broken(findings) == {}
    assert len(findings) == 9


async def test_phones_under_another_secret_are_said_and_what_to_do(settings: Settings) -> None:
    old = settings.secret_key
    async with open_database(settings.resolved_database_url):
        branch = await Organization.create(code="A", name="演示", kind=OrganizationKind.BRANCH)
        await Person.create(
            name="演示甲", organization=branch, phone_sealed=phones.seal(old, "19900000001"),
            phone_hash=phones.look_up_hash(old, "19900000001"),
        )  # fmt: skip
    changed = settings.model_copy(update={"secret_key": SecretStr("another secret")})
    assert "把原来的密钥填入 ZBT_PREVIOUS_SECRET_KEY" in broken(await doctor.examine(changed))["密钥"]
    named = changed.model_copy(update={"previous_secret_key": old})
    assert "还有 1 条数据用的是旧密钥" in broken(await doctor.examine(named))["密钥"]
    async with open_context(named) as ctx:
        await secret_rotation.rotate(ctx)
    findings = await doctor.examine(named)
    assert broken(findings) == {}
    assert "清空 ZBT_PREVIOUS_SECRET_KEY" in "\n".join(map(str, findings))
    assert broken(await doctor.examine(changed)) == {}


@pytest.mark.parametrize(
    ("path", "answer", "part", "says"),
    [
        (
            "/cgi-bin/stable_token",
            {"errcode": 40164, "errmsg": "invalid ip 203.0.113.7 ipv6 ::ffff:203.0.113.7, not in whitelist"},
            "公众号令牌和菜单",
            "把 203.0.113.7 加到",
        ),
        ("/cgi-bin/stable_token", {"errcode": 40125}, "公众号令牌和菜单", "AppSecret 不对"),
        ("/cgi-bin/stable_token", {"errcode": 40013}, "小程序令牌和模板", "AppID 不对"),
        ("/cgi-bin/menu/get", {"errcode": 46003}, "公众号令牌和菜单", "zhibutong menu"),
        ("/cgi-bin/menu/get", {"errcode": 48001}, "公众号令牌和菜单", "已认证的服务号"),
        ("/wxaapi/newtmpl/gettemplate", {"errcode": 0, "data": []}, "小程序令牌和模板", "模板 ID"),
        ("/wxaapi/newtmpl/gettemplate", {"errcode": 99999}, "小程序令牌和模板", "99999"),
    ],
)
async def test_what_wechat_refuses_is_explained(
    settings: Settings, platform: Platform, path: str, answer: dict[str, Any], part: str, says: str
) -> None:
    base = await platform({path: answer})
    findings = await doctor.examine(settings.model_copy(update={"wechat_api_base": base}))
    assert says in broken(findings)[part]


@pytest.mark.parametrize(
    ("change", "part", "says"),
    [
        ({"secret_key": SecretStr("change-me")}, "设置", "ZBT_SECRET_KEY"),
        ({"oa_encoding_aes_key": SecretStr("short")}, "设置", "43 位"),
        ({"oa_encoding_aes_key": SecretStr("党" * 43)}, "设置", "43 位"),
        ({"redis_url": "redis://127.0.0.1:1/0"}, "Redis", "ZBT_REDIS_URL"),
        ({"redis_url": "nonsense"}, "Redis", "ZBT_REDIS_URL"),
        ({"database_url": "postgres://nobody@127.0.0.1:1/none"}, "数据库", "ZBT_DATABASE_URL"),
        ({"data_dir": Path("/proc/none")}, "数据目录", "ZBT_DATA_DIR"),
    ],
)
async def test_each_broken_part_is_found_and_the_others_are_looked_at_too(
    settings: Settings, change: dict[str, Any], part: str, says: str
) -> None:
    healthy = {"database_url": settings.resolved_database_url}
    findings = await doctor.examine(settings.model_copy(update=healthy | change))
    assert list(broken(findings)) == [part]
    assert says in broken(findings)[part]


async def test_a_wechat_out_of_reach_is_said_so(settings: Settings) -> None:
    nowhere = f"http://127.0.0.1:{servers.free_port()}"
    findings = await doctor.examine(settings.model_copy(update={"wechat_api_base": nowhere}))
    assert set(broken(findings)) == {"公众号令牌和菜单", "小程序令牌和模板"}
    assert all(f"连不上 {nowhere}" in line for line in broken(findings).values())


async def test_a_database_without_its_tables_needs_migrating(settings: Settings, tmp_path: Path) -> None:
    empty = settings.model_copy(update={"database_url": f"sqlite://{tmp_path / 'empty.sqlite3'}"})
    assert "zhibutong migrate" in broken(await doctor.examine(empty))["数据库"]


async def test_in_production_the_address_must_be_https(settings: Settings) -> None:
    production = settings.model_copy(update={"wechat_api_base": "https://api.weixin.qq.com"})
    assert not doctor._address(production).good
    https = production.model_copy(update={"public_url": "https://zhibutong.example.cn"})
    assert doctor._address(https).good
