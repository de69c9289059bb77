/** The view that plays one title: asks the API, waits while it is prepared, plays, recovers, and measures. */

import * as api from "/api.js";
import { Controls } from "/controls.js";
import { byId, clock, el } from "/dom.js";
import { Panel } from "/panel.js";
import { preparePlayback, startPlayback } from "/playback.js";

// Seconds before an API that gave no answer is asked again; the last one repeats.
const AGAIN_S = [2, 4, 8, 15];

export class Watch {
  #video = byId("video");
  #notice = byId("notice");
  #controls = new Controls();
  #panel = new Panel(byId("panel"), byId("ledger-rows"));
  #playback = null;
  #visit = 0;
  #timer = 0;
  #meter = null;

  constructor() {
    const video = this.#video;
    const on = (events, act) => events.split(" ").forEach((event) => video.addEventListener(event, act));
    on("waiting", () => this.#stalled());
    on("playing seeked", () => video.paused || this.#meter?.flow(performance.now()));
    on("pause seeking ended", () => this.#meter?.stop(performance.now()));
    on("canplay playing", () => (byId("spinner").hidden = true));
    on("loadedmetadata resize", () => this.#fit(video.videoWidth, video.videoHeight));
    setInterval(() => this.#measure(), 500);
  }

  /** Opens a title by its id and plays it as soon as it can be played. */
  async open(id) {
    this.close();
    const visit = this.#visit;
    this.#panel.reset();
    this.#name("");
    byId("watch-facts").textContent = "";
    this.#fit(16, 9);
    this.#say("Opening …");
    this.#ask(id, visit);
    preparePlayback();
    // Beside the way to the first frame: rungs and size, for the line under the name.
    const answer = await api.title(id);
    if (visit === this.#visit && answer.kind === "title") this.#describe(answer.title);
  }

  /** Stops playback, timers and requests of the open title. */
  close() {
    this.#visit += 1;
    clearTimeout(this.#timer);
    this.#playback?.stop();
    this.#playback = null;
    this.#controls.attach(null);
    this.#meter = null;
    // Silence that was the browser's wish for that title is not the viewer's for the next one.
    if (!byId("unmute").hidden) this.#video.muted = false;
    for (const id of ["notice", "glow", "begin", "unmute", "spinner"]) byId(id).hidden = true;
  }

  /** Asks to play until there is an answer to act on. `position` is where to go on, in seconds. */
  async #ask(id, visit, failures = 0, position = 0) {
    const asked = performance.now();
    const answer = await api.play(id);
    if (visit !== this.#visit) return;
    const again = (seconds, count) => {
      this.#timer = setTimeout(() => this.#ask(id, visit, count, position), 1000 * seconds);
    };
    const act = {
      ready: () => this.#play(id, answer, visit, asked, position),
      preparing: () => {
        this.#say("Being prepared", "This title is being encoded. It starts here by itself as soon as it is ready.", {
          working: true,
        });
        again(answer.seconds, 0);
      },
      refused: () => this.#say(...refusal(answer)),
      missing: () => this.#say("No such title", "It may have been taken down, or the address is not complete."),
      trouble: () => {
        const seconds = AGAIN_S[Math.min(failures, AGAIN_S.length - 1)];
        const now = () => {
          clearTimeout(this.#timer);
          this.#say("Opening …");
          this.#ask(id, visit, 0, position);
        };
        this.#say("No answer", `The service could not be reached. Trying again in ${seconds} seconds.`, {
          button: "Try now",
          act: now,
        });
        again(seconds, failures + 1);
      },
    };
    act[answer.kind]();
  }

  async #play(id, { name, hls, poster, duration }, visit, asked, position) {
    this.#name(name);
    if (!byId("watch-facts").textContent) byId("watch-facts").textContent = clock(duration);
    this.#notice.hidden = true;
    byId("spinner").hidden = false;
    this.#setPoster(api.path(poster), visit);
    this.#firstFrame(asked);

    const current = (act) => (value) => visit === this.#visit && act(value);
    const failed = () => this.#failed(id, visit);
    const playback = await startPlayback(
      this.#video,
      { url: api.path(hls), position },
      {
        request: current((answer) => this.#panel.request(answer)),
        rungs: current((rungs) => this.#controls.setRungs(rungs)),
        rung: current((label) => {
          this.#controls.setRung(label);
          this.#panel.rung(label);
        }),
        recovering: current(() => (byId("spinner").hidden = false)),
        failed: current(failed),
      },
    ).catch(current(failed)); // hls.js itself could not be loaded.
    if (visit !== this.#visit) return playback?.stop();
    if (!playback) return undefined;
    this.#playback = playback;
    this.#controls.attach(playback);
    if (playback.native) this.#panel.native();
    return this.#begin(visit);
  }

  /** The poster stands until the first frame, and its colours shine behind the stage. */
  #setPoster(image, visit) {
    this.#video.removeAttribute("poster");
    if (!image) return;
    this.#video.poster = image;
    // Drawn onto a few pixels and stretched: as soft as a blur, which would be computed again for every frame.
    const glow = byId("glow");
    const picture = el("img", { src: image });
    picture.addEventListener("load", () => {
      if (visit !== this.#visit) return;
      glow.getContext("2d").drawImage(picture, 0, 0, glow.width, glow.height);
      glow.hidden = false;
    });
  }

  /** With sound if the browser lets us, else without, else when the viewer says so. */
  async #begin(visit) {
    const video = this.#video;
    const refused = (error) => error.name === "NotAllowedError" && visit === this.#visit;
    try {
      await video.play();
    } catch (error) {
      if (!refused(error)) return;
      video.muted = true;
      try {
        await video.play();
        byId("unmute").hidden = false;
      } catch (again) {
        if (!refused(again)) return;
        video.muted = false;
        byId("spinner").hidden = true;
        byId("begin").hidden = false;
        // The clock of the first frame starts with the viewer, not with the page.
        const measure = () => this.#firstFrame(performance.now());
        byId("begin").addEventListener("click", measure, { once: true });
      }
    }
  }

  #failed(id, visit) {
    const position = this.#video.currentTime;
    this.#playback?.stop();
    this.#playback = null;
    this.#controls.attach(null);
    byId("spinner").hidden = true;
    const again = () => {
      this.#say("Opening …");
      this.#ask(id, visit, 0, position);
    };
    this.#say("Playback stopped", "The video could not be loaded, though it was asked for several times.", {
      button: "Try again",
      act: again,
    });
  }

  /** Starts the measurement anew: the time from `since` to a painted frame, then stalls. */
  #firstFrame(since) {
    const meter = (this.#meter = new Meter());
    const seen = (now) => {
      if (meter !== this.#meter) return;
      meter.started = true;
      this.#panel.firstFrame(now - since);
    };
    const video = this.#video;
    if (video.requestVideoFrameCallback) video.requestVideoFrameCallback(seen);
    else video.addEventListener("playing", () => seen(performance.now()), { once: true });
  }

  #stalled() {
    // Waiting before the first frame is start-up, and waiting after a seek is the viewer's own doing.
    if (this.#video.seeking || !this.#meter?.started) return;
    byId("spinner").hidden = false;
    this.#meter.stall(performance.now());
  }

  #measure() {
    if (!this.#meter?.started) return;
    this.#meter.tick(performance.now());
    this.#panel.flow(this.#meter, this.#video.getVideoPlaybackQuality());
  }

  #describe({ name, duration, renditions = [], width, height }) {
    this.#name(name);
    const shape = width && height ? `${width} × ${height}` : null;
    byId("watch-facts").textContent = [duration && clock(duration), shape, renditions.join(", ")]
      .filter(Boolean)
      .join("  ·  ");
    if (shape) this.#fit(width, height);
  }

  #name(name) {
    byId("watch-heading").textContent = name;
    document.title = name ? `${name} · Headend` : "Headend";
  }

  #fit(width, height) {
    if (width && height) byId("stage").style.setProperty("--shape", `${width} / ${height}`);
  }

  #say(heading, text = "", { button = null, act = null, working = false } = {}) {
    // Said again, it would be read out again.
    if (!this.#notice.hidden && this.#notice.textContent.startsWith(heading + text)) return;
    this.#notice.hidden = false;
    this.#notice.replaceChildren(el("h2", {}, heading), el("p", {}, text));
    if (working) this.#notice.append(el("div", { class: "working", "aria-hidden": "true" }));
    if (button) this.#notice.append(el("button", { type: "button", class: "solid", click: act }, button));
  }
}

/** What a viewer is told about a title that will not play: heading and text. */
export function refusal({ state, reason }) {
  if (state === "REJECTED")
    return ["This file cannot be played", reason || "The file that was uploaded is not a video that can be prepared."];
  return ["This title could not be prepared", reason || "Something went wrong on our side. The uploaded file is kept."];
}

/** Adds up time watched and time spent waiting, in milliseconds. Time is passed in. */
class Meter {
  started = false;
  stalls = 0;
  stalled = 0;
  watched = 0;
  #state = "still";
  #since = 0;

  stall(now) {
    if (this.#state === "stalled") return;
    this.tick(now);
    this.#state = "stalled";
    this.stalls += 1;
  }

  flow(now) {
    this.tick(now);
    this.#state = "flowing";
  }

  stop(now) {
    this.tick(now);
    this.#state = "still";
  }

  tick(now) {
    if (this.#state === "stalled") this.stalled += now - this.#since;
    else if (this.#state === "flowing") this.watched += now - this.#since;
    this.#since = now;
  }
}
