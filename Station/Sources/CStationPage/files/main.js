// The page's frame: who is here, which view is shown, what went wrong.
import { get, send } from "./api.js";
import { element } from "./element.js";
import { strings } from "./strings.js";

const views = { live: () => import("./live.js"), review: () => import("./review.js"), models: () => import("./models.js"),
  station: () => import("./station.js") };
const roles = ["machine", "operator", "engineer"];
const main = document.getElementById("main");
const failure = document.getElementById("failure");
let session = { name: null, role: null, open: false };
let leave = null;

function fail(error) {
  failure.textContent = error.message;
  failure.hidden = false;
  if (error.status === 401) show().catch(() => {});
}

// What a view may do as long as it is shown.
function context(signal) {
  return {
    fail,
    may: (role) => roles.indexOf(session.role) >= roles.indexOf(role),
    listen: (name, handler) => document.addEventListener(name, handler, { signal }),
    every(milliseconds, action) {
      let busy = false;
      const timer = setInterval(async () => {
        if (busy || document.hidden) return;
        busy = true;
        try {
          await action();
          if (failure.dataset.of === "every") { failure.hidden = true; delete failure.dataset.of; }
        } catch (error) { fail(error); failure.dataset.of = "every"; }
        busy = false;
      }, milliseconds);
      signal.addEventListener("abort", () => clearInterval(timer));
    },
  };
}

function signIn() {
  const token = element("input", { type: "password", name: "token", autocomplete: "current-password", size: "40" });
  const form = element("form", { class: "card", onsubmit: async (event) => {
    event.preventDefault();
    try { session = await send("POST", "/api/session", { token: token.value }); failure.hidden = true; await show(); } catch (error) { fail(error); }
  } }, element("p", {}, strings.needsToken), element("div", { class: "row" }, element("label", {}, strings.token, token),
    element("button", { class: "main", type: "submit" }, strings.signIn)));
  main.replaceChildren(form);
  token.focus();
}

async function show() {
  leave?.abort();
  leave = new AbortController();
  const { signal } = leave;
  session = await get("/api/session");
  const name = location.hash.slice(1) in views ? location.hash.slice(1) : "live";
  for (const link of document.querySelectorAll("nav a")) {
    link.toggleAttribute("aria-current", false);
    if (link.dataset.view === name) link.setAttribute("aria-current", "page");
  }
  const out = element("button", { onclick: async () => { await send("DELETE", "/api/session"); await show(); } }, strings.signOut);
  document.getElementById("who").replaceChildren(...(session.open || !session.name ? [] : [`${session.name} (${session.role}) `, out]));
  main.replaceChildren();
  if (!session.name || session.role === "machine") { signIn(); return; }
  const view = await views[name]();
  if (signal.aborted) return;
  await view.show(main, context(signal));
  main.dataset.view = name;
}

for (const one of document.querySelectorAll("[data-text]")) one.textContent = strings[one.dataset.text];
addEventListener("hashchange", () => { failure.hidden = true; show().catch(fail); });
show().catch(fail);
