"""The call of the ECGomics paper, ``POST /ECGOmics``, answered in its shape."""
