"""Service level objectives as the files declare them: read, checked against the rest, and built."""

from controltower.domain.slo import EXPECTATION, Slo
from controltower.landscape_files.declared import Declaration, Declared, only, wanted
from controltower.landscape_files.files import Files
from controltower.landscape_files.fit import known
from controltower.landscape_files.problem import Findings
from controltower.landscape_files.reading import Row, read_table
from controltower.landscape_files.slo_key import SLO

# What narrows a measurement down.
_FILTERS = {
    "in-latency": ("system",),
    "freshness": ("system",),
    "delivery": ("route", "system"),
    "applied": ("route", "system"),
    "expectation": ("expectation", "system"),
    "flow": ("flow",),
}


def declare_slos(files: Files, declared: Declared, findings: Findings) -> None:
    """Read slo.toml by its keys."""
    only(files, "slo", ("slo",), findings)
    for entry in files.lists["slo"].values():
        if wanted(entry, findings):
            declared.slos.append(Declaration(entry.place, read_table(entry.place, entry.held, SLO, findings)))


def check_slos(declared: Declared, findings: Findings) -> None:
    """Tell names that nobody declares, filters that narrow nothing down, and objectives without a time."""
    rules = [each.row["name"] for each in declared.expectations]
    flows = [each.row["name"] for each in declared.flows]
    for place, row in declared.slos:
        known(place / "system", "system", row["system"], declared.systems, findings)
        known(place / "route", "route", row["route"], declared.routes, findings)
        known(place / "expectation", "expectation", row["expectation"], rules, findings)
        known(place / "flow", "flow", row["flow"], flows, findings)
        known(place / "plant", "plant", row["plant"], declared.plants, findings)
        known(place / "team", "team", row["team"], declared.teams, findings)
        _check_filters(Declaration(place, row), findings)


def _check_filters(each: Declaration, findings: Findings) -> None:
    place, row = each
    what = row["what"]
    if what is None:
        return
    if row["within"] is None and what != EXPECTATION:
        findings.error(place, "says no time within which it is good", 'Add within = "5 min".')
    for name in {"system", "route", "expectation", "flow"} - {*_FILTERS[what]}:
        if row[name]:
            fitting = " and ".join(_FILTERS[what])
            findings.error(place / name, f"says nothing about {what}", f"Narrow it down by {fitting}.")


def slos_of(declared: Declared) -> tuple[Slo, ...]:
    """The objectives, in the order of the files."""
    return tuple(_slo(dict(each.row)) for each in declared.slos)


def _slo(row: Row) -> Slo:
    rule = row.pop("expectation")
    return Slo(**row, rule=rule)
