"""The registry of biomarkers for people: `ecgomics catalogue` and `docs/biomarkers/`."""
