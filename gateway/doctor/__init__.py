"""What is wrong with this gateway, in words that help: one check a module."""
