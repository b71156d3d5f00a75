"""Calendar files (RFC 5545) that a phone can take over. Pure."""

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

LINE_OCTETS = 75
ZONE = ZoneInfo("Asia/Shanghai")
# China has kept UTC+8 the whole year since 1991.
TIMEZONE = (
    "BEGIN:VTIMEZONE",
    "TZID:Asia/Shanghai",
    "BEGIN:STANDARD",
    "DTSTART:19910915T010000",
    "TZOFFSETFROM:+0900",
    "TZOFFSETTO:+0800",
    "TZNAME:CST",
    "END:STANDARD",
    "END:VTIMEZONE",
)


@dataclass(frozen=True, slots=True)
class Event:
    """One appointment."""

    uid: str
    summary: str
    location: str
    description: str
    starts_at: datetime
    ends_at: datetime
    certain: bool


def write(event: Event, *, stamped_at: datetime) -> str:
    """The calendar file of one event."""
    lines = (
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//zhibutong//bookings//ZH",
        "CALSCALE:GREGORIAN",
        *TIMEZONE,
        "BEGIN:VEVENT",
        f"UID:{event.uid}",
        f"DTSTAMP:{stamped_at.astimezone(UTC):%Y%m%dT%H%M%SZ}",
        f"DTSTART;TZID=Asia/Shanghai:{event.starts_at.astimezone(ZONE):%Y%m%dT%H%M%S}",
        f"DTEND;TZID=Asia/Shanghai:{event.ends_at.astimezone(ZONE):%Y%m%dT%H%M%S}",
        f"SUMMARY:{escape(event.summary)}",
        f"LOCATION:{escape(event.location)}",
        f"DESCRIPTION:{escape(event.description)}",
        f"STATUS:{'CONFIRMED' if event.certain else 'TENTATIVE'}",
        "END:VEVENT",
        "END:VCALENDAR",
    )
    return "".join(f"{fold(line)}\r\n" for line in lines)


def escape(text: str) -> str:
    """Text as a property value: no line break or separator in it means anything."""
    kept = "".join(letter for letter in text if letter >= " " or letter == "\n")
    for letter in ("\\", ";", ","):
        kept = kept.replace(letter, f"\\{letter}")
    return kept.replace("\n", "\\n")


def fold(line: str) -> str:
    """Break a line so that none has more than 75 octets, never inside a character."""
    pieces, octets = [""], 0
    for letter in line:
        size = len(letter.encode())
        if octets + size > LINE_OCTETS:
            pieces.append("")
            octets = 1  # The blank that marks a continuation counts.
        pieces[-1] += letter
        octets += size
    return "\r\n ".join(pieces)
