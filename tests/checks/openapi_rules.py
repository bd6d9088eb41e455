"""openapi_rules.py -- what the interface must say of every operation: the statuses that its row makes possible, nulls
and limits as the tables of the bodies have them, parameters that a URL can carry, an example of every body."""
import re

import jsonschema

from sources import feature_files

URL_BYTES = 16384 - 4096  # of a request's header, what Authorization and the rest leave
BYTES_OF_A_CHARACTER = 12  # percent-encoded
ACCOUNTS = {"register": "Credentials", "registerUser": "Credentials", "logIn": "Credentials", "refresh": "Refresh",
            "logOut": "LogOut"}


class Interface:
    def __init__(self, api, root):
        self.api, self.root, self.faults = api, root, []
        self.refs = jsonschema.RefResolver.from_schema(api)
        bodies = ["events/place.def", "events/event.h", *feature_files("shapes.def"), *feature_files("events.def"),
                  *feature_files("commands.def"), "command-api/accounts_http.c", "positions/fix_body.h"]
        text = "".join((root / f).read_text() for f in bodies)
        shapes = dict(re.findall(r"#define SUB_(\w+)\s+\(&(\w+)_shape\)", text))
        self.shapes = {kind: (form, shapes[kind])
                       for kind, form in re.findall(r"#define KIND_(\w+)\s+KIND_(OBJECT|LIST)", text)}
        self.bare = set(re.findall(r"S\((\w+), BARE\)", text))
        self.bodies = dict(re.findall(r"#define (\w+)_FIELDS\(F\)((?:.*\\\n)*.*)", text))

    def resolve(self, node):
        while "$ref" in node:
            node = self.refs.resolve(node["$ref"])[1]
        return node

    def operations(self):
        for path, item in self.api["paths"].items():
            for method, operation in item.items():
                if method != "parameters":
                    shared = item.get("parameters", []) + operation.get("parameters", [])
                    yield method.upper(), path, operation, [self.resolve(p) for p in shared]

    def is_valid(self, schema, value):
        return jsonschema.Draft202012Validator(schema, resolver=self.refs).is_valid(value)

    # ---- statuses ----

    def rows(self):
        """(method, path) -> roles, the command or None."""
        text = "".join((self.root / f).read_text() for f in feature_files("routes.def"))
        for macro in ("ROUTE", "QUERY"):
            for method, path, who, what in re.findall(r'^%s\((\w+),\s*"([^"]+)",\s*([^,]+),\s*(\w+)' % macro, text, re.M):
                yield (method, path), who.strip(), what if macro == "ROUTE" else None

    def pushes(self):
        """(method, path) of the rows that take a fix."""
        text = "".join((self.root / f).read_text() for f in feature_files("routes.def"))
        return re.findall(r'^FIX\((\w+),\s*"([^"]+)"', text, re.M)

    def statuses(self):
        rows, pushes = {key: (who, command) for key, who, command in self.rows()}, self.pushes()
        for method, path, operation, parameters in self.operations():
            who, command = rows.get((method, path), ("", None))
            needed = {"503"}
            if not path.startswith(("/health", "/ready", "/problems")) and path != "/":
                needed.add("400")
            if "{" in path:
                needed.add("404")
            if who and not command:
                needed.add("304")
            if operation.get("security") != []:
                needed.add("401")
            if who not in ("", "ANYONE", "EVERY_USER"):
                needed.add("403")
            if command:
                needed.add("422")
            if any(p["name"] == "If-Match" for p in parameters):
                needed.add("412")
            if "requestBody" in operation:
                needed |= {"408", "413"}
            if (method, path) in pushes:
                needed.add("403")
            for status in sorted(needed - set(operation["responses"])):
                self.faults.append(f"{method} {path}: the status {status} occurs and is not documented")

    # ---- bodies: nulls and limits ----

    def fields(self, name):
        body = self.bodies.get(name, "")
        rows = re.findall(r"F\((\w+),\s*(\w+),\s*(\w+),\s*(\w+)", body)
        return [row for alias in re.findall(r"(\w+)_FIELDS\(F\)", body) for row in self.fields(alias)] + rows

    def body(self, where, schema, name, elsewhere=()):
        """`elsewhere`: members that travel in the query string."""
        schema = self.resolve(schema)
        for choice in schema.get("anyOf", []):
            if self.resolve(choice).get("type") == "object":
                return self.body(where, choice, name, elsewhere)
        members = schema.get("properties", {})
        fields = [row for row in self.fields(name) if row[2] not in elsewhere]
        required = [f for presence, _, f, _ in fields if presence in ("REQUIRED", "NULLABLE")]
        if sorted(schema.get("required", [])) != sorted(required):
            self.faults.append(f"{where}: {name} requires {required}")
        for presence, kind, field, limit in fields:
            member = members.get(field)
            if member is None:
                self.faults.append(f"{where}: {field} is taken and not documented")
                continue
            if self.is_valid(member, None) != (presence != "REQUIRED"):
                self.faults.append(f"{where}: {field} is {presence}: null is {'' if presence != 'REQUIRED' else 'not '}taken")
            if kind == "TEXT" and limit.isdigit() and member.get("maxLength") != int(limit):
                self.faults.append(f"{where}: {field} has at most {limit} characters")
            if kind == "EXTENT" and (member.get("minimum"), str(member.get("maximum"))) != (0, limit):
                self.faults.append(f"{where}: {field} is from 0 to {limit}")
            form, shape = self.shapes.get(kind, ("", None))
            if form == "LIST" and str(member.get("maxItems")) != limit:
                self.faults.append(f"{where}: {field} has at most {limit} items")
            if shape in self.bare:
                self.bare_items(f"{where}: {field}", self.resolve(member)["items"], shape)
            elif form:
                self.body(f"{where}: {field}", self.resolve(member)["items"] if form == "LIST" else member, shape)
            if kind == "PLACE":
                if self.is_valid(member, {"latitude": 0, "longitude": 0}):
                    self.faults.append(f"{where}: {field} of 0, 0 is refused")

    def bare_items(self, where, schema, name):
        (_, kind, _, limit), = self.fields(name)
        if kind == "TEXT" and schema.get("maxLength") != int(limit):
            self.faults.append(f"{where}: each has at most {limit} characters")

    def request_bodies(self):
        commands = {key: command for key, _, command in self.rows()}
        for method, path, operation, parameters in self.operations():
            name = commands.get((method, path)) or ACCOUNTS.get(operation["operationId"])
            if (method, path) in self.pushes():
                name = "FixBody"
            if name and method != "DELETE" and self.fields(name):
                content = self.resolve(operation["requestBody"])["content"]["application/json"]
                self.body(f"{method} {path}", content["schema"], name, [p["name"] for p in parameters if p["in"] == "query"])

    # ---- parameters ----

    def longest(self, schema):
        """(characters, bytes of each in a URL), or None where nothing limits them."""
        schema = self.resolve(schema)
        if "enum" in schema:
            return max(map(len, schema["enum"])), 1
        if schema.get("type") == "integer":
            return (len(str(schema["maximum"])), 1) if "maximum" in schema else None
        if schema.get("type") == "number":
            return (24, 1) if "minimum" in schema and "maximum" in schema else None
        if schema.get("format") == "uuid":
            return 36, 1
        counted = re.search(r"\{\d+,(\d+)\}\$$", schema.get("pattern", ""))
        if counted:
            return int(counted[1]) + 1, 1
        return (schema["maxLength"], BYTES_OF_A_CHARACTER) if "maxLength" in schema else None

    def parameters(self):
        commands = {key: command for key, _, command in self.rows()}
        for method, path, _, parameters in self.operations():
            total = 0
            taken = {f: limit for _, kind, f, limit in self.fields(commands.get((method, path)) or "") if kind == "TEXT"}
            for p in parameters:
                longest = self.longest(p["schema"])
                if longest is None:
                    self.faults.append(f"{method} {path}: nothing limits {p['name']}")
                    continue
                if p["in"] != "header":
                    total += longest[0] * longest[1]
                if p["in"] == "query" and p["name"] in taken and str(longest[0]) != taken[p["name"]]:
                    self.faults.append(f"{method} {path}: {p['name']} has at most {taken[p['name']]} characters")
            if total > URL_BYTES:
                self.faults.append(f"{method} {path}: its parameters may be {total} bytes, a URL carries {URL_BYTES}")

    # ---- words ----

    def words(self):
        for server in self.api["servers"]:
            if re.match(r"\w+:", server["url"]):
                self.faults.append(f"the server {server['url']} is not relative")
        visibility = self.api["components"]["schemas"]["Visibility"]
        for word in visibility["enum"]:
            if word not in visibility.get("description", ""):
                self.faults.append(f"Visibility does not say what {word} means")
        for method, path, _, parameters in self.operations():
            for p in parameters:
                if p["name"] == "sort" and not re.search("repeated or missed", p.get("description", "")):
                    self.faults.append(f"{method} {path}: sort does not say that rows may be repeated or missed")
                if p["name"] == "min_position" and not re.search("beyond .* always 400", p.get("description", "")):
                    self.faults.append(f"{method} {path}: min_position does not say that one beyond the log is always 400")


def only_values(interface, schema, value):
    """The value with the members that can have one value only, as the services add them."""
    schema = interface.resolve(schema)
    consts = {k: interface.resolve(v)["const"] for k, v in schema.get("properties", {}).items()
              if k in schema.get("required", []) and "const" in interface.resolve(v)}
    if isinstance(value, dict):
        value = {**consts, **value}
        if "error" in schema.get("required", []) and "title" in value:
            value.setdefault("error", value["title"])
    return value


def json_body(node):
    for kind, content in node.get("content", {}).items():
        if kind.endswith("json"):
            yield content


def add_examples(interface, examples):
    """Puts every example into its place; says which places have none, which examples no place or another form."""
    faults, used = [], set()

    def put(group, named, node):
        for content in json_body(node):
            name = "Problem" if content["schema"].get("$ref", "").endswith("/Problem") else named
            value = examples[group].get(name)
            used.add((group, name))
            if value is None:
                faults.append(f"no example of {group} {name}: openapi.yaml of its feature, examples, {group}")
                continue
            content["example"] = only_values(interface, content["schema"], value)
            errors = jsonschema.Draft202012Validator(content["schema"], resolver=interface.refs).iter_errors(content["example"])
            faults.extend(f"the example of {group} {name}: {e.message} at {list(e.path)}" for e in list(errors)[:1])

    for _, _, operation, _ in interface.operations():
        nodes = [("requests", operation["requestBody"])] if "requestBody" in operation else []
        for group, node in nodes + [("answers", r) for r in operation["responses"].values()]:
            name = node["$ref"].split("/")[-1] if "$ref" in node else operation["operationId"]
            put(group, name, interface.resolve(node))
    return faults + [f"the example of {g} {n} has no place" for g in examples for n in examples[g] if (g, n) not in used]


def check(api, root, examples):
    """Faults; adds the examples to `api`."""
    interface = Interface(api, root)
    faults = add_examples(interface, examples)
    for rule in (interface.statuses, interface.request_bodies, interface.parameters, interface.words):
        rule()
    return faults + interface.faults
