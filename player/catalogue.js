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
  #answers = new Map(); // state -> {titles, next}, once it has been answered
  #slots = ["hero", ...SHELVES, "empty"].map(() => el("div"));
  #drawn = new Map(); // slot -> what it shows
  #timer = 0;
  #open = false;
  #look = 0;

  constructor() {
    byId("shelves").append(...this.#slots);
    document.addEventListener("visibilitychange", () => this.#open && !document.hidden && this.#refresh());
  }

  open() {
    this.#open = true;
    if (!this.#drawn.size) byId("list-loading").replaceChildren(el("span", { class: "working" }), "Loading titles…");
    this.#refresh();
  }

  close() {
    this.#open = false;
    this.#look += 1;
    clearTimeout(this.#timer);
  }

  async #refresh() {
    clearTimeout(this.#timer);
    this.#look += 1;
    const look = this.#look;
    const answers = await Promise.all(
      STATES.map(async (state) => {
        const answer = await this.#load(state);
        // Only the first answer is drawn alone: a title that has moved since the last look is on one shelf, not two.
        if (answer && look === this.#look && !this.#answers.has(state)) {
          this.#answers.set(state, answer);
          this.#draw();
        }
        return answer;
      }),
    );
    if (look !== this.#look) return;
    const trouble = answers.includes(null);
    byId("list-trouble").textContent = trouble
      ? "The list of titles could not be loaded. Trying again in a moment."
      : "";
    if (!trouble) {
      this.#answers = new Map(STATES.map((state, i) => [state, answers[i]]));
      this.#draw();
    }
    byId("list-loading").replaceChildren();
    const titles = this.#titles(STATES);
    const waiting = trouble || !titles.length || titles.some(({ state }) => state === "PROCESSING");
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

  #titles(states) {
    return states.flatMap((state) => this.#answers.get(state)?.titles ?? []);
  }

  #draw() {
    const any = this.#titles(STATES).length > 0;
    if (!any && this.#answers.size < STATES.length) return;
    byId("list-loading").replaceChildren();
    const [top, ...slots] = this.#slots;
    const newest = this.#titles(["PUBLISHED"]).slice(0, 1);
    this.#fill(top, newest, () => newest.map(hero));
    SHELVES.forEach((shelf, i) => {
      const titles = this.#titles(shelf.states);
      const more = shelf.states.filter((state) => (this.#answers.get(state)?.next ?? null) !== null);
      this.#fill(slots[i], [titles, more], () => (titles.length ? [this.#shelf(shelf, titles, more)] : []));
    });
    this.#fill(slots.at(-1), any, () => (any ? [] : [empty()]));
  }

  /** Draws anew only what has changed: pictures do not flash, and the focus stays. */
  #fill(slot, shown, draw) {
    const drawing = JSON.stringify(shown);
    if (drawing === this.#drawn.get(slot)) return;
    this.#drawn.set(slot, drawing);
    const focused = slot.contains(document.activeElement) && document.activeElement.closest("[data-id]")?.dataset.id;
    slot.replaceChildren(...draw());
    if (focused) byId("shelves").querySelector(`[data-id="${CSS.escape(focused)}"] a`)?.focus();
  }

  #shelf({ heading, shape, draw }, titles, more) {
    const list = el("ul", { class: shape }, ...titles.map(draw));
    const section = el("section", { class: "shelf" }, el("h2", {}, heading), list);
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
