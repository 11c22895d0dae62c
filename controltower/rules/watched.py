"""The rules that watch (pipeline/watches/): their names, and their figures, which rules.toml may override."""

from collections.abc import Mapping
from typing import Any

# Rule -> its figures with their usual values: numbers or timedeltas; {} for a rule that has none.
WATCHED: Mapping[str, Mapping[str, Any]] = {}
RULES = tuple(WATCHED)
