"""How slow the machine may be."""

import os

PATIENCE = float(os.environ.get("ECGOMICS_TEST_PATIENCE", "1"))
"""How many times longer than on an idle machine a test may wait for something."""
