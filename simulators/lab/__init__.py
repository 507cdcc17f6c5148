"""The fault lab: a scenario's plan made to happen, and the account of what it did."""
