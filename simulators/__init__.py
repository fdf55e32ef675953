"""Simulated hardware of the service point: one package a device, each speaking the device's real wire protocol."""
