// The last inspections as they come, filtered, each with its picture.
import { get, inspect, query } from "./api.js";
import { choice, element, number, when } from "./element.js";
import { strings, text } from "./strings.js";
import { Viewer, facts, verdictName } from "./viewer.js";
import { judgementButtons } from "./labels.js";

const filter = { verdict: "", model: "", source: "", label: "", from: "", to: "" };

export async function show(main, context) {
  const models = (await get("/api/models")).models.map((model) => model.name);
  const viewer = new Viewer();
  const list = element("ol", { class: "list", "aria-label": strings.live });
  const about = element("div");
  const older = element("button", { onclick: () => page(next) }, strings.older);
  const newest = element("button", { onclick: () => page(null) }, strings.newest);
  const link = element("a", { download: "" }, strings.export);
  let inspections = [];
  let next = null;
  let before = null;
  let chosen = null;

  async function page(from) {
    before = from;
    const answer = await get(`/api/inspections?${query({ ...times(), before: from })}`);
    inspections = answer.inspections;
    next = answer.next ?? null;
    older.disabled = next === null;
    newest.disabled = before === null;
    link.href = `/api/inspections.csv?${query(times())}`;
    draw();
    if (!inspections.some((one) => one.id === chosen?.id)) await choose(inspections[0] ?? null);
  }

  function times() {
    const utc = (value) => (value ? new Date(value).toISOString() : "");
    return { ...filter, from: utc(filter.from), to: utc(filter.to) };
  }

  function draw() {
    if (!inspections.length) { list.replaceChildren(element("li", { class: "quiet" }, strings.noInspections)); return; }
    list.replaceChildren(...inspections.map((one) => element("li", {},
      element("button", { "data-id": one.id, "aria-current": one.id === chosen?.id ? "true" : null, onclick: () => choose(one) },
        one.links.picture ? element("img", { src: one.links.picture, alt: "", loading: "lazy" }) : element("span"),
        element("span", { class: "name" }, one.path.split("/").at(-1)),
        element("span", { class: `verdict ${one.verdict}` }, verdictName(one.verdict)),
        element("small", {}, `${when(one.time)} · ${one.source}`),
        element("small", {}, number(one.log_nfa, 1))))));
  }

  async function choose(one) {
    chosen = one;
    for (const button of list.querySelectorAll("button")) {
      button.toggleAttribute("aria-current", false);
      if (button.dataset.id === String(one?.id)) button.setAttribute("aria-current", "true");
    }
    viewer.element.hidden = !one;
    about.replaceChildren();
    if (!one) return;
    about.append(facts(one), judgementButtons(one, (changed) => {
      inspections = inspections.map((other) => (other.id === changed.id ? changed : other));
      choose(changed);
    }, context.fail));
    await viewer.show(one);
  }

  const input = element("input", { type: "file", multiple: true, accept: "image/*", name: "pictures",
    onchange: () => judge([...input.files]) });
  let judgeModel = models[0] ?? "";
  const progress = element("span", { class: "quiet", role: "status" });
  const drop = element("div", { class: "drop",
    ondragover: (event) => { event.preventDefault(); drop.classList.add("over"); },
    ondragleave: () => drop.classList.remove("over"),
    ondrop: (event) => { event.preventDefault(); drop.classList.remove("over"); judge([...event.dataTransfer.files]); } },
    element("label", {}, strings.drop, input),
    choice(strings.judgeWith, models.map((name) => [name, name]), judgeModel, (value) => { judgeModel = value; }), progress);

  async function judge(files) {
    for (const file of files) {
      progress.textContent = text(strings.judging, { name: file.name });
      try {
        const found = await inspect(judgeModel, file);
        if (found.id) { await page(null); await choose(inspections.find((one) => one.id === found.id) ?? chosen); }
      } catch (error) { context.fail(error); }
    }
    progress.textContent = "";
    input.value = "";
  }

  const change = (name) => (value) => { filter[name] = value; page(null).catch(context.fail); };
  const time = (name) => {
    const field = element("input", { type: "datetime-local", name, value: filter[name], onchange: () => change(name)(field.value) });
    return element("label", {}, strings[name], field);
  };
  const source = element("input", { name: "source", value: filter.source, size: "10", onchange: () => change("source")(source.value) });
  main.append(
    models.length ? drop : element("p", { class: "quiet" }, strings.noModels),
    element("div", { class: "row" },
      choice(strings.verdict, [["", strings.all], ["anomalous", strings.anomalous], ["review", strings.reviewVerdict], ["unlike", strings.unlike], ["good", strings.good]],
        filter.verdict, change("verdict"), { name: "verdict" }),
      choice(strings.model, [["", strings.all], ...models.map((name) => [name, name])], filter.model, change("model"), { name: "model" }),
      choice(strings.label, [["", strings.all], ...Object.entries(strings.labels)], filter.label, change("label"), { name: "label" }),
      element("label", {}, strings.source, source), time("from"), time("to")),
    element("div", { class: "split" },
      element("div", {}, list, element("div", { class: "actions" }, newest, older, link)),
      element("section", { class: "viewer" }, viewer.element, about)));
  await page(null);

  // What is new comes by itself, as long as the newest are shown.
  context.every(1500, async () => {
    if (before !== null) return;
    const news = (await get(`/api/inspections?${query({ ...times(), after: inspections[0]?.id ?? 0 })}`)).inspections;
    if (!news.length) return;
    const follows = chosen === null || chosen.id === inspections[0]?.id;
    inspections = [...news, ...inspections].slice(0, 50);
    draw();
    if (follows) await choose(inspections[0]);
  });
}
