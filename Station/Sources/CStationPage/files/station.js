// How the station does: queue, history, models, sources, sinks.
import { get } from "./api.js";
import { element, when } from "./element.js";
import { strings, text } from "./strings.js";

function table(names, rows) {
  return element("div", { class: "scroll" }, element("table", {},
    element("thead", {}, element("tr", {}, names.map((name) => element("th", { scope: "col" }, name)))),
    element("tbody", {}, rows.map((row) => element("tr", {}, row.map((cell) => element("td", {}, cell ?? "–")))))));
}

export async function show(main, context) {
  const holder = element("div");
  main.append(holder);
  async function draw() {
    const station = await get("/api/station");
    const { queue, history, models, sources, sinks } = station;
    const problem = (error) => (error ? element("span", { class: "error" }, error) : "");
    holder.replaceChildren(
      element("p", { class: "quiet" }, `Blemish ${station.version} · ${when(station.began)}`),
      element("h2", {}, strings.queue), element("p", {}, text(strings.queueText, queue)),
      element("h2", {}, strings.history), history.available
        ? element("p", {}, text(strings.historyText, { count: history.inspections, days: history.days ?? "∞", gigabytes: (history.bytes / 1e9).toFixed(1) }))
        : element("p", { class: "error" }, history.error),
      element("h2", {}, strings.models), models.length
        ? table([strings.name, strings.state, strings.version, strings.loaded, strings.problem],
          models.map((model) => [model.name, strings[model.state], model.version, when(model.loaded), problem(model.error)]))
        : element("p", { class: "quiet" }, strings.noModels),
      element("h2", {}, strings.sources), sources.length
        ? table([strings.name, strings.kind, strings.model, strings.state, strings.judged, strings.skipped, strings.lastPicture, strings.problem],
          sources.map(({ name, kind, model, state }) => [name, kind, model, state.up ? strings.up : strings.down, String(state.judged),
            String(state.skipped), when(state.last_picture), problem(state.error)]))
        : element("p", { class: "quiet" }, strings.noSources),
      element("h2", {}, strings.sinks), sinks.length
        ? table([strings.name, strings.kind, strings.waitingMessages, strings.delivered, strings.lastDelivery, strings.problem],
          sinks.map(({ name, kind, state }) => [name, kind, String(state.waiting), String(state.delivered), when(state.last_delivery), problem(state.error)]))
        : element("p", { class: "quiet" }, strings.noSinks));
  }
  await draw();
  context.every(2000, draw);
}
