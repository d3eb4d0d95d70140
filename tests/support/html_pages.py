"""A page as its elements and texts, read by the standard library, for the tests about pages."""

import base64
import hashlib
import re
from collections import Counter
from html.parser import HTMLParser

VOID = {"meta", "input", "br", "img", "link", "hr"}
# What a browser loads, or does, of its own; the fragments of a page are not.
LOADS = {"src", "href", "action", "data", "srcset", "poster", "xlink:href", "formaction", "ping", "style"}


class Page(HTMLParser):
    """A page: elements in their order, each with its attributes, its path of tags, and the text in it."""

    def __init__(self, content):
        super().__init__()
        self.elements, self.open = [], []
        self.feed(content.decode() if isinstance(content, bytes) else content)
        assert not self.open, f"never closed: {[tag for tag, *_ in self.open]}"

    def handle_starttag(self, tag, attributes):
        element = (tag, dict(attributes), [one[0] for one in self.open], [])
        self.elements.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes), [one[0] for one in self.open], []))

    def handle_endtag(self, tag):
        assert self.open[-1][0] == tag, f"</{tag}> closes <{self.open[-1][0]}>"
        self.open.pop()

    def handle_data(self, data):
        for one in self.open:
            one[3].append(data)

    def of(self, tag, **wanted):
        """The elements of a tag whose attributes have, or contain as words, what is wanted."""
        return [
            e for e in self.elements if e[0] == tag and all(v in (e[1].get(k) or "").split() for k, v in wanted.items())
        ]

    def text(self, tag, **wanted):
        return ["".join(e[3]) for e in self.of(tag, **wanted)]

    @property
    def structure(self):
        """How often each tag occurs with each set of attributes, whatever texts there are."""
        return Counter((tag, tuple(sorted(attributes))) for tag, attributes, *_ in self.elements)

    def check(self):
        """Refuses whatever loads something, runs without being known by its hash, or is named twice."""
        (policy,) = (a["content"] for t, a, *_ in self.elements if a.get("http-equiv") == "Content-Security-Policy")
        rules = {rule.split()[0]: rule.split()[1:] for rule in policy.split(";")}
        assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == ["'none'"]
        for tag in ("style", "script"):
            (text,) = self.text(tag)
            digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
            assert rules[f"{tag}-src"] == [f"'sha256-{digest}'"]
        for tag, attributes, *_ in self.elements:
            assert not [name for name in attributes if name.startswith("on")], (tag, attributes)
            for name in LOADS & set(attributes):
                assert re.fullmatch(r"#[\w-]+", attributes[name]), (tag, attributes)
        ids = [a["id"] for _, a, *_ in self.elements if "id" in a]
        assert len(ids) == len(set(ids))
        for _, attributes, *_ in self.elements:
            for name in ("aria-labelledby", "aria-describedby", "href"):
                assert attributes.get(name, "").removeprefix("#") in ["", *ids], attributes
        return self
