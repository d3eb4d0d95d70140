"""x"""

import pytest

pytestmark = pytest.mark.long


def test_an_unknown_device_is_answered_with_the_nearest(service):
    with pytest.raises(ArgumentError, match=r'no device "ibm_lopback". Did you mean "ibm_loopback"'):
        remote.service("ibm:ibm_lopback")
