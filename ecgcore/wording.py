"""Names of values, qualities and reasons as people read them, in English and Chinese."""

from types import MappingProxyType

from ecgcore.events import Dimension, NullReason
from ecgcore.report import Flag, Localised, ReportKind


def _l(en: str, zh: str) -> Localised:
    return Localised(en=en, zh=zh)


NAMES = MappingProxyType(
    {
        "hr_mean": _l("Heart rate", "心率"),
        "hr_min": _l("Lowest rate", "最低心率"),
        "hr_max": _l("Highest rate", "最高心率"),
        "rr_mean": _l("RR interval", "RR间期"),
        "rr_longest": _l("Longest RR", "最长RR间期"),
        "p_dur": _l("P duration", "P波时限"),
        "pr_int": _l("PR interval", "PR间期"),
        "qrs_dur": _l("QRS duration", "QRS时限"),
        "qt_int": _l("QT interval", "QT间期"),
        "qtc_fridericia": _l("QTc (Fridericia)", "QTc（Fridericia）"),
        "qtc_bazett": _l("QTc (Bazett)", "QTc（Bazett）"),
        "p_axis": _l("P axis", "P电轴"),
        "qrs_axis": _l("QRS axis", "QRS电轴"),
        "t_axis": _l("T axis", "T电轴"),
        "r_amp": _l("R amplitude", "R波振幅"),
        "t_amp": _l("T amplitude", "T波振幅"),
        "p_amp_pos": _l("P amplitude", "P波振幅"),
        "st_j60": _l("ST at J+60", "ST（J+60）"),
        "noise_rms": _l("Noise", "噪声"),
        "lvh_sokolow": _l("Sokolow-Lyon", "Sokolow-Lyon指数"),
        "lvh_cornell": _l("Cornell voltage", "Cornell电压"),
        "qrs_vm": _l("QRS vector", "QRS向量"),
        "sdnn": _l("SDNN", "SDNN"),
        "rmssd": _l("RMSSD", "RMSSD"),
        "lf_hf": _l("LF/HF", "LF/HF"),
        "sd1_sd2": _l("SD1/SD2", "SD1/SD2"),
        "dfa_a1": _l("DFA α1", "DFA α1"),
        "sampen": _l("Sample entropy", "样本熵"),
        "pvc_count": _l("Ventricular beats", "室性早搏"),
        "pac_count": _l("Supraventricular beats", "室上性早搏"),
        "pvc_burden": _l("Ventricular ectopy", "室性早搏负荷"),
        "pac_burden": _l("Supraventricular ectopy", "室上性早搏负荷"),
        "af_burden": _l("AF burden", "房颤负荷"),
        "edr_rate": _l("Breathing", "呼吸"),
        "stress_0_100": _l("Stress", "压力"),
        "qrst_angle_spatial_mean": _l("QRS-T angle", "QRS-T夹角"),
        "qrst_angle_frontal": _l("Frontal QRS-T angle", "额面QRS-T夹角"),
        "tpe_qt": _l("Tp-e/QT", "Tp-e/QT"),
        "jt_qt": _l("JT/QT", "JT/QT"),
        "iceb": _l("QT/QRS", "QT/QRS"),
        "r_t_ratio": _l("R/T", "R/T"),
        "r_progression": _l("R progression", "R波递增"),
        "tmpl_corr": _l("Likeness of beats", "心搏相似度"),
        "z_self": _l("Against own past", "与自身基线相比"),
    }
)
DIMENSIONS = MappingProxyType(
    {
        Dimension.STRUCTURAL: _l("Structural", "结构"),
        Dimension.INTENSITY: _l("Intensity", "强度"),
        Dimension.FUNCTIONAL: _l("Functional", "功能"),
        Dimension.COMPARATIVE: _l("Comparative", "比较"),
    }
)
REASONS = MappingProxyType(
    {
        NullReason.NO_P_WAVE: _l("no P wave", "无P波"),
        NullReason.AF: _l("atrial fibrillation", "房颤"),
        NullReason.LOW_SQI: _l("poor signal", "信号质量差"),
        NullReason.GAP: _l("signal missing", "信号缺失"),
        NullReason.TOO_FEW_BEATS: _l("too few beats", "心搏数不足"),
        NullReason.TOO_SHORT: _l("recording too short", "记录过短"),
        NullReason.FS_TOO_LOW: _l("sampling rate too low", "采样率过低"),
        NullReason.LEAD_MISSING: _l("lead missing", "缺少导联"),
        NullReason.PACED: _l("paced", "起搏心律"),
        NullReason.WIDE_QRS: _l("wide QRS", "QRS增宽"),
        NullReason.NOT_APPLICABLE: _l("not applicable", "不适用"),
        NullReason.NOT_MEASURED: _l("not measured", "未测量"),
    }
)
KINDS = MappingProxyType(
    {
        ReportKind.SPOT: _l("ECG report", "心电图报告"),
        ReportKind.SUMMARY: _l("ECG minute report", "心电分钟报告"),
        ReportKind.LIVE: _l("Live ECG summary", "实时心电摘要"),
        ReportKind.EVENT: _l("ECG event report", "心电事件报告"),
        ReportKind.HOLTER: _l("Ambulatory ECG report", "动态心电图报告"),
        ReportKind.TREND: _l("ECG trend report", "心电趋势报告"),
    }
)
FLAGS = MappingProxyType(
    {Flag.LOW: _l("low", "偏低"), Flag.NORMAL: _l("", ""), Flag.HIGH: _l("high", "偏高")}
)
CERTAINTIES = MappingProxyType(
    {
        "definite": _l("definite", "确定"),
        "probable": _l("probable", "很可能"),
        "possible": _l("possible", "可能"),
        "consider": _l("consider", "考虑"),
    }
)


def name_of(key: str) -> Localised:
    """Give a value's name; its key where it has none."""
    return NAMES.get(key, _l(key, key))
