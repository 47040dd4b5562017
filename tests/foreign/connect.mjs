// A door and a billing system made by a stranger: it knows README's "Connect", /openapi.json and /asyncapi.json.
//
//   node connect.mjs http://127.0.0.1:8080 TOKEN VENUE
//
// Registers a door, a member with a pass and a webhook by REST; acts as that door on the broker; checks every
// signature and every bound field; reads the visit back; hears of it by webhook. Exit 1 at the first thing amiss.
import { createHash, createHmac, createPublicKey, generateKeyPairSync, randomBytes, randomUUID, sign, timingSafeEqual, verify } from "node:crypto";
import { createServer } from "node:http";
import { createRequire } from "node:module";

const mqtt = createRequire(import.meta.url)("mqtt"); // 4 or 5, found by NODE_PATH
const [http, token, venue] = process.argv.slice(2);
const PATIENCE_MS = 10_000;
const b64u = (bytes) => Buffer.from(bytes).toString("base64url");
const digest = (text) => createHash("sha256").update(text).digest("base64url");
const started = Date.now();
let number = 0;

function step(text) {
  console.log(`${++number}. ${text}`);
}

function insist(holds, what) {
  if (!holds) throw new Error(what);
}

async function call(method, path, body, headers = {}) {
  const answer = await fetch(http + path, {
    method,
    headers: { Authorization: `Bearer ${token}`, ...(body && { "Content-Type": "application/json" }), ...headers },
    body: body && JSON.stringify(body),
  });
  const text = await answer.text();
  insist(answer.ok, `${method} ${path}: ${answer.status} ${text}`);
  return { headers: answer.headers, body: text && JSON.parse(text) };
}

// --- what the documents say ------------------------------------------------------------------------------------

const [openapi, asyncapi] = await Promise.all(["/openapi.json", "/asyncapi.json"].map((path) => call("GET", path)));
for (const path of ["/v1/doors", "/v1/passes", "/v1/webhooks", "/v1/visits"])
  insist(openapi.body.paths[path], `${path} is in the OpenAPI document`);
step(`read ${Object.keys(openapi.body.paths).length} paths and ${Object.keys(asyncapi.body.channels).length} channels`);

// --- REST: a door, a member, a pass, a webhook -----------------------------------------------------------------

const place = (await call("GET", `/v1/venues/${venue}`)).body;
const operator = place.operator;
const of = encodeURIComponent(operator);
const doorKey = generateKeyPairSync("ed25519");
const doorPublic = doorKey.publicKey.export({ format: "jwk" }).x;
const slug = `node-${randomBytes(4).toString("hex")}`;
const door = (
  await call(
    "POST",
    "/v1/doors",
    { venue, door: slug, zone: place.zones[0].id, direction: "in", event_key: doorPublic },
    { "Idempotency-Key": randomUUID() },
  )
).body;
step(`registered the door ${door.door}`);

const services = place.zones[0].service;
const plan = `node-${randomBytes(4).toString("hex")}`;
await call("PUT", `/v1/operators/${of}/plans/${plan}`, { services: [].concat(services), any_hour: true });
const member = (await call("PUT", `/v1/operators/${of}/members/${plan}`, { plan })).body;
const now = Math.floor(Date.now() / 1000);
const pass = (
  await call("POST", "/v1/passes", {
    issuer: operator,
    holder: member.holder,
    plan,
    services: [].concat(services),
    not_before: now - 60,
    expires: now + 3600,
  })
).body;
step(`issued the pass ${pass.id} to a member of ${operator}`);

const deliveries = [];
let told = () => {};
const receiver = createServer((request, response) => {
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => {
    deliveries.push({ headers: request.headers, body: Buffer.concat(chunks) });
    response.writeHead(204).end();
    told();
  });
});
await new Promise((ready) => receiver.listen(0, "127.0.0.1", ready));
const hook = (
  await call("POST", "/v1/webhooks", {
    operator,
    url: `http://127.0.0.1:${receiver.address().port}/passerelle`,
    events: ["visit.started"],
  })
).body;
step(`registered the webhook ${hook.id}`);

// --- MQTT: act as that door ------------------------------------------------------------------------------------

const topic = door.topics;
const boot = randomUUID();
const client = mqtt.connect(door.broker, {
  clientId: door.client_id,
  username: door.username,
  password: door.password,
  clean: true,
  reconnectPeriod: 0,
  will: {
    topic: topic.status,
    qos: 1,
    retain: true,
    payload: JSON.stringify({ v: 1, online: false, boot }),
  },
});
const heard = new Map();
function message(which) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no ${which} within ${PATIENCE_MS} ms`)), PATIENCE_MS);
    heard.set(topic[which], (text) => (clearTimeout(timer), resolve(text)));
  });
}
client.on("message", (name, payload) => heard.get(name)?.(payload.toString("ascii")));
await new Promise((resolve, reject) => client.once("connect", resolve).once("error", reject));
await new Promise((resolve, reject) =>
  client.subscribe({ [topic.decision]: { qos: 0 }, [topic.ack]: { qos: 1 } }, (error) => (error ? reject(error) : resolve())),
);
const say = (name, payload, options) =>
  new Promise((resolve, reject) => client.publish(name, payload, options, (error) => (error ? reject(error) : resolve())));
await say(
  topic.status,
  JSON.stringify({
    v: 1,
    online: true,
    boot,
    at_ms: Date.now(),
    agent: "node-stranger/1",
    versions: {},
    clock_offset_ms: 0,
    outbox: 0,
    health: "ok",
    faults: [],
  }),
  { qos: 1, retain: true },
);
step(`connected to ${door.broker} as ${door.username}`);

const jwks = (await call("GET", "/v1/jwks")).body.keys;
function read(jws, typ) {
  const [header, payload, signature] = jws.split(".");
  const told = JSON.parse(Buffer.from(header, "base64url"));
  insist(told.typ === typ && told.alg === "Ed25519", `a ${typ} signed with Ed25519`);
  const jwk = jwks.find((key) => key.kid === told.kid);
  insist(jwk, `the key ${told.kid} is listed`);
  insist(jwk.passerelle_use === "gateway" && jwk.passerelle_operator === operator, "a gateway key of the host signs it");
  const key = createPublicKey({ key: jwk, format: "jwk" });
  insist(verify(null, Buffer.from(`${header}.${payload}`), key, Buffer.from(signature, "base64url")), "the signature holds");
  const claims = JSON.parse(Buffer.from(payload, "base64url"));
  insist(claims.iss === operator && claims.sub === `${venue}/${slug}`, "it is of the host, to this door");
  insist(claims.exp * 1000 > Date.now(), "it has not expired");
  return claims;
}

function uuid7() {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(Date.now(), 0, 6);
  bytes[6] = (bytes[6] & 0x0f) | 0x70;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  return bytes.toString("hex").replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, "$1-$2-$3-$4-$5");
}

const scan = uuid7();
const decided = message("decision");
await say(
  topic.scan,
  JSON.stringify({ v: 1, scan, boot, at_ms: Date.now(), deadline_ms: Date.now() + 5000, read: pass.text }),
  { qos: 1 },
);
const decisionText = await decided;
const decision = read(decisionText, "pw-decision+jwt");
insist(decision.scan === scan && decision.boot === boot && decision.direction === "in", "it answers this scan");
insist(decision.read_sha256 === digest(pass.text), "it answers the very bytes that were read");
insist(decision.outcome === "granted" && decision.reason === "OK", `granted, not ${decision.outcome} ${decision.reason}`);
step(`granted for ${decision.open_s} s: “${decision.words.en}”`);

const event = {
  iss: `${venue}/${slug}`,
  iat: Math.floor(Date.now() / 1000),
  n: 1,
  prev: b64u(Buffer.alloc(32)),
  boot,
  at_ms: Date.now(),
  kind: "opened",
  scan,
  decision_sha256: digest(decisionText),
  detail: {},
};
const kid = b64u(createHash("sha256").update(Buffer.from(doorPublic, "base64url")).digest().subarray(0, 4));
const signed = [{ alg: "Ed25519", typ: "pw-event+jwt", kid }, event].map((part) => b64u(JSON.stringify(part))).join(".");
const line = `${signed}.${b64u(sign(null, Buffer.from(signed), doorKey.privateKey))}`;
const acked = message("ack");
await say(topic.event, line, { qos: 1 });
const ack = read(await acked, "pw-ack+jwt");
insist(ack.n === 1 && ack.hash === digest(line), "the ack is of this very line");
step("reported the opening, and the gateway has it for good");

// --- billing: the visit by REST and by webhook -----------------------------------------------------------------

let visit;
for (let next = `/v1/visits?venue=${venue}&date_from=${new Date(started - 60_000).toISOString()}&limit=1`; next && !visit; ) {
  const page = await call("GET", next);
  insist(page.headers.get("x-limit") === "1", "the page's limit is told");
  visit = page.body.find((each) => each.id === scan);
  const link = /<([^>]+)>; rel="next"/.exec(page.headers.get("link") ?? "");
  next = link && link[1].replace(/^https?:\/\/[^/]+/, "");
}
insist(visit?.state === "ACTIVE" && visit.venue === venue, "the visit is under way");
step(`read the visit ${visit.id} back: ${visit.state}`);

if (!deliveries.length)
  await new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("no webhook came")), PATIENCE_MS);
    told = () => (clearTimeout(timer), resolve());
  });
const [{ headers, body }] = deliveries;
const secret = Buffer.from(hook.secret.replace("whsec_", ""), "base64");
const expected = createHmac("sha256", secret).update(`${headers["webhook-id"]}.${headers["webhook-timestamp"]}.`).update(body).digest();
const given = headers["webhook-signature"].split(" ").map((each) => Buffer.from(each.replace("v1,", ""), "base64"));
insist(given.some((each) => each.length === expected.length && timingSafeEqual(each, expected)), "the webhook's signature holds");
const news = JSON.parse(body);
insist(news.type === "visit.started" && news.data.id === scan, "the webhook tells of this visit");
step(`heard ${news.type} by webhook, signed`);

await new Promise((resolve) => client.end(false, {}, resolve));
await call("DELETE", `/v1/webhooks/${hook.id}`);
receiver.close();
console.log("Connected by the documents alone.");
