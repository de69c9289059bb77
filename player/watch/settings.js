/** The menu behind the wheel: captions and how they look, language, quality, speed. What is chosen is remembered. */

import { remember } from "../common/remembered.js";
import { BACKGROUNDS, SIZES } from "./captions.js";
import { Menu } from "./menu.js";
import { SPEEDS } from "./actions.js";

export class Settings {
  #actions;
  #captions;
  #menu;
  #playback = null;
  #rungs = [];
  #onScreen = "";
  #sounds = [];
  #sound = -1;

  constructor(actions, captions, idle) {
    this.#actions = actions;
    this.#captions = captions;
    this.#menu = new Menu("settings", "menu", () => this.#pages());
    this.changed = () => this.#menu.refresh();
    this.idle = idle;
  }

  get open() {
    return this.#menu.open;
  }

  /** The playback that the choices act on; null when there is none. */
  attach(playback) {
    this.#playback = playback;
    this.#rungs = [];
    this.#sounds = [];
    this.#onScreen = "";
    this.#menu.close(false);
  }

  /** The ladder, best first: [{index, label}]. */
  setRungs(rungs) {
    this.#rungs = rungs;
    this.changed();
  }

  /** The rung on screen. */
  setRung(label) {
    this.#onScreen = label;
    this.changed();
  }

  /** What there is to hear, named, and the index of what is heard. */
  setSounds(sounds, index) {
    this.#sounds = sounds;
    this.#sound = index;
    this.changed();
  }

  #pages() {
    const captions = this.#captions;
    const choice = (id, label, checked, choose) => ({ id, label, checked, choose: () => (choose(), this.changed()) });
    const first = [];
    const pages = { first: { label: "Settings", items: first } };
    const page = (id, label, value, items) => {
      first.push({ id, label, value, opens: id });
      pages[id] = { label, items };
    };

    if (captions.choices.length) {
      const shown = captions.choices.find(({ index }) => index === captions.chosen)?.label ?? "Off";
      page("captions", "Captions", shown, [
        choice("off", "Off", captions.chosen < 0, () => captions.choose(-1)),
        ...captions.choices.map(({ index, label }) =>
          choice(`c${index}`, label, index === captions.chosen, () => captions.choose(index)),
        ),
      ]);
      const { size, background } = captions.look;
      page("size", "Caption size", SIZES[size], looks(SIZES, "size", size));
      page("background", "Caption background", BACKGROUNDS[background], looks(BACKGROUNDS, "background", background));
    }
    function looks(all, which, now) {
      return Object.entries(all).map(([id, label]) => choice(id, label, id === now, () => captions.setLook({ [which]: id })));
    }
    if (this.#sounds.length > 1) {
      const heard = this.#sounds.find(({ index }) => index === this.#sound)?.label ?? "";
      const choose = ({ index, lang }) => {
        this.#sound = index;
        remember("sound", lang);
        this.#playback?.setSound(index);
      };
      const items = this.#sounds.map((sound) =>
        choice(`s${sound.index}`, sound.label, sound.index === this.#sound, () => choose(sound)),
      );
      page("sound", "Audio", heard, items);
    }
    if (this.#rungs.length > 1) {
      const chosen = this.#playback?.rung() ?? -1;
      const rung = (index) => this.#playback?.setRung(index);
      page("quality", "Quality", chosen < 0 ? `Auto · ${this.#onScreen}` : this.#rungs.find(({ index }) => index === chosen)?.label, [
        choice("auto", "Auto", chosen < 0, () => rung(-1)),
        ...this.#rungs.map(({ index, label }) => choice(`r${index}`, label, index === chosen, () => rung(index))),
      ]);
    }
    const name = (speed) => (speed === 1 ? "Normal" : `${speed} ×`);
    const speed = this.#actions.speed;
    const speeds = SPEEDS.map((rate) => choice(`x${rate}`, name(rate), rate === speed, () => this.#actions.setSpeed(rate)));
    page("speed", "Speed", name(speed), speeds);
    return pages;
  }
}
