/** The small pictures that show what is at a second of the film, as the encoder lays them out on sheets. */

import { imagePlaylist, sheets } from "../engine/master.js";
import { referrer } from "../engine/view.js";

const WIDTH = 180;

export class Previews {
  #sheets = [];
  #visit = 0;

  /** Forgets the last title's. */
  clear() {
    this.#visit += 1;
    this.#sheets = [];
  }

  /** Looks for previews in a multivariant playlist. A title without them shows only the time. */
  async load(text, base) {
    this.clear();
    const visit = this.#visit;
    const url = imagePlaylist(text, base, WIDTH * devicePixelRatio);
    if (!url) return;
    const answer = await fetch(url, { referrer: referrer() }).catch(() => null);
    const found = answer?.ok ? sheets(await answer.text(), url) : [];
    if (visit === this.#visit) this.#sheets = found;
  }

  /** The picture of a second: {url, x, y, width, height} in pixels of its sheet, or null. */
  at(seconds) {
    const sheet = this.#sheets.find(({ end }) => seconds < end) ?? this.#sheets.at(-1);
    if (!sheet) return null;
    const { url, start, end, each, columns, width, height } = sheet;
    // The last sheet may be only partly filled.
    const pictures = Math.max(1, Math.ceil((end - start) / each - 0.01));
    const index = Math.min(pictures - 1, Math.max(0, Math.floor((seconds - start) / each)));
    return { url, width, height, x: width * (index % columns), y: height * Math.floor(index / columns) };
  }
}
