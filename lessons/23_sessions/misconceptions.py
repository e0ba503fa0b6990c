"""Planted wrong answers of `23_sessions`, each with the sentence that cures it.

The proof puts each in place of the right answer, and it must fail; a check whose result is wrong
runs them to find the one that gives the learner's very result. `reference` holds the right answers.
"""

import copy
import hashlib
import hmac
import http.client
import json
import re
import zlib
from dataclasses import replace
from urllib.parse import urljoin, urlsplit

import reference

from wirelab.grading.misconceptions import equivalent, misconception
from wirelab.protocols.cookies import site_of
from wirelab.protocols.http import Response

# --- Exercise 1: the line


@misconception(
    of="parse_set_cookie",
    rfc="RFC 10025 section 5.6",
    says="You take the quotes off. They mean nothing in a cookie: they are part of the value, and "
    "go back as they came.",
)
def takes_quotes_off(line):
    right = reference.parse_set_cookie(line)
    if right and re.fullmatch('"[^"]*"', right.value):
        return replace(right, value=right.value[1:-1])
    return right


@misconception(
    of="parse_set_cookie",
    rfc="RFC 10025 section 5.6",
    says="The value ends at its first equals sign. Only the first one of the pair parts name and "
    "value; base64 often ends with another.",
)
def cuts_at_every_equals(line):
    right = reference.parse_set_cookie(line)
    if right is None:
        return None
    value = right.value.partition("=")[0].strip(" \t")
    return replace(right, value=value) if right.name + value else None


@misconception(
    of="parse_set_cookie",
    rfc="RFC 10025 section 5.6",
    says="Without an equals sign you see no cookie. There is one, without a name: everything is "
    "its value, and it is sent back so.",
)
def wants_an_equals(line):
    return reference.parse_set_cookie(line) if "=" in line.partition(";")[0] else None


@misconception(
    of="parse_set_cookie",
    rfc="RFC 10025 section 5.6",
    says="A word alone is taken for a name with an empty value. It is the other way round: the "
    "name is empty, the word is the value.",
)
def word_is_a_name(line):
    right = reference.parse_set_cookie(line)
    if right and "=" not in line.partition(";")[0]:
        return replace(right, name=right.value, value="")
    return right


@misconception(
    of="parse_set_cookie",
    rfc="RFC 10025 section 5.6",
    says="You know the names of attributes in one spelling only. They are in any case: `secure` "
    "is Secure, and a cookie that you hold for open is not.",
)
def one_spelling(line):
    pair, *attributes = line.split(";")
    known = ("Max-Age", "Expires", "Domain", "Path", "Secure", "HttpOnly", "SameSite")
    kept = [each for each in attributes if each.partition("=")[0].strip(" \t") in known]
    kept += [each for each in attributes if re.search(r"[\x00-\x08\x0a-\x1f\x7f]", each)]
    return reference.parse_set_cookie(";".join([pair, *kept]))


@misconception(
    of="parse_set_cookie",
    rfc="RFC 10025 section 5.6",
    says="Of two attributes with one name you take the first. The last one counts.",
)
def first_counts(line):
    pair, *attributes = line.split(";")
    return reference.parse_set_cookie(";".join([pair, *reversed(attributes)]))


@misconception(
    of="parse_set_cookie",
    rfc="RFC 10025 section 5.6",
    says="`int()` takes a plus, an underscore and a space for part of a number. Max-Age is digits "
    "0 to 9, perhaps with a minus in front; anything else is not there.",
)
def max_age_by_int(line):
    pair, *attributes = line.split(";")
    mended = []
    for each in attributes:
        name, _, value = each.partition("=")
        if name.strip(" \t").lower() == "max-age":
            try:
                each = f"max-age={int(value)}"
            except ValueError:
                continue
        mended.append(each)
    return reference.parse_set_cookie(";".join([pair, *mended]))


@misconception(
    of="parse_set_cookie",
    rfc="RFC 10025 section 5.6",
    says="The dot in front of the domain stays. It has meant nothing for years; take it off, or "
    "the domain matches no host.",
)
def keeps_the_dot(line):
    right = reference.parse_set_cookie(line)
    said = re.findall(r"(?i);[ \t]*domain[ \t]*=[ \t]*([^;]*?)[ \t]*(?=;|$)", line)
    said = [each for each in said if len(each) <= 1024]
    return replace(right, domain=said[-1].lower()) if right and said else right


@misconception(
    of="parse_set_cookie",
    rfc="RFC 10025 section 5.6",
    says="Exactly 4096 octets of name and value are refused. That many are allowed; one more is "
    "too many.",
)
def pair_off_by_one(line):
    right = reference.parse_set_cookie(line)
    return None if right and len(right.name + right.value) == 4096 else right


@misconception(
    of="parse_set_cookie",
    rfc="RFC 10025 section 5.6",
    says="A control character is taken out, and the rest is kept. The whole line is to be dropped: "
    "two readers that mend it differently see two cookies.",
)
def mends_controls(line):
    return reference.parse_set_cookie(re.sub(r"[\x00-\x08\x0a-\x1f\x7f]", "", line))


@misconception(
    of="parse_set_cookie",
    rfc="RFC 10025 section 5.6",
    says="`Secure=false` is read as false. A flag that is named is set, whatever value is said; "
    "to have it off one leaves it out.",
)
def secure_false_is_off(line):
    right = reference.parse_set_cookie(line)
    said = re.findall(r"(?i);[ \t]*secure[ \t]*=[ \t]*(false|no|0)", line)
    return replace(right, secure=False) if right and said else right


@misconception(
    of="parse_set_cookie",
    rfc="RFC 10025 section 5.6",
    says="`strip()` takes off every white space that Python knows. Here it is space and tab; a no-"
    "break space is part of the value.",
)
def strips_like_python(line):
    right = reference.parse_set_cookie(line)
    return right and replace(right, name=right.name.strip(), value=right.value.strip())


# --- Exercise 2: domain and path


@misconception(
    of="domain_match",
    rfc="RFC 10025 section 5.1.3",
    says="`endswith` alone lets evilbank.example have the cookies of bank.example. Before the "
    "domain there must be a dot.",
)
def ends_anywhere(host, domain):
    return reference.domain_match(host, domain) or (
        host.endswith(domain) and not re.fullmatch(r"[0-9.]+|.*:.*", host)
    )


@misconception(
    of="domain_match",
    rfc="RFC 10025 section 5.1.3",
    says="An IP address is cut like a name. 127.0.0.1 does not lie below 0.0.1: numbers have no "
    "owner above them.",
)
def cuts_addresses(host, domain):
    return host == domain or host.endswith("." + domain)


@misconception(
    of="domain_match",
    rfc="RFC 10025 section 5.1.3",
    says="It is the wrong way round: a cookie of a domain goes to the hosts below it, not one of a "
    "host to the domain above.",
)
def upside_down(host, domain):
    return reference.domain_match(domain, host)


@misconception(
    of="path_match",
    rfc="RFC 10025 section 5.1.4",
    says="`startswith` alone takes /documents for a part of /doc. The border must be a slash.",
)
def starts_anywhere(path, cookie_path):
    return path.startswith(cookie_path)


@misconception(
    of="path_match",
    rfc="RFC 10025 section 5.1.4",
    says="The path itself is left out: a cookie of /docs goes to /docs too, not only to what is "
    "below.",
)
def only_below(path, cookie_path):
    return path.startswith(cookie_path.removesuffix("/") + "/")


@misconception(
    of="default_path",
    rfc="RFC 10025 section 5.1.4",
    says="The last slash stays at the end. The default path is what stands *before* it, so that "
    "/docs itself has the cookie too; only the root keeps its slash.",
)
def keeps_last_slash(path):
    return path[: path.rfind("/") + 1] if path.startswith("/") else "/"


@misconception(
    of="default_path",
    rfc="RFC 10025 section 5.1.4",
    says="Before the only slash there is nothing, and you return that. The default path is then "
    "the root, /.",
)
def empty_root(path):
    return path.rpartition("/")[0] if path.startswith("/") else "/"


# --- Exercise 3: the jar


@misconception(
    of="CookieJar",
    rfc="RFC 10025 section 5.7",
    says="A cookie without a Domain goes to the hosts below as well. It is host-only: to give it "
    "to others the server must say Domain.",
)
class GivesToChildren(reference.CookieJar):
    def receive(self, line, url, now, **how):
        said = reference.parse_set_cookie(line)
        host = urlsplit(url).hostname
        if said and not said.domain and "." in host:
            line += f"; Domain={host}"
        return super().receive(line, url, now, **how)


@misconception(
    of="CookieJar",
    rfc="RFC 10025 section 5.8.3",
    says="Cookies go with requests from other sites as if they came from this one. That is what "
    "SameSite is for: ask it before you send.",
)
class SendsToAll(reference.CookieJar):
    def header(self, url, now, same_site=True, **how):
        return super().header(url, now, **how)


@misconception(
    of="CookieJar",
    rfc="RFC 10025 section 5.6.7",
    says="Strict is treated as Lax. With Strict not even a link from another site brings the "
    "cookie along.",
)
class StrictIsLax(reference.CookieJar):
    def receive(self, line, url, now, **how):
        return super().receive(re.sub("(?i)=strict", "=Lax", line), url, now, **how)


@misconception(
    of="CookieJar",
    rfc="RFC 10025 section 5.6.7.2",
    says="The two minutes' grace is missing: a young cookie that says nothing about SameSite goes "
    "with a form from another site.",
)
class NoGrace(reference.CookieJar):
    def receive(self, line, url, now, **how):
        before = {id(each) for each in self._cookies.values()}
        taken = super().receive(line, url, now, **how)
        for each in self._cookies.values():
            if id(each) not in before and each["began"] == now:
                each["began"] -= 120
        return taken


@misconception(
    of="CookieJar",
    rfc="RFC 10025 section 5.7",
    says="In the very second of its end the cookie is still there. It has ended as soon as `now` "
    "is its end: ten seconds are 0 to 9.",
)
class EndsLate(reference.CookieJar):
    def count(self, now):
        self._cookies = {
            key: each
            for key, each in self._cookies.items()
            if each["end"] is None or now <= each["end"]
        }
        return len(self._cookies)


@misconception(
    of="CookieJar",
    rfc="RFC 10025 section 5.7",
    says="Expires beats Max-Age. It is the other way round, in whichever order they stand: a "
    "number of seconds needs no clock that is right.",
)
class DateBeatsAge(reference.CookieJar):
    def receive(self, line, url, now, **how):
        said = reference.parse_set_cookie(line)
        if said and said.expires is not None:
            line = re.sub("(?i)max-age", "x", line)
        return super().receive(line, url, now, **how)


@misconception(
    of="CookieJar",
    rfc="RFC 10025 section 5.5",
    says="A cookie may last as long as it says. 400 days are the most; what says more is cut down.",
)
class NoLimit(reference.CookieJar):
    def receive(self, line, url, now, **how):
        taken = super().receive(line, url, now, **how)
        for each in self._cookies.values():
            said = each["said"]
            if each["end"] == now + 34_560_000:
                each["end"] = said.expires if said.max_age is None else now + said.max_age
        return taken


@misconception(
    of="CookieJar",
    rfc="RFC 10025 section 5.7",
    says="A new value makes the cookie young again. It keeps the age, and with it the place, of "
    "the one that it replaces.",
)
class YoungAgain(reference.CookieJar):
    def receive(self, line, url, now, **how):
        before = dict(self._cookies)
        taken = super().receive(line, url, now, **how)
        for key, each in list(self._cookies.items()):
            if key in before and before[key] is not each:
                each["began"] = now
                self._cookies[key] = self._cookies.pop(key)
        return taken


@misconception(
    of="CookieJar",
    rfc="RFC 10025 section 5.8.3",
    says="They go in the order in which they came. Longer paths come first: a server that looks at "
    "the first of a name gets the one meant for this page.",
)
class AsTheyCame(reference.CookieJar):
    def header(self, *args, **how):
        going = super().header(*args, **how).split("; ")
        texts = [
            f"{key[0]}={each['said'].value}" if key[0] else each["said"].value
            for key, each in self._cookies.items()
        ]
        return "; ".join(text for text in texts if text in going)


@misconception(
    of="CookieJar",
    rfc="RFC 10025 section 5.7",
    says="Plain HTTP may set a Secure cookie. It may not: else somebody on the wire could plant "
    "one that https believes.",
)
class SetsAnywhere(reference.CookieJar):
    _receiving = False

    def receive(self, *args, **how):
        self._receiving = True
        try:
            return super().receive(*args, **how)
        finally:
            self._receiving = False

    def _is_secure(self, place):
        return self._receiving or super()._is_secure(place)


@misconception(
    of="CookieJar",
    rfc="RFC 10025 section 5.7",
    says="From plain HTTP a cookie may stand in front of a Secure one of the same name. Refuse it: "
    "the server could not tell which is which.",
)
class Overlays(reference.CookieJar):
    def _overlays(self, name, domain, path):
        return False


@misconception(
    of="CookieJar",
    rfc="RFC 10025 section 5.4",
    says="Prefixes are looked for in one spelling only. Some servers read names in any case, so "
    "`__host-` must keep the promise as well.",
)
class PrefixesWithCase(reference.CookieJar):
    def receive(self, line, url, now, **how):
        said = reference.parse_set_cookie(line)
        mark = (said.name or said.value) if said else ""
        if re.match("(?i)__(host|secure)-", mark) and not re.match("__(Host|Secure)-", mark):
            line = "x" + line.lstrip(" \t")
        return super().receive(line, url, now, **how)


@misconception(
    of="CookieJar",
    rfc="RFC 10025 section 5.8.3",
    says="Scripts are shown HttpOnly cookies. Keeping them from scripts is all that HttpOnly does.",
)
class ShowsScripts(reference.CookieJar):
    def header(self, *args, script=False, **how):
        return super().header(*args, **how)


@misconception(
    of="CookieJar",
    rfc="RFC 10025 section 5.8.3",
    says="Every host whose name ends with these nine letters is trusted. Before `localhost` there "
    "must be a dot, or nothing.",
)
class TrustsTheEnd(reference.CookieJar):
    def _is_secure(self, place):
        local = place.host.endswith("localhost")
        return place.scheme == "https" or (self._trusts_localhost and local)


@misconception(
    of="CookieJar",
    rfc="RFC 10025 section 5.7",
    says="SameSite=None is taken without Secure. What goes along from everywhere must at least not "
    "go in the clear.",
)
class NoneWithoutSecure(reference.CookieJar):
    def receive(self, line, url, now, **how):
        said = reference.parse_set_cookie(line)
        if said and said.same_site == "none":
            line += "; Secure"
        return super().receive(line, url, now, **how)


@misconception(
    of="CookieJar",
    rfc="RFC 10025 section 5.5",
    says="An end of 0 counts as no end: `if max_age`, `if expires`. Second 0 is 1 January 1970, "
    "the date with which many servers delete. Ask `is not None`.",
)
class TakesZeroForNothing(reference.CookieJar):
    def receive(self, line, url, now, **how):
        name, *attributes = line.split(";")
        kept = []
        for each in attributes:
            said = reference.parse_set_cookie("a=1;" + each)
            if said is None or 0 not in (said.max_age, said.expires):
                kept.append(each)
        return super().receive(";".join([name, *kept]), url, now, **how)


# --- Exercise 4: signed values


@misconception(
    of="sign",
    rfc="RFC 10025 section 8.3",
    says="The name is not signed. Then a value that was signed for one cookie is good in every "
    "other.",
)
def signs_no_name(name, value, keys, now):
    signed = f"{reference.to_base64url(value.encode())}.{now}"
    code = hmac.digest(keys[0], signed.encode(), "sha256")
    return f"{signed}.{reference.to_base64url(code)}"


@misconception(
    of="sign",
    says="You sign with the last key. The first one signs; the others are old, and only verify.",
)
def signs_with_the_last(name, value, keys, now):
    return reference.sign(name, value, keys[-1:], now)


@misconception(
    of="sign",
    rfc="RFC 2104 section 2",
    says="That is SHA-256 over key and text, one behind the other. Somebody who has one such code "
    "can lengthen the text without knowing the key; HMAC is made against that.",
)
def hashes_key_and_text(name, value, keys, now):
    signed = f"{reference.to_base64url(value.encode())}.{now}"
    code = hashlib.sha256(keys[0] + f"{name}={signed}".encode()).digest()
    return f"{signed}.{reference.to_base64url(code)}"


@misconception(
    of="unsign",
    rfc="RFC 10025 section 8.3",
    says="Any signed value is taken for any cookie. The name belongs to what is verified: else the "
    "yes of the newsletter makes an administrator.",
)
def any_name(name, text, keys, now, max_age_s, compare=hmac.compare_digest):
    for other in (name, "news", "admin", "a"):
        found = reference.unsign(other, text, keys, now, max_age_s, compare)
        if found is not None:
            return found
    return None


@misconception(
    of="unsign",
    says="The code is compared with `==`, which stops at the first octet that differs. `compare` "
    "decides; by default it takes as long for a wrong code as for a right one.",
)
def compares_with_equals(name, text, keys, now, max_age_s, compare=hmac.compare_digest):
    return reference.unsign(name, text, keys, now, max_age_s, lambda one, other: one == other)


@misconception(
    of="unsign",
    says="Only the first key verifies. On the day you change it, everybody is thrown out: the old "
    "ones in the list are there to verify what they signed.",
)
def first_key_only(name, text, keys, now, max_age_s, compare=hmac.compare_digest):
    return reference.unsign(name, text, keys[:1], now, max_age_s, compare)


@misconception(
    of="unsign",
    says="The time is not looked at. What was true once stays true for ever, and so does a copy.",
)
def never_too_old(name, text, keys, now, max_age_s, compare=hmac.compare_digest):
    return reference.unsign(name, text, keys, now, 10**12, compare)


@misconception(
    of="unsign",
    says="Of exactly `max_age_s` seconds it is too old for you. It is too old when it is *more* "
    "than that.",
)
def age_off_by_one(name, text, keys, now, max_age_s, compare=hmac.compare_digest):
    return reference.unsign(name, text, keys, now, max_age_s - 1, compare)


@misconception(
    of="unsign",
    says="A time later than now is believed, and the value lives longer than it should. Nobody "
    "has signed it yet: refuse it.",
)
def believes_the_future(name, text, keys, now, max_age_s, compare=hmac.compare_digest):
    parts = text.split(".")
    if len(parts) == 3 and parts[1].isdecimal() and int(parts[1]) > now:
        now = int(parts[1])
    return reference.unsign(name, text, keys, now, max_age_s, compare)


@misconception(
    of="unsign",
    says="Only a text of the right form reaches the end without an exception. Whatever comes from "
    "a client must end in a value or in None; an exception is a page with 500.",
)
def raises_on_nonsense(name, text, keys, now, max_age_s, compare=hmac.compare_digest):
    payload, time, given = text.split(".")
    for key in keys:
        code = hmac.digest(key, f"{name}={payload}.{time}".encode(), "sha256")
        if compare(reference.to_base64url(code).encode(), given.encode()):
            fresh = 0 <= now - int(time) <= max_age_s
            return reference.from_base64url(payload).decode() if fresh else None
    return None


@misconception(
    of="unsign",
    says="You compute the code over the number that you read, so `060` passes for `60`. Compute "
    "it over the text that came, and read it afterwards.",
)
def codes_the_number(name, text, keys, now, max_age_s, compare=hmac.compare_digest):
    parts = text.split(".")
    if len(parts) == 3:
        try:
            parts[1] = str(int(parts[1]))
        except ValueError:
            return None
    return reference.unsign(name, ".".join(parts), keys, now, max_age_s, compare)


# --- Exercise 5: the store


@misconception(
    of="SessionStore",
    rfc="RFC 10025 section 8.4",
    says="An id that nobody made becomes a session. Then anybody can choose an id and have "
    "somebody else log in with it: only open and rotate make ids.",
)
class Adopts(reference.SessionStore):
    def find(self, id, now):
        if self._key(id) not in self._kept:
            self._kept[self._key(id)] = {"data": {"new": True}, "began": now, "used": now}
        return super().find(id, now)


@misconception(
    of="SessionStore",
    says="The caller is given the store's own dictionary. Whatever he writes into it is in the "
    "session without a save, and lists inside are shared too: keep and give deep copies.",
)
class GivesItsOwn(reference.SessionStore):
    def find(self, id, now):
        session = self._use(id, now)
        return session and session["data"]


@misconception(
    of="SessionStore",
    says="Your copies are shallow: the dictionary is another, but the lists in it are the same. "
    "`copy.deepcopy` copies them as well.",
)
class Shallow(reference.SessionStore):
    def find(self, id, now):
        session = self._use(id, now)
        return session and dict(session["data"])


@misconception(
    of="SessionStore",
    says="The table holds the ids themselves. Whoever reads a backup of it is everybody at once; "
    "put the SHA-256 of the id there.",
)
class InTheClear(reference.SessionStore):
    def _key(self, id):
        return id


@misconception(
    of="SessionStore",
    says="There is no absolute limit: a session that is used often enough never ends, least of all "
    "a stolen one.",
)
class Immortal(reference.SessionStore):
    def _lives(self, session, now):
        return now - session["used"] < self._idle_s


@misconception(
    of="SessionStore",
    says="A use does not move the idle limit. Who works all morning is thrown out in the middle; "
    "the idle time counts from the last use.",
)
class NeverTouched(reference.SessionStore):
    def _use(self, id, now):
        session = self._kept.get(self._key(id))
        used = session and session["used"]
        found = super()._use(id, now)
        if found:
            found["used"] = used
        return found


@misconception(
    of="SessionStore",
    says="At exactly the limit the session still lives. It lives while *less* than so many seconds "
    "have gone by.",
)
class LivesAtTheLimit(reference.SessionStore):
    def _lives(self, session, now):
        idle, age = now - session["used"], now - session["began"]
        return idle <= self._idle_s and age <= self._absolute_s


@misconception(
    of="SessionStore",
    rfc="RFC 10025 section 8.4",
    says="After rotate the old id works as well. It may be in other hands, and that is why it is "
    "changed: it must be dead at once.",
)
class OldIdLives(reference.SessionStore):
    def rotate(self, id, now):
        session = self._use(id, now)
        return session and self._put(session)


@misconception(
    of="SessionStore",
    says="A new id begins the session anew. By rotating it could be kept for ever: the absolute "
    "limit stays where it was.",
)
class BeginsAnew(reference.SessionStore):
    def rotate(self, id, now):
        session = self._use(id, now)
        if session is None:
            return None
        self.close(id)
        return self._put(session | {"began": now})


@misconception(
    of="SessionStore",
    says="Sessions that nobody asks for any more stay in memory for ever. Drop them in open: else "
    "a crawler without a jar fills the server.",
)
class NeverSwept(reference.SessionStore):
    def open(self, data, now):
        return self._put({"data": copy.deepcopy(data), "began": now, "used": now})


@misconception(
    of="SessionStore",
    says="What was there before stays beside the new data. `save` puts them in its place: else "
    "nothing is ever taken out of a session.",
)
class Merges(reference.SessionStore):
    def save(self, id, data, now):
        return super().save(id, {**(self.find(id, now) or {}), **data}, now)


# --- Exercise 6: fixation


@misconception(
    of="fixate",
    rfc="RFC 10025 section 8.4",
    says="You make an id up. This shop takes only ids that it made itself: ask for one first, they "
    "are free.",
)
def makes_one_up(ask, lure):
    lure("id=mallorys-own")
    return ask(_account("id=mallorys-own")).content


@misconception(
    of="fixate",
    says="You look before Alice has logged in. The order is: get an id, lure her, and then look.",
)
def looks_too_early(ask, lure):
    cookie = ask(_account()).values("set-cookie")[0].partition(";")[0]
    content = ask(_account(cookie)).content
    lure(cookie)
    return content


@misconception(
    of="fixate",
    says="You come without the cookie, and are nobody. It is the same id that must come from "
    "Alice and then from you.",
)
def comes_without(ask, lure):
    lure(ask(_account()).values("set-cookie")[0].partition(";")[0])
    return ask(_account()).content


def _account(cookie=None):
    fields = () if cookie is None else (("cookie", cookie),)
    return reference.Request("GET", "/account", fields=fields)


class _Around:
    """A store in which some methods are others."""

    def __init__(self, store):
        self._store = store

    def __getattr__(self, name):
        return getattr(self._store, name)


@misconception(
    of="Shop",
    rfc="RFC 10025 section 8.4",
    says="After the login the id is the one from before. Whoever planted it is logged in now as "
    "well: every login needs a new id.",
)
class KeepsTheId(reference.Shop):
    def __init__(self, passwords, store):
        class Keeps(_Around):
            def rotate(self, id, now):
                return id

        super().__init__(passwords, Keeps(store))


@misconception(
    of="Shop",
    says="Logging out only tells the browser to forget. A copy of the id works on: close the "
    "session on the server.",
)
class OnlyForgets(reference.Shop):
    def __init__(self, passwords, store):
        class Open(_Around):
            def close(self, id):
                pass

        super().__init__(passwords, Open(store))


@misconception(
    of="Shop",
    says="The next customer at the same browser finds the basket of the one before. Only what was "
    "chosen while nobody was logged in comes along.",
)
class SharedBasket(reference.Shop):
    def answer(self, request, now):
        if (request.method, request.target) == ("POST", "/login"):
            id = reference.cookies_of(request).get("__Host-id", "")
            data = self._store.find(id, now)
            user, _, password = request.content.decode().partition(":")
            if data and "user" in data and self._passwords.get(user) == password:
                data.pop("user")
                self._store.save(id, data, now)
        return super().answer(request, now)


@misconception(
    of="Shop",
    says="Every answer sets the cookie again. Set it when the id is new: else an answer that "
    "arrives late brings an old id back.",
)
class SetsAlways(reference.Shop):
    def answer(self, request, now):
        response = super().answer(request, now)
        id = reference.cookies_of(request).get("__Host-id", "")
        if response.values("set-cookie"):
            return response
        return replace(response, fields=(*response.fields, self._line(id)))


@misconception(
    of="Shop",
    rfc="RFC 10025 section 4.1.3",
    says="The cookie lacks Secure. Browsers drop a `__Host-` cookie without it, and nobody is ever "
    "logged in.",
)
class LacksSecure(reference.Shop):
    def _line(self, id, more=""):
        name, line = super()._line(id, more)
        return name, line.replace(" Secure;", "")


@misconception(
    of="Shop",
    says="The password is cut at its own colon. Only the first one parts name and password.",
)
class CutsPasswords(reference.Shop):
    def answer(self, request, now):
        if (request.method, request.target) == ("POST", "/login"):
            words = request.content.split(b":")
            if len(words) > 2:
                request = replace(request, content=b":".join(words[:2]))
        return super().answer(request, now)


@misconception(
    of="Shop",
    says="At login you open another session, and its absolute limit begins anew. `rotate` "
    "changes the id and leaves the beginning where it was.",
)
class OpensAnother(reference.Shop):
    def __init__(self, passwords, store):
        class Opens(_Around):
            def rotate(self, id, now):
                data = self._store.find(id, now)
                self._store.close(id)
                return self._store.open(data, now)

        super().__init__(passwords, Opens(store))


@misconception(
    of="Shop",
    rfc="RFC 10025 section 4.1.3",
    says="Without a `__Host-id` you take `id`. Any neighbour can plant that one; the prefix "
    "protects only who looks at nothing else.",
)
class TakesPlainId(reference.Shop):
    def answer(self, request, now):
        cookies = reference.cookies_of(request)
        if "__Host-id" not in cookies and "id" in cookies:
            fields = (*request.fields, ("cookie", f"__Host-id={cookies['id']}"))
            request = replace(request, fields=fields)
        return super().answer(request, now)


# --- Exercise 7: the thief


@misconception(
    of="overheard",
    says="What stands in a content is read as a request. Skip as many octets as Content-Length "
    "says; who sends a form could else make up cookies for you.",
)
def reads_contents(octets):
    return reference.overheard(re.sub(rb"(?i)content-length", b"x", octets))


@misconception(
    of="overheard",
    rfc="RFC 9110 section 5.1",
    says="You know `Cookie` in one spelling. Names of fields are in any case.",
)
def one_spelling_of_cookie(octets):
    return reference.overheard(re.sub(rb"\r\n(?!Cookie)(?i:cookie):", b"\r\nx:", octets))


@misconception(
    of="overheard",
    says="All cookies are given to the host of the first request. Each request says its own.",
)
def first_host(octets):
    found = reference.overheard(octets)
    host = re.search(rb"(?i)\r\nhost: *([^\r]*)", octets)
    return [(host[1].decode() if host else "", name, value) for _, name, value in found]


@misconception(
    of="overheard",
    says="The value ends at its first equals sign. Only the first of the pair parts it.",
)
def cuts_overheard(octets):
    return [(host, name, value.split("=")[0]) for host, name, value in reference.overheard(octets)]


@misconception(
    of="overheard",
    says="A request without Host gets the host of the one before. Each begins with nothing: give "
    'its cookies the host `""`.',
)
def keeps_the_host(octets):
    found, last = [], ""
    for host, name, value in reference.overheard(octets):
        last = host or last
        found.append((last, name, value))
    return found


@misconception(
    of="overheard",
    says="`splitlines()` ends a line at a form feed and at seven other characters as well. In "
    'HTTP only CR LF does: `split("\\r\\n")`.',
)
def splits_like_python(octets):
    return reference.overheard(re.sub(rb"[\x0b\x0c\x1c-\x1e\x85]", b"\r\n", octets))


@misconception(
    of="hardened",
    rfc="RFC 10025 section 4.1.3",
    says="Path=/ is missing. `__Host-` promises it, and a browser drops the cookie that does not "
    "say it.",
)
def says_no_path(name, value):
    return reference.hardened(name, value).replace(" Path=/;", "")


@misconception(
    of="hardened",
    rfc="RFC 10025 section 5.8.3",
    says="Secure is missing, so the cookie goes over plain HTTP as before; and a `__Host-` cookie "
    "without it is dropped.",
)
def says_no_secure(name, value):
    return reference.hardened(name, value).replace(" Secure;", "")


@misconception(
    of="hardened",
    says="A name that has the prefix already gets it twice, and is another cookie.",
)
def prefixes_twice(name, value):
    return f"__Host-{name}={value}; Path=/; Secure; HttpOnly; SameSite=Lax"


@misconception(
    of="on_port_80",
    rfc="RFC 10025 section 8.3",
    says="You redirect, and the id that came stays good. It has been on the wire in the clear: "
    "close its session.",
)
def forgets_to_close(request, store):
    return reference.on_port_80(replace(request, fields=_without_cookies(request)), store)


@misconception(
    of="on_port_80",
    rfc="RFC 9110 section 15.4.9",
    says="301 lets a client turn a POST into a GET. 308 keeps the method and the content.",
)
def moves_with_301(request, store):
    response = reference.on_port_80(request, store)
    return replace(response, status=301) if response.status == 308 else response


@misconception(
    of="on_port_80",
    says="The port of plain HTTP stays in the Location. On that port nobody speaks TLS; leave it "
    "out.",
)
def keeps_the_port(request, store):
    response = reference.on_port_80(request, store)
    if response.status != 308:
        return response
    place = f"https://{request.values('host')[0]}{request.target}"
    return Response(308, (("Location", place),))


@misconception(
    of="on_port_80",
    says="You cut at the last colon, and an IPv6 address in brackets has colons of its own. A "
    "port is digits at the end, after a colon.",
)
def cuts_at_the_last_colon(request, store):
    response = reference.on_port_80(request, store)
    if response.status != 308:
        return response
    host = request.values("host")[0]
    place = f"https://{host.rpartition(':')[0] or host}{request.target}"
    return Response(308, (("Location", place),))


def _without_cookies(request):
    return tuple((name, value) for name, value in request.fields if name != "cookie")


@misconception(
    of="RollingIds",
    says="An old id is refused, and that is all. But two people have this login; you do not know "
    "which of them is Alice, so it must end for both.",
)
class RefusesOnly(reference.RollingIds):
    def use(self, id):
        login = id.partition(".")[0]
        before = self._logins.get(login)
        found = super().use(id)
        if found is None and before:
            self._logins[login] = before
        return found


@misconception(
    of="RollingIds",
    says="The id does not change when it is used. What was overheard once is good for ever.",
)
class NeverRolls(reference.RollingIds):
    def use(self, id):
        found = super().use(id)
        if found is None:
            return None
        login, _, part = id.partition(".")
        self._logins[login] = found[0], part
        return found[0], id


@misconception(
    of="RollingIds",
    says="One stolen id ends all logins of the user. It is this login that two people have; the "
    "others are as good as before.",
)
class EndsAll(reference.RollingIds):
    def use(self, id):
        user = self._logins.get(id.partition(".")[0], (None,))[0]
        found = super().use(id)
        if found is None:
            self._logins = {key: each for key, each in self._logins.items() if each[0] != user}
        return found


@misconception(
    of="RollingIds",
    says="You remember every id that was ever used. There is no need: with the right first part "
    "whatever is not the one that is due is an old one.",
)
class RemembersAll(reference.RollingIds):
    def use(self, id):
        found = super().use(id)
        self._used = getattr(self, "_used", set())
        self._used.add(id)
        return found


# --- Exercise 8: tokens


def _resigned(authorization, key, change):
    """The token with another header or claims, signed again; as it is if that cannot be done."""
    scheme, _, token = (authorization or "").partition(" ")
    try:
        first, second, _ = token.split(".")
        parts = [json.loads(reference.from_base64url(part)) for part in (first, second)]
        if not all(isinstance(part, dict) for part in parts):
            return authorization
        parts = change(*parts)
    except (ValueError, RecursionError):
        return authorization
    text = ".".join(reference.to_base64url(json.dumps(part).encode()) for part in parts)
    code = reference.to_base64url(hmac.digest(key, text.encode(), "sha256"))
    return f"{scheme} {text}.{code}"


def _claims(authorization):
    return json.loads(reference.from_base64url(authorization.partition(" ")[2].split(".")[1]))


@misconception(
    of="read_token",
    rfc="RFC 8725 section 3.1",
    says="You let the token say how it wants to be checked, and `none` means not at all. The "
    "reader decides: HS256 and nothing else.",
)
def believes_none(authorization, key, now, audience):
    def change(header, claims):
        return {"alg": "HS256"}, claims

    token = (authorization or "").partition(" ")[2]
    if token.count(".") == 2:
        try:
            header = json.loads(reference.from_base64url(token.split(".")[0]))
            if isinstance(header, dict) and str(header.get("alg")).lower() == "none":
                authorization = _resigned(authorization, key, change)
        except (ValueError, RecursionError):
            pass
    return reference.read_token(authorization, key, now, audience)


@misconception(
    of="read_token",
    rfc="RFC 7519 section 7.2",
    says="The signature is not checked. Base64 is no lock: anybody writes such claims.",
)
def checks_no_signature(authorization, key, now, audience):
    resigned = _resigned(authorization, key, lambda header, claims: (header, claims))
    return reference.read_token(resigned, key, now, audience)


@misconception(
    of="read_token",
    rfc="RFC 7519 section 4.1.4",
    says="A token without `exp` is good for ever, and nobody can take it back. Here it must say "
    "when it ends.",
)
def exp_if_you_like(authorization, key, now, audience):
    def change(header, claims):
        return header, {"exp": now + 1} | claims

    found = reference.read_token(authorization, key, now, audience)
    if found is None and "exp" not in _peek(authorization):
        found = reference.read_token(_resigned(authorization, key, change), key, now, audience)
        return found and _claims(authorization)
    return found


def _peek(authorization):
    try:
        claims = _claims(authorization)
        return claims if isinstance(claims, dict) else {"exp": None}
    except Exception:
        return {"exp": None}


@misconception(
    of="read_token",
    rfc="RFC 7519 section 4.1.4",
    says="In the very second of `exp` the token is still taken. It must not be accepted on or "
    "after that time.",
)
def exp_off_by_one(authorization, key, now, audience):
    claims = _peek(authorization)
    if type(claims.get("exp")) in (int, float) and claims["exp"] == now:
        return reference.read_token(authorization, key, now - 0.25, audience)
    return reference.read_token(authorization, key, now, audience)


@misconception(
    of="read_token",
    rfc="RFC 7519 section 4.1.3",
    says="`in` on a text finds parts of words: a token for stockholm is no token for stock. "
    "Compare texts with ==, and use `in` for lists only.",
)
def audience_in_text(authorization, key, now, audience):
    aud = _peek(authorization).get("aud")
    if isinstance(aud, str) and audience in aud:
        return reference.read_token(authorization, key, now, aud)
    return reference.read_token(authorization, key, now, audience)


@misconception(
    of="read_token",
    rfc="RFC 7519 section 4.1.3",
    says="Whom the token is for is not looked at. One that Alice gave to another service opens "
    "yours as well, and that service knows it.",
)
def for_anybody(authorization, key, now, audience):
    def change(header, claims):
        return header, claims | {"aud": audience}

    right = reference.read_token(authorization, key, now, audience)
    aud = _peek(authorization).get("aud", "")
    if right is None and isinstance(aud, str) and _peek(authorization) != {"exp": None}:
        if not _signed(authorization, key):
            return None
        found = reference.read_token(_resigned(authorization, key, change), key, now, audience)
        return found and _claims(authorization)
    return right


def _signed(authorization, key):
    text, _, code = authorization.partition(" ")[2].rpartition(".")
    return reference.to_base64url(hmac.digest(key, text.encode(), "sha256")) == code


@misconception(
    of="read_token",
    says="`True` is taken for a number, since in Python it is one: `isinstance(True, int)`. In "
    "JSON it is none.",
)
def true_is_a_number(authorization, key, now, audience):
    def change(header, claims):
        mended = {k: now - 1 if k == "nbf" else v for k, v in claims.items()}
        return header, mended

    if _peek(authorization).get("nbf") is False:
        found = reference.read_token(_resigned(authorization, key, change), key, now, audience)
        return found and _claims(authorization)
    return reference.read_token(authorization, key, now, audience)


# --- Exercise 9: a client with a jar


def _visit(
    jar, connect, url, now, method="GET", page="", navigates=True, most=10, *,
    keeps_method=False, says_port=True, whole_page=False, first_site=False,
):  # fmt: skip
    first = url
    while True:
        parts = urlsplit(url)
        asked = first if first_site else url
        same = not page or site_of(page) == site_of(asked)
        if whole_page:
            same = not page or urlsplit(page).hostname == parts.hostname
        how = {"same_site": same, "navigates": navigates}
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        port = f":{parts.port}" if parts.port and says_port else ""
        host = f"{parts.hostname}{port}"
        lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", "Connection: close"]
        cookies = jar.header(url, now, method=method, **how)
        if cookies:
            lines.append(f"Cookie: {cookies}")
        if method == "POST":
            lines.append("Content-Length: 0")
        with connect(parts.hostname) as connection:
            connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
            answer = http.client.HTTPResponse(connection, method=method)
            try:
                answer.begin()
                content = answer.read()
            finally:
                answer.close()
        for line in answer.headers.get_all("Set-Cookie") or []:
            jar.receive(line, url, now, **how)
        following = urljoin(url, answer.headers.get("Location", ""))
        leads_on = answer.status in (301, 302, 303, 307, 308) and "Location" in answer.headers
        if not leads_on or not following.startswith("http://") or most == 0:
            return answer.status, content
        most -= 1
        url = following
        if (answer.status == 303 and method != "HEAD") or (
            answer.status in (301, 302) and method == "POST" and not keeps_method
        ):
            method = "GET"


class _Jar:
    """A jar in front of another: passes calls on, or not."""

    def __init__(self, jar):
        self._jar, self.seen = jar, []

    def header(self, url, now, **how):
        return self._jar.header(url, now, **how)

    def receive(self, line, url, now, **how):
        return self._jar.receive(line, url, now, **how)


@misconception(
    of="visit",
    rfc="RFC 9110 section 15.4",
    says="Cookies of an answer that redirects are lost. Just those answers set them, at most "
    "logins: give every answer's lines to the jar before you follow.",
)
def forgets_on_the_way(jar, connect, url, now, **how):
    class Last(_Jar):
        def header(self, url, now, **how):
            self.seen.clear()
            return super().header(url, now, **how)

        def receive(self, line, url, now, **how):
            self.seen.append((line, url, now, how))

    last = Last(jar)
    came = reference.visit(last, connect, url, now, **how)
    for line, at, when, words in last.seen:
        jar.receive(line, at, when, **words)
    return came


@misconception(
    of="visit",
    rfc="RFC 10025 section 5.7",
    says="Of several Set-Cookie lines you take one. Each is a field of its own; `get_all` gives "
    "them all.",
)
def takes_one_line(jar, connect, url, now, **how):
    class One(_Jar):
        def header(self, url, now, **how):
            self.seen.clear()
            return super().header(url, now, **how)

        def receive(self, line, url, now, **how):
            self.seen.append(line)
            return len(self.seen) == 1 and super().receive(line, url, now, **how)

    return reference.visit(One(jar), connect, url, now, **how)


@misconception(
    of="visit",
    rfc="RFC 9110 section 15.4.3",
    says="After a 301 or 302 the POST is sent again. That is allowed, and no browser does it: it "
    "asks with GET. 307 and 308 keep the method.",
)
def posts_again(jar, connect, url, now, **how):
    return _visit(jar, connect, url, now, keeps_method=True, **how)


@misconception(
    of="visit",
    rfc="RFC 10025 section 5.2",
    says="You compare hosts. x.a.localhost and y.a.localhost are one site, and http and https of "
    "one host are two: compare `site_of`.",
)
def hosts_are_sites(jar, connect, url, now, **how):
    return _visit(jar, connect, url, now, whole_page=True, **how)


@misconception(
    of="visit",
    rfc="RFC 10025 section 5.2",
    says="The first URL decides about the site for all that follow. Ask again at each hop: a "
    "redirection may lead to another site, or home.",
)
def asks_once(jar, connect, url, now, **how):
    return _visit(jar, connect, url, now, first_site=True, **how)


@misconception(
    of="visit",
    rfc="RFC 9112 section 3.2",
    says="The port is left out of Host. Cookies know no ports, HTTP does: a server behind two "
    "ports could not tell which was meant.",
)
def host_without_port(jar, connect, url, now, **how):
    return _visit(jar, connect, url, now, says_port=False, **how)


@misconception(
    of="visit",
    says="You follow one more than `most`. With most=0 the first answer is returned as it is.",
)
def one_more_hop(jar, connect, url, now, most=10, **how):
    return reference.visit(jar, connect, url, now, most=most + 1, **how)


@misconception(
    of="visit",
    says="The connection stays open. Close it when the answer is read: `with connect(...) as "
    "connection`.",
)
def leaves_open(jar, connect, url, now, **how):
    return reference.visit(jar, lambda host: connect(host).dup(), url, now, **how)


@misconception(
    of="visit",
    says="The connection is closed only if the answer can be read. It must end also when an "
    "exception passes by: `with`, or `finally`.",
)
def closes_what_went_well(jar, connect, url, now, **how):
    made = []

    def kept(host):
        made.append(connect(host))
        return made[-1].dup()

    came = reference.visit(jar, kept, url, now, **how)
    for each in made:
        each.close()
    return came


# --- Exercise 10: Flask


def _code(signed, key, digest="sha1"):
    return reference.to_base64url(hmac.digest(key, signed.encode(), digest))


def _derived(secret):
    return hmac.digest(secret.encode(), b"cookie-session", "sha1")


@misconception(
    of="flask_write",
    says="The secret itself is the key of the code. Flask derives one first: HMAC-SHA1 with the "
    "secret as key over the word cookie-session.",
)
def writes_with_the_secret(session, secret, now):
    signed = reference.flask_write(session, secret, now).rpartition(".")[0]
    return f"{signed}.{_code(signed, secret.encode())}"


@misconception(
    of="flask_write",
    says="The time is written in digits. It is the octets of the number, the highest first, in "
    "base64url.",
)
def writes_digits(session, secret, now):
    payload = reference.flask_write(session, secret, now).split(".")[0]
    signed = f"{payload}.{reference.to_base64url(str(now).encode())}"
    return f"{signed}.{_code(signed, _derived(secret))}"


@misconception(
    of="flask_write",
    says="The time has its lowest octet first. The highest comes first, as everywhere on the "
    "network.",
)
def writes_backwards(session, secret, now):
    payload = reference.flask_write(session, secret, now).split(".")[0]
    octets = now.to_bytes((now.bit_length() + 7) // 8, "little")
    signed = f"{payload}.{reference.to_base64url(octets)}"
    return f"{signed}.{_code(signed, _derived(secret))}"


@misconception(
    of="flask_read",
    says="The secret itself is taken for the key, so no code of Flask's is right. The key is "
    "HMAC-SHA1 with the secret over the word cookie-session.",
)
def reads_with_the_secret(cookie, secret, now, max_age_s):
    signed, _, given = cookie.rpartition(".")
    if given != _code(signed, secret.encode()):
        return None
    again = f"{signed}.{_code(signed, _derived(secret))}"
    return reference.flask_read(again, secret, now, max_age_s)


@misconception(
    of="flask_read",
    says="The code is not checked. What you can read without the key, Mallory can write without "
    "it.",
)
def reads_unsigned(cookie, secret, now, max_age_s):
    signed = cookie.rpartition(".")[0]
    again = f"{signed}.{_code(signed, _derived(secret))}"
    return reference.flask_read(again, secret, now, max_age_s)


@misconception(
    of="flask_read",
    says="A payload with a point in front is not opened. It was compressed: longer sessions are, "
    "and take zlib to be read.",
)
def opens_no_packed(cookie, secret, now, max_age_s):
    if cookie.startswith("."):
        return None
    return reference.flask_read(cookie, secret, now, max_age_s)


@misconception(
    of="flask_read",
    says="The age is not looked at: a session that was copied once is good until the secret "
    "changes.",
)
def reads_any_age(cookie, secret, now, max_age_s):
    try:
        time = reference.from_base64url(cookie.rsplit(".", 2)[1])
        now = int.from_bytes(time, "big")
    except (IndexError, ValueError):
        return None
    return reference.flask_read(cookie, secret, now, 0)


@misconception(
    of="flask_read",
    says="You unpack whatever is packed. Thirty megabytes come as thirty kilobytes, and a hundred "
    "such requests are your memory: ask zlib for no more than you would take.",
)
def unpacks_bombs(cookie, secret, now, max_age_s):
    signed, _, given = cookie.rpartition(".")
    payload = signed.rpartition(".")[0]
    if payload.startswith(".") and given == _code(signed, _derived(secret)):
        try:
            octets = zlib.decompress(reference.from_base64url(payload[1:]))
        except (ValueError, zlib.error):
            return None
        if len(octets) > 100_000:
            return None
    return reference.flask_read(cookie, secret, now, max_age_s)


# --- Mutants that are right answers


equivalent(
    "parse-answer",
    'if re.search(r"[\\x00-\\x08\\x0A-\\x1F\\x7F]", line):',
    because="The letters of a hexadecimal escape may be large or small: the same octets.",
)
equivalent(
    "jar-answer",
    "if end is not None and end < now:",
    because="A cookie that ends now is put in, and thrown out at the beginning of the next call.",
)
equivalent(
    "fixate-answer",
    'line = ask(Request("GET", None)).values("set-cookie")[0]',
    'line = ask(Request("GET", "XX/XX")).values("set-cookie")[0]',
    because="Any page of the shop gives an id.",
)
equivalent(
    "fixate-answer",
    'return ask(Request("GET", "/account", fields=(("COOKIE", cookie),))).content',
    'return ("set-cookie", f"__Host-id={id}; Path=/; Secure; HttpOnly; SameSite=Lax{more}")',
    'return ("SET-COOKIE", f"__Host-id={id}; Path=/; Secure; HttpOnly; SameSite=Lax{more}")',
    because="The names of fields are in any case.",
)
equivalent(
    "fixate-answer",
    'known = cookies_of(request).get("__Host-id", "XXXX")',
    because="Any word that is no id names no session.",
)
equivalent(
    "thief-answer",
    'return Response(308, (("location", f"https://{host}{request.target}"),))',
    'return Response(308, (("LOCATION", f"https://{host}{request.target}"),))',
    because="The names of fields are in any case.",
)
equivalent(
    "token-answer",
    'scheme, _, token = (authorization or "").rpartition(" ")',
    because="A token has no space, so with more than one space both find none.",
)
equivalent(
    "token-answer",
    'scheme, _, token = (authorization or "XXXX").partition(" ")',
    because="A word that is not Bearer is as good as none.",
)
equivalent(
    "meet-answer",
    '"connection: close",',
    'lines.append("content-length: 0")',
    'lines.append("CONTENT-LENGTH: 0")',
    'for line in answer.headers.get_all("set-cookie") or []:',
    'for line in answer.headers.get_all("SET-COOKIE") or []:',
    'place = answer.headers.get("location")',
    'place = answer.headers.get("LOCATION")',
    because="The names of fields are in any case.",
)
equivalent(
    "flask-answer",
    "age = now - int.from_bytes(from_base64url(time), )",
    "time = to_base64url(now.to_bytes((now.bit_length() + 7) // 8, ))",
    because="From Python 3.11 on the highest octet comes first where nothing is said.",
)
equivalent(
    "flask-answer",
    "octets = zlib.decompressobj().decompress(octets, 100002)",
    because="Anything beyond 100,000 is too long, by one or by two.",
)
