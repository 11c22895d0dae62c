"""A lot is decided on before it leaves: this one failed when the customer had it (catalogue 81)."""

from collections.abc import Iterator

from controltower.domain.condition import Found
from controltower.domain.view import View
from controltower.rules.check import Check, Figures
from controltower.rules.lots import failed, left


def _found(view: View, figures: Figures) -> Iterator[Found]:
    for inspection, decision in failed(view):
        for shipment, went, at in left(view):
            if at < decision.since:
                hours = (decision.since - at).total_seconds() / 3600
                yield Found(
                    view.root,
                    decision.system,
                    f"{view.title(decision)} rejected the lot of {view.root.key} ({inspection.key}) {hours:.1f} h "
                    f"after {view.title(went)} had shipped it ({shipment.key}).",
                    (("it was shipped", went), ("quality rejected the lot", decision)),
                    key=inspection.key,
                )


CHECK = Check(
    rule="failed-after-shipment",
    title="Inspection failed after shipment",
    severity="A",
    reads={"inspection": frozenset({"status", "result"}), "shipment": frozenset({"status", "shipped_at"})},
    found=_found,
    action="Contain it: tell the customer of {subject}, take the goods back or agree on a concession in {system}.",
)
