"""The documentation says what is so: links resolve; verbs, settings, figures and faults are those of the code."""

import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from controltower import landscape_files
from controltower.cli import _parser
from controltower.simulation.faults.registry import REGISTRY
from tests.test_project import ROOT, named, tracked

# Written by a command of its own, when somebody measures.
WRITTEN = {"benchmarks/RESULTS.md"}
PAGES = [file for file in tracked() if file.suffix == ".md" and named(file) not in WRITTEN]
TEXTS = {named(page): page.read_text(encoding="utf-8") for page in PAGES}
CODE = re.compile(r"^```[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^()\s]+)\)")
OUTSIDE = ("http://", "https://", "mailto:")
SETTING = re.compile(r"\b(?:CONTROLTOWER_[A-Z_]+|DATABASE_URL)\b")


def slug(title: str) -> str:
    """What a heading is called in an address, as GitHub does it."""
    kept = re.sub(r"[^\w\- ]", "", title.strip().lower())
    return kept.replace(" ", "-")


def anchors(page: Path) -> set[str]:
    lines = CODE.sub("", page.read_text(encoding="utf-8")).splitlines()
    return {slug(line.lstrip("#")) for line in lines if re.match(r"#{1,6} ", line)}


def links(text: str) -> Iterator[tuple[str, str]]:
    """(file, anchor) of every link that stays in the repository; the code in a page links nowhere."""
    for target in LINK.findall(re.sub(r"`[^`\n]*`", "", CODE.sub("", text))):
        if not target.startswith(OUTSIDE):
            yield target.partition("#")[0], target.partition("#")[2]


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_link_leads_somewhere(page: Path) -> None:
    lost = []
    for file, anchor in links(TEXTS[named(page)]):
        target = (page.parent / file).resolve() if file else page
        if named(target) in WRITTEN:
            continue
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in anchors(target)):
            lost.append(f"{file}#{anchor}")
    assert lost == []


def test_the_index_lists_every_page() -> None:
    listed = {(ROOT / "docs" / file).resolve() for file, _ in links(TEXTS["docs/index.md"])}
    pages = {page for page in PAGES if ROOT / "docs" in page.parents and page.name != "index.md"}
    assert {named(page) for page in pages - listed} == set()


def test_every_picture_is_used() -> None:
    used = {
        (page.parent / file).resolve()
        for page in PAGES
        for file, _ in links(page.read_text(encoding="utf-8"))
    }
    pictures = {file for file in tracked() if ROOT / "docs" / "images" in file.parents}
    assert {named(file) for file in pictures - used} == set()


# -- the command line


def commands(text: str) -> Iterator[str]:
    """What follows `python app.py` in a page, in a block of code or within a sentence."""
    shown = [line for block in CODE.findall(text) for line in block.splitlines()]
    said = re.findall(r"`([^`\n]+)`", CODE.sub("", text))
    for line in shown + said:
        found = re.search(r"python app\.py (.+)", re.sub(r"<([\w-]+)>", r"\1", line))
        if found:
            yield re.split(r"\s+#|\s+&&|\s+<|\s*\)", found[1])[0].strip()


DOCUMENTED = sorted({command for text in TEXTS.values() for command in commands(text) if command != "verb"})


@pytest.mark.parametrize("command", DOCUMENTED)
def test_every_command_in_the_docs_is_understood(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = shlex.split(command)
    if words in (["user"], ["key"], ["poll"], ["fault"]):  # a verb's bare name in a sentence
        words.append("--help")
    status: object = 0
    try:
        _parser().parse_args(words)
    except SystemExit as ended:
        status = ended.code
    assert status == 0, capsys.readouterr().err


def test_every_verb_is_documented(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        _parser().parse_args(["--help"])
    verbs = re.findall(r"^    ([a-z]+)(?:\s|$)", capsys.readouterr().out, re.MULTILINE)
    assert len(verbs) > 5
    assert [verb for verb in verbs if not any(command.split()[0] == verb for command in DOCUMENTED)] == []


def test_the_configuration_in_the_readme_has_no_mistake(tmp_path: Path) -> None:
    block = next(block for block in CODE.findall(TEXTS["README.md"]) if block.startswith("# config/"))
    for file, text in re.findall(r"^# config/(\S+)\n(.*?)(?=^# config/|\Z)", block, re.MULTILINE | re.DOTALL):
        (tmp_path / file).write_text(text, encoding="utf-8")
    secrets = dict.fromkeys(re.findall(r"env:(\w+)", block), "whsec_MDEyMzQ1Njc4OWFiY2RlZg==")
    assert {file.name for file in tmp_path.iterdir()} == {"plants.toml", "systems.toml"}
    assert [str(problem) for problem in landscape_files.check(tmp_path, secrets)] == []


# -- settings, targets, figures, faults


def code_of(*rooms: str) -> str:
    files = [file for file in tracked() if file.suffix == ".py" and file.relative_to(ROOT).parts[0] in rooms]
    return "\n".join(file.read_text(encoding="utf-8") for file in files)


def test_every_setting_in_the_docs_exists_and_every_setting_is_in_the_docs() -> None:
    said = {name.removesuffix("_FILE") for text in TEXTS.values() for name in SETTING.findall(text)}
    read = set(SETTING.findall(code_of("app.py", "controltower", "migrations")))
    assert {name.rstrip("_") for name in said} == {name.rstrip("_") for name in read} - {"CONTROLTOWER"}


def test_every_target_of_make_in_the_docs_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    said = {
        target
        for text in TEXTS.values()
        for place in CODE.findall(text) + re.findall(r"`([^`\n]+)`", CODE.sub("", text))
        for target in re.findall(r"(?:^|[\n;] *)make ([a-z]+)", place)
    }
    assert {"run", "test"} <= said <= targets


def test_every_metric_is_documented() -> None:
    source = (ROOT / "controltower" / "web" / "metrics.py").read_text(encoding="utf-8")
    counters = set(re.findall(r'CounterMetricFamily\(\s*"(\w+)"', source))
    given = set(re.findall(r'GaugeMetricFamily\(\s*"(\w+)"', source)) | {f"{name}_total" for name in counters}
    assert given == set(re.findall(r"`(tower_\w+)`", TEXTS["docs/admin/operations.md"]))


def test_every_fault_is_documented() -> None:
    assert set(REGISTRY) == set(re.findall(r"^\| `([a-z-]+)` \|", TEXTS["docs/simulation.md"], re.MULTILINE))


def test_the_readme_names_every_room() -> None:
    rooms = {f"controltower/{room.name}/" for room in (ROOT / "controltower").iterdir() if holds_code(room)}
    assert {room for room in rooms if f"`{room}`" not in TEXTS["README.md"]} == set()


def holds_code(room: Path) -> bool:
    return any(ROOT / room in file.parents for file in tracked())


def test_the_oldest_python_that_is_told_is_the_one_that_runs_here() -> None:
    assert "Python 3.11" in TEXTS["README.md"]
    assert sys.version_info >= (3, 11)
