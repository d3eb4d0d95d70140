"""The table of vendors: a line for each, in the order in which they are listed."""

from qsense.backends.vendor import register_vendor
from qsense.backends.vendors import aer, braket, emulator, fake, ibm, own

register_vendor(emulator.VENDOR)
register_vendor(aer.VENDOR)
register_vendor(fake.VENDOR)
register_vendor(ibm.VENDOR)
register_vendor(braket.VENDOR)
register_vendor(own.VENDOR)
