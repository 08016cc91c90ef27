"""Charts: well-formed whatever stands in them, harmless in Markdown, and short enough to be shown where they stand."""

import re
from urllib.parse import unquote
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from assets.charts import WIDTH, Bar, bars, burn, picture, stacks

SVG = "{http://www.w3.org/2000/svg}"
# What XML can hold at all; carriers and countries come from outside.
TEXTS = st.text(st.characters(blacklist_categories=("Cs", "Cc"), max_codepoint=0xFFFD), max_size=30)
AMOUNTS = st.floats(0, 1e9)


def texts(svg: str) -> list[str]:
    """The texts of a picture, which must be well-formed."""
    return [each.text or "" for each in ElementTree.fromstring(svg).iter(f"{SVG}text")]  # noqa: S314


def coordinates(svg: str) -> list[float]:
    """How far right anything begins."""
    return [float(each.get("x", "0")) for each in ElementTree.fromstring(svg).iter(f"{SVG}text")]  # noqa: S314


@given(st.lists(st.builds(Bar, TEXTS, AMOUNTS, TEXTS), max_size=6), TEXTS)
def test_bars_say_what_they_are_given(rows: list[Bar], title: str) -> None:
    """Title, labels and amounts stand in the picture as they are, also where they look like markup."""
    svg = bars(title, rows)
    assert sorted(texts(svg)) == sorted([title, *(row.label for row in rows), *(row.text for row in rows)])


@given(st.dictionaries(TEXTS, st.lists(AMOUNTS, min_size=3, max_size=3), max_size=4), AMOUNTS)
def test_stacks_and_lines_are_well_formed(series: dict[str, list[float]], cap: float) -> None:
    """Every series is named, the first and the last column too, whatever the amounts are."""
    assert {"1 Nov", "3 Nov", *series} <= set(texts(stacks("spent", ["1 Nov", "2 Nov", "3 Nov"], series, "most")))
    used = [amount for amounts in series.values() for amount in amounts]
    assert texts(burn("budget", used, cap, 30, "day 3")) == ["budget", "day 3"]


def test_the_longest_bar_and_its_text_stay_on_the_card() -> None:
    """The text behind the longest bar begins before the edge, and a value of nothing has no bar."""
    svg = bars("title", [Bar("NL", 3.0, "3.00 EUR for 1,000"), Bar("a carrier with a long name", 0, "0.00 EUR")])
    assert max(coordinates(svg)) < WIDTH - 100
    assert len(re.findall(r"M\d+,\d+h\d+", svg)) == 1


@given(TEXTS, TEXTS)
def test_a_picture_is_one_link_of_markdown(label: str, text: str) -> None:
    """Nothing of a label ends the link early, and the picture comes out of it as it was drawn."""
    svg = bars("title", [Bar(label, 1, text)])
    markdown = str(picture(svg, "money").value)
    link = re.fullmatch(r"!\[money\]\(data:image/svg\+xml,([^\s()&#\\]+)\)", markdown)
    assert link
    assert unquote(link[1]) == svg


def test_usual_pictures_are_shown_where_they_stand() -> None:
    """Six bars, and a month of a budget, are under the 1,000 characters that Dagster shows without a click."""
    rows = [Bar(f"NL provider{place}", 10 - place, f"{10 - place}.00 for 1,234") for place in range(6)]
    line = burn("Budget a month (provider infobip): 123.45 EUR of 500 EUR", range(31), 500, 30, "day 31 of 31")
    for svg in (bars("At most 1,234.56 EUR", rows), line):
        assert len(str(picture(svg, "money by country").value)) < 1000
