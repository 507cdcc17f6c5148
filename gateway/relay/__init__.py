"""Patches that another device's Bluetooth reaches: a phone, an app, a small proxy."""
