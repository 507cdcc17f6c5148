"""`ecgomics population`: recordings of healthy people in, tables of what is normal out."""
