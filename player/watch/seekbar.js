/** The bar that shows and moves the place in the film, with a preview by pointer, finger or key. */

import { byId, on } from "../common/dom.js";
import { clock, spoken } from "../common/words.js";
import { aheadOf } from "../engine/playback.js";

const KEY_MS = 1_400;
// Pixels that a preview fits into.
const WIDE = 192;
const TALL = 132;
// Of the stage's height, so that a preview does not hide the film.
const SHARE = 0.35;

export class Seekbar {
  #video = byId("video");
  #input = byId("seek");
  #tip = byId("preview");
  #picture = byId("preview-picture");
  #image = byId("preview-image");
  #actions;
  #previews;
  #timer = 0;
  /** Is the viewer looking for a place? */
  held = false;

  constructor(actions, previews) {
    this.#actions = actions;
    this.#previews = previews;
    on(this.#video, "timeupdate progress seeking seeked durationchange", () => this.show());
    // While the thumb is dragged, only the preview moves. The film jumps when the thumb is released.
    on(this.#input, "input", () => {
      this.held = true;
      this.#preview(Number(this.#input.value));
      this.#tell(Number(this.#input.value));
    });
    on(this.#input, "change", () => {
      this.held = false;
      actions.seekTo(Number(this.#input.value));
      this.#hide();
    });
    on(this.#input, "pointermove", (event) => event.pointerType === "mouse" && !this.held && this.#preview(this.#under(event)));
    on(this.#input, "pointerleave pointercancel blur", () => {
      this.held = false;
      this.#hide();
    });
  }

  /** Shows where the film is. */
  show() {
    const { currentTime } = this.#video;
    const whole = this.#actions.length;
    this.#input.max = whole;
    if (!this.held) {
      this.#input.value = currentTime;
      this.#tell(currentTime);
    }
    this.#input.style.setProperty("--played", whole ? Number(this.#input.value) / whole : 0);
    this.#input.style.setProperty("--ready", whole ? (currentTime + aheadOf(this.#video)) / whole : 0);
  }

  /** After a key has moved the film: shows the preview of that place for a moment. */
  glance() {
    clearTimeout(this.#timer);
    this.#preview(this.#video.currentTime);
    this.#timer = setTimeout(() => this.#hide(), KEY_MS);
  }

  #tell(seconds) {
    const whole = this.#actions.length;
    this.#input.setAttribute("aria-valuetext", `${spoken(seconds)} of ${spoken(whole)}`);
    byId("clock").textContent = `${clock(seconds)} / ${clock(whole)}`;
  }

  #under({ clientX }) {
    const { left, width } = this.#input.getBoundingClientRect();
    return Math.min(1, Math.max(0, (clientX - left) / width)) * this.#actions.length;
  }

  #preview(seconds) {
    clearTimeout(this.#timer);
    const whole = this.#actions.length;
    if (!whole) return;
    const shot = this.#previews.at(seconds);
    this.#picture.hidden = !shot;
    if (shot) {
      const { url, x, y, width, height } = shot;
      if (this.#image.getAttribute("src") !== url) this.#image.src = url;
      const scale = Math.min(WIDE / width, Math.min(TALL, SHARE * byId("stage").offsetHeight) / height);
      this.#picture.style.width = `${scale * width}px`;
      this.#picture.style.height = `${scale * height}px`;
      this.#image.style.transform = `scale(${scale}) translate(${-x}px, ${-y}px)`;
    }
    byId("preview-time").textContent = clock(seconds);
    this.#tip.hidden = false;
    const half = this.#tip.offsetWidth / 2;
    const room = this.#input.offsetWidth;
    this.#tip.style.left = `${Math.min(room - half, Math.max(half, (room * seconds) / whole))}px`;
  }

  #hide() {
    clearTimeout(this.#timer);
    this.#tip.hidden = true;
  }
}
