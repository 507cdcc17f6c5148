"""`ecgomics doctor` against real parts, whole and broken."""

import json
import zipfile
from pathlib import Path

import pytest
from dbus_fast import Variant

from gateway.doctor import broker, clock, command, radio
from gateway.doctor.bundle import write_bundle
from gateway.doctor.check import Finding, Verdict
from gateway.doctor.patches import check_patches
from gateway.doctor.store import check_spool
from gateway.spool import Spool
from tests.gateway.broker import running_nats
from tests.gateway.mosquitto import running_mosquitto
from tests.gateway.rig import settings
from tests.simulators.room import room

URL = "mqtt://127.0.0.1:1"


async def test_all_is_well_with_a_patch_in_reach(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(radio, "_SCAN_S", 1.0)
    monkeypatch.setattr(clock, "_kernel_state", lambda: 0)
    async with running_nats(tmp_path) as nats, room() as there:
        using = settings(tmp_path, nats.url, there)
        findings = await command.examine(using)
    assert {finding.verdict for finding in findings} == {Verdict.OK}, findings
    told = " ".join(finding.detail for finding in findings)
    assert "Polar H10" in told
    assert "polar-h10-0A1B2C01 (" in told
    assert "lets us in" in told


async def test_a_wrong_password_is_not_a_missing_broker(tmp_path: Path) -> None:
    async with running_nats(tmp_path) as nats:
        url = nats.url.replace("p-gateway", "expired")
        (refused,) = await broker.check_broker(settings(tmp_path, url, None))
    assert refused.verdict is Verdict.FAILED
    assert "user and password" in refused.advice
    (gone,) = await broker.check_broker(settings(tmp_path, nats.url, None))
    assert "network" in gone.advice
    assert "expired" not in refused.detail


async def test_the_broker_is_reached_by_the_gateways_own_certificates(tmp_path: Path) -> None:
    async with running_mosquitto(tmp_path / "mosquitto") as server:
        certificate, key = server.ca.issue("gateway")
        files = {"broker_ca": server.ca.path, "broker_certificate": certificate, "broker_key": key}
        using = settings(tmp_path, server.url(), None, mqtt_version="5", **files)
        (found,) = await broker.check_broker(using)
        assert found.verdict is Verdict.OK, found
        (found,) = await broker.check_broker(settings(tmp_path, server.url(), None))
        assert "certificate" in found.advice


async def test_an_open_way_to_another_machine_is_warned_of(tmp_path: Path) -> None:
    found = await broker.check_broker(settings(tmp_path, "mqtt://host.invalid", None))
    assert [finding.verdict for finding in found] == [Verdict.FAILED, Verdict.WARNING]


def _adapter(powered: bool) -> dict[str, dict[str, dict[str, Variant]]]:
    properties = {"Address": Variant("s", "AA:BB:CC:00:11:22"), "Powered": Variant("b", powered)}
    return {"/org/bluez/hci0": {"org.bluez.Adapter1": properties}}


@pytest.mark.parametrize(
    ("objects", "verdict", "says"),
    [
        (_adapter(powered=True), Verdict.OK, "hci0 (AA:BB:CC:00:11:22) is on"),
        (_adapter(powered=False), Verdict.FAILED, "is off"),
        ({"/org/bluez": {}}, Verdict.FAILED, "no adapter"),
    ],
)
def test_adapters_are_judged_by_what_bluez_says(
    objects: dict[str, dict[str, dict[str, Variant]]], verdict: Verdict, says: str
) -> None:
    (finding,) = radio.judge_adapters(objects)
    assert finding.verdict is verdict
    assert says in finding.detail
    assert bool(finding.advice) == (verdict is not Verdict.OK)


@pytest.mark.parametrize(
    ("state", "verdict"), [(0, Verdict.OK), (5, Verdict.WARNING), (None, Verdict.WARNING)]
)
async def test_the_kernel_is_asked_for_the_clock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, state: int | None, verdict: Verdict
) -> None:
    assert clock._kernel_state() in {None, 0, 1, 2, 3, 4, 5}
    monkeypatch.setattr(clock, "_kernel_state", lambda: state)
    (finding,) = await clock.check_clock(settings(tmp_path, URL, None))
    assert finding.verdict is verdict
    monkeypatch.setattr("time.time", lambda: 946_684_800.0)
    (finding,) = await clock.check_clock(settings(tmp_path, URL, None))
    assert "2000-01-01" in finding.detail


async def test_spools_whole_in_use_damaged_and_without_room(tmp_path: Path) -> None:
    using = settings(tmp_path, URL, None)
    assert [f.verdict for f in await check_spool(using)] == [Verdict.OK, Verdict.OK]
    spool = Spool(using.spool_path, 1 << 20)
    assert "in use" in (await check_spool(using))[1].detail
    spool.close()
    assert "0 frames" in (await check_spool(using))[1].detail
    using.spool_path.write_bytes(b"SQLite format 3\0" + b"\xff" * 9000)
    assert (await check_spool(using))[1].verdict is Verdict.FAILED
    vast = settings(tmp_path, URL, None, spool_max_bytes=1 << 60)
    assert (await check_spool(vast))[0].verdict is Verdict.WARNING
    nowhere = settings(tmp_path, URL, None, spool_path=Path("/proc/none/spool"))
    assert (await check_spool(nowhere))[0].verdict is Verdict.FAILED


async def test_no_patch_and_a_broken_list_are_told(tmp_path: Path) -> None:
    none = settings(tmp_path, URL, None, take_any=False)
    assert (await check_patches(none))[1].verdict is Verdict.WARNING
    (tmp_path / "patches.toml").write_text("[")
    assert (await check_patches(none))[1].verdict is Verdict.FAILED


def test_a_bundle_has_no_secret(tmp_path: Path) -> None:
    using = settings(tmp_path, "mqtt://user:hunter2@host", None)
    write_bundle(tmp_path / "b.zip", using, [{"what": "x"}])
    with zipfile.ZipFile(tmp_path / "b.zip") as bundle:
        texts = {name: bundle.read(name).decode() for name in bundle.namelist()}
    assert set(texts) == {"findings.json", "settings.json", "versions.json", "journal.txt"}
    assert not any("hunter2" in text for text in texts.values())
    assert "bleak" in json.loads(texts["versions.json"])


def test_failures_are_the_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def found(_settings: object) -> list[Finding]:
        return [Finding("broker", Verdict.FAILED, "gone", "look")]

    monkeypatch.setattr(command, "examine", found)
    with pytest.raises(Exception) as ended:  # noqa: PT011 - click's own
        command.doctor(as_json=True)
    assert getattr(ended.value, "exit_code", None) == 1
    assert json.loads(capsys.readouterr().out)["findings"][0]["advice"] == "look"
