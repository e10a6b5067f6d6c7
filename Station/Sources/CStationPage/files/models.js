// What each model promises, what the reviews say of it, and what another limit would have done.
import { get, query, send } from "./api.js";
import { element, number, percent, svg, when } from "./element.js";
import { strings, text } from "./strings.js";

export async function show(main, context) {
  const holder = element("div");
  const jobs = element("div");
  main.append(holder, jobs);
  const models = (await get("/api/models")).models;
  if (!models.length) holder.append(element("p", { class: "quiet" }, strings.noModels));
  for (const model of models) {
    const card = element("section", { class: "card", "data-model": model.name });
    holder.append(card);
    fill(card, model.name, context).catch(context.fail);
  }
  await drawJobs(jobs, context);
  context.every(2000, () => drawJobs(jobs, context));
}

async function fill(card, name, context) {
  const model = await get(`/api/models/${encodeURIComponent(name)}`);
  card.replaceChildren(element("h2", {}, name),
    element("p", { class: model.error ? "error" : "quiet" }, model.error ?? `${strings[model.state]} · ${strings.version} ${model.version} · `
      + `${model.detector} · ${text(strings.calibratedOn, { count: model.calibrated_on ?? 0 })}`));
  if (model.state !== "ready") return;
  const facts = element("div");
  card.append(element("h3", {}, strings.promise), facts, await limits(name, model.false_alarms, (limit) => promise(facts, name, limit)));
  await promise(facts, name, model.false_alarms);
  if (model.drift) {
    card.append(element("h3", {}, strings.drift), element("p", { class: model.drift.p_value < 0.01 ? "error" : "" },
      model.drift.p_value < 0.01 ? strings.driftChanged : strings.driftFine),
      element("p", { class: "quiet" }, text(strings.driftText, { value: number(model.drift.log10_martingale),
        count: model.drift.pictures, p: number(model.drift.p_value, 3) })));
  }
  if (context.may("engineer")) {
    const button = (label, action) => element("button", { onclick: () => send("POST", `/api/models/${encodeURIComponent(name)}/${action}`)
      .then(() => fill(card, name, context), context.fail) }, label);
    card.append(element("div", { class: "actions" }, button(strings.recalibrate, "recalibrate"), button(strings.retrain, "retrain"),
      button(strings.undo, "undo")));
  }
}

async function promise(holder, name, limit) {
  const seen = await get(`/api/models/${encodeURIComponent(name)}/promise?${query({ false_alarms: limit })}`);
  const values = (share) => ({ count: share.count, of: share.of, share: percent(share.share), low: percent(share.low), high: percent(share.high) });
  const alarms = seen.false_alarms;
  holder.replaceChildren(
    element("p", {}, text(strings.promised, { count: number(100 * seen.promised, seen.promised < 0.1 ? 1 : 0) })),
    element("p", { class: alarms.low > seen.promised ? "error" : "" }, alarms.of ? text(strings.observed, values(alarms)) : strings.nothingReviewed),
    element("p", { class: "quiet" }, text(strings.observedAll, values(seen.false_alarms_if_unreviewed_are_good))),
    seen.missed.of ? element("p", {}, text(strings.observedMissed, values(seen.missed))) : "");
}

// A slider for the limit over the history of log NFA, and what it would have stopped.
async function limits(name, current, changed) {
  const { bins, step } = await get(`/api/models/${encodeURIComponent(name)}/distribution`);
  const least = Math.min(-4, ...bins.map((bin) => bin.from)), most = Math.max(1, ...bins.map((bin) => bin.from + step));
  const shown = Math.max(least, -12);
  const chart = svg("svg", { class: "chart", viewBox: "0 0 600 150", preserveAspectRatio: "none", "aria-hidden": "true" });
  const x = (value) => (600 * (Math.max(value, shown) - shown)) / (most - shown);
  const highest = Math.max(1, ...bins.map((bin) => bin.unreviewed + bin.good + bin.anomalous));
  for (const bin of bins) {
    let top = 140;
    for (const [kind, count] of [["anomalous", bin.anomalous], ["good", bin.good], ["", bin.unreviewed]]) {
      // Square roots, so that one picture is seen beside thousands.
      const height = count ? 130 * Math.sqrt(count / highest) : 0;
      top -= height;
      chart.append(svg("rect", { class: `bar ${kind}`, x: x(bin.from), y: top, width: Math.max(1, x(bin.from + step) - x(bin.from) - 0.5), height }));
    }
  }
  const line = svg("line", { class: "limit", y1: 0, y2: 142 });
  chart.append(svg("line", { class: "axis", x1: 0, x2: 600, y1: 140, y2: 140 }), line);
  const result = element("p", { role: "status", class: "would" });
  const slider = element("input", { type: "range", name: "limit", min: String(shown), max: String(Math.min(most, 1)), step: "0.05",
    oninput: () => draw(), onchange: () => changed(10 ** Number(slider.value)) });
  const value = element("output", {});
  function draw() {
    const limit = Number(slider.value);
    line.setAttribute("x1", x(limit)); line.setAttribute("x2", x(limit));
    value.textContent = number(10 ** limit, 3);
    const sum = (kinds, below) => bins.filter((bin) => !below || bin.from + step / 2 < limit)
      .reduce((total, bin) => total + kinds.reduce((part, kind) => part + bin[kind], 0), 0);
    const all = ["unreviewed", "good", "anomalous"];
    result.textContent = text(strings.limitWould, { stopped: sum(all, true), all: sum(all), good: sum(["good"], true), allGood: sum(["good"]),
      anomalous: sum(["anomalous"], true), allAnomalous: sum(["anomalous"]) });
  }
  slider.value = Math.log10(current);
  draw();
  return element("div", {}, chart, element("label", {}, strings.limit, slider), value, result);
}

async function drawJobs(holder, context) {
  if (!context.may("engineer")) return;
  const { jobs } = await get("/api/jobs");
  if (!jobs.length) { holder.replaceChildren(); return; }
  const act = (job, method, path) => element("button", { onclick: () => send(method, `/api/jobs/${job.id}${path}`)
    .then(() => drawJobs(holder, context), context.fail) }, path ? strings.install : strings.cancel);
  holder.replaceChildren(element("h2", {}, strings.jobs), ...jobs.map((job) => element("section", { class: "card", "data-job": job.id },
    element("h3", {}, `${job.kind} · ${job.model} · ${strings.jobStates[job.state]}`),
    element("p", { class: "quiet" }, `${when(job.began)}${job.message ? ` · ${job.message}` : ""}`),
    job.state === "running" && job.progress != null ? element("progress", { max: 1, value: job.progress }) : null,
    job.error ? element("p", { class: "error" }, job.error) : null,
    job.comparison ? element("p", {}, text(strings.comparison, { count: job.comparison.pictures, before: job.comparison.before.false_alarms,
      after: job.comparison.after.false_alarms, missedBefore: job.comparison.before.missed, missedAfter: job.comparison.after.missed })) : null,
    element("div", { class: "actions" }, job.state === "ready" ? act(job, "POST", "/install") : null,
      job.state === "running" ? act(job, "DELETE", "") : null))));
}
