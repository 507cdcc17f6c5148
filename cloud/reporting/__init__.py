"""`ecgomics report`: one recording in, a report out, as JSON, text, PDF or FHIR."""
