"""Places in the figures of one beat in one lead (`m` for short), and in the points it rests on.

The keys are those of the biomarker catalogue; amplitudes in mV, ST levels in uV, areas in uV.s,
durations in ms, slopes in mV/s.
"""

# Fiducial points, in samples of the beat; NaN where there is no such wave.
P_ON, P_OFF, QRS_ON, R, QRS_OFF, T_ON, T_PEAK, T_OFF = range(8)
N_POINTS = 8

KEYS = (
    *("p_amp_pos", "p_amp_neg", "p_area", "p_rms", "p_up_max", "p_pos_dur", "p_neg_dur"),
    "pr_level",
    *("q_amp", "q_dur", "q_area", "r_amp", "r_dur", "r_area", "s_amp", "s_dur", "s_area"),
    *("rp_amp", "rp_dur", "sp_amp", "sp_dur"),
    *("qrs_pp", "qrs_area", "qrs_abs_area", "qrs_rms", "r_peak_time", "r_notches"),
    *("qrs_up_max", "qrs_down_max", "qrs_init_slope"),
    *("st_j0", "st_j20", "st_j40", "st_j60", "st_j80", "st_rr16"),
    *("st_2_8", "st_3_8", "st_mid", "st_max", "st_min", "st_area", "st_slope"),
    *("t_amp_pos", "t_amp_neg", "t_amp", "t_area", "t_rms", "t_up_max", "t_down_max"),
    *("t_pos_dur", "t_neg_dur", "t_peak_symmetry", "t_asym_area"),
    *("qrst_area", "beat_energy"),
)
"""One for each column."""
N_FIGURES = len(KEYS)
P_AT = KEYS.index("p_amp_pos")
QRS_AT = KEYS.index("q_amp")
QRS_WHOLE_AT = KEYS.index("qrs_pp")
ST_AT = KEYS.index("st_j0")
T_AT = KEYS.index("t_amp_pos")
BEAT_AT = KEYS.index("qrst_area")
