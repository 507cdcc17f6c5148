"""Reports as FHIR bundles, releases R4 and R5."""
