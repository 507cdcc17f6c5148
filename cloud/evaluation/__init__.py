"""How right the analysis is, on annotated archives: `ecgomics evaluate`."""
