"""Credentials stay out of texts, in whatever form a client, a proxy or a library writes them."""

import base64
import json
import logging
import random
import string
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from qsense.files import secrecy
from qsense.files.secrecy import ScrubbingFilter, scrubbed
from qsense.services import ServiceError

SECRET = 'pä s/w+rd="1&x'
FORMS = {
    "plain": lambda s: s,
    "percent": lambda s: quote(s, safe=""),
    "lower case": lambda s: quote(s, safe="").lower(),
    "only some": lambda s: quote(s, safe="/+=&"),
    "plus": quote_plus,
    "twice": lambda s: quote(quote(s, safe=""), safe=""),
    "three times": lambda s: quote(quote(quote_plus(s), safe=""), safe=""),
    "every character": lambda s: "".join(f"%{byte:02x}" for byte in s.encode()),
    "base64": lambda s: base64.b64encode(s.encode()).decode(),
    "base64 behind a user": lambda s: base64.b64encode(f"user:{s}".encode()).decode(),
    "base64 behind another": lambda s: base64.b64encode(f"a.user:{s}".encode()).decode(),
    "base64 behind a third": lambda s: base64.b64encode(f"the.user:{s}\n".encode()).decode(),
    "base64 for addresses": lambda s: base64.urlsafe_b64encode(f"apikey:{s}".encode()).decode(),
    "base64 in an address": lambda s: quote(base64.b64encode(f"u:{s}".encode()).decode(), safe=""),
    "hexadecimal": lambda s: s.encode().hex(),
    "HEXADECIMAL": lambda s: s.encode().hex().upper(),
    "JSON": lambda s: json.dumps(s)[1:-1],
    "JSON in JSON": lambda s: json.dumps(json.dumps(s))[3:-3],
    "representation": lambda s: repr(f"'{s}")[3:-1],
}


@pytest.mark.parametrize("form", FORMS)
def test_a_secret_is_hidden_in_every_form(form):
    text = f"GET /x?key={FORMS[form](SECRET)}, status 401"
    assert scrubbed(text, [SECRET]).replace("[hidden]", "") == "GET /x?key=, status 401"
    assert scrubbed(text) == " ".join(text.split())  # the control: nothing of it is recognised without the secret


@example("00000000000000%", 0, "")
@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    st.text(string.printable.strip() + "äß→", min_size=6, max_size=50),
    st.integers(0, 2**32),
    st.text(string.ascii_letters, max_size=5),
)
def test_no_form_of_any_secret_leaves_a_part_of_it(secret, seed, user):
    choose = random.Random(seed)

    def coded(c):
        once = "".join(f"%{byte:02x}" for byte in c.encode())
        return choose.choice([c, once, once.upper(), once.replace("%", "%25")])

    mixed = "".join(map(coded, secret))
    for text in (mixed, base64.b64encode(f"{user}:{secret}".encode()).decode(), secret.encode().hex()):
        assert scrubbed(f"(1) {text} (2)", [secret]).replace("[hidden]", "").split() == ["(1)", "(2)"]


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "http_proxy", "ALL_PROXY", "socks_proxy"])
@pytest.mark.parametrize("password", ["hunter-2:x", "p%40ss%2Fword", "p@ss/word"])
def test_the_password_of_a_proxy_is_hidden(monkeypatch, name, password):
    from urllib.parse import unquote

    url = f"http://me:{password}@proxy.lab:3128"
    monkeypatch.setenv(name, url)
    basic = base64.b64encode(f"me:{unquote(password)}".encode()).decode()
    for text in (f"ProxyError: {url} refused", f"password {password}", f"({unquote(password)})", f"Sent {basic}"):
        said = scrubbed(text)
        assert "[hidden]" in said
        assert password not in said
        assert unquote(password) not in said
        assert basic not in said
    assert "proxy.lab:3128" in scrubbed(url)


@pytest.mark.parametrize("text", [
    "http://me:abc@proxy:1 failed", "https://:abc@host/x", "Proxy-Authorization: Basic bWU6YWJj", "password='abc'",
    '{"password": "abc"}', "pwd=abc&x=1", "apikey%3Dabc-def-ghi-jkl", "Authorization: Basic YWJj",
])  # fmt: skip
def test_what_stands_where_a_credential_stands_is_hidden_though_it_is_not_known(text):
    said = scrubbed(text)
    assert "[hidden]" in said
    assert not any(part in said for part in ("abc", "YWJj", "bWU6YWJj"))


@pytest.mark.parametrize("text", ["http://host:8080/a/b is down", "Basic authentication is off", "a@b"])
def test_what_is_no_credential_is_left(text):
    assert scrubbed(text) == text


def test_a_number_of_the_environment_is_no_credential(monkeypatch):
    monkeypatch.setenv("MOST_TOKENS", "100000")
    assert scrubbed("100000 shots") == "100000 shots"


def test_a_proxy_without_a_scheme_is_one_too(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "me:hunter-2@proxy.lab:3128")
    assert scrubbed("refused hunter-2") == "refused [hidden]"


def test_secrets_of_other_sources_are_hidden_everywhere(monkeypatch):
    monkeypatch.setattr(secrecy, "_sources", [])
    secrecy.add_secrets(lambda: ["from-the-store"])
    assert scrubbed("x from%2Dthe%2Dstore") == "x [hidden]"
    assert "from-the-store" not in str(ServiceError("refused from-the-store", definitive=True, transient=False))
    record = logging.LogRecord("x", 30, "x", 1, "sent %s", ("from-the-store",), None)
    assert ScrubbingFilter().filter(record)
    assert record.getMessage() == "sent [hidden]"


def test_the_tokens_and_proxies_of_saved_accounts_are_hidden(monkeypatch, tmp_path):
    pytest.importorskip("qiskit_ibm_runtime", reason="needs qiskit-ibm-runtime")
    from qiskit_ibm_runtime import QiskitRuntimeService

    import qsense.services.ibm_client

    assert qsense.services.ibm_client
    store = {
        "lab": {"token": "token-of-the-lab", "proxies": {"urls": {"https": "http://me:of-the-proxy@lab:1"}}},
        "other": {"token": None, "proxies": {"username_ntlm": "me", "password_ntlm": "of-the-domain"}},
    }
    monkeypatch.setattr(QiskitRuntimeService, "saved_accounts", staticmethod(lambda: store))
    said = scrubbed("token-of-the-lab of-the-proxy of-the-domain")
    assert said == "[hidden] [hidden] [hidden]"


def test_the_end_of_a_path_hides_nothing_of_what_follows():
    assert scrubbed("../etc/passwd: not a NumPy array") == "../etc/passwd: not a NumPy array"
    assert scrubbed("http://host/password=abcdef") == "http://host/password=[hidden]"
    assert scrubbed("at host/pwd:abcdef") == "at host/pwd:[hidden]"
