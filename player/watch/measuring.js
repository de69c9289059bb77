/** Measures a view: the time to its first frame, and the time that it stood still for want of data. */

import { byId, on } from "../common/dom.js";
import { Meter } from "./meter.js";

const EVERY_MS = 500;

export class Measuring {
  #video = byId("video");
  #meter = null;
  #tell;

  /** `tell` hears firstFrame(ms), and flow(meter, quality) twice a second. */
  constructor(tell) {
    this.#tell = tell;
    const video = this.#video;
    on(video, "playing seeked", () => video.paused || this.#meter?.flow(performance.now()));
    on(video, "pause seeking ended", () => this.#meter?.stop(performance.now()));
    // The clock runs on while the browser keeps the page in its back/forward cache.
    on(window, "pagehide", () => this.#meter?.stop(performance.now()));
    setInterval(() => this.#look(), EVERY_MS);
  }

  get meter() {
    return this.#meter;
  }

  /**
   * Begins a new view at `since`, and resolves at its first frame. A hidden tab paints none, but its sound is heard: there
   * the view begins with the sound. If the tab was hidden at any time, its time to the first frame is null.
   */
  begin(since) {
    const meter = (this.#meter = new Meter());
    const video = this.#video;
    let seen = !document.hidden;
    const hidden = () => (seen &&= !document.hidden);
    document.addEventListener("visibilitychange", hidden);
    return new Promise((resolve) => {
      const heard = () => document.hidden && !video.paused && !video.seeking && first();
      const first = (now) => {
        document.removeEventListener("visibilitychange", hidden);
        video.removeEventListener("timeupdate", heard);
        if (meter === this.#meter && !meter.started) {
          meter.started = true;
          this.#tell.firstFrame(seen ? now - since : null);
        }
        resolve();
      };
      video.addEventListener("timeupdate", heard);
      if (video.requestVideoFrameCallback) video.requestVideoFrameCallback(first);
      else video.addEventListener("playing", () => first(performance.now()), { once: true });
    });
  }

  end() {
    this.#meter = null;
  }

  /** The film stands still. Before the first frame and after a seek this is no stall, and returns false. */
  stalled() {
    if (this.#video.seeking || this.#video.ended || !this.#meter?.started) return false;
    this.#meter.stall(performance.now());
    return true;
  }

  #look() {
    this.#meter?.tick(performance.now());
    if (!this.#meter?.started) return;
    this.#tell.flow(this.#meter, this.#video.getVideoPlaybackQuality());
  }
}
