"""The tables of the configuration as the documentation names them."""

from collections.abc import Mapping

from controltower.landscape_files import contact_key, key, notice_key, slo_key

TABLES: Mapping[str, tuple[key.Key, ...]] = {
    "plants.toml: [PLANT]": key.PLANT,
    "systems.toml: [system]": key.SYSTEM,
    "systems.toml: [system.hooks]": key.HOOKS,
    "systems.toml: [system.poll]": key.POLL,
    "systems.toml: [system.reconcile]": contact_key.RECONCILE,
    "systems.toml: [system.probe]": contact_key.PROBE,
    "systems.toml: [system.send]": key.SEND,
    "ownership.toml: [kind.attribute]": key.OWNERSHIP,
    "ownership.toml: a follower": key.FOLLOWER,
    "expectations.toml: [[expectation]]": key.EXPECTATION,
    "expectations.toml: a sign": key.SIGN,
    "flows.toml: [[flow]]": key.FLOW,
    "flows.toml: [[flow.steps]]": key.STEP,
    "flows.toml: [flow.steps.wrong]": key.WRONG,
    "interfaces.toml: [[interface]]": key.INTERFACE,
    "routes.toml: [route]": key.ROUTE,
    "routes.toml: a sign of a route": key.MARK,
    "rules.toml: [limits]": key.LIMITS,
    "service.toml: [teams.team]": key.TEAM,
    "service.toml: [tiers.tier]": key.TIER,
    "calendars.toml: [calendar]": notice_key.CALENDAR,
    **{f"notify.toml: [channels.channel] of kind {kind}": keys for kind, keys in notice_key.CHANNELS.items()},
    "notify.toml: [[notify]]": notice_key.NOTIFY,
    "slo.toml: [[slo]]": slo_key.SLO,
}
