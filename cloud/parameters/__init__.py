"""Configurations of the analysis as people write and read them."""
