"""A lot that quality holds or has rejected does not move: it was shipped all the same (catalogue 80)."""

from collections.abc import Iterator

from controltower.domain.condition import Found
from controltower.domain.view import View
from controltower.rules.check import Check, Figures
from controltower.rules.lots import failed, left


def _found(view: View, figures: Figures) -> Iterator[Found]:
    for inspection, decision in failed(view):
        for shipment, went, at in left(view):
            if at >= decision.since:
                yield Found(
                    view.root,
                    went.system,
                    f"{view.title(decision)} has rejected the lot of {view.root.key} ({inspection.key}), and "
                    f"{view.title(went)} has shipped it afterwards ({shipment.key}).",
                    (("quality rejected the lot", decision), ("it was shipped", went)),
                    key=shipment.key,
                )


CHECK = Check(
    rule="hold-ignored",
    title="Quality hold ignored",
    severity="A",
    reads={"inspection": frozenset({"status", "result"}), "shipment": frozenset({"status", "shipped_at"})},
    found=_found,
    action="Stop or recall the shipment of {subject}; then find out why {system} did not hear of quality's decision.",
)
