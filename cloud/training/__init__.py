"""How the models in `ecgcore/models` were made; needs the `[train]` extra."""
