"""The `passerelle` command itself: it finds commands by entry point and loads only the one that is called.

Each case runs in a fresh process whose packages are exactly those it names, as pip would have put them there.
"""

import importlib.metadata
import os
import resource
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

from gateway import __version__
from gateway.__main__ import SUMMARIES

PROJECT = Path(__file__).parents[2]
OWN = ("gateway", "devices", "keys", "simulators")
MAIN = "from gateway.__main__ import main; main(prog_name='passerelle')"


@pytest.fixture(scope="module")
def pyproject() -> dict[str, Any]:
    with (PROJECT / "pyproject.toml").open("rb") as file:
        project: dict[str, Any] = tomllib.load(file)["project"]
    return project


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory, pyproject: dict[str, Any]) -> Path:
    """What `pip install passerelle` gives: our packages, the base dependencies and theirs, and nothing else."""
    site = tmp_path_factory.mktemp("base")
    for name in OWN:
        (site / name).symlink_to(PROJECT / name)
    for name in closure(pyproject["dependencies"]):
        link(name, site)
    write_metadata(site, pyproject)
    return site


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, pyproject: dict[str, Any]) -> Path:
    """What `pip install 'passerelle[gateway]'` gives."""
    site = tmp_path_factory.mktemp("whole")
    for name in OWN:
        (site / name).symlink_to(PROJECT / name)
    for name in closure([*pyproject["dependencies"], *pyproject["optional-dependencies"]["gateway"]]):
        link(name, site)
    write_metadata(site, pyproject)
    return site


def closure(requirements: Iterable[str]) -> set[str]:
    """The distributions that these ask for on this machine, and those that they ask for in turn."""
    found: set[str] = set()
    waiting = [Requirement(each) for each in requirements]
    while waiting:
        needed = waiting.pop()
        if needed.marker is not None and not needed.marker.evaluate({"extra": ""}):
            continue
        if needed.name.lower() not in found:
            found.add(needed.name.lower())
            waiting += map(Requirement, importlib.metadata.requires(needed.name) or [])
    return found


def link(name: str, site: Path) -> None:
    """Put an installed distribution's top-level entries, its metadata among them, into another directory."""
    installed = importlib.metadata.distribution(name)
    for top in {Path(each).parts[0] for each in installed.files or []} - {"..", "__pycache__"}:
        if not (site / top).exists():
            (site / top).symlink_to(Path(str(installed.locate_file(top))))


def write_metadata(site: Path, project: dict[str, Any]) -> None:
    """Our own `dist-info`, from pyproject.toml, as a wheel has it."""
    info = site / "passerelle-0.dist-info"
    info.mkdir()
    needs = [f"Requires-Dist: {each}" for each in project["dependencies"]]
    for extra, requirements in project["optional-dependencies"].items():
        for each in map(Requirement, requirements):
            marker = f"{each.marker} and extra == '{extra}'" if each.marker else f"extra == '{extra}'"
            each.marker = None
            needs.append(f"Requires-Dist: {each}; {marker}")
    head = ["Metadata-Version: 2.4", "Name: passerelle", f"Version: {__version__}"]
    (info / "METADATA").write_text("\n".join([*head, *needs, ""]), encoding="utf-8")
    points = project["entry-points"]["passerelle.commands"]
    lines = ["[passerelle.commands]", *(f"{name} = {value}" for name, value in points.items()), ""]
    (info / "entry_points.txt").write_text("\n".join(lines), encoding="utf-8")


def passerelle(site: Path, *arguments: str, code: str = MAIN) -> subprocess.CompletedProcess[str]:
    """Run the command with that directory's packages alone."""
    return subprocess.run(
        [sys.executable, "-S", "-c", code, *arguments],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(site), "PYTHONDONTWRITEBYTECODE": "1", "LC_ALL": "C.UTF-8"},
        cwd=site,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_help_names_every_command_with_its_line(base: Path, pyproject: dict[str, Any]) -> None:
    done = passerelle(base, "--help")
    assert done.returncode == 0, done.stderr
    for name in pyproject["entry-points"]["passerelle.commands"]:
        assert f"  {name} " in done.stdout
        assert SUMMARIES[name].split()[0] in done.stdout


def test_every_command_has_a_line_and_every_line_a_command(pyproject: dict[str, Any]) -> None:
    assert SUMMARIES.keys() == pyproject["entry-points"]["passerelle.commands"].keys()


def test_help_loads_nobodys_body(whole: Path) -> None:
    code = (
        "import sys\nfrom gateway.__main__ import main\n"
        "try: main(['--help'], prog_name='passerelle')\n"
        "finally: print(*sorted(sys.modules), file=sys.stderr)"
    )
    loaded = set(passerelle(whole, code=code).stderr.split())
    assert "gateway.__main__" in loaded
    bodies = {name for name in loaded if name.startswith(tuple(f"{own}." for own in OWN))} - {"gateway.__main__"}
    assert bodies == set()
    assert loaded.isdisjoint({"pydantic", "cryptography", "aiohttp", "paho", "httpx", "asyncio"})


def test_help_takes_less_than_half_a_second_of_cpu(whole: Path) -> None:
    passerelle(whole, "--help")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert passerelle(whole, "--help").returncode == 0
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 0.5


def test_version(base: Path) -> None:
    assert passerelle(base, "--version").stdout == f"passerelle {__version__}\n"


def test_the_door_runs_on_the_base_install(base: Path, tmp_path: Path) -> None:
    made = passerelle(base, "door", "key", "--data", str(tmp_path / "door"))
    assert (made.returncode, made.stdout.startswith("event key")) == (0, True), made.stderr
    arguments = {
        "--broker": "mqtt://127.0.0.1:9",
        "--gateway": "http://127.0.0.1:9",
        "--venue": "montreuil",
        "--door": "front",
        "--direction": "out",
        "--operator": "FR*ATL",
        "--root": made.stdout.split()[2],
        "--password-file": str(tmp_path / "door" / "passphrase"),
        "--data": str(tmp_path / "door"),
    }
    code = "import devices.session; devices.session.SETTLE_S = 0.3\n" + MAIN.replace(
        "main(prog", f"main(['door', 'run', '--once', *{[part for pair in arguments.items() for part in pair]!r}], prog"
    )
    done = passerelle(base, code=code)
    assert "events wait for the gateway" not in done.stdout, "nothing was read, nothing waits"
    assert (done.returncode, done.stderr) == (0, "")


def test_the_gateways_extra_is_named_where_it_is_missing(base: Path, pyproject: dict[str, Any]) -> None:
    points = pyproject["entry-points"]["passerelle.commands"]
    with_extra = [name for name, value in points.items() if value.endswith("[gateway]")]
    assert "serve" in with_extra
    for name in with_extra:
        done = passerelle(base, name, "--help")
        assert done.returncode == 1
        assert "pip install 'passerelle[gateway]'" in done.stderr
        assert "Traceback" not in done.stderr


def test_a_camera_without_its_extra_is_told_so(base: Path) -> None:
    code = "from devices.readers.image import read_image\nread_image(b'')"
    assert "pip install 'passerelle[gateway]'" in passerelle(base, code=code).stderr


def test_every_command_runs_with_the_extra(whole: Path, pyproject: dict[str, Any]) -> None:
    names = sorted(pyproject["entry-points"]["passerelle.commands"])
    code = (
        "import sys\nfrom gateway.__main__ import main\n"
        "for name in sys.argv[1:]: main([name, '--help'], prog_name='passerelle', standalone_mode=False)"
    )
    done = passerelle(whole, *names, code=code)
    assert done.returncode == 0, done.stderr
    assert [line.split()[2] for line in done.stdout.splitlines() if line.startswith("Usage:")] == names


NAMES = {
    "a slip": ("dor", "No such command 'dor'. Did you mean 'door'?"),
    "another word": ("xyzzy", "No such command 'xyzzy'. See 'passerelle --help'."),
    "an option": ("--colour", "No such option"),
}


@pytest.mark.parametrize(("name", "said"), NAMES.values(), ids=NAMES.keys())
def test_a_name_that_nobody_has(base: Path, name: str, said: str) -> None:
    done = passerelle(base, name)
    assert done.returncode == 2
    assert said in done.stderr


def test_a_broken_command_is_not_taken_for_a_missing_extra(base: Path) -> None:
    code = (
        "import devices.commands, sys\nfrom gateway import __main__ as dispatcher\n"
        "sys.modules['devices.commands'] = None\n"
        "dispatcher.main(['door'], prog_name='passerelle')"
    )
    done = passerelle(base, code=code)
    assert done.returncode == 1
    assert "ModuleNotFoundError" in done.stderr
    assert "pip install" not in done.stderr


def test_without_any_installation_it_says_what_to_do(tmp_path: Path) -> None:
    for name in ("gateway",):
        (tmp_path / name).symlink_to(PROJECT / name)
    for name in closure(["click"]):
        link(name, tmp_path)
    done = passerelle(tmp_path, "--help")
    assert (done.returncode, "pip install" in done.stderr) == (1, True)
