"""promql.py -- which metrics a query of Prometheus names. No parser: Prometheus itself is that, in the tests that run
each query."""
import re

WORDS = {"and", "or", "unless", "offset", "bool", "inf", "nan"}
GROUPING = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)")
# A text; or a name, what it is filtered by, and whether it is called.
TOKEN = re.compile(r'"(?:\\.|[^"\\])*"|(?<![\w:])([a-zA-Z_:][\w:]*)\s*(\{[^}]*\})?(\s*\()?')


def selectors(query):
    """[(metric, selector)] in their order: ("up", 'up{job="citywatch"}')."""
    plain = GROUPING.sub(" ", re.sub(r"\[[^\]]*\]", "", query))
    return [(m[1], m[1] + (m[2] or "")) for m in TOKEN.finditer(plain)
            if m[1] and not (m[3] and not m[2]) and m[1].lower() not in WORDS]


def metric_rows(text):
    """{name: kind} of platform/process/metrics.def."""
    return dict(re.findall(r"^METRIC\((\w+),\s*(\w+)", text, re.M))


def row_of(name, rows):
    """The row that a name belongs to: of a histogram three series are shown."""
    base = re.sub(r"_(?:bucket|sum|count)$", "", name)
    return name if name in rows else base if rows.get(base) == "HISTOGRAM" else None
