/** The titles that this page knows, by state and in the API's order, and where the API's list goes on. */

import * as api from "../common/api.js";

export class Store {
  #titles = new Map(); // state -> titles
  #next = new Map(); // state -> the word for the next page, or null at the end

  /** Has this state been answered at all? */
  knows = (state) => this.#titles.has(state);

  titles = (state) => this.#titles.get(state) ?? [];

  /** Is there more of this state than is known here? */
  more = (state) => (this.#next.get(state) ?? null) !== null;

  /** Asks for the newest of a state. What further pages gave stays behind it. Returns whether it was answered. */
  async refresh(state) {
    const answer = await api.titles(state);
    if (answer.kind !== "titles") return false;
    const known = this.#titles.get(state) ?? [];
    const fresh = new Set(answer.titles.map(({ id }) => id));
    // The first page is the whole of the list, or what further pages gave goes on after its last title.
    const last = known.findIndex(({ id }) => id === answer.titles.at(-1)?.id);
    const below = answer.next === null ? [] : known.slice(last + 1).filter(({ id }) => !fresh.has(id));
    this.#titles.set(state, [...answer.titles, ...below]);
    if (!below.length) this.#next.set(state, answer.next);
    return true;
  }

  /** Asks for one page more of a state. Returns whether it was answered. */
  async extend(state) {
    const answer = await api.titles(state, this.#next.get(state));
    if (answer.kind !== "titles") return false;
    const known = this.titles(state);
    const ids = new Set(known.map(({ id }) => id));
    this.#titles.set(state, [...known, ...answer.titles.filter(({ id }) => !ids.has(id))]);
    this.#next.set(state, answer.next);
    return true;
  }
}
