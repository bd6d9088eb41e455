"""interface.py -- holds every answer the tests get to api/openapi.json: status, media type and body must be
documented for that method and path. What was seen is counted, so that all.py can tell what was not."""
import json, os, re

import jsonschema

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
with open(ROOT + "/api/openapi.json") as f:
    API = json.load(f)
RESOLVER = jsonschema.RefResolver.from_schema(API)
seen = set()
FORMATS = jsonschema.FormatChecker()


@FORMATS.checks("date-time")
def has_six_decimals(value):
    return not isinstance(value, str) or bool(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", value))


def resolve(node):
    return RESOLVER.resolve(node["$ref"])[1] if "$ref" in node else node


def _templates():
    for path, item in API["paths"].items():
        pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path))
        yield path.count("{"), path, re.compile(pattern + r"\Z"), item


# Those with fewer names first; of as many, those whose names stand further behind.
TEMPLATES = sorted(_templates(), key=lambda t: t[:2])


def check(method, target, answer):
    """Raises AssertionError when the answer is not what the interface says."""
    path = target.split("?")[0]
    for _, template, pattern, item in TEMPLATES:
        if pattern.match(path):
            break
    else:
        return
    operation = item.get(method.lower())
    if not operation:
        assert answer.status in (204, 404, 405, 503), (method, target, answer.status)
        return
    response = operation["responses"].get(str(answer.status))
    if not response and answer.status in (404, 408, 413):  # a malformed path, a body too slow or too large, on any route
        response = {"$ref": "#/components/responses/Problem"}
    assert response, f"{method} {template}: {answer.status} is not documented: {answer.raw[:300]}"
    seen.add((method, template))
    response = resolve(response)
    kind = (answer.headers["Content-Type"] or "").split(";")[0]
    if "content" not in response:
        assert not answer.raw, (method, template, answer.raw)
        return
    assert kind in response["content"], (method, template, answer.status, kind)
    if kind == "text/html":
        return
    schema = response["content"][kind]["schema"]
    errors = list(jsonschema.Draft202012Validator(schema, resolver=RESOLVER,
                                                  format_checker=FORMATS).iter_errors(answer.json))
    assert not errors, f"{method} {template}: {answer.status}: {errors[0].message} at {list(errors[0].path)}"


def not_seen():
    documented = {(m.upper(), p) for p, item in API["paths"].items() for m in item if m != "parameters"}
    return sorted(documented - seen)
