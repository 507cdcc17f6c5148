"""All limits of forms and flags of the representative beat."""

from dataclasses import dataclass, field

from ecgcore.beat_waves import BeatWavesConfig
from ecgcore.chamber_indices import ChamberConfig
from ecgcore.end_qrs import EndQrsConfig
from ecgcore.hermite import HermiteConfig
from ecgcore.infarct_signs import InfarctConfig
from ecgcore.lead_reversal import LeadReversalConfig
from ecgcore.limits import Milliseconds
from ecgcore.pace_spikes import PaceSpikeConfig
from ecgcore.qrs_form import QrsFormConfig
from ecgcore.wave_forms import WaveFormConfig


@dataclass(frozen=True, slots=True)
class FormConfig:
    """One field for each concept."""

    waves: WaveFormConfig = field(default_factory=WaveFormConfig)
    qrs: QrsFormConfig = field(default_factory=QrsFormConfig)
    end_qrs: EndQrsConfig = field(default_factory=EndQrsConfig)
    infarct: InfarctConfig = field(default_factory=InfarctConfig)
    chambers: ChamberConfig = field(default_factory=ChamberConfig)
    reversal: LeadReversalConfig = field(default_factory=LeadReversalConfig)
    hermite: HermiteConfig = field(default_factory=HermiteConfig)
    pace_spikes: PaceSpikeConfig = field(default_factory=PaceSpikeConfig)
    beat_waves: BeatWavesConfig = field(default_factory=BeatWavesConfig)
    axis_ms: Milliseconds = 40.0
    """Length of what is the beginning and the end of QRS."""
