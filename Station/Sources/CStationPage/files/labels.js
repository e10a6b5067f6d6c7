// What a person says of a part.
import { send } from "./api.js";
import { element } from "./element.js";
import { strings } from "./strings.js";

// Says of a part what it is; null takes that back.
export function say(inspection, label) { return send("PUT", `/api/inspections/${inspection.id}/label`, { label }); }

// What the part is where the verdict is right, or wrong. Of one that is to be reviewed there is no right and wrong.
export function truth(inspection, isRight) {
  const stopped = inspection.verdict !== "good";
  return stopped === isRight ? "anomalous" : "good";
}

export function judgementButtons(inspection, changed, fail) {
  const button = (name, label) => element("button", { "aria-pressed": String(inspection.label === label), "data-label": String(label),
    disabled: inspection.label === label, onclick: () => say(inspection, label).then(changed, fail) }, name);
  const stopped = inspection.verdict === "anomalous";
  const passed = inspection.verdict === "good";
  return element("div", { class: "actions" },
    button(stopped ? strings.falseAlarm : passed ? strings.right : strings.partGood, "good"),
    button(stopped ? strings.right : passed ? strings.missed : strings.partAnomalous, "anomalous"),
    inspection.label ? button(strings.takeBack, null) : null);
}
