"""Order lists: which orders belong together, which wait, and how the list stands."""

from dataclasses import dataclass, field

from thunes.sandbox.orders import PENDING, Record
from thunes.sandbox.wire import Json, acknowledged, placed


@dataclass(slots=True, eq=False)
class OrderList:
    """`records` in the order of their answer; of an OTO or OTOCO the first works, the rest wait."""

    id: int
    symbol: str
    contingency: str  # OCO or OTO; an OTOCO is an OTO
    client_id: str
    created: int
    records: list[Record] = field(default_factory=list)
    status: str = "EXEC_STARTED"

    @property
    def order_status(self) -> str:
        return {"EXEC_STARTED": "EXECUTING", "UPDATED": "EXECUTING"}.get(self.status, "ALL_DONE")

    @property
    def waiting(self) -> list[Record]:
        return [record for record in self.records if record.status == PENDING]

    @property
    def over(self) -> bool:
        return all(record.over for record in self.records)

    def described(self) -> Json:
        """The list as a query tells of it."""
        return {
            "orderListId": self.id,
            "contingencyType": self.contingency,
            "listStatusType": self.status,
            "listOrderStatus": self.order_status,
            "listClientOrderId": self.client_id,
            "transactionTime": self.created,
            "symbol": self.symbol,
            "orders": [
                {"symbol": r.symbol, "orderId": r.id, "clientOrderId": r.ticket.client_id}
                for r in self.records
            ],
        }

    def answered(self, form: str) -> Json:
        """The list as the answer to its placement, with a report for each order."""
        reports = [placed(r, form) if form != "ACK" else acknowledged(r) for r in self.records]
        return self.described() | {"orderReports": reports}
