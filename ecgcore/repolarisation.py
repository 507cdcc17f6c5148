"""QT corrected for the heart rate, by the formulas in use; QT in ms, RR in s.

All give QT itself at an interval of one second.
"""


def bazett_ms(qt_ms: float, rr_s: float) -> float:
    """QT / RR^(1/2) (Bazett 1920)."""
    return float(qt_ms / rr_s**0.5)


def fridericia_ms(qt_ms: float, rr_s: float) -> float:
    """QT / RR^(1/3) (Fridericia 1920)."""
    return float(qt_ms / rr_s ** (1.0 / 3.0))


def framingham_ms(qt_ms: float, rr_s: float) -> float:
    """QT + 154 (1 - RR) (Sagie et al. 1992)."""
    return qt_ms + 154.0 * (1.0 - rr_s)


def hodges_ms(qt_ms: float, rr_s: float) -> float:
    """QT + 1.75 (HR - 60) (Hodges et al. 1983)."""
    return qt_ms + 1.75 * (60.0 / rr_s - 60.0)


def rautaharju_ms(qt_ms: float, rr_s: float) -> float:
    """QT (120 + HR) / 180 (Rautaharju et al. 1993)."""
    return qt_ms * (120.0 + 60.0 / rr_s) / 180.0


def dmitrienko_ms(qt_ms: float, rr_s: float) -> float:
    """QT / RR^0.413 (Dmitrienko et al. 2005)."""
    return float(qt_ms / rr_s**0.413)


def jtp_corrected_ms(jtp_ms: float, rr_s: float) -> float:
    """JTp / RR^0.58 (Johannesen et al. 2014)."""
    return float(jtp_ms / rr_s**0.58)


def wide_qrs_ms(qt_ms: float, qrs_ms: float, rr_s: float) -> float:
    """Fridericia's formula over QT - 0.485 QRS (Bogossian et al. 2014); for QRS of 120 ms up."""
    return fridericia_ms(qt_ms - 0.485 * qrs_ms, rr_s)
