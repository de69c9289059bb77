/** The view that offers the titles: what to go on with, what there is, and what is prepared when somebody asks. */

import * as api from "../common/api.js";
import { byId, el, on } from "../common/dom.js";
import { places } from "../common/places.js";
import { arrows } from "./arrows.js";
import { empty, hero, published, registered } from "./cards.js";
import { find, ORDERS, sorted } from "./finding.js";
import { Store } from "./store.js";

// What each list is called when it could not be loaded.
const NAMES = {
  PUBLISHED: "titles",
  REGISTERED: "titles that are prepared when asked for",
};
const STEP = 48;
const ROW = 20;
const TYPING_MS = 150;

// Each look is a request. While something is awaited they are frequent, and rarer the longer it takes.
const FIRST_MS = 4_000;
const SLOWER = 1.5;
const QUIET_MS = 60_000;

export class Catalogue {
  #store = new Store();
  #drawn = new Map(); // element -> what it shows
  #shown = STEP;
  #looks = 0;
  #look = 0;
  #timer = 0;
  #open = false;
  #missing = [];
  #singles = new Map(); // id -> a title that was asked for by itself

  constructor() {
    const changed = () => {
      this.#shown = STEP;
      this.#draw();
      this.#loadAll();
    };
    let typing = 0;
    on(byId("search"), "input", () => {
      clearTimeout(typing);
      typing = setTimeout(changed, TYPING_MS);
    });
    on(byId("search"), "keydown", (event) => event.key === "Enter" && byId("cards").querySelector("a")?.focus());
    byId("order").append(...Object.entries(ORDERS).map(([value, label]) => el("option", { value }, label)));
    on(byId("order"), "change", changed);
    on(byId("more"), "click", () => this.#showMore());
    on(document, "visibilitychange", () => this.#open && !document.hidden && this.#refresh());
    arrows();
  }

  open() {
    this.#open = true;
    this.#looks = 0;
    if (!this.#drawn.size) byId("list-loading").replaceChildren(el("span", { class: "working" }), "Loading titles…");
    this.#draw();
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
    const before = this.#fingerprint();
    const answered = async (state) => {
      const well = await this.#store.refresh(state);
      if (look === this.#look) this.#draw();
      return well ? null : state;
    };
    this.#missing = (await Promise.all(this.#asked().map(answered))).filter(Boolean);
    if (look !== this.#look) return;
    await this.#findPlaces();
    if (look !== this.#look) return;
    this.#draw();
    byId("list-loading").replaceChildren();
    this.#looks = before === this.#fingerprint() ? this.#looks + 1 : 0;
    const waiting = this.#missing.length || !this.#store.titles("PUBLISHED").length;
    const wait = waiting ? Math.min(QUIET_MS, FIRST_MS * SLOWER ** this.#looks) : QUIET_MS;
    if (!document.hidden) this.#timer = setTimeout(() => this.#refresh(), wait);
  }

  /** The states to ask for now: what this page shows, and of that what may have changed. */
  #asked() {
    const knows = (state) => this.#store.knows(state);
    const some = (state) => this.#store.titles(state).length > 0;
    // A platform that prepares at once has none of these, ever.
    const asleep = !knows("REGISTERED") || some("REGISTERED") ? ["REGISTERED"] : [];
    return ["PUBLISHED", ...asleep];
  }

  #fingerprint() {
    return JSON.stringify(Object.keys(NAMES).map((state) => this.#store.titles(state).map(({ id }) => id)));
  }

  /** Titles to go on with that the first page does not hold are asked for by themselves: a row of them, no more. */
  async #findPlaces() {
    const known = new Set(this.#store.titles("PUBLISHED").map(({ id }) => id));
    const unknown = places()
      .slice(0, ROW)
      .filter(({ id }) => !known.has(id) && !this.#singles.has(id));
    if (!unknown.length || !this.#store.more("PUBLISHED")) return;
    await Promise.all(
      unknown.map(async ({ id }) => {
        const answer = await api.title(id);
        if (answer.kind !== "trouble") this.#singles.set(id, answer.title?.state === "PUBLISHED" ? answer.title : null);
      }),
    );
  }

  /** To search or to sort, all must be known: the pages come one after the other, and what is found shows at once. */
  async #loadAll() {
    const wanted = () => this.#open && (byId("search").value.trim() || byId("order").value !== "newest");
    if (this.#loading) return;
    this.#loading = true;
    while (wanted() && this.#store.more("PUBLISHED") && (await this.#store.extend("PUBLISHED"))) this.#draw();
    this.#loading = false;
    this.#draw();
  }
  #loading = false;

  async #showMore() {
    const shown = byId("cards").childElementCount;
    this.#shown = shown + STEP;
    const short = this.#store.titles("PUBLISHED").length < this.#shown;
    if (short && this.#store.more("PUBLISHED")) await this.#store.extend("PUBLISHED");
    this.#draw();
    // The focus goes on with the list, and not with a button that has moved or gone.
    byId("cards").children[shown]?.querySelector("a").focus();
  }

  #draw() {
    const store = this.#store;
    const all = store.titles("PUBLISHED");
    const asleep = store.titles("REGISTERED");
    const any = all.length > 0 || asleep.length > 0;
    if (any) byId("list-loading").replaceChildren();
    this.#sayTrouble(any);

    const known = new Map(all.map((title) => [title.id, title]));
    const begun = places().map((place) => [known.get(place.id) ?? this.#singles.get(place.id), place.position]);
    const going = begun.filter(([title]) => title).slice(0, ROW);
    const query = byId("search").value.trim();
    const finding = query !== "" || byId("order").value !== "newest";

    this.#fill(byId("hero"), query ? [] : all.slice(0, 1), hero);
    this.#row("going", query ? [] : going.map(([title, position]) => ({ ...title, position })), published);
    this.#row("new", !finding && all.length > STEP / 2 ? all.slice(0, ROW) : [], published);
    this.#row("asleep", query ? find(asleep, query) : asleep, registered);

    const found = sorted(find(all, query), byId("order").value);
    byId("all").hidden = !all.length;
    this.#fill(byId("cards"), found.slice(0, this.#shown).map((title) => ({ ...title, at: places().find(({ id }) => id === title.id)?.position })), published);
    byId("more").hidden = found.length <= this.#shown && (finding || !store.more("PUBLISHED"));
    byId("found").textContent = this.#told(found.length, all.length, query);
    const nothing = !any && store.knows("PUBLISHED") && !this.#missing.includes("PUBLISHED");
    this.#fill(byId("empty"), nothing ? [{}] : [], empty);
  }

  #told(found, all, query) {
    const still = this.#store.more("PUBLISHED");
    if (query && !found) return still && this.#loading ? "Looking…" : `Nothing is called “${query}”. Try a part of the name.`;
    if (query) return `${found} of ${all}${still && this.#loading ? " so far" : ""}`;
    return `${all}${still ? " and more" : ""}`;
  }

  #sayTrouble(any) {
    const lists = this.#missing.map((state) => NAMES[state]);
    const nothing = !any && this.#missing.includes("PUBLISHED");
    const what = nothing ? "the titles" : new Intl.ListFormat("en").format(lists.map((list) => `the list of ${list}`));
    byId("list-trouble").classList.toggle("alone", nothing);
    const stale = any && this.#missing.every((state) => this.#store.knows(state));
    const happened = stale ? "could not be brought up to date" : "could not be loaded";
    const text = lists.length ? `${what[0].toUpperCase()}${what.slice(1)} ${happened}. Trying again in a moment.` : "";
    if (byId("list-trouble").textContent !== text) byId("list-trouble").textContent = text;
  }

  /** A shelf with a heading of its own, which is there only while there is something on it. */
  #row(id, titles, draw) {
    byId(id).hidden = !titles.length;
    this.#fill(byId(id).querySelector("ul"), titles, draw);
  }

  /** Draws only what has changed: pictures do not flash, and the focus stays. */
  #fill(list, titles, draw) {
    const drawn = this.#drawn.get(list) ?? new Map();
    const nodes = titles.map((title) => {
      const key = JSON.stringify(title);
      return [key, drawn.get(key) ?? draw(title)];
    });
    const focused = list.contains(document.activeElement) ? document.activeElement.closest("[data-id]")?.dataset.id : null;
    const wanted = nodes.map(([, node]) => node);
    for (const node of [...list.children]) if (!wanted.includes(node)) node.remove();
    wanted.forEach((node, at) => list.children[at] === node || list.insertBefore(node, list.children[at] ?? null));
    this.#drawn.set(list, new Map(nodes));
    if (focused && !list.contains(document.activeElement)) byId("list").querySelector(`[data-id="${CSS.escape(focused)}"] a`)?.focus();
  }
}
