"""Faults on the way of the messages of one stream."""

from typing import NamedTuple

from aiohttp import WSMsgType

from thunes.sandbox.faults import Fault, FaultBox


class Frame(NamedTuple):
    """A message as it goes out, `late_s` seconds late."""

    data: bytes
    type: WSMsgType = WSMsgType.TEXT
    late_s: float = 0.0


class Bent:
    """What becomes of the messages of one connection; `kind` is `market` or `user`."""

    def __init__(self, box: FaultBox, kind: str) -> None:
        self.box = box
        self.kind = kind
        self._held: Frame | None = None

    def frames(self, data: bytes) -> list[Frame]:
        """What goes out for one message."""
        box, kind = self.box, self.kind
        if not box.active and self._held is None:
            return [Frame(data)]
        for fault in (Fault.STREAM_SILENT, Fault.STREAM_LOST):
            if box.strikes(fault, kind, data) is not None:
                return []
        frame = Frame(data)
        late = box.strikes(Fault.STREAM_LATE, kind, data)
        if late is not None:
            frame = frame._replace(late_s=late.number(1))
        if box.strikes(Fault.STREAM_CUT, kind, data) is not None:
            frame = frame._replace(data=data[: len(data) // 2])
        if box.strikes(Fault.STREAM_BINARY, kind, data) is not None:
            frame = frame._replace(type=WSMsgType.BINARY)
        copies = 2 if box.strikes(Fault.STREAM_TWICE, kind, data) is not None else 1
        if self._held is None and box.strikes(Fault.STREAM_SWAPPED, kind, data) is not None:
            self._held = frame
            return []
        held, self._held = self._held, None
        return [frame] * copies + ([] if held is None else [held])

    @property
    def half_open(self) -> bool:
        return self.box.strikes(Fault.STREAM_HALF_OPEN, self.kind) is not None

    @property
    def unpinged(self) -> bool:
        return self.box.strikes(Fault.STREAM_UNPINGED, self.kind) is not None
