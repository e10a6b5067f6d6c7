// An inspection with its heat map over it.
import { element, number, when } from "./element.js";
import { strings, text } from "./strings.js";

// How all inspections are shown, whichever comes next.
export const look = { opacity: 0.6, zoom: 1, outline: true };

const colors = [[0, 0, 4], [66, 10, 104], [147, 38, 103], [221, 81, 58], [252, 165, 10], [252, 255, 164]];

function color(value) {
  const place = Math.min(Math.max(value, 0), 1) * (colors.length - 1);
  const first = Math.min(Math.floor(place), colors.length - 2);
  return colors[first].map((low, channel) => low + (colors[first + 1][channel] - low) * (place - first));
}

async function picture(url) {
  const image = new Image();
  image.src = url;
  await image.decode();
  return image;
}

// The pixels of a picture's first channel, at a size.
function levels(image, width, height) {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(image, 0, 0, width, height);
  return context.getImageData(0, 0, width, height);
}

function heat(image) {
  const pixels = levels(image, image.naturalWidth, image.naturalHeight);
  for (let index = 0; index < pixels.data.length; index += 4) {
    const value = pixels.data[index] / 255;
    const [red, green, blue] = color(value);
    pixels.data.set([red, green, blue, 255 * value], index);
  }
  const canvas = new OffscreenCanvas(pixels.width, pixels.height);
  canvas.getContext("2d").putImageData(pixels, 0, 0);
  return canvas;
}

function edges(image) {
  const { width, height } = { width: image.naturalWidth, height: image.naturalHeight };
  const pixels = levels(image, width, height);
  const inside = (x, y) => x >= 0 && y >= 0 && x < width && y < height && pixels.data[4 * (y * width + x)] > 127;
  const reach = Math.max(1, Math.round(Math.min(width, height) / 300));
  const lines = new ImageData(width, height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (inside(x, y)) continue;
      let near = false;
      for (let d = 1; d <= reach && !near; d++) near = inside(x - d, y) || inside(x + d, y) || inside(x, y - d) || inside(x, y + d);
      if (near) lines.data.set([0, 255, 255, 255], 4 * (y * width + x));
    }
  }
  const canvas = new OffscreenCanvas(width, height);
  canvas.getContext("2d").putImageData(lines, 0, 0);
  return canvas;
}

export class Viewer {
  constructor() {
    this.canvas = element("canvas", { role: "img" });
    this.stage = element("div", { class: "stage" }, this.canvas);
    this.note = element("p", { class: "error", hidden: true });
    this.opacity = this.slider(strings.opacity, "opacity", 0, 1, 0.05, () => this.draw());
    this.zoom = this.slider(strings.zoom, "zoom", 1, 8, 0.5, () => this.draw());
    this.outline = element("input", { type: "checkbox", checked: look.outline, name: "outline",
      onchange: () => { look.outline = this.outline.checked; this.draw(); } });
    this.element = element("div", {},
      element("div", { class: "row" }, this.opacity.label, this.zoom.label,
        element("label", { class: "beside" }, this.outline, strings.outline)),
      this.note, this.stage);
  }

  slider(name, key, least, most, step, change) {
    const input = element("input", { type: "range", name: key, min: String(least), max: String(most), step: String(step),
      oninput: () => { look[key] = Number(input.value); change(); } });
    input.value = look[key];
    return { input, label: element("label", {}, name, input) };
  }

  async show(inspection) {
    this.inspection = inspection;
    this.layers = null;
    this.note.hidden = true;
    delete this.canvas.dataset.shown;
    const { links, regions } = inspection;
    this.canvas.setAttribute("aria-label", `${inspection.path}: ${inspection.verdict}`);
    try {
      const [base, map, mask] = await Promise.all([
        links.picture ? picture(links.picture) : null, picture(links.map), regions.length ? picture(links.mask) : null,
      ]);
      if (this.inspection !== inspection) return;
      if (!base) { this.note.textContent = strings.pictureMissing; this.note.hidden = false; }
      this.layers = { base, heat: heat(map), edges: mask ? edges(mask) : null };
      this.draw();
      this.canvas.dataset.shown = inspection.id;
    } catch (error) {
      if (this.inspection !== inspection) return;
      this.note.textContent = text(strings.failed_, { reason: error.message });
      this.note.hidden = false;
    }
  }

  draw() {
    if (!this.layers) return;
    const { width, height } = this.inspection;
    // Large pictures are drawn as large as a screen shows them.
    const scale = Math.min(1, 2400 / Math.max(width, height));
    this.canvas.width = Math.max(1, Math.round(width * scale));
    this.canvas.height = Math.max(1, Math.round(height * scale));
    // At the least zoom the whole picture is seen.
    this.canvas.style.width = `calc(${look.zoom} * min(100%, ${(62 * width) / height}vh))`;
    const context = this.canvas.getContext("2d");
    const all = [0, 0, this.canvas.width, this.canvas.height];
    if (this.layers.base) context.drawImage(this.layers.base, ...all);
    context.globalAlpha = look.opacity;
    context.drawImage(this.layers.heat, ...all);
    context.globalAlpha = 1;
    if (look.outline && this.layers.edges) context.drawImage(this.layers.edges, ...all);
  }

  change(key, value) {
    look[key] = value;
    if (key === "outline") this.outline.checked = value;
    else this[key].input.value = value;
    this.draw();
  }
}

export function verdictName(verdict) { return verdict === "review" ? strings.reviewVerdict : strings[verdict]; }

export function facts(inspection) {
  const rows = [
    [strings.verdict, element("span", { class: `verdict ${inspection.verdict}` }, verdictName(inspection.verdict))],
    [strings.logNFA, number(inspection.log_nfa)], [strings.limits, number(inspection.limits.false_alarms, 3)],
    [strings.score, number(inspection.score, 4)], [strings.regions, String(inspection.regions.length)],
    [strings.time, when(inspection.time)], [strings.source, inspection.source],
    [strings.model, `${inspection.model} (${inspection.model_version})`],
    [strings.size, `${inspection.width} × ${inspection.height}`],
  ];
  if (inspection.label) {
    rows.push([strings.said, text(strings.by, {
      label: strings[inspection.label], name: inspection.labelled_by, time: when(inspection.labelled_at) })]);
  }
  return element("dl", { class: "facts" },
    rows.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]));
}
