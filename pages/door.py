"""The tablet at a site's door: a code that changes every 30 seconds."""

import re

import qrcode
from aiohttp import web
from qrcode.image.svg import SvgPathImage

from pages.layout import SECURITY, file, not_found, page

SITE_ID = re.compile(r"[A-Za-z0-9]{1,8}")
SCENE = re.compile(r"[A-Za-z0-9_-]{1,32}")
"""The letters our codes are made of."""

BODY = (
    '<main class="door" data-site="{site_id}"><h1 id="site">签到</h1>'
    '<img id="code" alt="签到二维码" hidden><p id="status" role="status" aria-live="polite">正在取码……</p>'
    '<p class="soft">请用微信小程序扫码签到，二维码每 30 秒更换。扫不了的，请找阵地管理员登记。</p>'
    "<noscript><p>这个页面需要浏览器开启 JavaScript 才能更换二维码。</p></noscript></main>"
)


async def tablet(request: web.Request) -> web.Response:
    """The page for the tablet. The keeper's token stays behind the `#`, which no server ever sees."""
    site_id = request.match_info["site_id"]
    if not SITE_ID.fullmatch(site_id):
        return not_found("没有这个阵地，请从小程序重新打开。")
    return page("阵地签到", BODY.format(site_id=site_id), script="/pages/door.js")


async def code(request: web.Request) -> web.Response:
    """A code as a picture. It only draws; whether the code is any good is found out at the scan."""
    text = request.query.get("code", "")
    if not SCENE.fullmatch(text):
        return not_found("二维码内容不对。")
    picture = qrcode.make(text, image_factory=SvgPathImage, border=2)
    headers = SECURITY | {"Cache-Control": "no-store"}
    return web.Response(body=picture.to_string(), content_type="image/svg+xml", headers=headers)


async def script(_: web.Request) -> web.Response:
    """What changes the code on the tablet."""
    return file("door.js", "text/javascript")
