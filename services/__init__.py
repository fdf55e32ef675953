"""What the appliance does, one folder a capability. Services know the contracts of devices, never their adapters."""
