"""Is everything set up? Each part is looked at by itself, and what is wrong is said in Chinese."""

import asyncio
import base64
import os
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from redis.exceptions import RedisError

from handlers import fonts, schema, secret_rotation
from handlers.context import open_database, open_redis
from handlers.errors import NoFont
from handlers.gateways.errors import Ambiguous, Stopped, Unreachable, WeChatError
from handlers.gateways.wechat import WeChatApi, open_wechat
from settings import OFFICIAL_API_BASE, MissingSettings, Settings

PATIENCE = 30.0
NOT_WHITELISTED = 40164
IP = re.compile(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])")

ADVICE = {
    40001: "AppSecret 不对：到公众平台“设置与开发 › 基本配置”重置后填入 .env",
    40002: "AppID 或 AppSecret 不对：到公众平台“设置与开发 › 基本配置”核对",
    40013: "AppID 不对：到公众平台“设置与开发 › 基本配置”核对",
    40125: "AppSecret 不对：到公众平台“设置与开发 › 基本配置”重置后填入 .env",
    40243: "AppSecret 已被冻结：到公众平台“设置与开发 › 基本配置”解冻",
    48001: "账号没有这个接口的权限：需要已认证的服务号，并在后台开通",
    89503: "等待管理员确认本机 IP：请管理员在微信里点确认",
    89506: "管理员拒绝了本机 IP，24 小时内不能再申请",
    89507: "管理员拒绝了本机 IP，1 小时内不能再申请",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """How one part stands. `advice` says what to do; a finding that isn't `good` fails the examination."""

    part: str
    good: bool
    says: str
    advice: str = ""

    def __str__(self) -> str:
        line = f"{'✓' if self.good else '✗'} {self.part}：{self.says}"
        return f"{line}\n  → {self.advice}" if self.advice else line


async def examine(settings: Settings) -> list[Finding]:
    """Look at every part; never raises for what is wrong with one."""
    findings = [_settings(settings), _address(settings), _data_dir(settings)]
    database = await _database(settings)
    findings += [await _font(), database]
    if database.good:
        findings.append(await _secret(settings))
    redis = await _redis(settings)
    findings.append(redis)
    # Without Redis the token is kept in this process, so that WeChat can still be looked at.
    url = settings.redis_url if redis.good else "memory://"
    async with open_redis(url) as client, open_wechat(settings, client) as wechat:
        findings += [await _menu(settings, wechat), await _template(settings, wechat)]
    return findings


def _settings(settings: Settings) -> Finding:
    try:
        settings.require_secrets()
    except MissingSettings as missing:
        return Finding("设置", False, "有缺失", str(missing))
    for key in (settings.oa_encoding_aes_key, settings.oa_encoding_aes_key_previous):
        text = key.get_secret_value()
        if text and not _is_aes_key(text):
            advice = "ZBT_OA_ENCODING_AES_KEY 应是 43 位字母和数字，到公众平台“服务器配置”复制"
            return Finding("设置", False, "EncodingAESKey 格式不对", advice)
    return Finding("设置", True, "完整")


def _is_aes_key(text: str) -> bool:
    try:
        return len(text) == 43 and len(base64.b64decode(f"{text}=", validate=True)) == 32
    except ValueError:
        return False


def _address(settings: Settings) -> Finding:
    if settings.wechat_api_base != OFFICIAL_API_BASE:
        return Finding("地址", True, f"{settings.public_url}（微信用的是模拟器 {settings.wechat_api_base}）")
    if not settings.public_url.startswith("https://"):
        advice = "ZBT_PUBLIC_URL 填公网域名，以 https:// 开头；小程序只接受备案过的 https 域名"
        return Finding("地址", False, f"{settings.public_url} 不是 https", advice)
    return Finding("地址", True, settings.public_url)


def _data_dir(settings: Settings) -> Finding:
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        writable = os.access(settings.data_dir, os.W_OK)
    except OSError:
        writable = False
    if writable:
        return Finding("数据目录", True, str(settings.data_dir))
    advice = "让运行服务的用户拥有这个目录，或改 ZBT_DATA_DIR"
    return Finding("数据目录", False, f"{settings.data_dir} 不能写入", advice)


async def _font() -> Finding:
    try:
        family = await asyncio.to_thread(fonts.chinese)
    except NoFont:
        return Finding("中文字体", False, "没有，海报、记录、手册等 PDF 排不出来", fonts.HOW_TO_GET)
    return Finding("中文字体", True, family)


async def _database(settings: Settings) -> Finding:
    kind = "SQLite" if settings.resolved_database_url.startswith("sqlite") else "PostgreSQL"
    try:
        async with asyncio.timeout(PATIENCE):
            pending = await schema.pending(settings)
    except Exception as error:  # Whatever the driver raises: the database can't be used.
        advice = "检查 ZBT_DATABASE_URL、网络和数据库服务"
        return Finding("数据库", False, f"{kind} 连不上（{type(error).__name__}）", advice)
    if pending:
        advice = "运行：zhibutong migrate"
        return Finding("数据库", False, f"{kind} 有 {len(pending)} 个结构更新没有应用", advice)
    return Finding("数据库", True, f"{kind} 可用，结构是最新的")


async def _secret(settings: Settings) -> Finding:
    async with open_database(settings.resolved_database_url, pool=1):
        try:
            found = await secret_rotation.look(settings)
        except secret_rotation.NothingToRotate:
            foreign = await secret_rotation.count_foreign(settings)
            if not foreign:
                return Finding("密钥", True, "数据都用现在的 ZBT_SECRET_KEY")
            advice = "把原来的密钥填入 ZBT_PREVIOUS_SECRET_KEY，停止服务，运行：zhibutong secret rotate"
            return Finding("密钥", False, f"有 {foreign} 个手机号不是用现在的 ZBT_SECRET_KEY 加密的", advice)
    if found.renewed:
        advice = "停止服务，运行：zhibutong secret rotate"
        return Finding("密钥", False, f"还有 {found.renewed} 条数据用的是旧密钥", advice)
    advice = "旧海报换下以后，清空 ZBT_PREVIOUS_SECRET_KEY；旧密钥已经泄露的，现在就清空"
    return Finding("密钥", True, "数据都已改用新密钥，旧密钥还设着", advice)


async def _redis(settings: Settings) -> Finding:
    if settings.redis_url == "memory://":
        return Finding("Redis", True, "使用进程内存；多进程部署时请设 ZBT_REDIS_URL")
    try:
        async with asyncio.timeout(PATIENCE), open_redis(settings.redis_url) as client:
            await client.ping()
    except (RedisError, OSError, ValueError) as error:
        advice = "检查 ZBT_REDIS_URL 和 Redis 服务"
        return Finding("Redis", False, f"连不上（{type(error).__name__}）", advice)
    return Finding("Redis", True, "可用")


async def _menu(settings: Settings, wechat: WeChatApi) -> Finding:
    async def look() -> Finding:
        if await wechat.has_menu():
            return Finding("公众号令牌和菜单", True, "令牌正常，菜单已建")
        return Finding("公众号令牌和菜单", False, "令牌正常，还没有菜单", "运行：zhibutong menu")

    return await _ask("公众号令牌和菜单", settings, look)


async def _template(settings: Settings, wechat: WeChatApi) -> Finding:
    wanted = settings.lesson_template_id

    async def look() -> Finding:
        templates = await wechat.template_ids()
        if not wanted:
            return Finding(
                "小程序令牌和模板", True, "令牌正常；未设 ZBT_LESSON_TEMPLATE_ID，周五课程不走订阅消息"
            )
        if wanted in templates:
            return Finding("小程序令牌和模板", True, "令牌正常，课程模板可用")
        advice = "到小程序后台“订阅消息 › 我的模板”复制模板 ID，填入 ZBT_LESSON_TEMPLATE_ID"
        return Finding("小程序令牌和模板", False, "后台没有设置里写的课程模板", advice)

    return await _ask("小程序令牌和模板", settings, look)


async def _ask(part: str, settings: Settings, look: Callable[[], Awaitable[Finding]]) -> Finding:
    try:
        async with asyncio.timeout(PATIENCE):
            return await look()
    except (Unreachable, Ambiguous, TimeoutError):
        advice = "检查网络、防火墙和 ZBT_WECHAT_API_BASE"
        return Finding(part, False, f"连不上 {settings.wechat_api_base}", advice)
    except Stopped as stopped:
        return _not_listed(part, stopped) if stopped.code == NOT_WHITELISTED else _refused(part, stopped)
    except WeChatError as error:
        return _refused(part, error)


def _not_listed(part: str, stopped: Stopped) -> Finding:
    found = IP.search(stopped.hint)
    address = found.group() if found else "本机的公网 IP"
    advice = f"把 {address} 加到公众平台“设置与开发 › 基本配置 › IP 白名单”"
    return Finding(part, False, f"{address} 不在白名单里（{NOT_WHITELISTED}）", advice)


def _refused(part: str, error: WeChatError) -> Finding:
    advice = ADVICE.get(error.code, "到微信开放文档“全局返回码”查这个编号")
    return Finding(part, False, f"微信返回 {error.code}", advice)
