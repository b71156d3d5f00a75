"""The endpoints we call, each with how it may be treated. Figures are WeChat's documented limits."""

from dataclasses import dataclass

from handlers.gateways.errors import Ambiguous, Busy, Unreachable, WeChatError
from models import App


@dataclass(frozen=True, slots=True)
class Api:
    """One endpoint. `app` says whose token goes with it, None that it needs none.

    `repeatable` means that doing it twice is doing it once, so that an ambiguous call is repeated.
    `patience` is the longest pause inside one call; a longer one is the caller's to make.
    """

    path: str
    app: App | None
    method: str = "POST"
    repeatable: bool = False
    tries: int = 3
    patience: float = 5.0
    seconds: float = 10.0
    per_minute: int = 0
    burst: int = 10


SEND_CUSTOM = Api("/cgi-bin/message/custom/send", App.OFFICIAL_ACCOUNT)
SEND_MASS = Api(
    "/cgi-bin/message/mass/send",
    App.OFFICIAL_ACCOUNT,
    repeatable=True,  # Every call carries a clientmsgid.
    patience=90.0,
    seconds=30.0,
    per_minute=60,
)
MASS_STATUS = Api("/cgi-bin/message/mass/get", App.OFFICIAL_ACCOUNT, repeatable=True)
DELETE_MASS = Api("/cgi-bin/message/mass/delete", App.OFFICIAL_ACCOUNT, repeatable=True)
SEND_SUBSCRIBE = Api("/cgi-bin/message/subscribe/send", App.MINI_PROGRAM)
SEND_NOTICE = Api("/cgi-bin/message/subscribe/bizsend", App.OFFICIAL_ACCOUNT)
PREVIEW_MASS = Api("/cgi-bin/message/mass/preview", App.OFFICIAL_ACCOUNT)
USER = Api("/cgi-bin/user/info", App.OFFICIAL_ACCOUNT, "GET", repeatable=True)
FOLLOWERS = Api("/cgi-bin/user/get", App.OFFICIAL_ACCOUNT, "GET", repeatable=True, tries=5, seconds=30.0)
TAG_FOLLOWERS = Api("/cgi-bin/tags/members/batchtagging", App.OFFICIAL_ACCOUNT, repeatable=True, tries=5)
UNTAG_FOLLOWERS = Api("/cgi-bin/tags/members/batchuntagging", App.OFFICIAL_ACCOUNT, repeatable=True, tries=5)
TAGS = Api("/cgi-bin/tags/get", App.OFFICIAL_ACCOUNT, "GET", repeatable=True)
CREATE_TAG = Api("/cgi-bin/tags/create", App.OFFICIAL_ACCOUNT)
TAGGED = Api("/cgi-bin/user/tag/get", App.OFFICIAL_ACCOUNT, repeatable=True, tries=5, seconds=30.0)
SEND_MASS_TO_TAG = Api(
    "/cgi-bin/message/mass/sendall",
    App.OFFICIAL_ACCOUNT,
    repeatable=True,  # Every call carries a clientmsgid.
    patience=90.0,
    seconds=30.0,
    per_minute=60,
)
ADD_MATERIAL = Api("/cgi-bin/material/add_material", App.OFFICIAL_ACCOUNT, repeatable=True, seconds=30.0)
ADD_DRAFT = Api("/cgi-bin/draft/add", App.OFFICIAL_ACCOUNT, repeatable=True)  # One too many is cleared up.
DELETE_DRAFT = Api("/cgi-bin/draft/delete", App.OFFICIAL_ACCOUNT, repeatable=True)
LIST_DRAFTS = Api("/cgi-bin/draft/batchget", App.OFFICIAL_ACCOUNT, repeatable=True)
POSTER_CODE = Api("/cgi-bin/qrcode/create", App.OFFICIAL_ACCOUNT, repeatable=True)
CREATE_MENU = Api("/cgi-bin/menu/create", App.OFFICIAL_ACCOUNT, repeatable=True)
MENU = Api("/cgi-bin/menu/get", App.OFFICIAL_ACCOUNT, "GET", repeatable=True)
TEMPLATES = Api("/wxaapi/newtmpl/gettemplate", App.MINI_PROGRAM, "GET", repeatable=True)
LOG_IN = Api("/sns/jscode2session", None, "GET", tries=2)
LOG_IN_ON_PAGE = Api("/sns/oauth2/access_token", None, "GET", tries=2)
PHONE_NUMBER = Api("/wxa/business/getuserphonenumber", App.MINI_PROGRAM, tries=2)
MINI_PROGRAM_CODE = Api(
    "/wxa/getwxacodeunlimit", App.MINI_PROGRAM, repeatable=True, per_minute=5000, burst=100
)
CHECK_TEXT = Api("/wxa/msg_sec_check", App.MINI_PROGRAM, repeatable=True, per_minute=4000, burst=100)


def pause_before_retry(api: Api, tried: int, error: WeChatError, jitter: float) -> float | None:
    """Seconds until the next try after `tried` of them, None when there shall be no other.

    `jitter` (0 to 1) keeps processes that failed together from coming back together.
    """
    if tried >= api.tries or not isinstance(error, Ambiguous | Busy | Unreachable):
        return None
    if isinstance(error, Ambiguous) and not api.repeatable:
        return None
    pause = max(error.retry_after, 2.0 ** (tried - 1)) * (1 + jitter / 4)
    return pause if pause <= api.patience else None
