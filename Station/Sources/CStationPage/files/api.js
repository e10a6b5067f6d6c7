// What the page asks the station.
import { strings, text } from "./strings.js";

export class Failure extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

async function answer(response) {
  if (response.ok) return response;
  let reason = response.statusText;
  try { reason = (await response.json()).error ?? reason; } catch { /* not JSON */ }
  throw new Failure(response.status, text(strings.failed_, { reason }));
}

async function ask(path, options) {
  let response;
  try {
    response = await fetch(path, { credentials: "same-origin", ...options });
  } catch {
    throw new Failure(0, strings.unreachable);
  }
  return answer(response);
}

export async function get(path) { return (await ask(path)).json(); }

export async function send(method, path, value) {
  const response = await ask(path, {
    method, headers: { "Content-Type": "application/json" }, body: value === undefined ? undefined : JSON.stringify(value),
  });
  return response.status === 204 ? null : response.json();
}

export async function inspect(model, file) {
  const query = new URLSearchParams({ name: file.name, source: "page" });
  const response = await ask(`/api/models/${encodeURIComponent(model)}/inspect?${query}`, { method: "POST", body: file });
  return response.json();
}

export function query(values) {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) if (value !== "" && value != null) parameters.set(name, value);
  return parameters.toString();
}
