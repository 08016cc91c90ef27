"""Infobip in XML: read like JSON in every form that it may have, hardened, and cut like JSON."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.http.exchange import Reply
from ringfence.numbers.phone import Phone
from ringfence.providers.collectable import Collectable, Later
from ringfence.providers.infobip import PROVIDER
from ringfence.providers.infobip_codes import STATUSES
from ringfence.providers.lookup import Lookup
from ringfence.providers.provider import Parsed
from tests.providers.infobip_words import ONE, THREE, TWO, acknowledgement, as_json, as_xml, entry, item
from tests.providers.test_infobip_codes import ERROR_ROWS

ASKED = (ONE, TWO, THREE)
DEFAULT = frozenset({"imsi", "serving_msc", "caller_name", "roaming"})
ALL = DEFAULT | {"reachability"}
IMSI, MSC, VISITED = "228019876543210", "33609001234", "Kustnet"
WHOLE = item(
    ONE,
    mccMnc="22801",
    imsi=IMSI,
    servingMSC=MSC,
    originalNetwork={"networkName": "Alpenfunk", "countryPrefix": "41"},
    ported=False,
    roaming=True,
    roamingNetwork={"networkName": VISITED, "countryPrefix": "31"},
    messageId="m",
)


def parse(body: bytes, *asked: Phone, product: str = "query") -> Parsed:
    """A reply, read."""
    return PROVIDER.parse(product, Reply(200, {"content-type": "application/xml"}, body), asked or ASKED)


def lookups(body: bytes) -> list[Lookup]:
    """The lookups of a reply, which are there."""
    parsed = parse(body)
    assert parsed.verdict == "answered"
    return list(parsed.lookups)


@pytest.mark.parametrize("status", STATUSES, ids=str)
def test_every_status_reads_as_in_json(status: tuple[int, int]) -> None:
    """Each documented status, with networks beside it, becomes the same lookup."""
    document = {"results": [WHOLE | item(ONE, status)]}
    assert lookups(as_xml(document)) == lookups(as_json(document))


@pytest.mark.parametrize("error", [error for error, *_ in ERROR_ROWS], ids=str)
def test_every_error_reads_as_in_json(error: tuple[int, int]) -> None:
    """Each documented error becomes the same lookup."""
    document = {"results": [item(ONE, (2, 9), error)]}
    assert lookups(as_xml(document)) == lookups(as_json(document))


INSIDE = (
    "<to>41790000101</to><mccMnc>22801</mccMnc><ported>false</ported>"
    "<status><groupId>3</groupId><id>5</id></status><error><groupId>0</groupId><id>0</id></error>"
)
HEAD = "to='41790000101' mccMnc='22801' ported='false'"
SPACED = INSIDE.replace("><", ">\n <")
FORMS = [
    f"<r><results><result>{INSIDE}</result></results></r>",
    f"<r><results>{INSIDE}</results></r>",
    f"<ncResponse><ncResults><ncResult>{INSIDE}</ncResult></ncResults></ncResponse>",
    f"<r xmlns='urn:x'><results><result>{INSIDE}</result></results></r>",
    f"<x:r xmlns:x='urn:x'><x:results><x:result>{INSIDE}</x:result></x:results></x:r>",
    f"<r><results><result {HEAD}><status groupId='3' id='5'/><error groupId='0' id='0'/></result></results></r>",
    f"<r>\n  <results>\n    <result>{SPACED}</result>\n  </results>\n</r>",
    f"<R><Results><Result>{INSIDE.replace('to>', 'To>').replace('mccMnc', 'MccMnc')}</Result></Results></R>",
    f"<!-- a comment --><r><results><result>{INSIDE}</result></results></r>",
]


@pytest.mark.parametrize("form", FORMS)
def test_no_form_of_the_list_is_documented_and_all_are_read(form: str) -> None:
    """Wrapped or not, with a prefix, as attributes, in another case: the one number has the one answer."""
    expected = lookups(as_json({"results": [item(ONE, mccMnc="22801", ported=False)]}))
    bare = [replace(one, raw_status=None, raw_error=None, raw_permanent=None) for one in expected]
    for encoding in ("utf-8", "utf-16", "utf-8-sig"):
        got = lookups(form.encode(encoding))
        assert [replace(one, raw_status=None, raw_error=None, raw_permanent=None) for one in got] == bare


def test_repeated_lists_are_one() -> None:
    """A list whose elements are repeated without one around them has all its results."""
    two = INSIDE.replace(ONE.digits, TWO.digits)
    body = f"<r><bulkId>b</bulkId><results>{INSIDE}</results><results>{two}</results></r>".encode()
    parsed = parse(body)
    assert ([one.phone for one in parsed.lookups], parsed.request_ref) == ([ONE, TWO], "b")


@pytest.mark.parametrize(
    ("body", "verdict"),
    [
        (b"<r/>", "doubt"),
        (b"<r><results/></r>", "doubt"),
        (b"<r><results><result/></results></r>", "doubt"),
        (b"<r><results><result>" + INSIDE.encode() + b"</result></results>", "doubt"),
        (b"<!DOCTYPE r><r><results><result>" + INSIDE.encode() + b"</result></results></r>", "doubt"),
        (b"<!DOCTYPE r [<!ENTITY a 'b'>]><r><results><result><to>&a;</to></result></results></r>", "doubt"),
        (b"<r>" + b"<a>" * 100 + b"</a>" * 100 + b"</r>", "doubt"),
        (f"<r><results><result>{INSIDE}{INSIDE}</result></results></r>".encode(), "doubt"),
        (b"<html><body>Bad gateway</body></html>", "doubt"),
    ],
)
def test_xml_that_answers_nothing(body: bytes, verdict: str) -> None:
    """Nothing, garbage, a DTD, an entity, a member given twice: in doubt, and nothing is read into it."""
    assert parse(body, ONE).verdict == verdict


def test_what_comes_later_reads_as_in_json() -> None:
    """Acknowledgements, callbacks and pages of the log are the same in both forms, prices to the nano."""
    assert isinstance(PROVIDER, Collectable)
    accepted = [Reply(200, {}, write(acknowledgement(*ASKED))) for write in (as_json, as_xml)]
    first = [PROVIDER.parse("notify", each, ASKED) for each in accepted]
    assert first[0] == first[1]
    page = {"results": [entry(ONE, price="0.123456789"), entry(TWO, (5, 52)), entry(THREE, (1, 3))]}
    for source, document in (("callback", {"results": [WHOLE, item(TWO, (2, 9), (1, 1))]}), ("log", page)):
        read = [
            PROVIDER.parse_later("notify", Later(source, "", Reply(200, {}, write(document))), each, ASKED)  # type: ignore[arg-type]
            for write in (as_json, as_xml)
            for each in accepted
        ]
        assert read == [read[0]] * 4
        assert read[0].verdict == "answered"


def everywhere(names: frozenset[str]) -> Callable[[Phone | None], frozenset[str]]:
    """The same rule for every number."""
    return lambda _phone: names


def test_only_what_is_forbidden_is_cut() -> None:
    """As in JSON: the network code of the IMSI and that there was a switch stay; the rest reads the same."""
    document = {"bulkId": "b", "results": [WHOLE, item(TWO)]}
    kept = PROVIDER.withhold(as_xml(document), everywhere(DEFAULT))
    assert kept.startswith(b"<")
    assert lookups(kept) == lookups(PROVIDER.withhold(as_json(document), everywhere(DEFAULT)))
    for planted in (IMSI, IMSI[5:], MSC, VISITED):
        assert planted.encode() not in kept
    assert b"<imsi>22801</imsi>" in kept
    assert b"Alpenfunk" in kept


def test_the_rule_is_the_numbers_own() -> None:
    """One number's roaming may be kept where another's may not; what is forbidden to nobody stays to the byte."""
    body = as_xml({"results": [WHOLE, WHOLE | item(TWO)]})
    kept = PROVIDER.withhold(body, lambda phone: DEFAULT if phone == TWO else frozenset())
    assert (kept.count(VISITED.encode()), kept.count(IMSI.encode())) == (1, 1)
    assert PROVIDER.withhold(body, everywhere(frozenset())) == body
    plain = as_xml({"results": [item(ONE), item(TWO)]})
    assert PROVIDER.withhold(plain, everywhere(DEFAULT)) == plain


def test_an_error_document_survives_every_rule() -> None:
    """A refusal is about the request, and its words are evidence."""
    body = b"<requestError><serviceException><messageId>BAD_REQUEST</messageId></serviceException></requestError>"
    assert PROVIDER.withhold(body, everywhere(ALL)) == body


WHOLE_XML = as_xml({"results": [WHOLE]})


@pytest.mark.parametrize("length", range(len(WHOLE_XML)))
def test_a_reply_cut_off_anywhere_keeps_no_secret(length: int) -> None:
    """Whatever arrived before the connection broke: no digit of the subscriber or the switch, no visited network."""
    kept = PROVIDER.withhold(WHOLE_XML[:length], everywhere(DEFAULT)).decode()
    assert not [planted for planted in (IMSI[:6], MSC[:4], VISITED[:3], "true") if planted in kept]


@pytest.mark.parametrize(
    "body",
    [
        WHOLE_XML.replace(b"<imsi>", b"<IMSI>").replace(b"</imsi>", b"</IMSI>"),
        WHOLE_XML.replace(b"<result>", b"<!-- imsi " + IMSI.encode() + b" --><result>"),
        b"<r imsi='" + IMSI.encode() + b"'/>",
        b"<r><subscriber><imsi>" + IMSI.encode() + b"</imsi></subscriber><results/></r>",
        b"<r><results><result><to>1</to><to>2</to><imsi>" + IMSI.encode() + b"</imsi></result></results></r>",
        b"<r><results><result imsi='" + IMSI.encode() + b"'><to>41790000101</to></result></results></r>",
        b"<r><results><result><x:imsi xmlns:x='u'>" + IMSI.encode() + b"</x:imsi></result></results></r>",
        b"<r><results><result><to>41790000101</to><a><imsi>" + IMSI.encode() + b"</imsi></a></result></results></r>",
        WHOLE_XML.decode().encode("utf-16"),
    ],
)
def test_nothing_planted_survives_in_any_form(body: bytes) -> None:
    """In another case, an attribute, a comment, with a prefix, outside and inside of results, in another encoding."""
    kept = PROVIDER.withhold(body, everywhere(DEFAULT))
    assert IMSI[5:].encode() not in kept.replace(b"\0", b"")


PLAIN = st.sampled_from(["", "22801", IMSI, "true", "false", "x", "null", "1", MSC])
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(("mccMnc", "imsi", "servingMSC", "ported", "roaming", "messageId"), PLAIN),
        **{
            name: PLAIN | st.fixed_dictionaries({}, optional={"networkName": PLAIN})
            for name in ("originalNetwork", "portedNetwork", "roamingNetwork")
        },
        **{
            name: PLAIN | st.fixed_dictionaries({"groupId": codes, "id": ids}, optional={"permanent": PLAIN})
            for name, codes, ids in (
                ("status", st.integers(0, 5), st.sampled_from([0, 2, 3, 4, 5, 9, 12, 15, 19, 52])),
                ("error", st.integers(0, 3), st.sampled_from([0, 1, 9, 27, 31, 345, 352, 2052])),
            )
        },
    },
)
RULES = st.dictionaries(st.sampled_from([*ASKED, None]), st.sets(st.sampled_from(sorted(ALL))).map(frozenset))


@given(st.tuples(FIELDS, FIELDS, FIELDS), RULES)
def test_what_is_kept_reads_as_what_json_keeps(
    fields: tuple[dict[str, Any], ...], rules: dict[Any, frozenset[str]]
) -> None:
    """Cut under any rules, both forms read alike, before and after; cutting again changes nothing."""
    results = [one | {"to": phone.digits} for one, phone in zip(fields, ASKED, strict=True)]
    document = {"results": results, "bulkId": "b"}

    def forbidden(phone: Phone | None) -> frozenset[str]:
        return rules.get(phone, frozenset())

    bodies = [write(document) for write in (as_json, as_xml)]
    kept = [PROVIDER.withhold(body, forbidden) for body in bodies]
    for pair in (bodies, kept):
        told = [replace(parse(body), evidence="") for body in pair]
        assert told[0] == told[1]
    assert PROVIDER.withhold(kept[1], forbidden) == kept[1]


@given(st.binary(max_size=200) | st.text(alphabet="<>/imsiroaming =\"'1&;![]", max_size=60).map(str.encode))
def test_withhold_bears_any_bytes(body: bytes) -> None:
    """No bytes make it raise, and none become an answer by it."""
    for sent in (b"<" + body, b"<r>" + body + b"</r>", WHOLE_XML + body):
        kept = PROVIDER.withhold(sent, everywhere(ALL))
        assert parse(kept).verdict == parse(sent).verdict
