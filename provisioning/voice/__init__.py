"""The spoken prompts, rendered beforehand on a machine that is no appliance."""
