"""`ecgomics findings`: the rules over recordings on disk, and how far they agree with labels."""
