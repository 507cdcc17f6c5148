"""Laws, golden data, real parts, faults."""
