"""Names of values, qualities and reasons as people read them, in English and Chinese."""

from types import MappingProxyType

from ecgcore.events import Dimension, NullReason
from ecgcore.report import Flag, Localised, ReportKind
from ecgcore.report_kinds import Urgency


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
        "pvc_per_h": _l("Ventricular beats per h", "每小时室性早搏"),
        "pac_per_h": _l("Supraventricular beats per h", "每小时室上性早搏"),
        "v_couplets": _l("Couplets", "成对室早"),
        "v_triplets": _l("Triplets", "三连发"),
        "bigeminy_s": _l("Time in bigeminy", "二联律时间"),
        "trigeminy_s": _l("Time in trigeminy", "三联律时间"),
        "vt_runs": _l("VT runs", "室速阵次"),
        "vt_longest": _l("Longest VT", "最长室速"),
        "vt_fastest": _l("Fastest VT", "最快室速"),
        "pvc_morphs": _l("PVC shapes", "室早形态数"),
        "svt_runs": _l("SVT runs", "室上速阵次"),
        "svt_longest": _l("Longest SVT", "最长室上速"),
        "svt_fastest": _l("Fastest SVT", "最快室上速"),
        "af_episodes": _l("AF episodes", "房颤阵次"),
        "af_longest": _l("Longest AF", "最长房颤"),
        "af_hr_mean": _l("Mean rate in AF", "房颤平均心率"),
        "af_hr_max": _l("Highest rate in AF", "房颤最高心率"),
        "pause_count": _l("Pauses", "停搏次数"),
        "pause_longest": _l("Longest pause", "最长停搏"),
        "avb_grade": _l("AV block", "房室阻滞"),
        "dropped_p": _l("Dropped P waves", "未下传P波"),
        "sdann5": _l("SDANN", "SDANN"),
        "hti": _l("Triangular index", "三角指数"),
        "hrt_to": _l("Turbulence onset", "震荡起始"),
        "hrt_ts": _l("Turbulence slope", "震荡斜率"),
        "dc": _l("Deceleration capacity", "减速力"),
        "stt_lability": _l("ST-T lability", "ST-T变异"),
        "sdqt": _l("SD of QT", "QT标准差"),
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
URGENCIES = MappingProxyType(
    {
        Urgency.HIGH: _l("high (P1)", "高（P1）"),
        Urgency.MEDIUM: _l("medium (P2)", "中（P2）"),
        Urgency.LOW: _l("low (P3)", "低（P3）"),
        Urgency.INFO: _l("for information (P4)", "提示（P4）"),
    }
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
