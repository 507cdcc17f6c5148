"""One record in, its beats, waves or rhythm out: the commands that others can score us by."""
