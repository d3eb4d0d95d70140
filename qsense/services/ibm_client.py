"""How qsense calls IBM's client: errors in one line, warnings collected, no credentials in either."""

from __future__ import annotations

import logging
import os
import re
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from qsense.errors import ArgumentError
from qsense.files.secrecy import ScrubbingFilter, add_secrets, proxy_passwords, scrubbed
from qsense.services.protocol import ServiceError

T = TypeVar("T")
logger = logging.getLogger(__name__)
_UNCERTAIN = {408, 425, 499}
"""Statuses of a request that may have been served nevertheless: a proxy gave up waiting."""
PAUSES_S = (1.0, 2.0, 4.0)
"""Pauses before a request is repeated, in s, after the network or a busy service failed. Jobs are never sent again."""


def retry_transient(request: Callable[[], T]) -> T:
    """Returns the answer to a request that can be repeated without harm; repeats it after transient errors."""
    for pause in PAUSES_S:
        try:
            return request()
        except ServiceError as error:
            if not error.transient:
                raise
            time.sleep(pause)
    return request()


def call_client(request: Callable[[], T]) -> T:
    """Returns the answer to one request, with errors as of `translate_errors` and warnings as of `collect_warnings`."""
    with translate_errors(), collect_warnings():
        return request()


def connect_client(make: Callable[[], T]) -> T:
    """Returns a client that has an access token.

    Without a token the client only warns: it then finds an empty account, and each later request takes a minute.

    Raises:
        ServiceError: there is no token: the credentials were refused, or the service could not be reached.
    """
    with translate_errors(), collect_warnings() as lines:
        client = make()
    for line in lines:
        if "Unable to retrieve IBM Cloud access token" in line:
            refused = re.search(r"Status code: 4\d\d", line) is not None
            raise _refused(line) if refused else _failed(line, definitive=True, transient=True)
    return client


def _refused(text: str) -> ServiceError:
    return ServiceError(
        "The service refused the credentials; save an account with QiskitRuntimeService.save_account, or set "
        f"QISKIT_IBM_TOKEN. It said: {text}",
        definitive=True,
        transient=False,
    )


def _failed(text: str, definitive: bool, transient: bool) -> ServiceError:
    return ServiceError(f"The service did not answer as it should: {text}", definitive, transient)


@contextmanager
def collect_warnings() -> Iterator[list[str]]:
    """Yields a list that gets the client's warnings at the end, without credentials and deprecations; logs them too."""
    lines: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            yield lines
        finally:
            for warning in caught:
                line = scrubbed(str(warning.message))
                if not issubclass(warning.category, DeprecationWarning) and line not in lines:
                    lines.append(line)
                    logger.debug(f"the service's client warned: {line}")


@contextmanager
def translate_errors() -> Iterator[None]:
    """Turns whatever the vendor's client raises into a ServiceError of one line, without credentials."""
    from qiskit_ibm_runtime.accounts import AccountNotFoundError

    try:
        yield
    except (ServiceError, ArgumentError):
        raise
    except AccountNotFoundError:
        raise ServiceError(
            "No IBM Quantum account is saved; save one with QiskitRuntimeService.save_account(token=…), or set "
            "QISKIT_IBM_TOKEN.",
            definitive=True,
            transient=False,
        ) from None
    except Exception as error:  # the client passes on errors of several libraries
        code = _status(error)
        text = scrubbed(str(error))[:300] or type(error).__name__
        refused = code is not None and 400 <= code < 500 and code not in _UNCERTAIN
        if code in (401, 403) or (refused and "API token" in text):
            raise _refused(text) from None
        raise _failed(text, definitive=refused, transient=not refused or code == 429) from None


def _status(error: BaseException | None) -> int | None:
    """Returns the HTTP status behind an error, which the client sometimes gives as text only."""
    while error is not None:
        for name in ("status_code", "code", "http_status"):
            code = getattr(error, name, None)
            if isinstance(code, int) and code >= 400:
                return code
        if found := re.search(r"\b([45]\d\d) (?:Client|Server) Error", str(error)):
            return int(found[1])
        error = error.__cause__ or error.__context__
    return None


def known_secrets() -> list[str]:
    """Returns the tokens and the proxies' passwords of all saved accounts, which must not appear in a message."""
    if "qiskit_ibm_runtime" not in sys.modules:  # whoever has not loaded it has read no saved account
        return []
    from qiskit_ibm_runtime import QiskitRuntimeService

    try:
        accounts = list(QiskitRuntimeService.saved_accounts().values())
        found = [str(account["token"]) for account in accounts if account.get("token")]
        for proxies in (account.get("proxies") or {} for account in accounts):
            found += [str(proxies["password_ntlm"])] if proxies.get("password_ntlm") else []
            found += [one for url in (proxies.get("urls") or {}).values() for one in proxy_passwords(str(url))]
    except Exception:  # a damaged store is reported elsewhere
        return []
    return found


add_secrets(known_secrets)


def configure_log() -> None:
    """Limits the client's log to errors, unless the user wants more, and removes credentials from it."""
    logger = logging.getLogger("qiskit_ibm_runtime")
    if not os.environ.get("QISKIT_IBM_RUNTIME_LOG_LEVEL"):
        logger.setLevel(logging.ERROR)
    for handler in logger.handlers:
        if not any(isinstance(one, ScrubbingFilter) for one in handler.filters):
            handler.addFilter(ScrubbingFilter())
