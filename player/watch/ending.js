/** The screen after the end: again, or what is next. Nothing starts by itself. */

import * as api from "../common/api.js";
import { byId, el, icon } from "../common/dom.js";
import { placeOf } from "../common/places.js";
import { poster } from "../titles/cards.js";

const OFFERED = 3;

/** Which titles to offer after `id`: those below it in the list, then those above it; begun ones first. Pure. */
export function next(titles, id, begun) {
  const at = titles.findIndex((title) => title.id === id);
  const others = [...titles.slice(at + 1), ...titles.slice(0, Math.max(0, at))].filter((title) => title.id !== id);
  return [...others.filter((title) => begun(title.id)), ...others.filter((title) => !begun(title.id))].slice(0, OFFERED);
}

export class Ending {
  #root = byId("ending");
  #again;
  #visit = 0;

  constructor(again) {
    this.#again = again;
  }

  get shown() {
    return !this.#root.hidden;
  }

  async show(id) {
    this.#visit += 1;
    const visit = this.#visit;
    const act = { type: "button", class: "solid", click: () => this.#again() };
    const again = el("button", act, icon("play"), "Play again");
    const all = el("a", { class: "solid quieter", href: "/", "data-view": "list" }, "All titles");
    const list = el("ul", { class: "offers" });
    const heading = el("h2", {}, "The end");
    this.#root.replaceChildren(heading, el("div", { class: "buttons" }, again, all), list);
    this.#root.hidden = false;
    const answer = await api.titles("PUBLISHED");
    if (visit !== this.#visit || answer.kind !== "titles") return;
    const offered = next(answer.titles, id, (other) => placeOf(other) > 0);
    if (offered.length) heading.textContent = "What is next?";
    list.replaceChildren(
      ...offered.map((title) =>
        el("li", {}, el("a", { href: `/?title=${encodeURIComponent(title.id)}`, "data-view": "watch" }, poster(title), el("span", {}, title.name))),
      ),
    );
  }

  hide() {
    this.#visit += 1;
    this.#root.hidden = true;
  }
}
