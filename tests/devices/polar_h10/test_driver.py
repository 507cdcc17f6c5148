import pytest

from devices import sig
from devices.driver import (
    Advertisement,
    Answer,
    Battery,
    Command,
    CommandReply,
    Dialogue,
    Driver,
    HeartRate,
    Hole,
    Read,
    Refused,
    Signal,
    SkinContact,
    StreamStopped,
    Subscription,
    Unread,
    Wish,
)
from devices.polar_h10 import codec
from devices.polar_h10.driver import SIGNAL, PolarH10Dialogue, PolarH10Driver
from ecgcore.errors import NotificationError
from ecgcore.types import Lead, leads_of
from ecgcore.wire.topics import checked_name
from simulators.patches.polar_h10 import PatchConfig, SimulatedH10
from simulators.source import SampleNumbers
from tests.devices.host import ON_NS, S_NS, Host

ANY = Wish()


def test_driver_keeps_the_protocol() -> None:
    driver: Driver = PolarH10Driver()
    dialogue: Dialogue = driver.open(Wish())
    assert SIGNAL.fs_mhz == 130_000
    assert SIGNAL.lsb_pv == 1_000_000
    assert leads_of(SIGNAL.lead_mask) == (Lead.CHEST,)
    assert dialogue.first_frame_timeout_s == 45
    assert not dialogue.needs_bond
    nowhere = Hole(None, 0, 1)
    assert dialogue.replay(nowhere) is None
    assert dialogue.identify_patch() is None


@pytest.mark.parametrize(
    ("name", "device_id"),
    [
        ("Polar H10 0A1B2C3D", "polar-h10-0A1B2C3D"),
        ("Polar H10 0a1b2c3d", "polar-h10-0A1B2C3D"),
        ("Polar H10", None),
        ("Polar H10 0A1B2C3", None),
        ("Polar H9 0A1B2C3D", None),
        ("My Polar H10 0A1B2C3D", None),
        ("Polar H10 0A1B2C3D\n", None),
        ("", None),
    ],
)
def test_identity_is_the_printed_number(name: str, device_id: str | None) -> None:
    found = PolarH10Driver().identify(Advertisement(name))
    assert found == device_id
    assert found is None or checked_name(found)


def test_control_point_is_subscribed_first_as_indication() -> None:
    listens = PolarH10Dialogue().listens
    first = listens[0]
    assert (first.characteristic, first.how) == (codec.PMD_CONTROL, Subscription.INDICATE)
    assert [listen.required for listen in listens] == [True, True, False, False]


FEATURES = bytes.fromhex("0f05").ljust(17, b"\0")
SETTINGS = bytes.fromhex("0001820001010e00")


def asked(answers: list[Answer], wish: Wish = ANY) -> tuple[list[Command | Read], Signal | None]:
    """Give what a start asks for when it is answered so, and what it ends with."""
    conversation = PolarH10Dialogue(wish).start()
    requests = [next(conversation)]
    for answer in answers:
        try:
            requests.append(conversation.send(answer))
        except StopIteration as end:
            return requests, end.value
    return requests, None


def test_start_looks_at_what_the_strap_has_and_offers() -> None:
    settings = CommandReply("settings", True, "success", SETTINGS)
    requests, signal = asked([FEATURES, settings, CommandReply("start", True, "success")])
    assert requests == [
        Read(codec.PMD_CONTROL),
        Command("settings", codec.PMD_CONTROL, bytes.fromhex("0100")),
        Command("start", codec.PMD_CONTROL, bytes.fromhex("02000001820001010e00")),
    ]
    assert signal == SIGNAL


@pytest.mark.parametrize(
    "settings",
    [None, CommandReply("settings", False, "bad state"), CommandReply("settings", True, "", b"\1")],
)
@pytest.mark.parametrize("features", [b"", FEATURES])
def test_a_strap_that_does_not_say_is_started_as_every_h10(
    features: bytes, settings: Answer
) -> None:
    requests, signal = asked([features, settings, CommandReply("start", True, "already in state")])
    assert isinstance(requests[-1], Command)
    assert requests[-1].payload == codec.START_ECG
    assert signal == SIGNAL


def test_another_rate_that_is_all_there_is_is_taken() -> None:
    settings = CommandReply("settings", True, "success", bytes.fromhex("0001c80001010e00"))
    _, signal = asked([FEATURES, settings, CommandReply("start", True, "success")])
    assert signal is not None
    assert signal.fs_mhz == 200_000


@pytest.mark.parametrize(
    ("answers", "says"),
    [
        ([bytes.fromhex("0f04")], "streams no ECG"),
        ([FEATURES, None, CommandReply("start", False, "bad mtu: too small")], "start: bad mtu"),
        ([FEATURES, None, None], "no answer"),
    ],
)
def test_a_no_is_told(answers: list[Answer], says: str) -> None:
    with pytest.raises(Refused, match=says):
        asked(answers)


@pytest.mark.parametrize("wish", [Wish(fs_hz=250), Wish(lead_mask=3)])
def test_what_cannot_be_is_refused(wish: Wish) -> None:
    with pytest.raises(Refused):
        asked([], wish)


def test_a_wish_names_the_lead() -> None:
    wish = Wish(fs_hz=130, lead_mask=1 << Lead.II)
    _, signal = asked([FEATURES, None, CommandReply("start", True, "success")], wish)
    assert signal is not None
    assert leads_of(signal.lead_mask) == (Lead.II,)


def test_stop_is_the_vendors_bytes() -> None:
    assert next(PolarH10Dialogue().stop()) == Command("stop", codec.PMD_CONTROL, b"\3\0")


def test_control_point_messages_become_packets() -> None:
    dialogue = PolarH10Dialogue()
    for data, packets in {
        "f002000000": (CommandReply("start", True, "success"),),
        "f0030006": (CommandReply("stop", True, "already in state"),),
        "0100": (StreamStopped("the strap stopped the ECG"),),
        "0f05": (),
        "f002020000": (
            Unread(codec.PMD_CONTROL, b"", "reply to operation 2 on measurement 2: success"),
        ),
    }.items():
        assert tuple(dialogue.decode(codec.PMD_CONTROL, bytes.fromhex(data))) == packets


def test_a_reply_in_pieces_is_one_answer() -> None:
    dialogue = PolarH10Dialogue()
    assert dialogue.decode(codec.PMD_CONTROL, bytes.fromhex("f00100000100018200")) == ()
    packets = dialogue.decode(codec.PMD_CONTROL, bytes.fromhex("0001010e00"))
    assert packets == (CommandReply("settings", True, "success", SETTINGS),)


def test_a_reply_whose_rest_is_lost_gives_way_to_the_next() -> None:
    dialogue = PolarH10Dialogue()
    assert dialogue.decode(codec.PMD_CONTROL, bytes.fromhex("f001000001")) == ()
    packets = dialogue.decode(codec.PMD_CONTROL, bytes.fromhex("f002000000"))
    assert packets == (CommandReply("start", True, "success"),)


def test_a_reply_without_end_is_cut_off() -> None:
    dialogue = PolarH10Dialogue()
    dialogue.decode(codec.PMD_CONTROL, bytes.fromhex("f001000001"))
    for _ in range(10):
        if packets := dialogue.decode(codec.PMD_CONTROL, b"\1" + bytes(100)):
            break
    assert isinstance(packets[0], CommandReply)


@pytest.mark.parametrize(
    ("payload", "packets"),
    [
        (bytes.fromhex("06003d3c"), (SkinContact(True),)),
        (bytes.fromhex("04003d3c"), (SkinContact(False),)),
        (b"", ()),
    ],
)
def test_whether_it_is_worn_shows_without_a_link(
    payload: bytes, packets: tuple[SkinContact, ...]
) -> None:
    strap = Advertisement("Polar H10 0A1B2C3D", {codec.COMPANY_ID: payload})
    assert PolarH10Driver().observe(strap) == packets
    assert PolarH10Driver().observe(Advertisement("Polar H10 0A1B2C3D")) == ()


def test_a_strap_is_started_and_stopped_and_its_samples_are_the_straps() -> None:
    strap = SimulatedH10(PatchConfig("0A1B2C3D", ON_NS), SampleNumbers())
    host = Host(PolarH10Driver().open(Wish()), strap)
    host.listen()
    assert host.converse(host.dialogue.start()) == SIGNAL
    host.wait(5 * S_NS)
    assert host.converse(host.dialogue.start()) == SIGNAL
    host.wait(5 * S_NS)
    host.converse(host.dialogue.stop())
    host.converse(host.dialogue.stop())
    sent = [number for samples in host.sent for number in samples]
    assert host.adc[0].tolist() == sent == list(range(sent[0], sent[-1] + 1))
    assert len(sent) > 9 * 130


def test_each_characteristic_has_its_decoder() -> None:
    driver = PolarH10Dialogue()
    assert driver.decode(sig.BATTERY_LEVEL, b"\x5a") == (Battery(90),)
    assert driver.decode(sig.HEART_RATE_MEASUREMENT, b"\x00\x3c") == (HeartRate(60, (), None),)


def test_unknown_characteristics_are_refused() -> None:
    with pytest.raises(NotificationError):
        PolarH10Dialogue().decode(sig.MODEL_NUMBER, b"H10")
