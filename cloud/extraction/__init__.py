"""`ecgomics extract`: recordings on disk in, a table of biomarkers out."""
