"""What one of the usual kinds of recording is measured with: TOML files that ship with the code."""
