"""What each patch says over the air: bytes in, values out."""
