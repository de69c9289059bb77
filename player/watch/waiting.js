/** What a viewer sees while the film does not arrive: a turning ring, soon words, and at last a button to try again. */

import { byId, on } from "../common/dom.js";

/** After this time a viewer who waits is told why. */
export const WORDS_MS = 4_000;
const BUTTON_MS = 12_000;

export class Waiting {
  #ring = byId("spinner");
  #words = byId("waiting-words");
  #button = byId("waiting-again");
  #timers = [];
  #told = false;
  #failing = false;

  /** `again` is called when the viewer wants to try again. */
  constructor(again) {
    on(this.#button, "click", () => again());
    on(window, "online offline", () => this.#say());
  }

  /** The viewer waits for the film, or does not wait any longer. */
  show(shown) {
    if (shown !== this.#ring.hidden) return;
    this.#ring.hidden = !shown;
    this.#button.hidden = true;
    this.#told = this.#failing = false;
    this.#timers.forEach(clearTimeout);
    this.#timers = [];
    if (shown) {
      const tell = () => {
        this.#told = true;
        this.#say();
      };
      this.#timers = [setTimeout(tell, WORDS_MS), setTimeout(() => (this.#button.hidden = false), BUTTON_MS)];
    }
    this.#say();
  }

  /** A request has failed. */
  failed() {
    this.#failing = true;
    this.#say();
  }

  #say() {
    const late = this.#failing ? "The film does not arrive. Trying again …" : "The film takes long to arrive …";
    const text = navigator.onLine === false ? "This device is offline. The film goes on when it is not." : late;
    const words = this.#told ? text : "";
    // A screen reader would read the same words again.
    if (this.#words.textContent !== words) this.#words.textContent = words;
  }
}
