"""Finds every check: one file of this folder each, which says `CHECK = Check(...)`."""

import importlib
import pkgutil

from controltower.rules.check import Check


def _found() -> dict[str, Check]:
    names = [module.name for module in pkgutil.iter_modules(__path__)]
    checks = [importlib.import_module(f"{__name__}.{name}").CHECK for name in sorted(names)]
    return {check.rule: check for check in checks}


CHECKS = _found()
