"""Arrays in, values out: the wire, the stream engine, the biomarkers and the reports."""

__version__ = "0.1.0"
