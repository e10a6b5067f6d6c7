// Elements of the page, made without any markup of others: text is only ever text.
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (key in made && key !== "list" && key !== "form" && typeof value !== "string") made[key] = value;
    else if (value !== false && value != null) made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.flat().filter((child) => child != null && child !== false));
  return made;
}

export function svg(name, attributes = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

export function choice(label, options, value, change, attributes = {}) {
  const select = element("select", { ...attributes, onchange: () => change(select.value) },
    options.map(([key, name]) => element("option", { value: key, selected: key === value }, name)));
  return element("label", {}, label, select);
}

export function number(value, digits = 2) {
  if (value == null) return "–";
  if (typeof value !== "number") return String(value);
  return value !== 0 && Math.abs(value) < 10 ** -digits ? value.toExponential(1) : value.toFixed(digits);
}

export function percent(share) { return share == null ? "–" : `${number(100 * share, 1)}%`; }

export function when(time) { return time ? new Date(time).toLocaleString() : "–"; }
