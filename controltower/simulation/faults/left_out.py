"""Faults of the catalogue that cannot happen here: number -> why not, in plain words."""

from collections.abc import Mapping

LEFT_OUT: Mapping[str, str] = {
    "76": "there is no connector for Sparkplug yet, so no birth or death certificate reaches the tower",
    "78": "there is no connector for MTConnect yet, so no agent can restart under the tower",
}
