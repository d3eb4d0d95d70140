"""Code from outside the package that a file can name, and the consent without which none of it is imported.

`consent` says what may be run, and imports it; `entry_points` knows what installed distributions declare. Code that a
script registers by itself (`register_vendor` and the like) needs no consent: whoever wrote the script has run it.
"""

from qsense.extensions.consent import Consent, allowing, current_consent

__all__ = ["Consent", "allowing", "current_consent"]
