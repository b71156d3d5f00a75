"""Every API the platform offers here, on one screen: path, method, whose token, and how often."""

from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web

from simulator import (
    customer_service,
    drafts,
    logins,
    mass,
    menus,
    qrcodes,
    quotas,
    security,
    subscriptions,
    tags,
    templates,
    tokens,
    users,
)
from simulator.call import App, Call

Answer = dict[str, object] | web.Response
OA, MP = App.OFFICIAL_ACCOUNT, App.MINI_PROGRAM


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One API. `app` None = either app's token."""

    method: str
    path: str
    act: Callable[[Call], Answer]
    daily: int | None = None
    per_minute: int | None = None
    app: App | None = OA
    needs_token: bool = True
    multipart: bool = False

    @property
    def content_type(self) -> str:
        """The header the platform gives its JSON: sns and media say text/plain."""
        plain = self.path.startswith(("/sns/", "/cgi-bin/media/"))
        return "text/plain" if plain else "application/json; encoding=utf-8"


def addresses(_: Call) -> dict[str, object]:
    """GET /cgi-bin/getcallbackip and get_api_domain_ip."""
    return {"ip_list": ["127.0.0.1"]}


TABLE = (
    Endpoint("GET", "/cgi-bin/token", tokens.token, 2000, needs_token=False),
    Endpoint("POST", "/cgi-bin/stable_token", tokens.stable_token, 500_000, 10_000, needs_token=False),
    Endpoint("GET", "/cgi-bin/ticket/getticket", tokens.ticket, 1_000_000),
    Endpoint("GET", "/cgi-bin/getcallbackip", addresses, app=None),
    Endpoint("GET", "/cgi-bin/get_api_domain_ip", addresses, app=None),
    Endpoint("POST", "/cgi-bin/clear_quota", quotas.clear_quota, app=None),
    Endpoint("POST", "/cgi-bin/clear_quota/v2", quotas.clear_quota_with_secret, needs_token=False),
    Endpoint("POST", "/cgi-bin/openapi/quota/get", quotas.show_quota, app=None),
    Endpoint("POST", "/cgi-bin/message/custom/send", customer_service.send, 500_000),
    Endpoint("POST", "/cgi-bin/message/custom/typing", customer_service.typing, 500_000),
    Endpoint("POST", "/cgi-bin/message/template/send", subscriptions.send_template, 100_000),
    Endpoint("GET", "/cgi-bin/template/get_all_private_template", templates.account_templates, 100_000),
    Endpoint("POST", "/cgi-bin/message/subscribe/bizsend", subscriptions.send_notice, 10_000_000),
    Endpoint("POST", "/cgi-bin/message/subscribe/send", subscriptions.send_subscribe, 10_000_000, app=MP),
    Endpoint("GET", "/wxaapi/newtmpl/gettemplate", templates.subscribe_templates, 100_000, app=None),
    Endpoint("POST", "/cgi-bin/message/mass/send", mass.send_to_list, 100, 60),
    Endpoint("POST", "/cgi-bin/message/mass/sendall", mass.send_to_filter, 100, 60),
    Endpoint("POST", "/cgi-bin/message/mass/preview", mass.preview, 100),
    Endpoint("POST", "/cgi-bin/message/mass/get", mass.get, 100_000),
    Endpoint("POST", "/cgi-bin/message/mass/delete", mass.delete, 10),
    Endpoint("POST", "/cgi-bin/message/mass/speed/get", mass.get_speed, 100),
    Endpoint("POST", "/cgi-bin/message/mass/speed/set", mass.set_speed, 100),
    Endpoint("POST", "/cgi-bin/draft/add", drafts.add, 1000),
    Endpoint("POST", "/cgi-bin/draft/get", drafts.get, 500),
    Endpoint("POST", "/cgi-bin/draft/delete", drafts.delete, 1000),
    Endpoint("POST", "/cgi-bin/draft/batchget", drafts.batch_get, 1000),
    Endpoint("GET", "/cgi-bin/draft/count", drafts.count, 1000),
    Endpoint("POST", "/cgi-bin/media/uploadimg", drafts.upload_image, 100_000, multipart=True),
    Endpoint("POST", "/cgi-bin/media/upload", drafts.upload_media, 100_000, multipart=True),
    Endpoint("POST", "/cgi-bin/material/add_material", drafts.add_material, 1000, multipart=True),
    Endpoint("POST", "/cgi-bin/tags/create", tags.create, 1000),
    Endpoint("GET", "/cgi-bin/tags/get", tags.list_all, 1000),
    Endpoint("POST", "/cgi-bin/tags/update", tags.update, 1000),
    Endpoint("POST", "/cgi-bin/tags/delete", tags.delete, 1000),
    Endpoint("POST", "/cgi-bin/tags/members/batchtagging", tags.tag_members, 100_000),
    Endpoint("POST", "/cgi-bin/tags/members/batchuntagging", tags.untag_members, 100_000),
    Endpoint("POST", "/cgi-bin/tags/getidlist", tags.tags_of, 100_000),
    Endpoint("POST", "/cgi-bin/user/tag/get", tags.members, 1000),
    Endpoint("GET", "/cgi-bin/user/get", users.get, 500),
    Endpoint("GET", "/cgi-bin/user/info", users.info, 5_000_000),
    Endpoint("POST", "/cgi-bin/user/info/batchget", users.info_batch, 500_000),
    Endpoint("POST", "/cgi-bin/user/info/updateremark", users.remark, 10_000),
    Endpoint("POST", "/cgi-bin/qrcode/create", qrcodes.create, 100_000),
    Endpoint("GET", "/cgi-bin/showqrcode", qrcodes.show, needs_token=False),
    Endpoint("POST", "/wxa/getwxacodeunlimit", qrcodes.mini_program_code, None, 5000, app=MP),
    Endpoint("POST", "/wxa/msg_sec_check", security.check_message, 2_000_000, 4000, app=MP),
    Endpoint("POST", "/cgi-bin/menu/create", menus.create, 1000),
    Endpoint("GET", "/cgi-bin/menu/get", menus.get, 10_000),
    Endpoint("GET", "/cgi-bin/menu/delete", menus.delete, 1000),
    Endpoint("GET", "/cgi-bin/get_current_selfmenu_info", menus.current, 10_000),
    Endpoint("GET", "/sns/jscode2session", logins.session, needs_token=False),
    Endpoint("GET", "/wxa/checksession", logins.check_session, app=MP),
    Endpoint("POST", "/wxa/business/getuserphonenumber", logins.phone_number, app=MP),
    Endpoint("GET", "/sns/oauth2/access_token", logins.web_authorization, None, 50_000, needs_token=False),
)
ENDPOINTS = {endpoint.path: endpoint for endpoint in TABLE}
