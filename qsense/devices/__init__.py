"""A device."""
