/** The controls of the player: buttons, seeking, quality menu, keyboard, full screen, and hiding when nobody needs them. */

import { byId, clock, el, setIcon } from "/dom.js";

const IDLE_MS = 2600;
const STEP_S = 5;

export class Controls {
  #video = byId("video");
  #stage = byId("stage");
  #bar = byId("controls");
  #seek = byId("seek");
  #menu = byId("rungs");
  #idle = 0;
  #rungs = [];
  #playback = null;

  constructor() {
    const video = this.#video;
    const on = (target, events, act) => events.split(" ").forEach((event) => target.addEventListener(event, act));
    on(byId("toggle"), "click", () => this.toggle());
    on(byId("begin"), "click", () => this.toggle());
    on(byId("mute"), "click", () => this.#setMuted(!video.muted));
    on(byId("unmute"), "click", () => this.#setMuted(false));
    on(byId("fullscreen"), "click", () => this.#fullscreen());
    on(byId("quality"), "click", () => this.#openMenu(this.#menu.hidden));
    on(byId("volume"), "input", ({ target }) => {
      video.volume = Number(target.value);
      this.#setMuted(video.volume === 0);
    });
    on(this.#seek, "input", () => (video.currentTime = Number(this.#seek.value)));
    on(video, "timeupdate progress seeking durationchange", () => this.#showTime());
    on(video, "play pause ended", () => this.#showState());
    on(video, "volumechange", () => this.#showVolume());
    on(document, "fullscreenchange", () => this.#showFullscreen());
    on(document, "keydown", (event) => this.#key(event));
    on(this.#stage, "pointermove pointerdown focusin", () => this.#wake());
    on(this.#stage, "pointerleave", ({ pointerType }) => pointerType === "mouse" && this.#rest());
    // A mouse click plays and pauses; a finger only brings the controls, which may be hidden.
    on(video, "click", ({ pointerType }) => (pointerType === "touch" ? this.#wake() : this.toggle()));
    on(video, "dblclick", () => this.#fullscreen());
    on(document, "pointerdown", ({ target }) => !target.closest(".quality") && this.#openMenu(false));
  }

  /** Shows the controls of this playback; null hides them. */
  attach(playback) {
    this.#playback = playback;
    this.#bar.hidden = playback === null;
    byId("quality").hidden = true;
    this.#openMenu(false);
    if (playback) {
      this.#showTime();
      this.#showState();
      this.#showVolume();
      this.#wake();
    }
  }

  /** The ladder, best first: [{index, label}]. One rung alone is no choice, and makes no menu. */
  setRungs(rungs) {
    this.#rungs = [{ index: -1, label: "Auto" }, ...rungs];
    byId("quality").hidden = rungs.length < 2;
    this.#drawMenu();
  }

  /** The rung on screen, which the button names. */
  setRung(label) {
    const chosen = this.#playback?.rung() ?? -1;
    byId("quality").textContent = chosen < 0 ? `Auto · ${label}` : label;
    this.#drawMenu();
  }

  toggle() {
    if (!this.#playback) return;
    if (this.#video.paused) this.#video.play().catch(() => {});
    else this.#video.pause();
  }

  #setMuted(muted) {
    this.#video.muted = muted;
    if (!muted && this.#video.volume === 0) this.#video.volume = 0.5;
    byId("unmute").hidden = true;
  }

  #fullscreen() {
    if (document.fullscreenElement) document.exitFullscreen();
    else if (this.#stage.requestFullscreen) this.#stage.requestFullscreen().catch(() => {});
    else this.#video.webkitEnterFullscreen?.(); // iPhones know full screen for a video element only.
  }

  #key(event) {
    if (!this.#playback || event.ctrlKey || event.metaKey || event.altKey) return;
    const { target } = event;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const inMenu = this.#menu.contains(target);
    if (key === "Escape" || inMenu) {
      this.#menuKey(event, inMenu);
      return;
    }
    if (key === " " && target.closest("button, a, summary")) return;
    if (target.id === "volume" && key.startsWith("Arrow")) return;
    // Outside of the player these two scroll the page.
    if (["ArrowUp", "ArrowDown"].includes(key) && !this.#stage.contains(target) && !document.fullscreenElement) return;
    const video = this.#video;
    const end = video.duration || 0;
    const act = {
      " ": () => this.toggle(),
      k: () => this.toggle(),
      ArrowLeft: () => (video.currentTime = Math.max(0, video.currentTime - STEP_S)),
      ArrowRight: () => (video.currentTime = Math.min(end, video.currentTime + STEP_S)),
      ArrowUp: () => (video.volume = Math.min(1, video.volume + 0.1)),
      ArrowDown: () => (video.volume = Math.max(0, video.volume - 0.1)),
      f: () => this.#fullscreen(),
      m: () => this.#setMuted(!video.muted),
    }[key];
    if (!act) return;
    event.preventDefault();
    act();
    this.#wake();
  }

  #menuKey(event, inMenu) {
    const items = [...this.#menu.children];
    const at = items.indexOf(document.activeElement);
    if (event.key === "Escape") {
      if (inMenu) byId("quality").focus();
      this.#openMenu(false);
    } else if (event.key === "ArrowDown") items[(at + 1) % items.length].focus();
    else if (event.key === "ArrowUp") items.at(at - 1).focus();
    else return;
    event.preventDefault();
  }

  #openMenu(open) {
    this.#menu.hidden = !open;
    byId("quality").setAttribute("aria-expanded", String(open));
    if (open) this.#menu.querySelector("[aria-checked=true]")?.focus();
    this.#wake();
  }

  #drawMenu() {
    const chosen = this.#playback?.rung() ?? -1;
    const focused = [...this.#menu.children].indexOf(document.activeElement);
    this.#menu.replaceChildren(
      ...this.#rungs.map(({ index, label }) => {
        const pick = () => {
          this.#playback.setRung(index);
          byId("quality").textContent = label;
          this.#drawMenu();
          this.#openMenu(false);
          byId("quality").focus();
        };
        return el(
          "button",
          { type: "button", role: "menuitemradio", "aria-checked": String(index === chosen), click: pick },
          label,
        );
      }),
    );
    this.#menu.children[focused]?.focus();
  }

  #showTime() {
    const { currentTime, duration, buffered } = this.#video;
    const whole = Number.isFinite(duration) ? duration : 0;
    this.#seek.max = whole;
    this.#seek.value = currentTime;
    this.#seek.setAttribute("aria-valuetext", `${clock(currentTime)} of ${clock(whole)}`);
    byId("clock").textContent = `${clock(currentTime)} / ${clock(whole)}`;
    let ahead = currentTime;
    for (let i = 0; i < buffered.length; i += 1)
      if (buffered.start(i) <= currentTime + 0.1) ahead = Math.max(ahead, buffered.end(i));
    this.#seek.style.setProperty("--played", whole ? currentTime / whole : 0);
    this.#seek.style.setProperty("--ready", whole ? ahead / whole : 0);
  }

  #showState() {
    const { paused, ended } = this.#video;
    setIcon(byId("toggle"), paused ? "play" : "pause");
    byId("toggle").setAttribute("aria-label", ended ? "Play again" : paused ? "Play" : "Pause");
    if (!paused) byId("begin").hidden = true;
    this.#wake();
  }

  #showVolume() {
    const { muted, volume } = this.#video;
    setIcon(byId("mute"), muted ? "silent" : "sound");
    byId("mute").setAttribute("aria-label", muted ? "Sound on" : "Mute");
    byId("volume").value = muted ? 0 : volume;
    byId("volume").style.setProperty("--played", muted ? 0 : volume);
    if (!muted) byId("unmute").hidden = true;
  }

  #showFullscreen() {
    const full = document.fullscreenElement === this.#stage;
    setIcon(byId("fullscreen"), full ? "small" : "full");
    byId("fullscreen").setAttribute("aria-label", full ? "Leave full screen" : "Full screen");
  }

  #wake() {
    this.#stage.classList.remove("idle");
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => this.#rest(), IDLE_MS);
  }

  #rest() {
    const busy = this.#video.paused || !this.#menu.hidden || this.#bar.querySelector(":focus-visible");
    if (!busy) this.#stage.classList.add("idle");
  }
}
