/** What the device shows and does for the film: lock screen and media keys, a screen that stays on, other screens. */

import { byId, on } from "../common/dom.js";

const LEAP_S = 10;

export class Device {
  #video = byId("video");
  #actions;
  #lock = null;

  constructor(actions) {
    this.#actions = actions;
    const video = this.#video;
    on(video, "play playing", () => this.#stayOn());
    on(video, "pause ended emptied", () => this.#lock?.release());
    // A lock ends when the page is hidden; the browser does not give it back by itself.
    on(document, "visibilitychange", () => !document.hidden && !video.paused && this.#stayOn());
    on(video, "durationchange seeked ratechange play pause", () => this.#tellPosition());
    this.#pictureInPicture();
    this.#airPlay();
  }

  /** Shows this title on the lock screen; null takes it off. */
  show(name, poster = null) {
    const session = navigator.mediaSession;
    if (!session) return;
    const artwork = poster ? [{ src: poster, type: "image/jpeg" }] : [];
    session.metadata = name === null ? null : new MediaMetadata({ title: name, artist: "Headend", artwork });
    const act = {
      play: () => this.#actions.play(),
      pause: () => this.#actions.pause(),
      seekbackward: ({ seekOffset }) => this.#actions.seekBy(-(seekOffset ?? LEAP_S)),
      seekforward: ({ seekOffset }) => this.#actions.seekBy(seekOffset ?? LEAP_S),
      seekto: ({ seekTime }) => this.#actions.seekTo(seekTime),
    };
    for (const [action, does] of Object.entries(act)) {
      try {
        session.setActionHandler(action, name === null ? null : does);
      } catch {
        // A browser may not know all of these.
      }
    }
  }

  #tellPosition() {
    const { currentTime, playbackRate } = this.#video;
    const duration = this.#actions.length;
    if (duration >= currentTime) navigator.mediaSession?.setPositionState?.({ duration, position: currentTime, playbackRate });
  }

  async #stayOn() {
    if (document.hidden || (this.#lock && !this.#lock.released)) return;
    // A browser may refuse, for example on a low battery.
    this.#lock = (await navigator.wakeLock?.request("screen").catch(() => null)) ?? null;
    if (this.#video.paused) this.#lock?.release();
  }

  #pictureInPicture() {
    const button = byId("pip");
    const video = this.#video;
    button.hidden = !document.pictureInPictureEnabled;
    on(button, "click", () => {
      if (document.pictureInPictureElement) document.exitPictureInPicture();
      else video.requestPictureInPicture().catch(() => {});
    });
    on(video, "enterpictureinpicture leavepictureinpicture", () =>
      button.setAttribute("aria-pressed", String(document.pictureInPictureElement === video)),
    );
  }

  // Safari's own button. Google Cast needs Google's script on the page, which the page's policy does not allow.
  #airPlay() {
    const button = byId("airplay");
    on(this.#video, "webkitplaybacktargetavailabilitychanged", ({ availability }) => (button.hidden = availability !== "available"));
    on(button, "click", () => this.#video.webkitShowPlaybackTargetPicker?.());
  }
}
