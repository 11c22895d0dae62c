"""Reads the operator's TOML files into the landscape, and finds every mistake in them."""

import logging
from collections.abc import Mapping
from pathlib import Path

from controltower.domain.landscape import Landscape
from controltower.landscape_files.built import build
from controltower.landscape_files.connected import check_connections, check_connectors
from controltower.landscape_files.declared import Declared, declare
from controltower.landscape_files.files import read_files
from controltower.landscape_files.fit import check_fit
from controltower.landscape_files.flowing import check_flows
from controltower.landscape_files.noticing import check_notices, declare_notices
from controltower.landscape_files.place import Place
from controltower.landscape_files.problem import ERROR, WARNING, ConfigurationError, Findings, Problem
from controltower.landscape_files.promised import check_slos, declare_slos
from controltower.landscape_files.routed import check_kinds, check_routes

__all__ = ["ERROR", "WARNING", "ConfigurationError", "Problem", "check", "load"]

log = logging.getLogger(__name__)


def check(directory: Path, environment: Mapping[str, str]) -> list[Problem]:
    """Every mistake in a configuration, in the order of files and lines; none is the good answer.

    `environment`: where `env:NAME` is read; no value of it is ever in a problem's words."""
    return _read(directory, environment)[1]


def load(directory: Path, environment: Mapping[str, str]) -> Landscape:
    """The declared landscape; warnings are logged. Raises ConfigurationError with every mistake."""
    declared, problems = _read(directory, environment)
    if any(problem.severity == ERROR for problem in problems):
        raise ConfigurationError(problems)
    for problem in problems:
        log.warning("%s", problem)
    return build(declared)


def _read(directory: Path, environment: Mapping[str, str]) -> tuple[Declared, list[Problem]]:
    findings = Findings()
    files = read_files(directory, environment, findings)
    declared = declare(files, findings)
    declare_notices(files, declared, findings)
    declare_slos(files, declared, findings)
    check_fit(declared, findings)
    check_connections(declared, findings)
    check_routes(declared, findings)
    check_flows(declared, findings)
    check_notices(declared, findings)
    check_slos(declared, findings)
    if not findings.errors:
        check_connectors(build(declared), declared, findings)
    if not findings.errors:
        check_kinds(build(declared), declared, findings)
    if not declared.systems and not findings.errors:
        findings.warning(
            Place(str(directory / "systems.toml")), "declares no system, so the tower has nothing to watch",
            "Copy config/demo as a pattern, or see docs/configuration.md.",
        )  # fmt: skip
    return declared, sorted(findings.problems, key=lambda problem: (problem.file, problem.line))
