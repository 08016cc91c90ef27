"""Mobile networks of the world's larger countries by ISO 3166-1 region: country name, then MCC+MNC and name of each.

Codes: ITU-T E.212, list of mobile network codes annexed to the ITU Operational Bulletin. No number ranges: which
network a number was given to is the seed's choice (subscribers.py).
"""

from dataclasses import dataclass

import phonenumbers

NETWORKS: dict[str, tuple[str, dict[str, str]]] = {
    "AE": ("United Arab Emirates", {"42402": "Etisalat", "42403": "du"}),
    "AR": ("Argentina", {"722070": "Movistar", "722310": "Claro", "722341": "Personal"}),
    "AT": ("Austria", {"23201": "A1", "23203": "Magenta", "23210": "Drei"}),
    "AU": ("Australia", {"50501": "Telstra", "50502": "Optus", "50503": "Vodafone"}),
    "BE": ("Belgium", {"20601": "Proximus", "20610": "Orange", "20620": "Base"}),
    "BG": ("Bulgaria", {"28401": "A1", "28403": "Vivacom", "28405": "Yettel"}),
    "BR": ("Brazil", {"72403": "TIM", "72405": "Claro", "72406": "Vivo"}),
    "CA": ("Canada", {"302220": "Telus", "302610": "Bell", "302720": "Rogers"}),
    "CH": ("Switzerland", {"22801": "Swisscom", "22802": "Sunrise", "22803": "Salt"}),
    "CL": ("Chile", {"73001": "Entel", "73002": "Movistar", "73003": "Claro"}),
    "CN": ("China", {"46000": "China Mobile", "46001": "China Unicom", "46011": "China Telecom"}),
    "CO": ("Colombia", {"732101": "Claro", "732103": "Tigo", "732123": "Movistar"}),
    "CZ": ("Czech Republic", {"23001": "T-Mobile", "23002": "O2", "23003": "Vodafone"}),
    "DE": ("Germany", {"26201": "Telekom", "26202": "Vodafone", "26203": "O2"}),
    "DK": ("Denmark", {"23801": "TDC", "23802": "Telenor", "23806": "3", "23820": "Telia"}),
    "EE": ("Estonia", {"24801": "Telia", "24802": "Elisa", "24803": "Tele2"}),
    "EG": ("Egypt", {"60201": "Orange", "60202": "Vodafone", "60203": "Etisalat"}),
    "ES": ("Spain", {"21401": "Vodafone", "21403": "Orange", "21404": "Yoigo", "21407": "Movistar"}),
    "FI": ("Finland", {"24405": "Elisa", "24412": "DNA", "24491": "Telia"}),
    "FR": ("France", {"20801": "Orange", "20810": "SFR", "20815": "Free", "20820": "Bouygues"}),
    "GB": ("United Kingdom", {"23410": "O2", "23415": "Vodafone", "23420": "Three", "23430": "EE"}),
    "GR": ("Greece", {"20201": "Cosmote", "20205": "Vodafone", "20210": "Nova"}),
    "HK": ("Hong Kong", {"45400": "CSL", "45403": "3", "45412": "China Mobile"}),
    "HR": ("Croatia", {"21901": "HT", "21902": "Telemach", "21910": "A1"}),
    "HU": ("Hungary", {"21601": "Yettel", "21630": "Telekom", "21670": "One"}),
    "ID": ("Indonesia", {"51001": "Indosat", "51010": "Telkomsel", "51011": "XL"}),
    "IE": ("Ireland", {"27201": "Vodafone", "27203": "Eir", "27205": "Three"}),
    "IL": ("Israel", {"42501": "Partner", "42502": "Cellcom", "42503": "Pelephone"}),
    "IN": ("India", {"40410": "Airtel", "40411": "Vodafone Idea", "405872": "Jio"}),
    "IT": ("Italy", {"22201": "TIM", "22210": "Vodafone", "22250": "Iliad", "22288": "Wind Tre"}),
    "JP": ("Japan", {"44010": "NTT docomo", "44020": "SoftBank", "44051": "KDDI"}),
    "KE": ("Kenya", {"63902": "Safaricom", "63903": "Airtel", "63907": "Telkom"}),
    "KR": ("South Korea", {"45005": "SK Telecom", "45006": "LG U+", "45008": "KT"}),
    "LT": ("Lithuania", {"24601": "Telia", "24602": "Bite", "24603": "Tele2"}),
    "LU": ("Luxembourg", {"27001": "POST", "27077": "Tango", "27099": "Orange"}),
    "LV": ("Latvia", {"24701": "LMT", "24702": "Tele2", "24705": "Bite"}),
    "MX": ("Mexico", {"334020": "Telcel", "334030": "Movistar", "334050": "AT&T"}),
    "MY": ("Malaysia", {"50212": "Maxis", "50213": "Celcom", "50216": "DiGi"}),
    "NG": ("Nigeria", {"62120": "Airtel", "62130": "MTN", "62150": "Glo"}),
    "NL": ("Netherlands", {"20404": "Vodafone", "20408": "KPN", "20416": "Odido"}),
    "NO": ("Norway", {"24201": "Telenor", "24202": "Telia", "24214": "Ice"}),
    "NZ": ("New Zealand", {"53001": "One NZ", "53005": "Spark", "53024": "2degrees"}),
    "PE": ("Peru", {"71606": "Movistar", "71610": "Claro", "71617": "Entel"}),
    "PH": ("Philippines", {"51502": "Globe", "51503": "Smart"}),
    "PK": ("Pakistan", {"41001": "Jazz", "41004": "Zong", "41006": "Telenor"}),
    "PL": ("Poland", {"26001": "Plus", "26002": "T-Mobile", "26003": "Orange", "26006": "Play"}),
    "PT": ("Portugal", {"26801": "Vodafone", "26803": "NOS", "26806": "MEO"}),
    "RO": ("Romania", {"22601": "Vodafone", "22603": "Telekom", "22610": "Orange"}),
    "RS": ("Serbia", {"22001": "Yettel", "22003": "mts", "22005": "A1"}),
    "SA": ("Saudi Arabia", {"42001": "STC", "42003": "Mobily", "42004": "Zain"}),
    "SE": ("Sweden", {"24001": "Telia", "24002": "3", "24007": "Tele2", "24008": "Telenor"}),
    "SG": ("Singapore", {"52501": "Singtel", "52503": "M1", "52505": "StarHub"}),
    "SI": ("Slovenia", {"29340": "A1", "29341": "Telekom Slovenije", "29370": "Telemach"}),
    "SK": ("Slovakia", {"23101": "Orange", "23102": "Telekom", "23106": "O2"}),
    "TH": ("Thailand", {"52003": "AIS", "52004": "True", "52005": "DTAC"}),
    "TR": ("Turkey", {"28601": "Turkcell", "28602": "Vodafone", "28603": "Turk Telekom"}),
    "TW": ("Taiwan", {"46601": "Far EasTone", "46692": "Chunghwa", "46697": "Taiwan Mobile"}),
    "UA": ("Ukraine", {"25501": "Vodafone", "25503": "Kyivstar", "25506": "lifecell"}),
    "US": ("United States", {"310260": "T-Mobile", "310410": "AT&T", "311480": "Verizon"}),
    "VN": ("Vietnam", {"45201": "MobiFone", "45202": "Vinaphone", "45204": "Viettel"}),
    "ZA": ("South Africa", {"65501": "Vodacom", "65507": "Cell C", "65510": "MTN"}),
}

# MCC 001 is for tests (E.212 Annex): the network of every country that is not above, so that nobody takes it for real.
TEST_NETWORK = {"00101": "Test network"}

# ISO 3166-1 alpha-2 and alpha-3 of the regions above.
_ALPHA_3 = """
AE:ARE AR:ARG AT:AUT AU:AUS BE:BEL BG:BGR BR:BRA CA:CAN CH:CHE CL:CHL CN:CHN CO:COL CZ:CZE DE:DEU DK:DNK EE:EST
EG:EGY ES:ESP FI:FIN FR:FRA GB:GBR GR:GRC HK:HKG HR:HRV HU:HUN ID:IDN IE:IRL IL:ISR IN:IND IT:ITA JP:JPN KE:KEN
KR:KOR LT:LTU LU:LUX LV:LVA MX:MEX MY:MYS NG:NGA NL:NLD NO:NOR NZ:NZL PE:PER PH:PHL PK:PAK PL:POL PT:PRT RO:ROU
RS:SRB SA:SAU SE:SWE SG:SGP SI:SVN SK:SVK TH:THA TR:TUR TW:TWN UA:UKR US:USA VN:VNM ZA:ZAF
"""
ALPHA_3 = dict(pair.split(":") for pair in _ALPHA_3.split())
_REGIONS = tuple(NETWORKS)


@dataclass(frozen=True, slots=True)
class Network:
    """A network: `mccmnc` by E.212; `prefix` is a national prefix of it, `country_prefix` the calling code.

    `country` is the name of `region` (ISO 3166-1 alpha-2), None where `NETWORKS` has none.
    """

    mccmnc: str
    name: str
    prefix: str
    region: str
    country: str | None
    country_prefix: str


def network(region: str, code: str, prefix: str, choice: int) -> Network:
    """The network of a region that a choice falls on; `code` is the region's calling code."""
    country, networks = NETWORKS.get(region, (None, TEST_NETWORK))
    mccmnc, name = list(networks.items())[choice % len(networks)]
    return Network(mccmnc, name, prefix, region, country, code)


def another(original: Network, region: str, choice: int) -> Network:
    """Another network of the same country; the same where it has only one."""
    country, networks = NETWORKS.get(region, (None, TEST_NETWORK))
    others = [item for item in networks.items() if item[0] != original.mccmnc] or list(networks.items())
    mccmnc, name = others[choice % len(others)]
    return Network(mccmnc, name, original.prefix, region, country, original.country_prefix)


def abroad(home: str, choice: int) -> Network:
    """A network of another country."""
    region = _REGIONS[choice % len(_REGIONS)]
    if region == home:
        region = _REGIONS[(choice + 1) % len(_REGIONS)]
    code = str(phonenumbers.country_code_for_region(region))
    return network(region, code, str(choice % 90 + 10), choice)
