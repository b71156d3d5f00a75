"""The tablet at a site's door: a code that changes every 30 seconds, also for a day without a network."""

import re

from aiohttp import web

from handlers import qr_codes
from pages.layout import code_drawn, file, not_found, page

SITE_ID = re.compile(r"[A-Za-z0-9]{1,8}")
SCENE = re.compile(r"[A-Za-z0-9_-]{1,32}")
"""The letters our codes are made of."""

BODY = (
    '<main class="door" data-site="{site_id}"><div class="shown">'
    '<svg id="code" viewBox="-4 -4 37 37" role="img" aria-label="签到二维码" hidden>'
    '<path id="modules"></path></svg>'
    '<progress id="next" max="30" aria-hidden="true" hidden></progress>'
    '<section id="gone" role="alert" hidden><h2>签到码用完了</h2>'
    "<p>断网超过一天，或者平板的时间不对。连上网络，签到码会自己回来。</p>"
    "<p>这期间请管理员登记名字，一样算数。</p></section></div>"
    '<div><h1 id="site">签到</h1><div id="present"></div>'
    '<p id="status" role="status">正在取码……</p>'
    '<p class="soft">请用微信小程序扫码签到，二维码每 30 秒更换。'
    "没有手机的、扫不了的，请管理员登记名字，一样算数。</p>"
    '<p id="wake" class="soft" hidden>这里的网页不能让屏幕常亮：'
    "请在平板的设置里关闭自动锁屏，接上电源。</p>"
    '<p id="unkept" class="soft" hidden>这个浏览器断网后不能重新打开本页，断网时请不要关闭它。</p>'
    "<noscript><p>这个页面需要浏览器开启 JavaScript 才能更换二维码。</p></noscript></div></main>"
)


async def tablet(request: web.Request) -> web.Response:
    """The page for the tablet. The keeper's token stays behind the `#`, which no server ever sees."""
    site_id = request.match_info["site_id"]
    if not SITE_ID.fullmatch(site_id):
        return not_found("没有这个阵地，请从小程序重新打开。")
    body = BODY.format(site_id=site_id)
    return page("阵地签到", body, scripts=("/pages/qr.js", "/pages/door.js"), style="/pages/door.css")


async def code(request: web.Request) -> web.Response:
    """A code as a picture, for pages without a script. Whether it is any good is found out at the scan."""
    text = request.query.get("code", "")
    if not SCENE.fullmatch(text):
        return not_found("二维码内容不对。")
    return code_drawn(await qr_codes.svg(text))


async def style(_: web.Request) -> web.Response:
    """How the tablet looks."""
    return file("door.css", "text/css")


async def script(_: web.Request) -> web.Response:
    """What changes the code on the tablet."""
    return file("door.js", "text/javascript")


async def drawing(_: web.Request) -> web.Response:
    """What draws a code."""
    return file("qr.js", "text/javascript")


async def worker(_: web.Request) -> web.Response:
    """What opens the page again without a network. It lies beside the pages it may serve."""
    return file("door-worker.js", "text/javascript")
