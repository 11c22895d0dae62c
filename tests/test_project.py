"""What must hold for the repository as a whole: migrations, packages, licences, and what may be in a file."""

import ast
import importlib.metadata
import re
import subprocess
from functools import cache
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
TEXT = frozenset({".py", ".html", ".css", ".js", ".md", ".toml", ".txt", ".sh", ".json", ".cfg", ".yml", ""})
LONGEST_FUNCTION = 50
LONGEST_FILE = 400
LARGEST_SCRIPT = 60_000
NO_NAMES = frozenset(
    {"manager", "helper", "helpers", "util", "utils", "common", "base", "data", "info", "process"}
)
# Assembled here, so that this file does not hold the words that it forbids.
LEFT_OVER = re.compile(rf"\b({'TO' + 'DO'}|{'FIX' + 'ME'}|{'XX' + 'X'})\b")
FITS_APACHE = re.compile(
    r"\b(MIT|BSD|[0-9]-Clause|Apache|ISC|PSF|Python Software Foundation|Python-2\.0|MPL|Mozilla|"
    r"LGPL|Lesser General Public|Unlicense|Public Domain|Zlib|HPND|CNRI)",
    re.IGNORECASE,
)


@cache
def tracked() -> tuple[Path, ...]:
    """The files that belong to the project: those in git, and new ones that git does not ignore."""
    told = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    files = (ROOT / name for name in told.split("\0") if name)
    return tuple(sorted(file for file in files if file.is_file()))


def texts() -> list[Path]:
    return [file for file in tracked() if file.suffix in TEXT]


def sources(*rooms: str) -> list[Path]:
    return [file for file in tracked() if file.suffix == ".py" and file.relative_to(ROOT).parts[0] in rooms]


def named(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


# -- migrations


@cache
def migrations() -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations"))
    return ScriptDirectory.from_config(config)


def test_migrations_have_one_head() -> None:
    assert len(migrations().get_heads()) == 1


def test_migrations_are_numbered_without_a_gap() -> None:
    names = sorted(file.stem for file in (ROOT / "migrations" / "versions").glob("*.py"))
    assert [name for name in names if not re.fullmatch(r"\d{4}(_[a-z0-9]+)+", name)] == []
    assert [int(name[:4]) for name in names] == list(range(1, len(names) + 1))


# -- what is in a file


def test_nothing_is_left_to_do_in_a_comment() -> None:
    lines = (
        (file, number, line)
        for file in texts()
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
    )
    assert [f"{named(file)}:{number}" for file, number, line in lines if LEFT_OVER.search(line)] == []


def test_no_third_party_asset_is_kept_here() -> None:
    """Bootstrap, htmx and Plotly come out of installed packages; fonts are the system's."""
    bundled = re.compile(r"\.min\.(js|css)$|\.(woff2?|ttf|otf|eot|map)$")
    libraries = re.compile(
        r"(^|/)(htmx|bootstrap|plotly|popper|idiomorph|alpine|jquery|tabler)[\w.-]*\.(js|css)$"
    )
    found = [named(file) for file in tracked() if bundled.search(file.name) or libraries.search(named(file))]
    scripts = [file for file in tracked() if file.suffix in {".js", ".css"}]
    large = [named(file) for file in scripts if file.stat().st_size > LARGEST_SCRIPT]
    assert found + large == []


def test_pages_load_nothing_from_elsewhere() -> None:
    foreign = re.compile(
        r"""(?:src|href|action|hx-get|hx-post)\s*=\s*["']\s*(?:https?:)?//|url\(\s*["']?(?:https?:)?//"""
    )
    pages = [
        file for file in tracked() if file.suffix in {".html", ".css", ".js"} and "docs" not in file.parts
    ]
    assert [named(file) for file in pages if foreign.search(file.read_text(encoding="utf-8"))] == []


def test_no_file_names_the_machine_it_was_written_on() -> None:
    home = re.compile(r"(?<![\w.])/(?:root|home/\w+|Users/\w+)/")
    here = str(ROOT) + "/"
    text = {file: file.read_text(encoding="utf-8") for file in texts()}
    assert [named(file) for file, held in text.items() if home.search(held) or here in held] == []


# -- size and names


def test_functions_stay_short() -> None:
    long = []
    for file in sources("controltower", "tests", "benchmarks", "app.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > LONGEST_FUNCTION:
                    long.append(f"{named(file)}:{node.lineno} {node.name} has {lines} lines")
    assert long == []


def test_files_hold_one_idea() -> None:
    lengths = {named(f): len(f.read_text(encoding="utf-8").splitlines()) for f in sources("controltower")}
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_FILE} == {}


def test_files_are_named_by_what_they_are() -> None:
    assert [named(file) for file in sources("controltower") if file.stem in NO_NAMES] == []


def test_every_file_says_what_it_is_for() -> None:
    silent = [
        named(file)
        for file in sources("controltower", "tests", "benchmarks", "app.py")
        if file.stat().st_size and not ast.get_docstring(ast.parse(file.read_text(encoding="utf-8")))
    ]
    assert silent == []


def test_every_test_asserts() -> None:
    """A test that asserts nothing can only fail by accident."""
    idle = []
    for file in sources("tests"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_") and not _asserts(node):
                idle.append(f"{named(file)}:{node.lineno} {node.name}")
    assert idle == []


def _asserts(test: ast.FunctionDef) -> bool:
    for node in ast.walk(test):
        if isinstance(node, ast.Assert):
            return True
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if name in {"raises", "fail", "expect"} or name.startswith(
                ("assert_", "check_", "_assert", "must_")
            ):
                return True
    return False


# -- packages


def requirements(name: str) -> list[Requirement]:
    lines = (line.split("#")[0].strip() for line in (ROOT / name).read_text(encoding="utf-8").splitlines())
    return [Requirement(line) for line in lines if line]


def pin(requirement: Requirement) -> str | None:
    """The one exact version that a requirement allows, or None."""
    specifiers = list(requirement.specifier)
    exact = len(specifiers) == 1 and specifiers[0].operator == "==" and "*" not in specifiers[0].version
    return specifiers[0].version if exact else None


@pytest.mark.parametrize("file", ["requirements.txt", "requirements-dev.txt", "requirements-assets.txt"])
def test_requirements_are_pinned(file: str) -> None:
    assert [str(requirement) for requirement in requirements(file) if pin(requirement) is None] == []


def test_the_lock_agrees_with_the_requirements() -> None:
    """`make lock` writes constraints.txt anew after a change."""
    locked: dict[str, set[str | None]] = {}
    for one in requirements("constraints.txt"):
        locked.setdefault(canonicalize_name(one.name), set()).add(pin(one))
    asked = requirements("requirements.txt") + requirements("requirements-dev.txt")
    differing = [str(one) for one in asked if pin(one) not in locked.get(canonicalize_name(one.name), set())]
    assert differing == []


def runtime_distributions() -> list[importlib.metadata.Distribution]:
    """What an installed tower consists of: the requirements and, in turn, what they require."""
    queue = requirements("requirements.txt")
    assets = {canonicalize_name(one.name) for one in requirements("requirements-assets.txt")}
    found = {name: importlib.metadata.distribution(name) for name in assets}
    while queue:
        requirement = queue.pop()
        name = canonicalize_name(requirement.name)
        if name in found or not _applies(requirement):
            continue
        found[name] = importlib.metadata.distribution(name)
        queue += [_with_extras(Requirement(text), requirement.extras) for text in found[name].requires or []]
    return list(found.values())


def _with_extras(requirement: Requirement, extras: set[str]) -> Requirement:
    """Keep a dependency whose marker holds for one of the extras asked for; drop the marker then."""
    if requirement.marker and any(requirement.marker.evaluate({"extra": extra}) for extra in extras):
        requirement.marker = None
    return requirement


def _applies(requirement: Requirement) -> bool:
    return requirement.marker is None or requirement.marker.evaluate({"extra": ""})


def licence(distribution: importlib.metadata.Distribution) -> str:
    """What a package says of its licence: expression, classifiers, or the head of its free text."""
    told = distribution.metadata
    classifiers = [line for line in told.get_all("Classifier") or [] if line.startswith("License ::")]
    return " ; ".join([told.get("License-Expression") or "", *classifiers, (told.get("License") or "")[:80]])


def test_licences_of_what_runs_fit_ours() -> None:
    told = {dist.metadata["Name"]: licence(dist) for dist in runtime_distributions()}
    assert len(told) > 20
    assert {name: said for name, said in told.items() if not FITS_APACHE.search(said)} == {}
