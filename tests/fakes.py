"""Stand-ins for the outside: a clock moved by hand, and a WeChat that remembers."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from handlers.gateways.errors import BadCall
from handlers.gateways.wechat import Article, Login, MassReceipt, TextCheck
from simulator import pictures

SHANGHAI = ZoneInfo("Asia/Shanghai")


class Clock:
    """A time that stands still until a test moves it: `clock.now += timedelta(minutes=90)`."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 20, 10, 0, tzinfo=SHANGHAI)  # A Friday.

    def __call__(self) -> datetime:
        return self.now


@dataclass
class FakeWeChat:
    """Remembers what was sent; `refuse` makes the next calls raise."""

    sent: list[tuple[str, str, str]] = field(default_factory=list)
    refuse: list[Exception] = field(default_factory=list)
    logins: dict[str, Login] = field(default_factory=dict)
    page_logins: dict[str, str | None] = field(default_factory=dict)
    phones: dict[str, str] = field(default_factory=dict)
    union_ids: dict[str, str] = field(default_factory=dict)
    menu: dict[str, object] = field(default_factory=dict)
    bearing: set[str] = field(default_factory=set)
    tag_calls: list[int] = field(default_factory=list)
    mini_program_codes: list[tuple[str, str]] = field(default_factory=list)
    pictures: dict[str, bytes] = field(default_factory=dict)
    draft_box: dict[str, Article] = field(default_factory=dict)
    drafts_made: list[Article] = field(default_factory=list)
    taken_down: list[str] = field(default_factory=list)
    opinions: dict[str, TextCheck] = field(default_factory=dict)

    def _maybe_refuse(self) -> None:
        if self.refuse:
            raise self.refuse.pop(0)

    async def send_text(self, openid: str, text: str) -> None:
        self._maybe_refuse()
        self.sent.append(("customer_service", openid, text))

    async def send_mass_text(
        self, openids: Sequence[str], text: str, *, client_message_id: str
    ) -> MassReceipt:
        self._maybe_refuse()
        self.sent.extend(("mass", openid, text) for openid in openids)
        return MassReceipt(message_id=client_message_id, repeated=False)

    async def send_subscribe_message(
        self, openid: str, template_id: str, values: dict[str, str], *, page: str = ""
    ) -> str:
        self._maybe_refuse()
        self.sent.append(("subscribe", openid, template_id))
        return f"single-{len(self.sent)}"

    async def send_mass_text_to_tag(self, tag_id: int, text: str, *, client_message_id: str) -> MassReceipt:
        return await self.send_mass_text(sorted(self.bearing), text, client_message_id=client_message_id)

    async def send_mass_article(
        self, openids: Sequence[str], draft: str, *, client_message_id: str
    ) -> MassReceipt:
        """The draft is looked for before the id: the harder of two orders that WeChat doesn't tell."""
        if draft not in self.draft_box:
            raise BadCall(40007)
        words, before = f"article:{self.draft_box[draft].title}", len(self.sent)
        try:
            return await self.send_mass_text(openids, words, client_message_id=client_message_id)
        finally:
            if len(self.sent) > before:
                self.draft_box.pop(draft, None)

    async def send_mass_article_to_tag(
        self, tag_id: int, draft: str, *, client_message_id: str
    ) -> MassReceipt:
        return await self.send_mass_article(sorted(self.bearing), draft, client_message_id=client_message_id)

    async def delete_mass(self, message_id: str) -> None:
        self._maybe_refuse()
        self.taken_down.append(message_id)

    async def upload_picture(self, name: str, picture: bytes) -> str:
        self._maybe_refuse()
        media_id = f"cover-{len(self.pictures) + 1}"
        self.pictures[media_id] = picture
        return media_id

    async def add_draft(self, article: Article) -> str:
        self._maybe_refuse()
        if article.cover not in self.pictures:
            raise BadCall(40007)
        self.drafts_made.append(article)
        draft = f"draft-{len(self.drafts_made)}"
        self.draft_box[draft] = article
        return draft

    async def delete_draft(self, draft: str) -> None:
        self._maybe_refuse()
        self.draft_box.pop(draft, None)

    async def drafts(self) -> AsyncIterator[tuple[str, str]]:
        self._maybe_refuse()
        for draft, article in [*self.draft_box.items()]:
            yield draft, article.source_url

    async def preview_mass_article(self, openid: str, draft: str) -> None:
        self._maybe_refuse()
        self.sent.append(("preview", openid, f"article:{self.draft_box[draft].title}"))

    async def tag_named(self, name: str) -> int:
        self._maybe_refuse()
        return 7

    async def tagged(self, tag_id: int) -> AsyncIterator[str]:
        for openid in sorted(self.bearing):
            yield openid

    async def tag_followers(self, openids: Sequence[str], *, tag_id: int) -> None:
        self._maybe_refuse()
        self.bearing.update(openids)
        self.tag_calls.append(len(openids))

    async def untag_followers(self, openids: Sequence[str], *, tag_id: int) -> None:
        self._maybe_refuse()
        self.bearing.difference_update(openids)
        self.tag_calls.append(len(openids))

    async def send_notice(self, openid: str, template_id: str, values: dict[str, str], *, url: str) -> str:
        self._maybe_refuse()
        self.sent.append(("notice", openid, template_id))
        return f"single-{len(self.sent)}"

    async def preview_mass_text(self, openid: str, text: str) -> None:
        self._maybe_refuse()
        self.sent.append(("preview", openid, text))

    async def log_in_on_page(self, code: str) -> str | None:
        self._maybe_refuse()
        return self.page_logins[code]

    async def log_in(self, code: str) -> Login:
        self._maybe_refuse()
        return self.logins[code]

    async def phone_number(self, phone_code: str) -> str:
        self._maybe_refuse()
        return self.phones[phone_code]

    async def union_id(self, openid: str) -> str | None:
        self._maybe_refuse()
        return self.union_ids.get(openid)

    async def create_poster_code(self, scene: str) -> str:
        self._maybe_refuse()
        return f"http://weixin.qq.com/q/{scene}"

    async def create_mini_program_code(self, scene: str, page: str) -> bytes:
        self._maybe_refuse()
        self.mini_program_codes.append((scene, page))
        return pictures.png(scene)

    async def check_text(self, openid: str, text: str) -> TextCheck:
        self._maybe_refuse()
        return self.opinions.get(text, TextCheck.PASS)

    async def create_menu(self, menu: dict[str, object]) -> None:
        self._maybe_refuse()
        self.menu = menu
