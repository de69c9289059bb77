/** Messages on the stage: over the whole of it, or in a line that disappears by itself. */

import { byId, el } from "../common/dom.js";

const LINE_MS = 6_000;
let timer = 0;

/** Says it over the stage. `button` is a label, and `act` what it does; `working` shows that something goes on. */
export function say(heading, text = "", { button = null, act = null, working = false } = {}) {
  const notice = byId("notice");
  if (!notice.hidden && notice.textContent.startsWith(heading + text)) return;
  notice.hidden = false;
  // A screen reader tells only what changes in an element that was there before.
  byId("said").textContent = `${heading}. ${text}`;
  notice.replaceChildren(el("h2", {}, heading), el("p", {}, text));
  if (working) notice.append(el("div", { class: "working", "aria-hidden": "true" }));
  if (button) notice.append(el("button", { type: "button", class: "solid", click: act }, button));
}

/** Takes it away. */
export function hush() {
  byId("notice").hidden = true;
  byId("said").textContent = "";
}

/** Says it in a line for some seconds, with a button or without. */
export function mention(text, button = null, act = null) {
  const line = byId("line");
  clearTimeout(timer);
  line.replaceChildren(el("span", {}, text));
  const done = () => {
    act();
    line.replaceChildren();
  };
  if (button) line.append(el("button", { type: "button", click: done }, button));
  timer = setTimeout(() => line.replaceChildren(), LINE_MS);
}

/** Takes the line away. */
export function unmention() {
  clearTimeout(timer);
  byId("line").replaceChildren();
}
