"""Reports as PDF: vector drawing, the ECG at 25 mm/s and 10 mm/mV."""
