"""What we keep about people, why, and how to see it or take it back."""

from aiohttp import web

from pages.layout import page

BODY = """<main><h1>隐私说明</h1>
<p>支部通只记录办事需要的内容，谁的信息谁能看、能带走、能撤回。</p>
<h2>我们记录什么</h2><ul>
<li>微信身份标识：用来认出是您，回复您的消息。</li>
<li>姓名、所在党组织和手机号：来自党组织名册，手机号加密保存，只用于绑定身份。</li>
<li>支部预约和现场签到：用来安排阵地和确认到场。</li>
<li>您提的问题和意见建议：用来答复您，并改进解答。</li>
<li>微课推送记录：保证每周只收到一次。</li></ul>
<h2>我们不做什么</h2><ul>
<li>不收集行踪，不强制定位、拍照。</li>
<li>不积分、不排名，不统计学习时长。</li>
<li>不把您的信息提供给无关的人；普通党员看不到别人的姓名和电话。</li></ul>
<h2>您可以做什么</h2><ul>
<li>查看和导出：在小程序里可以看到、带走关于您的全部信息。</li>
<li>撤回：在小程序里注销，您的微信身份随即删除；当周微课已经发过的，只留一个认不出人的标记，八天后清除，免得重复发送；名册和组织生活记录由所在党组织保管。</li>
<li>更正：联系所在党支部修改名册。</li>
<li>提意见：在小程序里写意见建议，不登录也可以，凭查询码看答复。</li></ul></main>"""


async def privacy(_: web.Request) -> web.Response:
    """The plain page."""
    return page("隐私说明", BODY)
