"""What lasts on a connection of the WebSocket API: who is logged on, which accounts are heard."""

from collections.abc import Callable, Mapping

from thunes.sandbox.exchange import Exchange
from thunes.sandbox.holder import Holder, Listener
from thunes.sandbox.keys import Key, SharedSecret
from thunes.sandbox.params import Params
from thunes.sandbox.refused import Refused

_SUBSCRIPTIONS_MAX = 1_000

Method = Callable[[Params, dict[str, str]], object]


class Session:
    """Answers the methods that concern the connection itself; events go to `push`."""

    def __init__(self, exchange: Exchange, push: Callable[[bytes], None]) -> None:
        self._exchange = exchange
        self._push = push
        self._session: tuple[Key, int] | None = None  # key, and since when (ms)
        self._subscribed: dict[int, tuple[Holder, Listener]] = {}
        self._next = 0
        self._since = exchange.clock.ms
        self.methods: Mapping[str, Method] = {
            "session.logon": self._log_on,
            "session.logout": self._log_out,
            "session.status": self._status,
            "session.subscriptions": self._list,
            "userDataStream.subscribe": self._subscribe_session,
            "userDataStream.subscribe.signature": self._subscribe_signed,
            "userDataStream.unsubscribe": self._unsubscribe,
        }

    def close(self) -> None:
        for number in tuple(self._subscribed):
            self._leave(number)

    def key(self, params: Params, signed: dict[str, str]) -> Key:
        """Whose request it is: of who signs, or of who has logged on."""
        exchange = self._exchange
        name = params.text("apiKey")
        if name is None and self._session is not None:
            exchange.check_time(params)
            return self._session[0]
        key = exchange.key(name)
        exchange.check_time(params)
        payload = "&".join(f"{k}={signed[k]}" for k in sorted(signed) if k != "signature")
        exchange.check_signature(key, payload.encode(), params.text("signature"))
        return key

    def _log_on(self, params: Params, signed: dict[str, str]) -> object:
        key = self.key(params, signed)
        if isinstance(key.lock, SharedSecret):
            raise Refused(-4056, "HMAC_SHA256 API key is not supported.")
        self._session = (key, self._exchange.clock.ms)
        return self._status(params, signed)

    def _log_out(self, params: Params, signed: dict[str, str]) -> object:
        self._session = None
        return self._status(params, signed)

    def _status(self, *_: object) -> object:
        key, since = self._session or (None, None)
        return {
            "apiKey": None if key is None else key.name,
            "authorizedSince": since,
            "connectedSince": self._since,
            "returnRateLimits": True,
            "serverTime": self._exchange.clock.ms,
            "userDataStream": bool(self._subscribed),
        }

    def _list(self, *_: object) -> object:
        return [{"subscriptionId": number} for number in self._subscribed]

    def _subscribe_session(self, *_: object) -> object:
        if self._session is None:
            raise Refused(-1002, "You are not authorized to execute this request.", status=401)
        return self._subscribe(self._session[0].holder)

    def _subscribe_signed(self, params: Params, signed: dict[str, str]) -> object:
        return self._subscribe(self.key(params, signed).holder)

    def _subscribe(self, holder: Holder) -> object:
        if any(other is holder for other, _ in self._subscribed.values()):
            raise Refused(-2035, "A subscription to this user data stream is already active.")
        if len(self._subscribed) >= _SUBSCRIPTIONS_MAX:
            raise Refused(-2042, "Too many user data stream subscriptions.")
        number = self._next
        self._next += 1
        head = b'{"subscriptionId":%d,"event":' % number

        def listen(event: bytes) -> None:
            self._push(head + event + b"}")

        holder.listeners.append(listen)
        self._subscribed[number] = (holder, listen)
        return {"subscriptionId": number}

    def _unsubscribe(self, params: Params, _: object) -> object:
        number = params.integer("subscriptionId")
        if number is None:
            for each in tuple(self._subscribed):
                self._leave(each)
        elif number in self._subscribed:
            self._leave(number)
        else:
            raise Refused(-2036, "There is no active subscription with this id.")
        return {}

    def _leave(self, number: int) -> None:
        holder, listen = self._subscribed.pop(number)
        holder.listeners.remove(listen)
