/** The view that offers the titles: what plays, what is being prepared, and what could not be, with the reason. */

import * as api from "/api.js";
import { byId, clock, el, icon } from "/dom.js";
import { refusal } from "/watch.js";

const READY = ["PUBLISHED"];
const PENDING = ["PROCESSING", "REGISTERED"];
const BROKEN = ["REJECTED", "FAILED"];
const STATES = [...READY, ...PENDING, ...BROKEN];

// Every look is a request for each state, so it is frequent only while there is something to wait for.
const BUSY_MS = 4_000;
const QUIET_MS = 60_000;

export class Catalogue {
  #pages = new Map(STATES.map((state) => [state, 1])); // state -> pages to show
  #more = new Set(); // states with a further page
  #titles = [];
  #drawn = null;
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
    const shelves = await Promise.all(STATES.map((state) => this.#load(state)));
    if (!this.#open) return;
    const trouble = shelves.includes(null);
    byId("list-trouble").textContent = trouble
      ? "The list of titles could not be loaded. Trying again in a moment."
      : "";
    if (!trouble) {
      this.#titles = shelves.flatMap(({ titles }) => titles);
      this.#more = new Set(STATES.filter((_, i) => shelves[i].next !== null));
      this.#draw();
    }
    const waiting = trouble || !this.#titles.length || this.#titles.some(({ state }) => PENDING.includes(state));
    clearTimeout(this.#timer);
    if (!document.hidden) this.#timer = setTimeout(() => this.#refresh(), waiting ? BUSY_MS : QUIET_MS);
  }

  /** As many pages of one state as are shown: {titles, next}, or null. */
  async #load(state) {
    const titles = [];
    let next = null;
    for (let page = 0; page < this.#pages.get(state); page += 1) {
      const answer = await api.titles(state, next);
      if (answer.kind === "trouble") return null;
      titles.push(...answer.titles);
      next = answer.next;
      if (next === null) break;
    }
    return { titles, next };
  }

  #showMore(states) {
    for (const state of states) this.#pages.set(state, this.#pages.get(state) + 1);
    this.#refresh();
  }

  #draw() {
    const titles = this.#titles;
    // What has not changed is left alone: pictures do not flash, and the focus stays.
    const drawing = JSON.stringify([titles, [...this.#more]]);
    if (drawing === this.#drawn) return;
    this.#drawn = drawing;
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
    const more = states.filter((state) => this.#more.has(state));
    return el(
      "section",
      { class: "shelf" },
      el("h2", {}, heading),
      el("ul", { class: items[0].dataset.shape }, ...items),
      more.length
        ? el("button", { type: "button", class: "solid", click: () => this.#showMore(more) }, "Show more")
        : null,
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
    el(
      "div",
      { class: "words" },
      el("h2", {}, name),
      el("p", { class: "facts" }, clock(duration)),
      el("a", { class: "solid", href: link(id), "data-view": "watch" }, icon("play"), "Play"),
    ),
  );
}

function card({ id, name, state, duration, poster, reason }) {
  const image = api.path(poster);
  const ready = state === "PUBLISHED";
  const art = el("div", { class: ready ? "poster" : "poster pending" });
  if (image) art.append(el("img", { src: image, alt: "", loading: "lazy" }));
  art.append(
    ready ? el("span", { class: "length" }, clock(duration)) : el("span", { class: "working", "aria-hidden": "true" }),
  );
  const line = ready
    ? reason && `A newer upload was not taken: ${reason}`
    : state === "PROCESSING"
      ? "Being encoded now"
      : "Waiting to be prepared";
  return el(
    "li",
    { class: "card", "data-id": id, "data-state": state, "data-shape": "cards" },
    el("a", { href: link(id), "data-view": "watch" }, art, el("h3", {}, name), line ? el("p", {}, line) : null),
  );
}

function complaint({ id, name, state, reason }) {
  const [heading, text] = refusal({ state, reason });
  return el(
    "li",
    { class: "complaint", "data-id": id, "data-state": state, "data-shape": "complaints" },
    el("h3", {}, name),
    el("p", { class: "verdict" }, heading),
    el("p", {}, text),
  );
}

function empty() {
  return el(
    "div",
    { class: "empty" },
    el("img", { src: "/mark.svg", alt: "", width: "64", height: "64" }),
    el("h2", {}, "Nothing to watch yet"),
    el(
      "p",
      {},
      "Put a video into the uploads bucket. It appears here while it is being prepared, and plays when it is ready.",
    ),
  );
}
