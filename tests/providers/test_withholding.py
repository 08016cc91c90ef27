"""What may not be kept is cut out of what cannot be read, and out of what is read in an unusual form."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.numbers.phone import Phone
from ringfence.providers.infobip_privacy import withhold as infobip
from ringfence.providers.kaleyra_privacy import withhold as kaleyra
from ringfence.providers.markup import cut_elements, element, is_markup
from ringfence.providers.reading import load
from ringfence.providers.vonage_privacy import withhold as vonage
from ringfence.providers.withholding import cut_bytes, cut_string, cut_text, cut_values

DUTCH, BRITISH = Phone("+31600000202"), Phone("+447400000303")
ALL = frozenset({"imsi", "serving_msc", "caller_name", "roaming", "reachability"})
DEFAULT = ALL - {"reachability"}
IMSI, NETWORK = "204049876543210", "Kustnet"
NAMES = frozenset({"imsi", "roaming", "servingmsc", "callername"})
Withhold = Callable[[bytes, Callable[[Phone | None], frozenset[str]]], bytes]
EVERY: list[Withhold] = [infobip, vonage, kaleyra]


def cut(withhold: Withhold, body: bytes, names: frozenset[str] = DEFAULT) -> bytes:
    """What is kept under one rule for every number."""
    return withhold(body, lambda _phone: names)


TOLD = [
    f'<roaming status="roaming" network_code="20601" network_name="{NETWORK}" country="BE" />',
    f'<roamingNetwork networkName="{NETWORK}" networkPrefix="1"/>',
    f'<imsi xsi:type="xs:string">{IMSI}</imsi>',
    f'<imsi\n a="b"\n>{IMSI}</imsi>',
    f"<x:imsi>{IMSI}</x:imsi>",
    f"<IM-SI>{IMSI}</IM-SI><i_m_s_i>{IMSI}</i_m_s_i>",
    f"<a imsi = '{IMSI}'/>",
    f"<a name='imsi' value='{IMSI}'/>",
    f"<a name='imsi'>{IMSI}</a>",
    f"<a><name>imsi</name><value>{IMSI}</value></a>",
    f"<imsi/>{IMSI}",
    f"<?imsi {IMSI}?>",
    f"<!-- imsi {IMSI} -->",
    f"<a><![CDATA[imsi {IMSI}]]></a>",
    f"<a>&#105;msi {IMSI}</a>",
    f'<a>"imsi": 1, {IMSI}</a>',
    f"<a>the imsi is {IMSI}</a>",
]
BROKEN: dict[str, Callable[[str], bytes]] = {
    "truncated": lambda told: f"<r>{told}".encode(),
    "in a tag": lambda told: f"<r>{told}</r".encode(),
    "document type": lambda told: f"<!DOCTYPE r><r>{told}</r>".encode(),
    "bare &": lambda told: f"<r>a & b{told}</r>".encode(),
    "bare & behind": lambda told: f"<r>{told}a & b</r>".encode(),
    "garbage": lambda told: f"<r>{told}</r> garbage".encode(),
    "bad charset": lambda told: f'<?xml version="1.0" encoding="no-such"?><r>{told}</r>'.encode(),
    "invalid UTF-8": lambda told: f"<r>{told}".encode() + b"\xff</r>",
    "too deep": lambda told: f"{'<a>' * 65}{told}{'</a>' * 65}".encode(),
    "UTF-16": lambda told: f"<r>{told}".encode("utf-16"),
    "UTF-16 out of step": lambda told: b"\n" + f"<r>{told}".encode("utf-16-le"),
}


@pytest.mark.parametrize("withhold", EVERY)
@pytest.mark.parametrize("told", TOLD)
@pytest.mark.parametrize("broken", BROKEN)
def test_markup_that_cannot_be_read_ends_at_the_first_name(withhold: Withhold, told: str, broken: str) -> None:
    """However the fact is written and whatever broke the document; it stays unreadable, and is not cut again."""
    body = BROKEN[broken](told)
    assert element(body) is None
    left = cut(withhold, body)
    for secret in (IMSI[:6], NETWORK, "20601"):
        assert secret.encode() not in left.replace(b"\0", b"")
    assert element(left) is None
    assert load(left) is None
    assert cut(withhold, left) == left
    assert cut(withhold, body, frozenset()) == body


@pytest.mark.parametrize("withhold", [infobip, vonage])
@pytest.mark.parametrize("told", TOLD)
@pytest.mark.parametrize("inside", ["{}", "<results><result><to>31600000202</to>{}</result></results>"])
def test_markup_that_can_be_read_tells_it_neither(withhold: Withhold, told: str, inside: str) -> None:
    """The same forms in a document that is whole, outside and inside of a result, and as the whole document."""
    spaces = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:x="urn:x"'
    body = f"<r {spaces}><international_format_number>31600000202</international_format_number>"
    body += inside.replace("{}", told) + "</r>"
    assert element(body.encode()) is not None
    left = cut(withhold, body.encode())
    # Five digits of an IMSI may stay where it is Infobip's field: they name the network.
    for secret in (IMSI[:6], NETWORK, "20601"):
        assert secret.encode() not in left
    assert cut(withhold, left) == left
    if told.startswith(("<roaming", "<IMSI")):
        assert NETWORK.encode() not in cut(withhold, told.encode())


PADS = ["", " ", " " * 60, "\n\t" * 30, "/*x*/", "//x\n"]
KEYS = ["imsi", "IMSI", "im_si", "i-m-s-i", r"\u0069msi", r"im\u005fsi", "subscriber_imsi", "imsi_of_subscriber"]


@given(
    st.sampled_from(KEYS),
    st.sampled_from(PADS),
    st.sampled_from(PADS),
    st.sampled_from([f'"{IMSI}"', IMSI, f"20404 {IMSI}", f'"20404" "{IMSI}"', f"['{IMSI}']", f'{{"a":"{IMSI}"']),
    st.sampled_from(["", "}", "}}", ',"b":1}', ' "']),
)
def test_json_that_cannot_be_read_keeps_nothing_after_a_name(
    key: str, before: str, after: str, value: str, tail: str
) -> None:
    """Spelled, spaced and commented in any way: a value goes, or everything does from the name on."""
    for body in (f'{{"a":1,"a":2,"{key}"{before}:{after}{value}{tail}', f'{{"a" "name":"{key}","value":{value}{tail}'):
        left = cut_bytes(body.encode(), NAMES)
        assert IMSI[:6].encode() not in left
        assert left.startswith(b'{"a"')
        assert cut_bytes(left, NAMES) == left


def test_what_can_be_read_whole_is_cut_alone() -> None:
    """Behind such a value the broken body goes on, to the next name."""
    body = b'{"a":1,"a":2,"imsi" : {"b":["x"]} , "c":3,"roaming":true,"d":4,"servingMSC":"336'
    assert cut_bytes(body, NAMES) == b'{"a":1,"a":2,"imsi" : null , "c":3,"roaming":null,"d":4,"servingMSC":'


@pytest.mark.parametrize("withhold", EVERY)
@pytest.mark.parametrize(
    "said",
    [
        f'<imsi a="b">{IMSI}</imsi>',
        f'<roaming network_name="{NETWORK}"/>',
        f"imsi is {IMSI}",
        f"imsi_{IMSI}",
        f'"imsi"/**/:"{IMSI}"',
        {"name": "imsi", "value": {"x": f"{IMSI}"}},
        {"value": NETWORK, "Name": "roaming_network"},
        [{"key": "roaming", "textContent": NETWORK}],
    ],
)
def test_a_text_or_a_pair_in_json_tells_nothing(withhold: Withhold, said: Any) -> None:
    """A document of another kind in a string, prose, and a pair whose name names the fact, inside a result or not."""
    item = {"to": DUTCH.digits, "mobile_number": DUTCH.digits, "x": said}
    for document in ({"x": said}, [said], {"results": [item]}, {"data": [item]}, item):
        left = cut(withhold, json.dumps(document).encode())
        assert load(left) is not None
        assert not [secret for secret in (IMSI[:6], NETWORK) if secret.encode() in left]
        assert cut(withhold, left) == left


@pytest.mark.parametrize("text", ["EC_IMSI_BLACKLISTED", "roaming-2024-11-22", "aXimsi7Q", "imsi", "claims it", "none"])
def test_ids_and_code_words_stay(text: str) -> None:
    """A name that is part of one has no value after it; neither do the name of an error and its siblings go."""
    assert cut_string(text, NAMES) == text
    error = {"groupId": 2, "id": 2049, "name": "EC_IMSI_BLACKLISTED", "permanent": True, "x": text}
    assert cut_values(error, NAMES, lambda _name, _value: None) == error


def allowed(phone: Phone | None) -> frozenset[str]:
    """Roaming may be kept in the Netherlands alone."""
    return DEFAULT - {"roaming"} if phone == DUTCH else DEFAULT


def wrapped(inner: dict[str, Any], path: list[str]) -> dict[str, Any]:
    """An object under these keys; a list is around it where the key says so."""
    for key in reversed(path):
        inner = {key: [inner] if key == "list" else inner}
    return inner


PATH = st.lists(st.sampled_from(["x", "list", "result", "roamingNetwork", "results"]), min_size=1, max_size=4)
FORM = [(infobip, "to"), (vonage, "international_format_number"), (kaleyra, "mobile_number")]


@given(st.sampled_from(FORM), PATH, st.sampled_from([BRITISH.digits, "clipped", int(BRITISH.digits), None]))
def test_an_object_that_names_another_number_is_cut_by_its_rules(
    form: tuple[Withhold, str], path: list[str], other: Any
) -> None:
    """At any depth of a result whose own number may be kept with its roaming, under whatever keys."""
    withhold, number = form
    home = "Poldernet"
    nested = wrapped({number: other, "roaming": {"a": NETWORK}, "roamingNetwork": {"networkName": NETWORK}}, path)
    item = {number: DUTCH.digits, "roaming": {"network_name": home}, **nested}
    for document in (item, {"results": [item]}, {"data": [item]}):
        body = json.dumps(document).encode()
        left = withhold(body, allowed)
        if withhold is not kaleyra or other not in ("clipped", None):
            assert NETWORK.encode() not in left
        assert withhold(left, allowed) == left
    top = {"results": [item]} if withhold is infobip else item
    assert home.encode() in withhold(json.dumps(top).encode(), allowed)


RESULTS = [
    (infobip, "<r><results><result>{}</result></results></r>", "to", "networkName"),
    (vonage, "<lookup>{}</lookup>", "international_format_number", "network_name"),
]


@pytest.mark.parametrize(("withhold", "around", "number", "name"), RESULTS)
@pytest.mark.parametrize("inside", ["<result>{}</result>", "<x><y>{}</y></x>", "<roamingData>{}</roamingData>"])
@pytest.mark.parametrize("place", ["element", "attribute"])
def test_an_element_that_names_another_number_is_cut_by_its_rules(
    withhold: Withhold, around: str, number: str, name: str, inside: str, place: str
) -> None:
    """As in JSON; its number may stand in an attribute."""
    told = '<roaming status="roaming"/><roamingNetwork {}="{}"/>'
    other = inside.replace("{}", f"<{number}>{BRITISH.digits}</{number}>" + told.format(name, NETWORK))
    if place == "attribute":
        other = f'<n {number}="{BRITISH.digits}">{told.format(name, NETWORK)}</n>'
    body = around.format(f"<{number}>{DUTCH.digits}</{number}>{told.format(name, 'Poldernet')}{other}").encode()
    left = withhold(body, allowed)
    assert NETWORK.encode() not in left
    assert b"Poldernet" in left
    assert withhold(left, allowed) == left
    assert b"Poldernet" not in withhold(body.replace(DUTCH.digits.encode(), BRITISH.digits.encode()), allowed)


PIECES = st.lists(
    st.sampled_from(
        [
            *TOLD,
            *KEYS,
            *PADS,
            '"',
            "'",
            "<",
            ">",
            "</",
            "{",
            "}",
            "[",
            "]",
            ":",
            ",",
            "=",
            "&",
            "\\",
            "\x00",
            "ÿ",
            "to",
            '"imsi":',
            "null",
            "1",
            '"x"',
            "<r>",
            "</r>",
            "<!DOCTYPE r>",
            "]]>",
            "status",
            '"to":"31600000202"',
            "İ",
        ]
    ),
    max_size=12,
).map("".join)
ENCODING = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "latin-1"])


@given(
    st.sampled_from(EVERY),
    st.binary(max_size=120) | st.builds(lambda text, code: text.encode(code, "replace"), PIECES, ENCODING),
    st.sets(st.sampled_from(sorted(ALL))).map(frozenset),
)
def test_withholding_bears_anything_and_once_is_enough(withhold: Withhold, body: bytes, names: frozenset[str]) -> None:
    """Nothing makes it raise, what was cut is not cut again, nothing becomes readable by it; no rule, no cut."""
    for sent in (body, b"<" + body, b"<r>" + body + b"</r>", b'{"a":' + body + b"}"):
        left = cut(withhold, sent, names)
        assert cut(withhold, left, names) == left
        assert cut(withhold, sent, frozenset()) == sent
        if is_markup(sent):
            assert element(sent) is not None or element(left) is None
        else:
            assert (load(left) is None) == (load(sent) is None)


@given(PIECES)
def test_a_name_is_the_last_word_or_the_key_of_null(text: str) -> None:
    """In a text as it is cut: whatever follows a name is the end of a key, and then null."""
    left = cut_text(text, frozenset({"imsi"}))
    ends = [one.end() for one in re.finditer("imsi", left, re.IGNORECASE)]
    assert all(re.match(r'[\w-]*"\s*:\s*(null|\Z)|\Z', left[end:]) for end in ends)


def test_elements_are_cut_in_place() -> None:
    """A root that merely contains a name keeps its children; an element called so keeps nothing."""
    root = element(f"<roamingReply imsi='1'>{IMSI}<a>b</a><imsi c='d'><e/></imsi>{IMSI}</roamingReply>".encode())
    assert root is not None
    cut_elements(root, NAMES)
    assert (root.text, root.attrib, root[0].text) == (None, {"imsi": ""}, "b")
    assert (root[1].attrib, len(root[1]), root[1].tail) == ({"c": ""}, 0, None)
