// The person whose phone this is: who they are, their chat with the account, and what arrives live.

import { get, post } from "./server.js";

/** Fires `change` (messages or standing changed) and `arrived` (detail: one new message). */
export const follower = new EventTarget();

// `reading` goes up when messages were reordered or replaced, so that what is drawn must be drawn anew.
Object.assign(follower, { person: null, people: [], messages: [], pending: [], unread: 0, connected: true, reading: 0 });

let events = null;

export async function loadPeople() {
  follower.people = await get("/control/followers");
}

/** Become this person; their chat so far is fetched, and from now on kept up to date. */
export async function become(openid) {
  const known = follower.people.find((person) => person.openid === openid);
  if (!known) return;
  hush();
  Object.assign(follower, { person: { ...known }, messages: [], pending: [], unread: 0 });
  listen(openid);
  await Promise.all([refreshStanding(), catchUp()]);
}

export async function refreshStanding() {
  const { openid } = follower.person;
  const standing = await get("/phone/me", { openid });
  Object.assign(follower.people.find((person) => person.openid === openid), standing);
  if (follower.person.openid === openid) Object.assign(follower.person, standing);
  changed();
}

export async function catchUp() {
  const { openid } = follower.person;
  const { messages } = await get("/phone/history", { openid });
  if (follower.person.openid !== openid) return;
  messages.forEach(take);
  changed();
}

// A browser holds six connections to one server, over all its tabs: one that nobody looks at gives its own back.
document.addEventListener("visibilitychange", () => (document.hidden ? hush() : resume()));

function hush() {
  events?.close();
  events = null;
}

function resume() {
  if (events || !follower.person) return;
  listen(follower.person.openid);
  missed().catch(() => {});
}

/** What came while nobody looked is new to the person, like what arrives live. */
async function missed() {
  const { openid } = follower.person;
  const { messages } = await get("/phone/history", { openid });
  if (follower.person.openid === openid) messages.forEach(arrive);
}

/** After a break the simulator may be another one, which counts its messages from the start. */
async function startOver() {
  Object.assign(follower, { messages: [], reading: follower.reading + 1 });
  await Promise.all([refreshStanding(), catchUp()]);
}

function listen(openid) {
  events = new EventSource(`/phone/events?${new URLSearchParams({ openid })}`);
  let broken = false;
  events.onopen = () => {
    if (broken) startOver().catch(() => {});
    broken = false;
    connection(true);
  };
  events.onerror = () => {
    broken = true;
    connection(false);
  };
  events.onmessage = ({ data }) => arrive(JSON.parse(data));
}

function connection(connected) {
  if (follower.connected === connected) return;
  follower.connected = connected;
  changed();
}

function arrive(message) {
  if (!take(message)) return;
  if (message.from === "account") follower.unread += 1;
  changed();
  if (message.from !== "user") follower.dispatchEvent(new CustomEvent("arrived", { detail: message }));
}

/** Keeps a message once, in the order of time; tells whether it was new. */
function take(message) {
  if (follower.messages.some(({ id }) => id === message.id)) return false;
  if (message.from === "user") forgetPending(message.content?.text);
  const late = follower.messages.at(-1)?.id > message.id;
  follower.messages.push(message);
  if (late) {
    follower.messages.sort((one, other) => one.id - other.id);
    follower.reading += 1;
  }
  return true;
}

function forgetPending(text) {
  const index = follower.pending.findIndex((pending) => pending.text === text);
  if (index >= 0) follower.pending.splice(index, 1);
}

export function read() {
  if (!follower.unread) return;
  follower.unread = 0;
  changed();
}

/** The person writes. The bubble shows at once, and says so if it could not be sent. */
export async function say(text, menuItem = "") {
  const { openid } = follower.person;
  const pending = { text, menuItem, failed: "" };
  follower.pending.push(pending);
  changed();
  try {
    await post("/control/say", { openid, text, menu_item: menuItem });
    await catchUp();
    forgetSent(pending);
  } catch (error) {
    pending.failed = error.message;
  }
  changed();
}

function forgetSent(pending) {
  follower.pending = follower.pending.filter((other) => other !== pending);
}

/** What is no text: a place, a picture. */
export async function send(type, fields) {
  await post("/control/say", { openid: follower.person.openid, type, fields });
  await catchUp();
}

export async function sayAgain(pending) {
  forgetSent(pending);
  await say(pending.text, pending.menuItem);
}

export async function tap(key, scanned = "") {
  await post("/control/tap", { openid: follower.person.openid, key, code: scanned });
  await catchUp();
}

export async function scan(code) {
  const answer = await post("/control/scan", { openid: follower.person.openid, code });
  await Promise.all([refreshStanding(), catchUp()]);
  return answer;
}

export async function follow() {
  await post("/phone/follow", { openid: follower.person.openid });
  await Promise.all([refreshStanding(), catchUp()]);
}

export async function unfollow() {
  await post("/phone/unfollow", { openid: follower.person.openid });
  await refreshStanding();
}

function changed() {
  follower.dispatchEvent(new Event("change"));
}
