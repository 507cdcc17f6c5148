"""One module a kind of simulated patch."""
