"""What the name of a column says that it holds, and the name that a relation has as a source. Values are not seen here.

A name is only a hint: `evidence` reads the cells. It decides where digits alone could be a phone number or anything.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable
from typing import Literal

from ringfence.config.scalars import ENRICHED, RESERVED

Says = Literal["phone", "fax", "region", "other", ""]

# Parts of words for a phone in the languages of our users; a part is found inside a longer word (`workphone`).
_PHONE_PARTS = (
    *("phone", "telef", "telép", "teleph", "télé", "msisdn", "whatsapp", "mobil", "handynummer", "celular", "cellul"),
    *("puhelin", "matkapuh", "e164", "τηλέφ", "τηλεφ", "κινητ", "телефон", "мобил", "電話", "电话", "手机", "携帯"),
    *(
        "手機",
        "전화",
        "휴대",
        "טלפון",
        "נייד",
        "هاتف",
        "جوال",
        "موبايل",
        "فون",
        "โทรศัพท์",
        "มือถือ",
        "फ़ोन",
        "फोन",
        "मोबाइल",
    ),
)
_PHONE_WORDS = frozenset({"tel", "tele", "telno", "telnr", "gsm", "mob", "cell", "cellno", "handy", "móvil", "movil"})
_FAX_PARTS = ("fax", "faks", "факс", "φαξ")
_REGION_WORDS = frozenset({"country", "countrycode", "land", "landcode", "pays", "pais", "país", "paese", "kraj"})
_REGION_WORDS |= {"region", "regioncode", "nation", "iso2", "iso", "cc", "страна", "国", "国家", "χώρα"}
# What digits are that are no phone number, and two letters that are no country.
_OTHER_WORDS = frozenset(
    {"id", "ids", "uuid", "guid", "key", "pk", "fk", "hash", "ref", "reference", "serial", "account", "acct", "konto"}
    | {"iban", "bic", "swift", "card", "order", "invoice", "faktura", "rechnung", "ticket", "code", "sku", "ean", "upc"}
    | {"gtin", "isbn", "asin", "barcode", "article", "artikel", "product", "zip", "zipcode", "postal", "postcode"}
    | {"plz", "vat", "tax", "ssn", "bsn", "kvk", "nin", "siret", "siren", "nip", "cpf", "cnpj", "cif", "dni", "imei"}
    | {"imsi", "iccid", "sim", "price", "amount", "total", "sum", "qty", "quantity", "count", "balance", "revenue"}
    | {"cost", "fee", "rate", "score", "size", "bytes", "version", "number", "nr", "no", "num", "seq", "index", "date"}
    | {"time", "timestamp", "ts", "epoch", "created", "updated", "modified", "deleted", "at", "year", "month", "birth"}
    | {"birthday", "dob", "lat", "latitude", "lon", "lng", "longitude", "ip", "ipv4", "mac", "pin", "password", "token"}
    | {"session", "type", "status", "state", "province", "lang", "language", "locale", "currency", "gender", "sex"}
)
# Beside a word for a phone these name the number itself.
_NUMBER_WORDS = frozenset({"number", "nr", "no", "num", "sim", "account", "card"})
_WORD = re.compile(r"[^\W_]+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def says(column: str) -> Says:
    """What a column's name says: a phone, a fax, a country, another thing, or nothing."""
    folded = unicodedata.normalize("NFC", column).casefold()
    words = {word.casefold() for word in _WORD.findall(_CAMEL.sub("_", unicodedata.normalize("NFC", column)))}
    bare = {word.rstrip("0123456789") for word in words}
    if any(part in folded for part in _FAX_PARTS):
        return "fax"
    if words & _REGION_WORDS:
        return "region"
    if any(part in folded for part in _PHONE_PARTS) or bare & _PHONE_WORDS:
        return "other" if (words & _OTHER_WORDS) - _NUMBER_WORDS else "phone"
    return "other" if (words | bare) & _OTHER_WORDS else ""


def source_name(wanted: Iterable[str], taken: Collection[str]) -> str:
    """A name that the configuration allows, from the parts of a relation's name, and that is not taken.

    Letters of other scripts are left out: the name becomes part of a table's name (`enriched_<source>`).
    """
    text = unicodedata.normalize("NFKD", "_".join(wanted)).encode("ascii", "ignore").decode("ascii")
    plain = re.sub(r"[^a-z0-9]+", "_", text.casefold()).strip("_")[:32].strip("_")
    if not plain or not plain[0].isalpha() or plain in RESERVED or f"{plain}_".startswith(ENRICHED):
        plain = f"source_{plain}".strip("_")
    name, place = plain, 1
    while name in taken:
        place += 1
        name = f"{plain}_{place}"
    return name
