/** The view that offers the titles: what plays, what is being prepared, and what could not be, with the reason. */

import * as api from "/api.js";
import { byId, clock, el, icon } from "/dom.js";
import { refusal } from "/watch.js";

const SHELVES = [
  { heading: "Watch", states: ["PUBLISHED"], shape: "cards", draw: published },
  { heading: "Being prepared", states: ["PROCESSING"], shape: "cards", draw: processing },
  { heading: "Prepared when asked for", states: ["REGISTERED"], shape: "cards", draw: registered },
  { heading: "Could not be prepared", states: ["REJECTED", "FAILED"], shape: "complaints", draw: complaint },
];
const STATES = SHELVES.flatMap(({ states }) => states);

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
    const waiting = trouble || !this.#titles.length || this.#titles.some(({ state }) => state === "PROCESSING");
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
    const root = byId("shelves");
    const focused = document.activeElement?.closest("[data-id]")?.dataset.id;
    const newest = titles.find(({ state }) => state === "PUBLISHED");
    root.replaceChildren();
    if (newest) root.append(hero(newest));
    for (const shelf of SHELVES) {
      const items = titles.filter(({ state }) => shelf.states.includes(state)).map(shelf.draw);
      if (items.length) root.append(this.#shelf(shelf, items));
    }
    if (!titles.length) root.append(empty());
    if (focused) root.querySelector(`[data-id="${CSS.escape(focused)}"] a`)?.focus();
  }

  #shelf({ heading, states, shape }, items) {
    const section = el("section", { class: "shelf" }, el("h2", {}, heading), el("ul", { class: shape }, ...items));
    const more = states.filter((state) => this.#more.has(state));
    const show = () => this.#showMore(more);
    if (more.length) section.append(el("button", { type: "button", class: "solid", click: show }, "Show more"));
    return section;
  }
}

const link = (id) => ({ href: `/?title=${encodeURIComponent(id)}`, "data-view": "watch" });

function hero({ id, name, duration, poster }) {
  const play = el("a", { class: "solid", ...link(id) }, icon("play"), "Play");
  const words = el("div", {}, el("h2", {}, name), el("p", { class: "facts" }, clock(duration)), play);
  const image = api.path(poster);
  return el("article", { class: "hero" }, image ? el("img", { src: image, alt: "" }) : null, words);
}

function published(title) {
  const art = el("div", { class: "poster" });
  const image = api.path(title.poster);
  if (image) art.append(el("img", { src: image, alt: "", loading: "lazy" }));
  art.append(el("span", { class: "length" }, clock(title.duration)));
  return card(title, art, title.reason ? `A newer upload was not taken: ${title.reason}` : "");
}

function processing(title) {
  const art = el("div", { class: "poster pending" }, el("span", { class: "working", "aria-hidden": "true" }));
  return card(title, art, "Being encoded now");
}

function registered(title) {
  return card(title, el("div", { class: "poster asleep" }, icon("play")), "Open it to have it prepared");
}

function card({ id, name }, art, line) {
  return el("li", { class: "card", "data-id": id }, el("a", link(id), art, el("h3", {}, name), el("p", {}, line)));
}

function complaint({ id, name, state, reason }) {
  const [verdict, text] = refusal({ state, reason });
  const words = [el("h3", {}, name), el("p", { class: "verdict" }, verdict), el("p", {}, text)];
  return el("li", { class: "complaint", "data-id": id }, ...words);
}

function empty() {
  const how =
    "Put a video into the uploads bucket. It appears here while it is being prepared, and plays when it is ready.";
  const mark = el("img", { src: "/mark.svg", alt: "", width: "64", height: "64" });
  return el("div", { class: "empty" }, mark, el("h2", {}, "Nothing to watch yet"), el("p", {}, how));
}
