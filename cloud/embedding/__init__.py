"""Learned embeddings: a model is a folder with a card; recordings in, vectors out."""
