/**
 * The one way this page makes elements. Text arrives as text nodes and never as markup: titles are named after
 * uploaded files, and a file may be called anything.
 */

const SVG = "http://www.w3.org/2000/svg";

/** The element of index.html with this id. */
export const byId = (id) => document.getElementById(id);

/** Listens to several events (names with spaces between) of one target. */
export const on = (target, events, act, options) =>
  events.split(" ").forEach((event) => target.addEventListener(event, act, options));

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
