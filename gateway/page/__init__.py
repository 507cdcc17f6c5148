"""A page of this gateway's own, on loopback: fitting a patch needs no cloud."""
