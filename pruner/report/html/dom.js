// Making elements. Text is only ever set as text, and only these attributes can be set.
const ATTRIBUTES = /^(id|class|type|role|scope|for|tabindex|colspan|value|open|aria-[a-z]+|data-[a-z]+|viewBox|d|cx|cy|r|x|y|x1|x2|y1|y2|text-anchor)$/;
const SVG = "http://www.w3.org/2000/svg";

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "click") element.addEventListener("click", value);
    else if (name === "hash") element.setAttribute("href", "#" + value);
    else if (ATTRIBUTES.test(name)) element.setAttribute(name, String(value));
    else throw new Error("attribute " + name);
  }
  for (const child of children.flat(2)) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
  return element;
}
const make = (tag, attributes, ...children) => filled(document.createElement(tag), attributes, children);
const draw = (tag, attributes, ...children) => filled(document.createElementNS(SVG, tag), attributes, children);
const show = (element, ...children) => element.replaceChildren(...children.flat(2).filter(Boolean));

function size(bytes) {
  if (bytes === null || bytes === undefined) return "–";
  let value = bytes;
  for (const unit of ["B", "kB", "MB"]) {
    if (value < 999.5) return Math.round(value) + "\u00a0" + unit;
    value /= 1000;
  }
  return value.toFixed(2) + "\u00a0GB";
}
// How much less, in per cent; more is told by its sign.
function less(before, after) {
  if (!before) return "–";
  const part = (before - after) / before * 100;
  return (part < 0 ? "+" + (-part).toFixed(1) : part > 0 && part < 10 ? part.toFixed(1) : Math.round(part)) + "\u00a0%";
}
const moment = (at) => at.replace("T", " ").replace("Z", " UTC");
const count = (number, one, many) => number + " " + (number === 1 ? one : many || one + "s");
const sum = (rows, key) => rows.reduce((total, row) => total + (row[key] || 0), 0);
const LEVELS = {
  observed: "used in a run", required: "the image’s own code names it", linked: "a library that stays asks for it",
  reachable: "imports that count lead to it", guarded: "only code that copes without it", declared: "metadata asks for it, no code does",
  unused: "nothing needs it",
};
const swatch = (level) => make("span", {class: "swatch", "data-level": level, "aria-hidden": "true"});
// A name that may be broken after "_" and ".", as it may after "-" anyway.
const broken = (name) => name.split(/(?<=[_.])/).flatMap((part, n) => n ? [make("wbr"), part] : [part]);
const levelOf = (level) => make("span", {class: "level"}, swatch(level), level);
const say = (text) => { document.getElementById("live").textContent = text; };
