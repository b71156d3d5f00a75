"""Answering messages in time: once each, whatever is re-sent, killed or slow (promise 1)."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import cast

from prometheus_client import Counter
from tortoise.transactions import in_transaction

from bot import texts
from bot.messages import Message, message_of
from bot.pace import Pace, open_pace
from bot.replies import MORE, Reply, render, said
from bot.router import Deliberate, Instant, Manner, Route, Router, Spoken, app_of
from handlers import accounts, remainders, sealed_texts
from handlers.callbacks import CallbackLedger
from handlers.context import REQUEST_ID, Context
from handlers.errors import Refused
from handlers.lengths import cut
from models.callbacks import Answered, Callback, Remembered, claim_owed, owe, remember, stored_reply
from settings import LateAnswers

log = logging.getLogger(__name__)

WORK_LIMIT = 30.0
"""Seconds after which a callback's work is given up; its owner counts as dead a while later."""
OWED_TOO_LONG = timedelta(seconds=60)
GIVE_UP_AFTER = timedelta(minutes=10)
LOOK_FOR_OWED_EVERY = 10.0
PAID_AT_ONCE = 20
DELIVERIES = 3
"""How often WeChat delivers one message in all (observed, wechat-platform §1.6)."""

CALLBACKS = Counter("zbt_callbacks_total", "Callbacks, by what became of them", ["outcome"])
TAKEN, REPEATED, LATE = [CALLBACKS.labels(outcome) for outcome in ("taken", "repeated", "late")]


class TooLate(Exception):
    """No answer within the deadline; WeChat's re-send will ask again."""


class Superseded(Exception):
    """Another process answered first; our work is undone and its answer counts."""

    def __init__(self, remembered: Remembered) -> None:
        super().__init__()
        self.remembered = remembered


CALM_DOWN = Route(("text",), lambda message, ctx: texts.TOO_MANY_MESSAGES, Manner.INSTANT)
"""What answers the first message past the limit; those after it are met with silence."""


class Desk:
    """One process's answering of messages."""

    def __init__(self, ctx: Context, ledger: CallbackLedger, router: Router, pace: Pace) -> None:
        self._ctx = ctx
        self._ledger = ledger
        self._router = router
        self._deadline = ctx.settings.callback_deadline
        self._running: dict[str, asyncio.Future[Remembered]] = {}
        self._pace = pace
        self._loop = asyncio.get_running_loop()
        self._secrets = ctx.settings.secret_keys

    async def answer(self, message: Message, started: float) -> str:
        """The reply body for a message, "" for silence.

        `started` is the loop's time at which the request came in.

        Raises:
            TooLate: the answer is left to the re-send.
        """
        return sealed_texts.opened(self._secrets, await self._answer(message, started))

    async def _answer(self, message: Message, started: float) -> str:
        """The reply body as it is kept."""
        route = self._router.find(message)
        if route is None or not (message.source and message.target):
            return ""
        key = message.key()
        REQUEST_ID.set(key)
        over = self._pace.over(message.source, self._ctx.now()) if message.kind != "event" else 0
        if over:
            return await self._past_limit(over, message, key)
        if route.manner is Manner.INSTANT and key not in self._running:
            # Nobody's work is spared by asking who else is at it: storing the answer tells whether it counts.
            spoken = self._from_memory(route, message)
            if not isinstance(spoken, Route):
                return await self._store_at_once(spoken, route, message, key)
            route = spoken
        # A look-up done twice changes nothing, and the first answer stored is the one that counts.
        worker = None if route.manner is Manner.READS else await self._ledger.claim(key)
        if worker is not None or key in self._running:
            known = await self._join(message, key, worker or self._ledger.process, started)
            if known is not None:
                self._repeated(message)
                return known
        TAKEN.inc()
        work = self._running[key] = self._loop.create_task(self._carry_out(route, message, key))
        work.add_done_callback(lambda _: self._running.pop(key, None))
        return await self._in_time(work, message, key, started, is_resend=False)

    async def trusts(self, message: Message, signature: str) -> bool:
        """Whether a clear message may be believed: no other one came under its signature."""
        return await self._ledger.is_first_under(signature, message.key())

    def _repeated(self, message: Message) -> None:
        REPEATED.inc()
        self._pace.forgive(message.source)

    async def _past_limit(self, over: int, message: Message, key: str) -> str:
        """One kind word, then silence; but a re-send gets what its first delivery got."""
        if key in self._running:
            self._repeated(message)
            return (await self._running[key]).reply
        known = await stored_reply(key)
        if known is not None or over > 1:
            return known or ""
        return await self._store_at_once(texts.TOO_MANY_MESSAGES, CALM_DOWN, message, key)

    def _from_memory(self, route: Route, message: Message) -> Reply | Spoken | Route:
        """What an instant line says, or the slower line that it hands the message on to."""
        try:
            return cast(Instant, route.answer)(message, self._ctx)
        except Exception:
            log.exception("callback.failed", extra={"kind": message.kind})
            return texts.SORRY

    async def _store_at_once(self, spoken: Reply | Spoken, route: Route, message: Message, key: str) -> str:
        """The reply from memory, stored together with those of the same tick."""
        answered = self._written(spoken, message, key, route)
        storing = self._running[key] = self._ledger.submit(answered)
        try:
            remembered = await storing
        except Exception:
            log.exception("callback.not_stored")
            promised = answered.asked is not None and answered.asked.kind == "none"
            return render(texts.SORRY, message) if promised else answered.reply
        finally:
            self._running.pop(key, None)
        if remembered.ours:
            TAKEN.inc()
        else:
            self._repeated(message)
        return remembered.reply

    async def _carry_out(self, route: Route, message: Message, key: str) -> Remembered:
        """Do the work of a slower callback, exactly once, and store its answer with it."""
        try:
            known = None if route.manner is Manner.READS else await stored_reply(key)
            if known is not None:
                return Remembered(known, ours=False)
            remembered = await self._work_or_apologise(route, message, key)
        except Exception:
            await self._ledger.abandon(key)
            raise
        return remembered

    async def _work_or_apologise(self, route: Route, message: Message, key: str) -> Remembered:
        try:
            async with asyncio.timeout(WORK_LIMIT):
                return await self._work(route, message, key)
        except Superseded as superseded:
            return superseded.remembered
        except Exception:
            if not route.from_person:
                raise  # The platform's own report is wanted, not excused: unanswered, it comes again.
            log.exception("callback.failed", extra={"kind": message.kind, "event": message.event})
            return (await remember([self._written(texts.SORRY, message, key, route)]))[0]

    async def _work(self, route: Route, message: Message, key: str) -> Remembered:
        if route.manner is not Manner.CHANGES:
            answered = self._written(await self._spoken(route, message), message, key, route)
            return await self._ledger.submit(answered)
        async with in_transaction():
            answered = self._written(await self._spoken(route, message), message, key, route)
            remembered = (await remember([answered]))[0]
            if not remembered.ours:
                raise Superseded(remembered)
            return remembered

    async def _spoken(self, route: Route, message: Message) -> Reply | Spoken:
        ctx = self._ctx
        if route.from_person and not route.finds_sender:
            app = app_of(message, ctx)
            if route.manner is Manner.READS:
                caller = await accounts.known_caller(app=app, openid=message.source)
            else:
                caller = await accounts.caller(ctx, app=app, openid=message.source)
            ctx = ctx.on_behalf_of(caller)
        try:
            return await cast(Deliberate, route.answer)(message, ctx)
        except Refused as refusal:
            return texts.refusal(refusal)

    def _written(self, spoken: Reply | Spoken, message: Message, key: str, route: Route | None) -> Answered:
        """The reply as it goes out and is stored; what doesn't fit is kept for “更多”."""
        asked = spoken.asked if isinstance(spoken, Spoken) else None
        reply = spoken.reply if isinstance(spoken, Spoken) else spoken
        if isinstance(reply, str):
            reply, rest = cut(reply, ending=MORE)
            if rest:
                remainders.keep(self._ctx, openid=message.source, rest=rest)
        openid = message.source if route is None or route.from_person else ""
        body, text = render(reply, message), said(reply)
        if route is not None and route.private:
            body, text = (sealed_texts.seal(self._ctx.settings.secret_key, one) for one in (body, text))
        return Answered(
            key=key,
            app=app_of(message, self._ctx),
            openid=openid,
            reply=body,
            text=text,
            at=self._ctx.now(),
            asked=asked,
        )

    async def _join(self, message: Message, key: str, worker: str, started: float) -> str | None:
        """The answer of whoever is at work on this callback; None when nobody is any more."""
        running = self._running.get(key)
        if running is not None:
            return await self._in_time(running, message, key, started, is_resend=True)
        if worker == self._ledger.process:
            return await stored_reply(key)
        try:
            async with asyncio.timeout(self._left(started)):
                return await self._ledger.wait_for_other(key, worker)
        except TimeoutError:
            return await self._missed(message, key, is_resend=True)

    async def _in_time(
        self,
        work: "asyncio.Future[Remembered]",
        message: Message,
        key: str,
        started: float,
        *,
        is_resend: bool,
    ) -> str:
        done, _ = await asyncio.wait({work}, timeout=self._left(started))
        if done:
            return work.result().reply
        return await self._missed(message, key, is_resend=is_resend)

    async def _missed(self, message: Message, key: str, *, is_resend: bool) -> str:
        """The deadline has come. The work goes on; its answer goes by another way."""
        if self._ctx.settings.late_answers is LateAnswers.CUSTOMER_SERVICE:
            if is_resend:
                return ""  # The first delivery has promised the answer already.
            LATE.inc()
            log.warning("callback.late", extra={"kind": message.kind, "event": message.event})
            return await owe(key, json.dumps(message.fields), self._ctx.now()) or ""
        if await self._ledger.attempts(key) < DELIVERIES:
            raise TooLate
        return render(texts.STILL_WORKING, message)

    def _left(self, started: float) -> float:
        return max(0.0, self._deadline - (self._loop.time() - started))

    async def finish(self) -> None:
        """Wait for the work that is under way."""
        while self._running:
            await asyncio.wait(set(self._running.values()))
            await asyncio.sleep(0)

    async def pay_debts(self) -> None:
        """Finish owed callbacks whose process died, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_FOR_OWED_EVERY)
            try:
                while await self.pay_owed() == PAID_AT_ONCE:
                    pass  # There are more.
            except Exception:
                log.exception("callback.owed_failed")

    async def pay_owed(self) -> int:
        """Finish the owed callbacks that nobody seems to work on; how many there were."""
        now = self._ctx.now()
        owed = await Callback.filter(reply=None, received_at__lt=now - OWED_TOO_LONG).limit(PAID_AT_ONCE)
        paid = 0
        for callback in owed:
            if callback.key not in self._running and await claim_owed(callback, now):
                await self._pay(callback)
                paid += 1
        return paid

    async def _pay(self, callback: Callback) -> None:
        message = message_of(json.loads(callback.message or "{}"))
        route = self._router.find(message)
        if route is not None and route.manner is Manner.INSTANT:
            spoken = self._from_memory(route, message)
            route = spoken if isinstance(spoken, Route) else route
        sent_at = message.sent_at
        expired = sent_at is None or self._ctx.now() - sent_at > GIVE_UP_AFTER
        expired = expired and (route is None or route.from_person)  # A report is true for ever.
        if route is None or expired or route.manner is Manner.INSTANT:
            await remember([self._written(texts.SORRY, message, callback.key, route)])
            return
        try:
            async with asyncio.timeout(WORK_LIMIT):
                await self._work(route, message, callback.key)
        except Superseded:
            return


@asynccontextmanager
async def open_desk(ctx: Context, ledger: CallbackLedger, router: Router) -> AsyncIterator[Desk]:
    """A desk that also pays the debts of the dead; it finishes what it accepted before it closes."""
    async with open_pace(ctx.redis, limit=ctx.settings.follower_messages_per_minute) as pace:
        desk = Desk(ctx, ledger, router, pace)
        payer = asyncio.create_task(desk.pay_debts())
        try:
            yield desk
        finally:
            payer.cancel()
            await asyncio.gather(payer, return_exceptions=True)
            await desk.finish()
