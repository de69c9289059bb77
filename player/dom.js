/**
 * The one way this page makes elements. Text arrives as text nodes and never as markup: titles are named after
 * uploaded files, and a file may be called anything.
 */

const SVG = "http://www.w3.org/2000/svg";

/** The element of index.html with this id. */
export const byId = (id) => document.getElementById(id);

/** An element with attributes (null and false are left out, functions become listeners) and children (nodes or text). */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  dress(node, attributes);
  node.append(...children.filter((child) => child !== null));
  return node;
}

/** The same for SVG. */
export function svg(tag, attributes = {}, ...children) {
  const node = document.createElementNS(SVG, tag);
  dress(node, attributes);
  node.append(...children);
  return node;
}

/** One of the symbols drawn in index.html. */
export const icon = (name, attributes = {}) =>
  svg("svg", { "aria-hidden": "true", ...attributes }, svg("use", { href: `#i-${name}` }));

/** Shows another of the symbols in a button that holds one. */
export const setIcon = (button, name) => button.querySelector("use").setAttribute("href", `#i-${name}`);

function dress(node, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(name, value);
    else if (value !== null && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
}

/** Seconds as 0:07, 12:04 or 1:02:03. */
export function clock(seconds) {
  const whole = Math.max(0, Math.round(seconds || 0));
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (n) => String(n).padStart(2, "0");
  return h ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** Bytes as 512 B, 34 KB or 5.6 MB (powers of ten, as networks and price lists count). */
export function size(bytes) {
  if (bytes < 1000) return `${bytes} B`;
  const unit = bytes < 1e6 ? "KB" : bytes < 1e9 ? "MB" : "GB";
  const value = bytes / { KB: 1e3, MB: 1e6, GB: 1e9 }[unit];
  return `${value < 10 && unit !== "KB" ? value.toFixed(1) : Math.round(value)} ${unit}`;
}
