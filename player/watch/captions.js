/**
 * Captions, drawn by the page: as large as the viewer likes them, on a ground that keeps them readable over white, and
 * above the controls while those are there. The browser parses and times the cues; their tags become elements by WebVTT's
 * own rules, so that whatever else is in a caption file is text.
 */

import { byId, el, on } from "../common/dom.js";
import { remember, remembered } from "../common/remembered.js";
import { captionsFor, named } from "../engine/tracks.js";

export const SIZES = { small: "Small", medium: "Medium", large: "Large", huge: "Very large" };
export const BACKGROUNDS = { none: "None", shade: "Shade", solid: "Solid" };

export class Captions {
  look = { size: "medium", background: "shade", ...remembered("look", {}) };
  chosen = -1;
  #video = byId("video");
  #box = byId("captions");
  #button = byId("subtitles");
  #tracks = [];
  #playback = null;
  #sound = null;
  #changed;

  /** `changed` is called when there is something else to choose, or something else is chosen. */
  constructor(changed) {
    this.#changed = changed;
    const draw = () => this.#draw();
    const follow = (track) => track && on(track, "cuechange", draw);
    [...this.#video.textTracks].forEach(follow);
    on(this.#video.textTracks, "addtrack", ({ track }) => follow(track));
    on(this.#button, "click", () => this.toggle());
    // In full screen on an iPhone the system draws the film and its captions.
    on(this.#video, "webkitbeginfullscreen", () => this.#mode("hidden", "showing"));
    on(this.#video, "webkitendfullscreen", () => this.#mode("showing", "hidden"));
    this.#dress();
  }

  attach(playback) {
    this.#playback = playback;
    this.#tracks = [];
    this.chosen = -1;
    this.#box.replaceChildren();
    this.#show();
  }

  /** The captions of the title, as the manifest names them. */
  setTracks(tracks) {
    this.#tracks = named(tracks);
    this.#apply();
  }

  /** The language that is heard: it decides which forced captions are shown. */
  setSound(lang) {
    this.#sound = lang;
    this.#apply();
  }

  /** The captions that a viewer can choose. Forced ones are shown without being chosen. */
  get choices() {
    return this.#tracks.filter(({ forced }) => !forced);
  }

  /** Shows the captions of this index; -1 shows only forced ones. */
  choose(index) {
    const before = remembered("captions", {});
    remember("captions", { on: index >= 0, lang: this.#tracks[index]?.lang ?? before.lang ?? null });
    this.#apply();
  }

  toggle() {
    if (!this.choices.length) return null;
    const shown = this.choices.some(({ index }) => index === this.chosen);
    const { lang } = remembered("captions", {});
    this.choose(shown ? -1 : (this.choices.find((track) => track.lang === lang) ?? this.choices[0]).index);
    return this.choices.find(({ index }) => index === this.chosen)?.label ?? null;
  }

  setLook(part) {
    this.look = { ...this.look, ...part };
    remember("look", this.look);
    this.#dress();
  }

  #apply() {
    this.chosen = captionsFor(this.#tracks, remembered("captions", {}), this.#sound);
    this.#playback?.setCaptions(this.chosen);
    this.#show();
  }

  #show() {
    const shown = this.choices.some(({ index }) => index === this.chosen);
    this.#button.hidden = !this.choices.length;
    this.#button.setAttribute("aria-pressed", String(shown));
    if (this.chosen < 0) this.#box.replaceChildren();
    this.#changed();
  }

  #dress() {
    this.#box.dataset.size = this.look.size;
    this.#box.dataset.background = this.look.background;
  }

  #mode(from, to) {
    for (const track of this.#video.textTracks) if (track.mode === from) track.mode = to;
  }

  #draw() {
    const tracks = [...this.#video.textTracks].filter(({ mode, kind }) => mode === "hidden" && kind !== "metadata");
    const cues = this.chosen < 0 ? [] : tracks.flatMap(({ activeCues }) => [...(activeCues ?? [])]);
    const place = ({ line, snapToLines }) => (line !== "auto" && (snapToLines ? line >= 0 && line < 8 : line < 50) ? "top" : "bottom");
    const parts = ["top", "bottom"].map((end) => {
      const here = cues.filter((cue) => place(cue) === end);
      return el("div", { class: end }, ...here.map((cue) => el("p", {}, el("span", {}, cue.getCueAsHTML()))));
    });
    this.#box.replaceChildren(...parts);
  }
}
