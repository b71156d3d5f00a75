"""Every setting, its default, and a sentence on what it is for.

Read from the environment (prefix ``ZBT_``) or from ``.env``. ``.env.example`` lists the same names.
"""

import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

OFFICIAL_API_BASE = "https://api.weixin.qq.com"
PLACEHOLDER = "change-me"
DEMO = "demo"
"""How the demo's public secrets begin (.env.demo); they never speak to the real platform."""
DAYS = r"\d{4}-\d\d-\d\d(\.\.\d{4}-\d\d-\d\d)?"
"""One day, or the first and the last of several."""
SECRET_NAMES = (
    "secret_key",
    "oa_app_id",
    "oa_secret",
    "oa_token",
    "oa_encoding_aes_key",
    "mp_app_id",
    "mp_secret",
)


class MessageMode(StrEnum):
    """How WeChat's server delivers callbacks (console: 消息加解密方式)."""

    SAFE = "safe"
    COMPATIBLE = "compatible"
    PLAIN = "plain"


class LateAnswers(StrEnum):
    """What becomes of an answer that misses the callback deadline."""

    CUSTOMER_SERVICE = "customer_service"
    RESEND = "resend"


class HolidayRule(StrEnum):
    """What becomes of the lesson of a Friday that is a holiday."""

    AFTER = "after"
    BEFORE = "before"


class MassForm(StrEnum):
    """What the Friday lesson's mass message is: words, or an article with a cover (图文)."""

    TEXT = "text"
    ARTICLE = "article"


class MissingSettings(Exception):
    """A production start lacks secrets; the message names all of them."""


class Settings(BaseSettings):
    """The service's settings. Frozen; build one with ``Settings()`` at the composition root only."""

    model_config = SettingsConfigDict(env_prefix="ZBT_", env_file=".env", extra="ignore", frozen=True)

    data_dir: Path = Field(Path("var"), description="Database file, logs and exports live here.")
    database_url: str = Field("", description="Empty = SQLite in the data directory.")
    redis_url: str = Field("memory://", description="memory:// = inside this process.")
    secret_key: SecretStr = Field(
        SecretStr(""), description="Signs codes and sessions, encrypts phones, id numbers and records."
    )
    previous_secret_key: SecretStr = Field(
        SecretStr(""),
        description="The secret before a change, until `secret rotate` is through and old posters are gone.",
    )
    code_versions: str = Field(
        "1",
        pattern="^[0-9a-z]{1,8}$",
        description="Key versions of scanned codes: the first signs, the others are still read.",
    )
    public_url: str = Field("http://127.0.0.1:8080", description="Address people reach us at.")
    timezone: str = Field("Asia/Shanghai", description="Zone of dates, Fridays and months.")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="What is logged.")
    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8080, description="Port to listen on.")
    database_pool: int = Field(
        10, ge=2, description="PostgreSQL connections of one process at most; one of them stores answers."
    )

    wechat_api_base: str = Field(OFFICIAL_API_BASE, description="WeChat's API; the simulator's in the demo.")
    wechat_authorize_url: str = Field(
        "https://open.weixin.qq.com/connect/oauth2/authorize",
        description="Where WeChat's browser learns who holds it, so that pages know their reader.",
    )
    oa_app_id: str = Field("", description="AppID of the official account.")
    oa_secret: SecretStr = Field(SecretStr(""), description="AppSecret of the official account.")
    oa_token: SecretStr = Field(SecretStr(""), description="Token of the callback.")
    oa_encoding_aes_key: SecretStr = Field(SecretStr(""), description="EncodingAESKey, 43 characters.")
    oa_encoding_aes_key_previous: SecretStr = Field(
        SecretStr(""), description="The key before the last rotation; still accepted."
    )
    oa_message_mode: MessageMode = Field(MessageMode.SAFE, description="safe, compatible or plain.")
    mp_app_id: str = Field("", description="AppID of the mini program.")
    mp_secret: SecretStr = Field(SecretStr(""), description="AppSecret of the mini program.")
    callback_max_age: int = Field(
        600, description="Seconds a callback may be old or early; 0 = do not check."
    )
    callback_deadline: float = Field(4.5, description="Seconds within which a callback is answered.")
    late_answers: LateAnswers = Field(
        LateAnswers.CUSTOMER_SERVICE,
        description="customer_service, or resend for accounts without that interface.",
    )
    follower_messages_per_minute: int = Field(
        30,
        description="Messages a follower may send in a minute before silence; 0 = no limit.",
    )
    api_requests_per_minute: int = Field(
        1200,
        description="Requests one account, or one address without login, may make in a minute; 0 = no limit.",
    )
    complaint_answer_workdays: int = Field(
        15, ge=1, le=250, description="Working days within which a complaint is to be answered."
    )
    worker_age_limit: int = Field(
        35, description="Up to this age (years) a worker belongs to the Friday lesson's audience."
    )
    open_bookings_per_branch: int = Field(
        4, description="Visits one branch may have ahead of it, waiting ones included."
    )
    bookings_per_month: int = Field(
        4, ge=0, description="Visits one branch may book in a calendar month; 0 = no limit."
    )
    book_ahead_workdays: int = Field(
        1, ge=0, description="Working days before a visit up to which it is booked; 0 = until it begins."
    )
    book_training_ahead_workdays: int = Field(
        3, ge=0, description="The same for sites that are training bases."
    )
    late_cancel_hours: int = Field(
        24, ge=0, description="Hours before a visit from which calling it off counts like a visit missed."
    )
    failures_per_quarter: int = Field(
        3, ge=0, description="Visits missed in a quarter after which a branch pauses booking; 0 = never."
    )
    pause_days: int = Field(30, ge=1, description="Days for which such a branch doesn't book.")
    closing_notice_days: int = Field(
        3, ge=0, description="Days before which a keeper announces a closing that isn't urgent; 0 = none."
    )
    confirm_within_workdays: int = Field(
        1, ge=1, description="Working days a keeper has to confirm a visit before being reminded."
    )
    escalate_after_workdays: int = Field(
        2, ge=1, description="Working days an unconfirmed visit waits until the officers above are told."
    )
    cancel_until_hours: int = Field(
        2, description="Hours before a visit up to which a branch may call it off by itself."
    )
    offer_hours: int = Field(
        24,
        description="Hours a waiting branch has to accept places that came free, the visit's start at most.",
    )
    no_show_minutes: int = Field(
        30, description="Minutes after a visit's start without any check-in until its places are released."
    )
    visit_template_id: str = Field(
        "", description="Mini-program subscribe template of a visit's reminder (thing1, time2, thing3)."
    )
    visit_notice_template_id: str = Field(
        "",
        description="Official account's subscribe-notice template of a visit's reminder; empty = not used.",
    )
    navigation_url: str = Field(
        "https://apis.map.qq.com/uri/v1/marker?marker=coord:{lat},{lng};title:{name};addr:{address}"
        "&referer=zhibutong",
        description="The map page's way to a site: {lat} {lng} (GCJ-02) {name} {address}; empty = none.",
    )
    record_template_id: str = Field(
        "",
        description="Mini-program subscribe template of what a branch has to record (thing1, time2, thing3).",
    )
    rehearsal_line_seconds: float = Field(
        300, ge=0, description="Seconds a phone's line to a rehearsal stays open; it reconnects by itself."
    )
    lesson_template_id: str = Field("", description="Mini-program subscribe template of the Friday lesson.")
    lesson_notice_template_id: str = Field(
        "", description="Official account's subscribe-notice template of the Friday lesson; empty = not used."
    )
    lesson_mass_a_month: int = Field(
        4,
        ge=0,
        le=4,
        description="Mass messages a month the lesson may use; below 4 leaves some for those sent by hand.",
    )
    lesson_mass_tag: str = Field(
        "",
        max_length=30,
        description="Tag of the account for the lesson's audience: one mass message to it; empty = by lists.",
    )
    lesson_mass_form: MassForm = Field(
        MassForm.TEXT,
        description="Form of the mass message of lessons that don't say: text, or article with a cover.",
    )
    lesson_cover: str = Field(
        "", description="Picture on those articles, JPG or PNG, 2 MB at most; empty = the built-in one."
    )
    lesson_holidays: HolidayRule = Field(
        HolidayRule.AFTER,
        description="A holiday's lesson: after = the next Friday takes it; before = the last workday before.",
    )
    lesson_days_off: str = Field(
        "",
        pattern=rf"^({DAYS}(,{DAYS})*)?$",
        description="Days off that aren't built in yet, e.g. 2027-02-05..2027-02-11,2027-10-04.",
    )
    lesson_time: str = Field("15:00", description="Friday lesson's time of day, HH:MM.")

    claims_two_reviews: bool = Field(
        True,
        description="Claims are reviewed by the town, then approved by the district; False: one officer.",
    )
    assessment_dir: str = Field(
        "", description="Folder of the assessment's sheets and terms; empty = content/assessments."
    )
    claims_need_three_people: bool = Field(
        False, description="True: who reviewed or approved a claim may not pay it either."
    )
    claims_need_record: bool = Field(
        True, description="True: a visit is claimed once its record (T09 and the like) is signed."
    )
    claim_within_workdays: int = Field(
        15,
        ge=1,
        description="Working days after a visit in which it is claimed in time; only shown.",
    )
    town_review_workdays: int = Field(
        5, ge=1, description="Working days the town has to review a claim; then it is shown as overdue."
    )
    district_review_workdays: int = Field(
        10, ge=1, description="Working days the district has to approve a claim; then it is shown as overdue."
    )
    receipt_images_kept_days: int = Field(
        30, ge=0, description="Days a bill's picture is kept after its claim was turned down for good."
    )
    text_check: bool = Field(
        False,
        description="True: the mini program has msg_sec_check; texts for others wait until they passed it.",
    )

    staff_gap_days: int = Field(
        30,
        ge=1,
        description="Days a unit may lack full-time workers before it is listed; the district's figure.",
    )
    staff_vacancy_days: int = Field(
        30, ge=1, description="Days after a full-time worker left by which the post is due to be filled."
    )
    filing_needs_two_people: bool = Field(
        True, description="True: who reviews a filing may not approve it, so that two people see each."
    )
    rotation_per_month: int = Field(1, ge=1, le=5, description="Towns that rotate in the same month.")
    rotation_rest_rounds: int = Field(
        2, ge=0, description="Within so many rounds nobody rotates twice; 0 = no such rule."
    )
    rotation_mentees: int = Field(2, ge=1, description="Rotating workers one mentor may have at once.")
    rotation_report_by: int = Field(
        20, ge=1, le=28, description="Day of the month before by which a town names its person."
    )
    rotation_confirm_by: int = Field(
        25, ge=1, le=28, description="Day of the month before by which the section confirms."
    )
    rotation_needs: str = Field(
        "attendance,quiz,mentor",
        pattern="^((attendance|quiz|mentor)(,(attendance|quiz|mentor)){0,2})?$",
        description="What must be met to graduate from a rotation; the log is never demanded.",
    )
    rotation_misses_noted: int = Field(
        2, ge=1, description="Turns missed one after another from which a town is noted for the section."
    )

    weak_branch_due_days: int = Field(
        15,
        ge=1,
        le=90,
        description="Days before a 软弱涣散 branch's time is over from which people are reminded of it.",
    )

    showcase_valid_months: int = Field(
        24, ge=1, le=60, description="Months an example stays listed where the district names no other day."
    )
    showcase_due_days: int = Field(
        60, ge=1, le=365, description="Days before an example's time is over from which its review is due."
    )
    showcase_goal_district: int = Field(
        32, ge=0, description="Demonstration sites the district means to have at its own level."
    )
    showcase_goal_city: int = Field(
        9, ge=0, description="Demonstration sites the district means to have at the city's level."
    )

    @field_validator("timezone")
    @classmethod
    def _is_a_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError("应是时区的名称，例如 Asia/Shanghai") from None
        return name

    @property
    def code_version(self) -> str:
        """The key version that signs new codes."""
        return self.code_versions[0]

    @property
    def zone(self) -> ZoneInfo:
        """The zone that dates are counted in."""
        return ZoneInfo(self.timezone)

    @property
    def resolved_database_url(self) -> str:
        """The database address, with the embedded default filled in."""
        return self.database_url or f"sqlite://{self.data_dir / 'zhibutong.sqlite3'}"

    @property
    def secret_keys(self) -> tuple[SecretStr, ...]:
        """The secret in force, then the one before it where it is still set: the first alone signs."""
        return (self.secret_key, self.previous_secret_key)[: 2 if self._plain("previous_secret_key") else 1]

    def require_secrets(self) -> None:
        """Refuse a start that lacks secrets.

        Raises:
            MissingSettings: names every secret that is missing, or is a placeholder.
        """
        missing = [name for name in SECRET_NAMES if not self._is_filled_in(name)]
        if missing:
            names = "、".join(f"ZBT_{name.upper()}" for name in missing)
            raise MissingSettings(f"以下设置缺失或仍是占位值，请在 .env 中填写：{names}")

    def _is_filled_in(self, name: str) -> bool:
        value = self._plain(name).lower()
        is_demo = self.wechat_api_base == OFFICIAL_API_BASE and value.startswith(DEMO)
        return bool(value) and not value.startswith(PLACEHOLDER) and not is_demo

    def _plain(self, name: str) -> str:
        value = getattr(self, name)
        return value.get_secret_value() if isinstance(value, SecretStr) else str(value)


FAULTS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "int_parsing": lambda said: "应是整数",
    "float_parsing": lambda said: "应是数字",
    "bool_parsing": lambda said: "应是 true 或 false",
    "greater_than_equal": lambda said: f"不能小于 {said['ge']}",
    "greater_than": lambda said: f"应大于 {said['gt']}",
    "less_than_equal": lambda said: f"不能大于 {said['le']}",
    "enum": lambda said: f"只能是 {one_of(said)}",
    "literal_error": lambda said: f"只能是 {one_of(said)}",
    "value_error": lambda said: str(said["error"]),
}
"""What to say of a setting that cannot be read, by pydantic's name for the fault."""


def one_of(said: Mapping[str, Any]) -> str:
    """The values that a setting may have, from pydantic's list of them."""
    return "、".join(re.findall("'([^']*)'", said["expected"]))


def explained(error: ValidationError) -> str:
    """Which settings can't be read, and how they are written; without their values, which may be secret."""
    lines = [
        f"ZBT_{str(fault['loc'][0]).upper()}："
        + (
            FAULTS[fault["type"]](fault.get("ctx", {}))
            if fault["type"] in FAULTS
            else "写法不对，请对照 .env.example"
        )
        for fault in error.errors()
    ]
    return "\n".join(["以下设置写得不对，请在 .env 中改正：", *lines])
