/** What a viewer can do with the film, whichever way it is asked for: a button, a key, a finger, a headset. */

import { byId } from "../common/dom.js";
import { remember, remembered } from "../common/remembered.js";

export const SPEEDS = [0.5, 0.75, 1, 1.25, 1.5, 1.75, 2];

export class Actions {
  #video = byId("video");
  #stage = byId("stage");
  /** Is there a film to act on? */
  ready = false;

  constructor() {
    const { level = 1, muted = false } = remembered("volume", {});
    this.#video.volume = level;
    this.#video.muted = muted;
    this.#video.defaultPlaybackRate = remembered("speed", 1);
  }

  get length() {
    return Number.isFinite(this.#video.duration) ? this.#video.duration : 0;
  }

  toggle() {
    if (!this.ready) return;
    if (this.#video.paused) this.play();
    else this.#video.pause();
  }

  play() {
    this.#video.play().catch(() => {});
  }

  pause() {
    this.#video.pause();
  }

  seekTo(seconds) {
    if (this.ready) this.#video.currentTime = Math.min(this.length, Math.max(0, seconds));
  }

  seekBy(seconds) {
    this.seekTo(this.#video.currentTime + seconds);
  }

  setMuted(muted) {
    this.#video.muted = muted;
    if (!muted && this.#video.volume === 0) this.#video.volume = 0.5;
    this.#keepVolume();
  }

  setVolume(level) {
    this.#video.volume = Math.min(1, Math.max(0, level));
    this.#video.muted = this.#video.volume === 0;
    this.#keepVolume();
  }

  louder(by) {
    this.setVolume((this.#video.muted ? 0 : this.#video.volume) + by);
  }

  get speed() {
    return this.#video.playbackRate;
  }

  setSpeed(rate) {
    this.#video.defaultPlaybackRate = this.#video.playbackRate = rate;
    remember("speed", rate === 1 ? null : rate);
  }

  faster(steps) {
    const at = SPEEDS.indexOf(this.speed);
    this.setSpeed(SPEEDS[Math.min(SPEEDS.length - 1, Math.max(0, (at < 0 ? SPEEDS.indexOf(1) : at) + steps))]);
  }

  fullscreen() {
    if (document.fullscreenElement) document.exitFullscreen();
    else if (this.#stage.requestFullscreen) this.#stage.requestFullscreen().catch(() => {});
    else this.#video.webkitEnterFullscreen?.(); // iPhones know full screen for a video element only.
  }

  // Only the viewer's own choice is kept. The browser may mute a film too.
  #keepVolume() {
    remember("volume", { level: this.#video.volume, muted: this.#video.muted });
  }
}
