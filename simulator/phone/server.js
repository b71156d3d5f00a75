// Speaks to the simulator. Whatever goes wrong arrives as a Trouble with a sentence a person can read.

export class Trouble extends Error {
  constructor(message, { status = 0, code = "", errors = [] } = {}) {
    super(message);
    Object.assign(this, { status, code, errors });
  }
}

export function get(path, query = {}) {
  const text = new URLSearchParams(query).toString();
  return call("GET", text ? `${path}?${text}` : path);
}

export function post(path, body = {}) {
  return call("POST", path, body);
}

export function remove(path) {
  return call("DELETE", path);
}

async function call(method, path, body) {
  let response;
  try {
    response = await fetch(path, {
      method,
      headers: body === undefined ? {} : { "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    throw new Trouble("演示服务没有回应。请看一看它还在不在运行，再试一次。");
  }
  const answer = await response.json().catch(() => null);
  if (!response.ok) throw trouble(response.status, answer);
  return answer ?? {};
}

function trouble(status, answer) {
  const message = answer?.detail || answer?.errmsg || answer?.error || `没有办成（${status}），请稍后再试。`;
  return new Trouble(String(message), { status, code: answer?.code, errors: answer?.errors });
}
