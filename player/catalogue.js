/** The view that offers the titles: what plays, what is being prepared, and what could not be, with the reason. */

import * as api from "/api.js";
import { byId, clock, el, icon } from "/dom.js";
import { refusal } from "/watch.js";

const READY = ["PUBLISHED"];
const PENDING = ["PROCESSING", "REGISTERED"];
const BROKEN = ["REJECTED", "FAILED"];
const STATES = [...READY, ...PENDING, ...BROKEN];

// Every look costs the platform two to five requests, so it is frequent only while there is something to wait for.
const BUSY_MS = 4_000;
const QUIET_MS = 60_000;

export class Catalogue {
  #titles = new Map(); // id -> title
  #next = new Map(); // state -> token of its next page
  #timer = 0;
  #open = false;

  constructor() {
    document.addEventListener("visibilitychange", () => this.#open && !document.hidden && this.#refresh());
  }

  open() {
    this.#open = true;
    this.#refresh();
  }

  close() {
    this.#open = false;
    clearTimeout(this.#timer);
  }

  async #refresh() {
    clearTimeout(this.#timer);
    const pages = await Promise.all(STATES.map((state) => api.titles(state)));
    if (!this.#open) return;
    const trouble = pages.find(({ kind }) => kind === "trouble");
    if (trouble) this.#trouble();
    else {
      byId("list-trouble").hidden = true;
      // What was loaded by "Show more" stays, unless the title has moved to another state since.
      const fresh = new Map(pages.flatMap(({ titles }) => titles).map((title) => [title.id, title]));
      for (const [id, title] of this.#titles) if (!fresh.has(id) && this.#next.has(title.state) && READY.includes(title.state)) fresh.set(id, title);
      const first = this.#titles.size === 0;
      this.#titles = fresh;
      STATES.forEach((state, i) => {
        if (pages[i].next === null) this.#next.delete(state);
        else if (first || !this.#next.has(state)) this.#next.set(state, pages[i].next);
      });
      this.#draw();
    }
    if (!document.hidden) this.#timer = setTimeout(() => this.#refresh(), trouble || this.#busy() ? BUSY_MS : QUIET_MS);
  }

  #busy() {
    return this.#titles.size === 0 || [...this.#titles.values()].some(({ state }) => PENDING.includes(state));
  }

  async #more(state) {
    const page = await api.titles(state, this.#next.get(state));
    if (page.kind === "trouble") return this.#trouble();
    for (const title of page.titles) this.#titles.set(title.id, title);
    if (page.next === null) this.#next.delete(state);
    else this.#next.set(state, page.next);
    return this.#draw();
  }

  #trouble() {
    byId("list-trouble").textContent = "The list of titles could not be loaded. Trying again in a moment.";
    byId("list-trouble").hidden = false;
  }

  #draw() {
    const titles = [...this.#titles.values()];
    const of = (states) => titles.filter(({ state }) => states.includes(state));
    const shelves = byId("shelves");
    const focused = document.activeElement?.closest?.("[data-id]")?.dataset.id;
    const ready = of(READY);
    shelves.replaceChildren(
      ...[
        ready.length ? hero(ready[0]) : null,
        this.#shelf("Watch", READY, ready.map(card)),
        this.#shelf("Being prepared", PENDING, of(PENDING).map(card)),
        this.#shelf("Could not be prepared", BROKEN, of(BROKEN).map(complaint)),
        titles.length ? null : empty(),
      ].filter(Boolean),
    );
    if (focused) shelves.querySelector(`[data-id="${CSS.escape(focused)}"] a`)?.focus();
  }

  #shelf(heading, states, items) {
    if (!items.length) return null;
    const more = states.filter((state) => this.#next.has(state));
    return el(
      "section",
      { class: "shelf" },
      el("h2", {}, heading),
      el("ul", { class: items[0].dataset.shape }, ...items),
      more.length ? el("button", { type: "button", class: "solid", click: () => more.forEach((state) => this.#more(state)) }, "Show more") : null,
    );
  }
}

const link = (id) => `/?title=${encodeURIComponent(id)}`;

function hero({ id, name, duration, poster }) {
  const image = api.path(poster);
  return el(
    "article",
    { class: "hero" },
    image ? el("img", { src: image, alt: "" }) : null,
    el("div", { class: "words" }, el("h2", {}, name), el("p", { class: "facts" }, clock(duration)), el("a", { class: "solid", href: link(id), "data-view": "watch" }, icon("play"), "Play")),
  );
}

function card({ id, name, state, duration, poster, reason }) {
  const image = api.path(poster);
  const ready = state === "PUBLISHED";
  const art = el("div", { class: ready ? "poster" : "poster pending" });
  if (image) art.append(el("img", { src: image, alt: "", loading: "lazy" }));
  art.append(ready ? el("span", { class: "length" }, clock(duration)) : el("span", { class: "working", "aria-hidden": "true" }));
  const line = ready ? reason && `A newer upload was not taken: ${reason}` : state === "PROCESSING" ? "Being encoded now" : "Waiting to be prepared";
  return el(
    "li",
    { class: "card", "data-id": id, "data-state": state, "data-shape": "cards" },
    el("a", { href: link(id), "data-view": "watch" }, art, el("h3", {}, name), line ? el("p", {}, line) : null),
  );
}

function complaint({ id, name, state, reason }) {
  const [heading, text] = refusal({ state, reason });
  return el("li", { class: "complaint", "data-id": id, "data-state": state, "data-shape": "complaints" }, el("h3", {}, name), el("p", { class: "verdict" }, heading), el("p", {}, text));
}

function empty() {
  return el("div", { class: "empty" }, el("img", { src: "/mark.svg", alt: "", width: "64", height: "64" }), el("h2", {}, "Nothing to watch yet"), el("p", {}, "Put a video into the uploads bucket. It appears here while it is being prepared, and plays when it is ready."));
}
