"""The wheel: one name at its top, everything in it that the program reads, and it works from an empty folder."""

from __future__ import annotations

import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "pauta"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def run(*command: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    done = subprocess.run([str(each) for each in command], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    if not (PACKAGE / "__init__.py").is_file():
        pytest.skip("the sources are not beside these tests")
    out = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", out, ROOT, cwd=out)
    (built,) = out.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def names(wheel):
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """The folder of the commands of a fresh environment with nothing in it but the wheel and what it needs."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder, with_pip=True)
    bin_ = folder / "bin"
    run(bin_ / "pip", "install", "--quiet", wheel, cwd=folder)
    return bin_


def test_one_name_at_the_top(names):
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"pauta"}


def test_every_file_of_the_package_is_inside(names):
    files = {
        path.relative_to(ROOT).as_posix()
        for path in PACKAGE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".pyc"
    }
    assert files - names == set()


@pytest.mark.parametrize(
    ("folder", "ending"),
    [
        ("pauta/", "py.typed"),
        ("pauta/schemas/", ".schema.json"),
        ("pauta/engine/codes/", ".md"),
        ("pauta/reports/templates/", ".html"),
        ("pauta/demo/", ".jsonl"),
        ("pauta/scorecards/", ".cases.yaml"),
    ],
)
def test_what_the_program_reads_is_inside(names, folder, ending):
    assert any(name.startswith(folder) and name.endswith(ending) for name in names)


def test_the_licence_goes_with_it(names):
    assert any(name.endswith("/licenses/LICENSE") for name in names)


def test_it_works_from_an_empty_folder(installed, tmp_path):
    helped = run(installed / "pauta", "--help", cwd=tmp_path)
    assert "check" in helped.stdout
    where = "import pauta.scorecards as s; print(list(s.__path__)[0])"
    cards = Path(run(installed / "python", "-c", where, cwd=tmp_path).stdout.strip())
    assert not cards.is_relative_to(ROOT)
    checked = run(installed / "pauta", "check", cards / "support.yaml", cwd=tmp_path)
    assert "nothing is wrong" in checked.stdout
    run(installed / "pauta", "test", cards, cwd=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_its_demo_runs_from_an_empty_folder(installed, tmp_path):
    run(installed / "pauta", "demo", cwd=tmp_path)
    report = tmp_path / "pauta-demo" / "results" / "report.html"
    assert report.read_text(encoding="utf-8").lstrip().lower().startswith("<!doctype html")
