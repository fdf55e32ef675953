"""What the rest of the program may know of a device: protocols, frozen values and one error root."""
