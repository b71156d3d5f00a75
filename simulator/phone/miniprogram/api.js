// The mini program's wx.login and wx.request: the product's API with a session of the person's own.

import { Trouble, post } from "../server.js";

const BASE = "/api/v1";

/** The demo's lesson template; a mini program carries its template ids in its own code. */
export const LESSON_TEMPLATE = "demo-template-lesson";

export class Api {
  constructor(openid) {
    Object.assign(this, { openid, token: null, person: null, entering: null });
  }

  /** Logs in once, whoever asks first; resolves with the person, or null when not bound. */
  async enter() {
    this.entering ??= this.logIn().catch((error) => {
      this.entering = null;
      throw error;
    });
    await this.entering;
    return this.person;
  }

  async logIn() {
    const { code } = await post("/control/login-code", { openid: this.openid });
    const session = await this.request("POST", "/session", { code }, { anonymous: true });
    Object.assign(this, { token: session.token, person: session.person });
  }

  async bind() {
    await this.enter();
    const { phone_code } = await post("/control/phone-code", { openid: this.openid });
    const { person } = await this.send("/session/bind", { phone_code });
    this.person = person;
    return person;
  }

  get(path, query = {}) {
    const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== "");
    const text = new URLSearchParams(given).toString();
    return this.call("GET", text ? `${path}?${text}` : path);
  }

  send(path, body = {}, keys = null) {
    return this.call("POST", path, body, keys?.(body));
  }

  put(path, body) {
    return this.call("PUT", path, body);
  }

  remove(path) {
    return this.call("DELETE", path);
  }

  async call(method, path, body, key) {
    await this.enter();
    try {
      return await this.request(method, path, body, { key });
    } catch (error) {
      if (error.status !== 401) throw error;
      this.forget();
      await this.enter();
      return this.request(method, path, body, { key });
    }
  }

  forget() {
    Object.assign(this, { token: null, person: null, entering: null });
  }

  async request(method, path, body, { anonymous = false, key = "" } = {}) {
    const headers = { "Content-Type": "application/json" };
    if (!anonymous) headers.Authorization = `Bearer ${this.token}`;
    if (key) headers["Idempotency-Key"] = key;
    const answer = await post("/phone/request", { openid: this.openid, method, path: BASE + path, headers, body: body ?? null });
    return read(answer);
  }

  /** wx.requestSubscribeMessage, then the product is told what it returned. */
  async subscribe(template, choice) {
    await this.enter();
    await post("/phone/subscribe-message", { openid: this.openid, template_ids: [template], choice });
    return this.send("/subscriptions", { template_id: template, result: choice });
  }
}

function read({ status, body }) {
  const answer = typeof body === "string" ? parsed(body) : body;
  if (status < 400) return answer ?? {};
  const message = answer?.detail || (status >= 500 ? "服务这会儿有点忙，请稍后再试。" : "没有办成，请稍后再试。");
  throw new Trouble(message, { status, code: answer?.code, errors: answer?.errors });
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Keys for one form: the same for the same words, so that pressing twice is doing it once. */
export function idempotencyKeys() {
  const keys = new Map();
  return (body) => {
    const words = JSON.stringify(body);
    if (!keys.has(words)) keys.set(words, randomKey());
    return keys.get(words);
  };
}

export function randomKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
