"""Expected refusals. `code` is stable: clients may branch on it. Doors turn them into sentences."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import ClassVar


class Refused(Exception):
    """Base of every expected refusal."""

    code: ClassVar[str] = "refused"


class NotFound(Refused):
    """There is no such thing, or it isn't the caller's to see."""

    code = "not_found"


class NotBound(Refused):
    """The WeChat identity is not tied to a person on the roster yet."""

    code = "not_bound"


class NotAllowed(Refused):
    """The caller's duties don't cover this."""

    code = "not_allowed"


class NotOnRoster(Refused):
    """The phone number is on nobody's roster row."""

    code = "not_on_roster"


class AlreadyBound(Refused):
    """The roster row is tied to another WeChat identity already."""

    code = "already_bound"


class SlotFull(Refused):
    """Fewer places are left than were asked for."""

    code = "slot_full"


class SlotClosed(Refused):
    """The slot is closed, over, or too near to be booked."""

    code = "slot_closed"


class AlreadyBooked(Refused):
    """The branch has a live booking of this slot, or of another one at the same time.

    `site` and `at` say where it is expected then, and from when; empty where that isn't known.
    """

    code = "already_booked"

    def __init__(self, *, site: str = "", at: datetime | None = None) -> None:
        super().__init__()
        self.site = site
        self.at = at


class TooManyBookings(Refused):
    """The branch has as many visits ahead as one branch may have."""

    code = "too_many_bookings"


class TooManyThisMonth(Refused):
    """The branch has as many bookings in that month as one branch may have."""

    code = "too_many_this_month"


class BookingPaused(Refused):
    """The branch let too many visits pass in a quarter; `until` is the day on which it books again."""

    code = "booking_paused"

    def __init__(self, until: date) -> None:
        super().__init__()
        self.until = until


class TooShortNotice(Refused):
    """A site is closed so soon that it can't be announced in time, and nobody said that it is urgent."""

    code = "too_short_notice"


class NotOpenToGuests(Refused):
    """The visit isn't sure, has begun, or its branch has the slot for itself."""

    code = "not_open_to_guests"


class TooLateToCancel(Refused):
    """The visit is so near that only the site's keeper can call it off."""

    code = "too_late_to_cancel"


class OfferExpired(Refused):
    """The places offered to a waiting branch have gone to the next one."""

    code = "offer_expired"


class NotYourBranch(Refused):
    """The caller may not book for this branch."""

    code = "not_your_branch"


class WrongState(Refused):
    """The thing is past the point where this can be done to it."""

    code = "wrong_state"


class OwnDraft(Refused):
    """The caller wrote at this draft; somebody else must approve it."""

    code = "own_draft"


class NotFulfilled(Refused):
    """The visit isn't over, or nobody checked in."""

    code = "not_fulfilled"


class NoRecord(Refused):
    """The visit has no signed record yet."""

    code = "no_record"


class AlreadyClaimed(Refused):
    """There is a claim for this visit."""

    code = "already_claimed"


class OwnClaim(Refused):
    """The caller had a hand in this claim, or is of its branch; somebody else must decide or pay."""

    code = "own_claim"


class NoFund(Refused):
    """No fund of that year pays for this branch."""

    code = "no_fund"


class FundSpent(Refused):
    """Less is left in the fund than is asked for."""

    code = "fund_spent"


class ReceiptUsed(Refused):
    """A receipt of this number stands behind another claim."""

    code = "receipt_used"


class OwnRectification(Refused):
    """The caller owns, proved or judged this rectification already; somebody else must look at it."""

    code = "own_rectification"


class TooLateToObject(Refused):
    """The term in which a branch may object to a deduction is over."""

    code = "too_late_to_object"


class StepRefused(Refused):
    """A rehearsal's rule says no: `sentence` has the working, `citation` the rule where there is one."""

    code = "step_refused"

    def __init__(self, sentence: str, citation: object = "") -> None:
        super().__init__(sentence)
        self.sentence = f"{sentence}（依据：{citation}）" if citation else sentence


class ScanRefused(Refused):
    """Base of the reasons why a scan is no check-in.

    `site` is the name of the site meant; `at` is when its gate opens (too early, wrong site) or closed
    (too late). Both are empty where they say nothing.
    """

    code = "scan_refused"

    def __init__(self, *, site: str = "", at: datetime | None = None) -> None:
        super().__init__()
        self.site = site
        self.at = at


class BadCode(ScanRefused):
    """The scanned text is none of ours, or its signature is wrong."""

    code = "bad_code"


class ExpiredCode(ScanRefused):
    """A rotating code older than it may be."""

    code = "expired_code"


class TooEarly(ScanRefused):
    """The gate of the branch's next visit has not opened."""

    code = "too_early"


class TooLate(ScanRefused):
    """The branch's visit is over."""

    code = "too_late"


class NoBooking(ScanRefused):
    """The person's branch has no visit here."""

    code = "no_booking"


class WrongSite(ScanRefused):
    """The person's branch is expected at another site today."""

    code = "wrong_site"


class CancelledBooking(ScanRefused):
    """The branch's visit here today was cancelled or declined."""

    code = "cancelled_booking"


class AlreadyFullTime(Refused):
    """The worker is on a full-time post in another unit."""

    code = "already_full_time"


class FilingOpen(Refused):
    """Something else is filed for this person and not decided yet."""

    code = "filing_open"


class OwnFiling(Refused):
    """The caller reviewed this filing; somebody else must approve it."""

    code = "own_filing"


class OwnNomination(Refused):
    """The caller nominated this, or wished for its higher level; somebody else must look and decide."""

    code = "own_nomination"


class TrainingFull(Refused):
    """Fewer places are left in the class than the group needs."""

    code = "training_full"


class InAnotherTraining(Refused):
    """One of the group is in a class at the same time, or in this one already."""

    code = "in_another_training"


class RotatedLately(Refused):
    """This person was in a rotation within the rounds in which nobody goes twice."""

    code = "rotated_lately"


class MentorTaken(Refused):
    """The mentor has as many people as one may have at once."""

    code = "mentor_taken"


class NotCompleted(Refused):
    """A condition isn't met yet, or it is too early."""

    code = "not_completed"


class NoFont(Refused):
    """This machine has no Chinese font to print with."""

    code = "no_font"


class ReplayedScan(ScanRefused):
    """The random word of this scan was sent before, with another code or by somebody else."""

    code = "replayed_scan"


class StaleVersion(Refused):
    """Somebody else saved in between; what was to be changed is set aside beside the record."""

    code = "stale_version"


class TermsChanged(Refused):
    """Somebody else changed the settings meanwhile; nothing was changed."""

    code = "terms_changed"


class AlreadyRecorded(Refused):
    """The branch has a record of this kind about the same person, year or thing."""

    code = "already_recorded"


class RecordUnready(Refused):
    """Base of what keeps a record from being signed: `problems` has `(field, sentence)`, all at once."""

    code = "record_unready"

    def __init__(self, problems: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__("; ".join(f"{field}: {sentence}" for field, sentence in problems))
        self.problems = tuple(problems)


class RecordBlocked(RecordUnready):
    """A rule's hard condition isn't met (阻断)."""

    code = "record_blocked"


class WarningsUnseen(RecordUnready):
    """There are hints (提示) that the signer hasn't said to have seen."""

    code = "warnings_unseen"


class BadInput(Refused):
    """A form with fields that can't be taken; `fields` maps each to a Chinese sentence."""

    code = "bad_input"

    def __init__(self, **fields: str) -> None:
        super().__init__("; ".join(f"{name}: {message}" for name, message in fields.items()))
        self.fields = fields
