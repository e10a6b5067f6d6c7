// One picture after the other, by keyboard: a key says what the part is and brings the next one.
import { get, query } from "./api.js";
import { choice, element } from "./element.js";
import { say, truth, judgementButtons } from "./labels.js";
import { strings, text } from "./strings.js";
import { Viewer, facts, look } from "./viewer.js";

const what = { stopped: { verdict: "anomalous,review,unlike", label: "none" }, passed: { verdict: "good", label: "none" }, all: { label: "none" } };
let which = "stopped";

export async function show(main, context) {
  const viewer = new Viewer();
  const about = element("div");
  const count = element("p", { class: "quiet", role: "status" });
  const done = element("p", { class: "big", hidden: true }, strings.reviewDone);
  const began = Date.now();
  let reviewed = 0;
  let queue = [];
  let place = 0;
  let last = null;

  async function more() {
    const answer = await get(`/api/inspections?${query({ ...what[which], limit: 100, before: last })}`);
    last = answer.inspections.at(-1)?.id ?? last;
    queue.push(...answer.inspections);
    return answer.inspections.length > 0;
  }

  async function go(to) {
    place = Math.max(0, to);
    if (place >= queue.length) { if (!(await more())) place = Math.max(0, queue.length); }
    // The next ones are fetched while a person looks at this one.
    for (const next of queue.slice(place + 1, place + 4)) {
      for (const kind of ["picture", "map"]) if (next.links[kind]) new Image().src = next.links[kind];
    }
    await draw();
  }

  async function draw() {
    const one = queue[place];
    done.hidden = Boolean(one);
    viewer.element.hidden = !one;
    const minutes = (Date.now() - began) / 60000;
    count.textContent = text(strings.reviewed, { count: reviewed, rate: minutes > 0.02 ? (reviewed / minutes).toFixed(0) : "–" });
    about.replaceChildren();
    if (!one) return;
    about.append(judgementButtons(one, changed, context.fail), facts(one));
    // A quick hand does not wait for a picture.
    viewer.show(one);
  }

  function changed(inspection) {
    if (inspection.label) reviewed += 1;
    queue[place] = inspection;
    return go(inspection.label ? place + 1 : place).catch(context.fail);
  }

  async function undo() {
    const back = queue[place]?.label ? place : place - 1;
    if (!queue[back]?.label) return;
    queue[back] = await say(queue[back], null);
    reviewed = Math.max(0, reviewed - 1);
    await go(back);
  }

  let busy = false;
  const keys = {
    f: () => queue[place] && say(queue[place], truth(queue[place], false)).then(changed),
    j: () => queue[place] && say(queue[place], truth(queue[place], true)).then(changed),
    u: undo,
    ArrowRight: () => go(Math.min(place + 1, queue.length)), ArrowLeft: () => go(place - 1),
    o: () => viewer.change("outline", !look.outline),
    "+": () => viewer.change("zoom", Math.min(8, look.zoom + 0.5)), "-": () => viewer.change("zoom", Math.max(1, look.zoom - 0.5)),
  };
  context.listen("keydown", async (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || ["INPUT", "SELECT"].includes(event.target.tagName)) return;
    const action = keys[event.key];
    if (!action || busy) return;
    event.preventDefault();
    busy = true;
    try { await action(); } catch (error) { context.fail(error); }
    busy = false;
  });

  const [before, after] = strings.keysText.split("{wrong}");
  const parts = `${before}{wrong}${after}`.split(/(\{\w+\})/).filter(Boolean);
  const names = { "{wrong}": "F", "{right}": "J", "{undo}": "U", "{next}": "→", "{previous}": "←", "{outline}": "O", "{plus}": "+", "{minus}": "-" };
  main.append(
    element("div", { class: "row" },
      choice(strings.reviewWhat, [["stopped", strings.reviewStopped], ["passed", strings.reviewPassed], ["all", strings.reviewAll]], which,
        (value) => { which = value; queue = []; last = null; go(0).catch(context.fail); }, { name: "which" }), count),
    element("p", { class: "quiet" }, parts.map((part) => (names[part] ? element("kbd", {}, names[part]) : part))),
    done,
    element("div", { class: "split" }, element("div", { class: "viewer" }, about), element("section", { class: "viewer" }, viewer.element)));
  await go(0);
}
