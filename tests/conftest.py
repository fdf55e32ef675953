"""What holds for all tests."""

from hypothesis import settings

# The machine that runs tests may be busy with anything: an example that takes long says nothing about the product.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")
