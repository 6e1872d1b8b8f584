"""The account feed: what happens to our orders, told as it happens, over the WebSocket API."""

import asyncio
from collections.abc import Callable

import msgspec

from thunes.adapters.venues.binance.account_frames import (
    ENDINGS,
    Answer,
    Execution,
    decode_account,
)
from thunes.adapters.venues.binance.classify import ADVICE, Meaning, meaning_of
from thunes.adapters.venues.binance.client import CLOCK_CODE, RECV_WINDOW_MS, Client
from thunes.adapters.venues.binance.known_orders import KnownOrders
from thunes.adapters.venues.binance.pulse import Pulse
from thunes.adapters.venues.binance.session import Broken, Send
from thunes.adapters.venues.binance.signing import Keys
from thunes.core.domain.order import Report
from thunes.core.domain.units import NS_PER_SECOND, Instant

_SUBSCRIBE = "userDataStream.subscribe.signature"
_ASK_NS = 20 * NS_PER_SECOND
SILENT_NS = 45 * NS_PER_SECOND


class AccountFeed:
    """One subscription; what was missed while there was none is found by looking at the account."""

    def __init__(
        self,
        address: str,
        keys: Keys,
        client: Client,
        known: KnownOrders,
        told: tuple[Callable[[Report], object], Callable[[], object], Callable[[str], object]],
    ) -> None:
        """`told` are called with each report, whenever something may have been missed, and with
        what only a person can mend."""
        self.other = 0  # events that change nothing here
        self._address = address
        self._keys = keys
        self._client = client
        self._known = known
        self._pulse = Pulse(client, known)
        self._report, self._reconnected, self._trouble = told
        self._requests = 0
        self._answers: dict[int, asyncio.Future[Answer]] = {}
        self._heard_at = self._asked_at = Instant(0)

    def address(self) -> str:
        return self._address

    async def greet(self, send: Send) -> None:
        """Subscribe, and wait for the answer. Raises Broken if it is refused."""
        stamp = self._client.gauges.clock.stamp_ms(self._client.now())
        params = self._keys.signed_params({"recvWindow": RECV_WINDOW_MS, "timestamp": stamp})
        self._requests += 1
        number = self._requests
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        try:
            await send(_request(number, _SUBSCRIBE, params))
            said = await answer
        finally:
            del self._answers[number]
        if said.status == 200:
            self._heard_at = self._client.now()
            return
        code, text = (said.error.code, said.error.msg) if said.error else (0, "no reason given")
        if code == CLOCK_CODE:
            await self._client.look_at_clock()
        elif meaning_of(code, text) is Meaning.FATAL:
            advice = ADVICE.get(code, "a person has to look at it")
            self._trouble(f"the account stream was refused: {code} {text} - {advice}")
        raise Broken(f"the subscription was refused ({said.status}): {code} {text}")

    def hear(self, frame: bytes) -> None:
        said = decode_account(frame)
        self._heard_at = self._client.now()
        if isinstance(said, Execution):
            self._known.numbered(said.ours, said.order_id, said.list_id)
            report = said.report()
            if report is not None:
                self._known.heard(report)
                self._report(report)
        elif isinstance(said, Answer):
            waiting = self._answers.get(said.id) if isinstance(said.id, int) else None
            if waiting is not None and not waiting.done():
                waiting.set_result(said)
        elif said in ENDINGS:
            raise Broken(f"the server ends this connection: {said}")
        else:
            self.other += 1

    async def run(self) -> None:
        """Hold what was told against what is open."""
        await self._pulse.run()

    async def check(self, send: Send) -> None:
        """An account may be quiet for days: only an answer to a question tells that it is."""
        now, doubt = self._client.now(), self._pulse.doubt()
        if doubt:
            raise Broken(doubt)
        if now - self._heard_at > SILENT_NS * self._client.pace:
            raise Broken(f"no answer on this connection for {SILENT_NS // NS_PER_SECOND} s")
        if now - max(self._heard_at, self._asked_at) > _ASK_NS * self._client.pace:
            self._asked_at = now
            self._requests += 1
            await send(_request(self._requests, "ping", {}))

    def up(self, missed: bool) -> None:
        self._pulse.restart()
        if missed:
            self._reconnected()


def _request(number: int, method: str, params: dict[str, str | int]) -> bytes:
    return msgspec.json.encode({"id": number, "method": method, "params": params})
