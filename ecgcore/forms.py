"""The family of forms: classes, flags and indices of the shape of the beats of a recording."""

from collections.abc import Iterator

from ecgcore.beat_waves import p_present, u_present
from ecgcore.events import Measurement, NullReason
from ecgcore.form_config import FormConfig
from ecgcore.global_forms import GLOBAL_FORMS, global_forms
from ecgcore.lead_forms import LEAD_FORMS, lead_forms
from ecgcore.measured import Said, measurement_of
from ecgcore.pace_spikes import spikes_of
from ecgcore.recorded import Recorded

SPIKES = ("pace_spike_count", "pace_spike_qrs")
OF_BEATS = ("p_present", "u_present")
FORM_KEYS = (*GLOBAL_FORMS, *LEAD_FORMS, *SPIKES, *OF_BEATS)
"""All keys that are given here."""


def measure_forms(recorded: Recorded, config: FormConfig) -> Iterator[Measurement]:
    """Measure the forms; where signal or beats do not carry them, each is null with the reason."""
    n_average, found = _of_average(recorded, config)
    for (key, lead), said in found.items():
        yield measurement_of(key, said, n_average, recorded.sqi, lead)
    n_beats = len(recorded.beats)
    for (key, lead), said in _of_beats(recorded, config).items():
        yield measurement_of(key, said, n_beats, recorded.sqi, lead)


def _of_average(
    recorded: Recorded, config: FormConfig
) -> tuple[int, dict[tuple[str, str | None], Said]]:
    found: dict[tuple[str, str | None], Said] = {}
    signal = recorded.average
    reason = recorded.unusable or (signal if isinstance(signal, NullReason) else None)
    if isinstance(signal, NullReason) or reason is not None:
        said: Said = reason or NullReason.TOO_FEW_BEATS
        found |= {(key, None): said for key in GLOBAL_FORMS}
        found |= {(key, lead): said for lead in recorded.leads for key in LEAD_FORMS}
        return 0, found
    of_all = global_forms(signal, recorded.person, config)
    found |= {(key, None): said for key, said in of_all.items()}
    found |= lead_forms(signal, config)
    return signal.beat.n_beats, found


def _of_beats(recorded: Recorded, config: FormConfig) -> dict[tuple[str, str | None], Said]:
    reason = recorded.unusable
    found: dict[tuple[str, str | None], Said] = dict(
        zip(
            [(key, None) for key in SPIKES],
            (reason, reason) if reason else spikes_of(recorded, config.pace_spikes),
            strict=True,
        )
    )
    for k, lead in enumerate(recorded.leads):
        found["p_present", lead] = reason or p_present(recorded, k, config.beat_waves)
        found["u_present", lead] = reason or u_present(recorded, k, config.beat_waves)
    return found
