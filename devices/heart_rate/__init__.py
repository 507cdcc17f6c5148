"""Any strap with the Heart Rate service: heart rate and RR intervals, no ECG."""
