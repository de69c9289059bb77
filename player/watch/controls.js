/** The bar of the player: its buttons, its clock, and how it hides while it is not used. */

import { byId, on, setIcon } from "../common/dom.js";

const IDLE_MS = 2600;

export class Controls {
  #video = byId("video");
  #stage = byId("stage");
  #bar = byId("controls");
  #idle = 0;
  #busy;

  /** `busy()` is whether the bar must stay: a menu is open, a thumb is held. */
  constructor(actions, busy) {
    this.#busy = busy;
    const video = this.#video;
    on(byId("toggle"), "click", () => actions.toggle());
    on(byId("begin"), "click", () => actions.toggle());
    on(byId("mute"), "click", () => actions.setMuted(!video.muted));
    on(byId("unmute"), "click", () => actions.setMuted(false));
    on(byId("fullscreen"), "click", () => actions.fullscreen());
    on(byId("volume"), "input", ({ target }) => actions.setVolume(Number(target.value)));
    on(video, "play pause ended", () => this.#showState());
    on(video, "volumechange", () => this.#showVolume());
    on(document, "fullscreenchange", () => this.#showFullscreen());
    on(this.#stage, "pointermove pointerdown focusin", ({ pointerType }) => pointerType === "touch" || this.wake());
    on(this.#bar, "pointerdown", () => this.wake());
    on(this.#stage, "pointerleave", ({ pointerType }) => pointerType === "mouse" && this.rest());
  }

  /** Shows the bar, or hides it where there is nothing to control. */
  attach(shown) {
    this.#bar.hidden = !shown;
    if (!shown) return;
    this.#showState();
    this.#showVolume();
    this.wake();
  }

  get shown() {
    return !this.#stage.classList.contains("idle");
  }

  /** Brings the bar, for as long as it is used. */
  wake() {
    this.#stage.classList.remove("idle");
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => this.rest(), IDLE_MS);
  }

  /** Takes the bar away, unless it is in use. */
  rest() {
    clearTimeout(this.#idle);
    const used = this.#video.paused || this.#busy() || this.#bar.querySelector(":focus-visible");
    if (!used) this.#stage.classList.add("idle");
  }

  #showState() {
    const { paused, ended } = this.#video;
    setIcon(byId("toggle"), ended ? "again" : paused ? "play" : "pause");
    byId("toggle").setAttribute("aria-label", ended ? "Play again" : paused ? "Play" : "Pause");
    if (!paused) byId("begin").hidden = true;
    this.wake();
  }

  #showVolume() {
    const { muted, volume } = this.#video;
    setIcon(byId("mute"), muted ? "silent" : "sound");
    byId("mute").setAttribute("aria-label", muted ? "Sound on" : "Mute");
    byId("volume").value = muted ? 0 : volume;
    byId("volume").setAttribute("aria-valuetext", `${Math.round(muted ? 0 : 100 * volume)} %`);
    byId("volume").style.setProperty("--played", muted ? 0 : volume);
    if (!muted) byId("unmute").hidden = true;
  }

  #showFullscreen() {
    const full = document.fullscreenElement === this.#stage;
    setIcon(byId("fullscreen"), full ? "small" : "full");
    byId("fullscreen").setAttribute("aria-label", full ? "Leave full screen" : "Full screen");
  }
}
