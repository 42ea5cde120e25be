"""What a package for people without Python is made of, as far as it shows without building one."""

from __future__ import annotations

import configparser
import importlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tomllib
import xml.etree.ElementTree as ElementTree
from fnmatch import fnmatch
from pathlib import Path
from types import ModuleType

import pytest
from PIL import Image

import engine
from engine.service.exchange.archive import SUFFIX

ROOT = Path(__file__).parents[1]
PACKAGING = ROOT / "resources" / "packaging"
LINUX = PACKAGING / "linux"
MIME = "application/x-descent-run"
NAMESPACE = "{http://www.freedesktop.org/standards/shared-mime-info}"
posix = pytest.mark.skipif(os.name != "posix", reason="a script of a shell")


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch):
    """Imports one of the modules that build a package."""
    monkeypatch.syspath_prepend(str(PACKAGING))

    def imported(name: str) -> ModuleType:
        monkeypatch.delitem(sys.modules, name, raising=False)
        return importlib.import_module(name)

    return imported


def desktop_entry() -> configparser.SectionProxy:
    parser = configparser.RawConfigParser(interpolation=None, strict=True)
    parser.optionxform = str
    parser.read(LINUX / "descent.desktop", encoding="utf-8")
    return parser["Desktop Entry"]


class TestContents:
    def test_everything_of_ours_that_is_named_exists(self, module):
        contents = module("contents")
        for name in (*contents.RESOURCES, *contents.RESOURCE_FILES):
            assert (ROOT / "resources" / name).exists(), name
        own = {path.name for path in (ROOT / "resources").iterdir()}
        # Pictures for README, and what builds packages, stay out.
        left = own - {*contents.RESOURCES, *contents.RESOURCE_FILES}
        assert left <= {"screenshots", "packaging", "__pycache__", "benchmarks"}

    def test_packages_that_are_taken_whole_are_installed(self, module):
        contents = module("contents")
        for name in (*contents.WHOLE_PACKAGES, *contents.WITH_DATA, *contents.HIDDEN):
            assert importlib.util.find_spec(name) is not None, name

    def test_what_the_program_needs_is_not_left_out(self, module):
        contents = module("contents")
        project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
        wanted = [*project["dependencies"], *project["optional-dependencies"]["export"]]
        names = {re.split(r"[>=!<\[ ]", text)[0].replace("-", "_").lower() for text in wanted}
        assert not names & {name.lower() for name in contents.EXCLUDED}

    @pytest.mark.parametrize(
        ("place", "is_wanted"),
        [
            ("tensorflow/include/a/b.h", False),
            ("pyarrow/libarrow_flight.so.2600", False),
            ("PySide6/Qt/plugins/platformthemes/libqgtk3.so", False),
            ("PySide6/Qt/plugins/platforms/libqxcb.so", True),
            ("PySide6/Qt/plugins/platforms/libqoffscreen.so", True),  # prints reports
            ("tensorflow/python/profiler/internal/_pywrap_profiler_plugin.so", True),
            ("engine/inference/export/standalone/verify.py", True),
            ("resources/languages/zh_CN.json", True),
            ("resources/pages/zh_CN/parameters.json", True),
        ],
    )
    def test_what_belongs_into_it(self, module, place, is_wanted):
        assert module("contents").is_wanted(place) is is_wanted

    def test_nothing_of_ours_is_left_out_by_its_name(self, module):
        contents = module("contents")
        own = [
            path.relative_to(ROOT).as_posix()
            for room in ("engine", "gui", *(f"resources/{it}" for it in contents.RESOURCES))
            for path in (ROOT / room).rglob("*.*")
        ]
        assert [place for place in own if not contents.is_wanted(place)] == []

    def test_an_installation_has_nothing_of_it(self):
        setuptools = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"][
            "setuptools"
        ]
        assert "resources.packaging*" in setuptools["packages"]["find"]["exclude"]
        assert fnmatch("packaging/build.py", setuptools["exclude-package-data"]["resources"][0])


class TestFilesOfDescent:
    """A desktop knows the program, and what it opens."""

    def test_the_desktop_entry(self):
        entry = desktop_entry()
        assert entry["Type"] == "Application"
        assert entry["Exec"] == "descent %f"
        assert entry["Icon"] == "descent"
        assert entry["MimeType"] == f"{MIME};"
        for key in ("Comment", "GenericName", "Keywords"):
            assert entry[f"{key}[zh_CN]"] != entry[key]
        if tool := shutil.which("desktop-file-validate"):
            done = subprocess.run([tool, LINUX / "descent.desktop"], capture_output=True, text=True)
            assert (done.returncode, done.stdout) == (0, "")

    def test_the_kind_of_file(self):
        root = ElementTree.parse(LINUX / "descent.xml").getroot()
        (kind,) = root.findall(f"{NAMESPACE}mime-type")
        assert kind.get("type") == MIME
        assert [item.get("pattern") for item in kind.findall(f"{NAMESPACE}glob")] == [f"*{SUFFIX}"]
        (above,) = kind.findall(f"{NAMESPACE}sub-class-of")
        assert above.get("type") == "application/zip"

    def test_other_systems_know_the_same_ending(self, module):
        properties = module("contents").MAC_PROPERTIES
        (declared,) = properties["UTExportedTypeDeclarations"]
        tags = declared["UTTypeTagSpecification"]
        assert [f".{ending}" for ending in tags["public.filename-extension"]] == [SUFFIX]
        (opened,) = properties["CFBundleDocumentTypes"]
        assert opened["LSItemContentTypes"] == [declared["UTTypeIdentifier"]]
        script = (PACKAGING / "windows" / "descent.iss").read_text("utf-8")
        assert f"Classes\\{SUFFIX}\\" in script

    def test_the_icon_has_every_size_and_a_clear_corner(self, module, tmp_path):
        icons = module("icons")
        written = icons.draw(tmp_path)
        assert [path.name for path in written] == [f"{size}.png" for size in icons.SIZES]
        for size, path in zip(icons.SIZES, written, strict=True):
            with Image.open(path) as picture:
                assert picture.size == (size, size)
                assert picture.getpixel((0, 0))[3] == 0
                assert picture.getpixel((size // 2, size // 8))[3] == 255
                assert len(picture.getcolors(size * size)) > 10


@posix
class TestInstalling:
    @pytest.fixture
    def package(self, module, tmp_path) -> Path:
        """As `build.py` leaves it, in a folder with blanks; without what is large."""
        folder = tmp_path / "my programs & more" / "descent-1"
        (folder / "_internal").mkdir(parents=True)
        work = tmp_path / "work"
        module("icons").draw(work / "icons")
        (work / "THIRD-PARTY-LICENCES.txt").write_text("…", "utf-8")
        for name in ("descent", "descent-cli"):
            (folder / name).touch(0o755)
        module("build").put_beside(folder, work)
        if not sys.platform.startswith("linux"):
            pytest.skip("menus as Linux has them")
        return folder

    def run(self, package: Path, home: Path, *words: str) -> subprocess.CompletedProcess:
        home.mkdir(exist_ok=True)
        environment = {"HOME": str(home), "PATH": "/usr/bin:/bin"}
        command = ["sh", str(package / "install.sh"), *words]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    def test_it_comes_into_the_menu_and_goes(self, package, tmp_path):
        home = tmp_path / "home"
        done = self.run(package, home)
        assert done.returncode == 0, done.stderr
        share = home / ".local" / "share"
        entry = (share / "applications" / "descent.desktop").read_text("utf-8")
        assert f'\nExec="{package}/descent" %f\n' in entry
        assert f"\nTryExec={package}/descent\n" in entry
        assert (share / "mime" / "packages" / "descent.xml").is_file()
        if shutil.which("update-mime-database", path="/usr/bin:/bin"):
            assert f":{MIME}:*{SUFFIX}\n" in (share / "mime" / "globs2").read_text("utf-8")
        for place in ("256x256/apps/descent.png", "scalable/apps/descent.svg",
                      "48x48/mimetypes/application-x-descent-run.png"):  # fmt: skip
            assert (share / "icons" / "hicolor" / place).is_file()
        assert (home / ".local" / "bin" / "descent-cli").resolve() == package / "descent-cli"

        assert self.run(package, home, "--remove").returncode == 0
        left = [path for path in home.rglob("*") if "descent" in path.name and not path.is_dir()]
        assert left == []
        assert (package / "descent").exists()

    def test_a_newer_one_takes_the_place_of_an_older_one(self, package, tmp_path):
        home = tmp_path / "home"
        self.run(package, home)
        newer = package.with_name("descent-2")
        shutil.copytree(package, newer)
        assert self.run(newer, home).returncode == 0
        assert (home / ".local" / "bin" / "descent").resolve() == newer / "descent"

    def test_a_program_of_that_name_that_is_not_of_a_package_stays(self, package, tmp_path):
        commands = tmp_path / "home" / ".local" / "bin"
        commands.mkdir(parents=True)
        other = tmp_path / "pipx" / "descent"
        other.parent.mkdir()
        other.write_text("theirs")
        (commands / "descent").symlink_to(other)
        (commands / "descent-cli").write_text("theirs")
        done = self.run(package, tmp_path / "home")
        assert done.stdout.count("stays as it is") == 2
        assert (commands / "descent").resolve() == other
        assert (commands / "descent-cli").read_text() == "theirs"
        self.run(package, tmp_path / "home", "--remove")
        assert (commands / "descent").read_text() == (commands / "descent-cli").read_text()

    def test_a_folder_that_a_menu_cannot_name_is_refused(self, package, tmp_path):
        odd = package.rename(package.with_name("100%"))
        done = self.run(odd, tmp_path / "home")
        assert done.returncode == 2
        assert "100%" in done.stderr
        assert "Move the folder" in done.stderr
        assert list((tmp_path / "home").rglob("*.desktop")) == []

    def test_what_it_does_not_know_is_refused(self, package, tmp_path):
        done = self.run(package, tmp_path / "home", "--purge")
        assert (done.returncode, "--purge" in done.stderr) == (2, True)


class TestBuilding:
    def test_version_and_name(self, module, monkeypatch):
        build = module("build")
        assert build.version() == engine.__version__
        monkeypatch.setattr(build.sys, "platform", "win32")
        monkeypatch.setattr(build.platform, "machine", lambda: "AMD64")
        assert build.name() == f"descent-{engine.__version__}-windows-x86_64"

    def test_a_library_that_this_machine_lacks_is_named(self, module, monkeypatch, tmp_path):
        build = module("build")
        monkeypatch.setattr(build.sys, "platform", "linux")
        monkeypatch.setattr(build, "system_libraries", lambda folder: ({}, ["libxcb-icccm.so.4"]))
        with pytest.raises(FileNotFoundError, match=r"libxcb-icccm\.so\.4"):
            build.check_libraries(tmp_path)

    def test_licences_of_what_is_in_it(self, module):
        text = module("licences").collected({"numpy", "num2words", "PySide6"})
        for name in ("Python 3.", "numpy ", "num2words ", "PySide6"):
            assert f"\n{name}" in text
        assert "Redistribution and use in source and binary forms" in text  # NumPy's
        assert "GNU" in text  # num2words's
        assert "\npandas " not in text
        with pytest.raises(ValueError, match="No installed package"):
            module("licences").collected({"nothing_of_this_name"})

    @pytest.mark.parametrize(
        ("path", "tells"),
        [
            ("numpy-2.dist-info/LICENSE.txt", True),
            ("a.dist-info/licenses/COPYING.LESSER", True),
            ("tensorflow/THIRD_PARTY_NOTICES.txt", True),
            ("tool/license.py", False),
            ("tool/readme.md", False),
        ],
    )
    def test_what_a_licence_is_called(self, module, path, tells):
        assert module("licences").is_licence(path) is tells

    def test_the_workflow_does_what_contributing_says(self):
        workflow = (ROOT / ".github" / "workflows" / "packages.yml").read_text("utf-8")
        command = "python resources/packaging/build.py"
        assert command in workflow
        assert command in (ROOT / ".github" / "CONTRIBUTING.md").read_text("utf-8")
        assert "UNTESTED" in workflow
        assert all(re.search(r"@v\d+$", line) for line in re.findall(r"uses: (\S+)", workflow))
