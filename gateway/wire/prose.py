"""What `/asyncapi.json` says in words: everything that a stranger needs to act as a door. Markdown, a small part of it.

Headings, paragraphs, lists, `code` and **bold**: what `entrypoints.docs_text` shows.
"""

from gateway.wire.answer import DECISION_LIFE_S
from gateway.wire.limits import MAX_PAYLOAD, MAX_READ, SCANS_WAITING

DESCRIPTION = f"""\
What doors say to a Passerelle gateway over MQTT, and what it answers. This document is generated from the types \
that the gateway reads and writes with. Operations are told from the gateway's side: it receives what a door \
publishes and sends what a door subscribes to. Paths such as `/v1/jwks` are on the address that this document \
came from; `/openapi.json` describes them.

## Connect

1. Have the door registered with its operator over REST. You need: venue and door, the operator of the venue \
(`FR*ATL`), the direction it is installed for, its broker password, and an Ed25519 key of its own, whose public half \
is registered.
2. Connect with MQTT 3.1.1 or 5 and a clean session. The user name is `{{venue}}.{{door}}`. The client id is the \
user name, or the user name, a dot and a suffix, so that a subscriber and a publisher can act as one door at a time; \
at most 128 characters. A suffix that cannot be guessed keeps others from throwing the door off; \
REST tells a client id with such a suffix beside the password.
3. Set a last will on the door's `status`: retained, QoS 1, `{{"v":1,"online":false,"boot":"…"}}`. Draw a fresh \
`boot` at each start of the door.
4. Subscribe to the door's own `decision` and `ack` and to the trust head, by these exact names: a filter with other \
wildcards is refused. Status heads may be heard one by one or as `pw/v1/status/+/head`.
5. Publish `status`, retained, when connected and when something in it changes. It decides nothing.

Rights go by user name. What a door may not do is refused silently: the broker acknowledges it and nothing is \
delivered. Judge by what arrives, never by a return code. Never judge by the retain flag either.

## Time

A scan past its `deadline_ms` by the gateway's clock is dropped without an answer, so a door whose clock may be wrong \
takes the time from signed heads: a head's `iat`, once its signature holds, is the gateway's time when it was signed. \
They come every five seconds unless the gateway is set otherwise. The retained one that comes with the subscription \
may be older: it tells that it is at least that late. Measure waits with a clock that nobody sets.

## Scan and decision

Draw a fresh UUIDv7 as `scan` for every reading. Publish it at QoS 1 and wait for a decision until the deadline, \
three seconds say. When nothing comes, send the same scan again, byte for byte: it gets the same verdict, signed \
afresh. The same id with other bytes, or at another door, is refused as `SCAN_ID_REUSED`. Never queue a scan while \
offline.

There is no answer to a payload over {MAX_PAYLOAD:,} bytes or one with a field out of form (it is counted, and noted \
in the audit), to what comes past {SCANS_WAITING} scans of one door that wait, nor to a door that is not registered.

Act on the first decision that passes all of these, and ignore any other message:

1. It is a compact JWS whose header has exactly `alg` (`Ed25519`), `typ` (`pw-decision+jwt`) and `kid`.
2. `kid` names a key in `GET /v1/jwks` with `passerelle_use` `gateway` and `passerelle_operator` the operator of the \
venue; the Ed25519 signature over the ASCII of `header.payload` holds. Ask for the set again when a kid is unknown, \
not more often than every five seconds.
3. `iss` is that operator and `sub` is `{{venue}}/{{door}}`.
4. `scan` and `boot` are those of the scan that waits.
5. `read_sha256` is the base64url of SHA-256 over the UTF-8 of what was read.
6. `direction` is the one that the door is installed for.
7. `exp` is not past. A decision holds for {DECISION_LIFE_S} seconds.
8. `outcome` is `granted` exactly when `reason` is `OK`.

`granted` opens for `open_s` seconds. A door that lets people out opens whatever is said or not said, and then tells \
its scan. Show `words`; never show the reason's code to a person.

Whoever fetches `/v1/jwks` trusts the connection it came over. A door that pins the federation's root key fetches \
`GET /v1/trust` instead, which that key signs.

## Journal and acks

A door writes what happened into a journal and sends each line as an `event`, signed by its own key. Lines are \
numbered from 1 over all boots. `prev` is the base64url of SHA-256 over the ASCII of the line before; for line 1 it is \
43 times `A`, which is 32 zero bytes. Send lines in their order; several may be on the way.

The answer is an `ack`: everything up to `n` is committed, and line `n` hashes to `hash`. Verify it like a decision, \
its `exp` apart; nothing else may make a door forget a line. An ack with a lower `n` than was sent, or another \
hash, says where the gateway stands: go on from there. Without an ack for five seconds, and after every new \
connection, send what is not acknowledged again; a repeat is acknowledged again.

A line whose signature, fields or `prev` do not hold is counted, noted and not acknowledged. Registering another key \
for the door lets its journal begin again at 1. A grant's `opened` makes the visit count; a grant without an outcome \
is never billed.

## Form

- Fields are promises: names and meanings stay, new ones may come. Ignore what you do not know.
- JSON is UTF-8. Integers are written without fraction or exponent, no name stands twice, no lone surrogates.
- A field that may be missing may be `null` in what a door sends; the gateway leaves it out.
- base64url is unpadded and canonical. A `kid` is that of the first four bytes of SHA-256 over the raw public key.
- No payload is larger than {MAX_PAYLOAD:,} bytes, and `read` holds at most {MAX_READ:,} characters.
- The examples are signed with the keys in `x-example-keys`, which are public: no gateway lists them.
"""
