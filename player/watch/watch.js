/** The view that plays one title: asks the API, waits while it is prepared, plays, and goes on after interruptions. */

import { Beacon } from "../beacon.js";
import * as api from "../common/api.js";
import { byId, el, on } from "../common/dom.js";
import { forgetPlace, keepPlace } from "../common/places.js";
import { clock } from "../common/words.js";
import { takeAnswer } from "../engine/ahead.js";
import { library } from "../engine/library.js";
import { startPlayback } from "../engine/playback.js";
import { named } from "../engine/tracks.js";
import { sessionOfView } from "../engine/view.js";
import { Panel } from "../served/panel.js";
import { Actions } from "./actions.js";
import { linkedTo, whereToBegin } from "./beginning.js";
import { Captions } from "./captions.js";
import { Controls } from "./controls.js";
import { Device } from "./device.js";
import { Ending } from "./ending.js";
import { Keys } from "./keys.js";
import { Measuring } from "./measuring.js";
import { hush, mention, say, unmention } from "./notice.js";
import { Previews } from "./previews.js";
import { Seekbar } from "./seekbar.js";
import { Settings } from "./settings.js";
import { shareable } from "./share.js";
import { touchable } from "./touch.js";

// Seconds before an API that gave no answer, or a film that cannot be loaded, is asked for again; the last one repeats.
const AGAIN_S = [2, 4, 8, 15];
// The longer a title takes to prepare, the more seldom the page asks.
const SLOWER = 1.4;
const SLOWEST_S = 60;
const KEEP_MS = 5_000;

export class Watch {
  #video = byId("video");
  #actions = new Actions();
  #panel = new Panel(byId("panel"), byId("ledger-rows"));
  #beacon = new Beacon((event) => this.#panel.reported(event));
  #measuring = new Measuring({
    firstFrame: (ms) => (this.#panel.firstFrame(ms), this.#beacon.started(ms)),
    flow: (meter, quality) => this.#panel.flow(meter, quality),
  });
  #device = new Device(this.#actions);
  #previews = new Previews();
  #seekbar = new Seekbar(this.#actions, this.#previews);
  #captions = new Captions(() => this.#settings?.changed());
  #settings = new Settings(this.#actions, this.#captions);
  #controls = new Controls(this.#actions, () => this.#settings.open || this.#seekbar.held);
  #ending = new Ending(() => this.#actions.play());
  #playback = null;
  #id = null;
  #sounds = [];
  #visit = 0;
  #timer = 0;

  constructor() {
    const video = this.#video;
    new Keys(this.#actions, this.#captions, this.#seekbar, () => this.#controls.wake());
    touchable(this.#actions, this.#controls);
    shareable(() => ({ id: this.#id, position: video.currentTime }));
    on(video, "waiting", () => this.#measuring.stalled() && this.#spin(true));
    on(video, "canplay playing ended", () => this.#spin(false));
    on(video, "loadedmetadata resize", () => this.#fit(video.videoWidth, video.videoHeight));
    on(video, "ended", () => {
      if (!this.#playback) return;
      this.#ending.show(this.#id);
      this.#beacon.end();
    });
    on(video, "play seeking", () => video.ended || this.#ending.hide());
    on(video, "pause", () => this.#keep());
    on(window, "pagehide", () => this.#keep());
    // The network is back, or the viewer: nothing waits for its turn any longer.
    on(window, "online", () => this.#wake());
    on(document, "visibilitychange", () => document.hidden || this.#wake());
    setInterval(() => video.paused || this.#keep(), KEEP_MS);
  }

  /** Opens a title by its id and plays it as soon as it can be played. */
  async open(id) {
    this.close();
    this.#id = id;
    const visit = this.#visit;
    this.#panel.reset();
    this.#name("");
    byId("watch-facts").textContent = byId("watch-about").textContent = "";
    this.#fit(16, 9);
    say("Opening …");
    this.#ask(id, visit, { position: whereToBegin(id) });
    library().catch(() => {}); // Asked for again when it is needed.
    // Rungs and size, for the line under the name. The first frame does not wait for it.
    const answer = await api.title(id);
    if (visit === this.#visit && answer.kind === "title") this.#describe(answer.title);
  }

  /** Stops playback, timers and requests of the open title. */
  close() {
    this.#keep();
    this.#beacon.end();
    this.#visit += 1;
    this.#id = null;
    clearTimeout(this.#timer);
    this.#stop();
    this.#measuring.end();
    this.#device.show(null);
    this.#ending.hide();
    unmention();
    // The browser muted that title, not the viewer: the next title may have sound.
    if (!byId("unmute").hidden) this.#video.muted = false;
    for (const id of ["notice", "glow", "begin", "unmute", "spinner"]) byId(id).hidden = true;
  }

  /** Asks to play until there is an answer to act on. `position` is where to go on, in seconds. */
  async #ask(id, visit, { position, failures = 0, looks = 0, paused = false }) {
    const asked = performance.now();
    const answer = await takeAnswer(id, position);
    if (visit !== this.#visit) return;
    const again = (seconds, counts) => this.#later(seconds, () => this.#ask(id, visit, { position, paused, ...counts }));
    const act = {
      ready: () => this.#play(id, answer, visit, { asked, position, failures, paused }),
      preparing: () => {
        say("Being prepared", "This title is being encoded. It starts here by itself as soon as it is ready.", { working: true });
        again(Math.min(SLOWEST_S, answer.seconds * SLOWER ** looks), { looks: looks + 1 });
      },
      // What is wrong with a file is its operators' to know. A viewer who waited for it learns that waiting is over.
      missing: () => {
        const heading = looks ? "This title could not be prepared" : "No such title";
        this.#name(heading);
        say(heading, looks ? "Its operators can see why." : "It may have been taken down, or the address is not complete.");
      },
      trouble: () => this.#trouble("No answer", "The service could not be reached.", failures, again),
    };
    act[answer.kind]();
  }

  /** Says that something did not work, and tries again: after a while, or when the viewer clicks. */
  #trouble(heading, text, failures, again) {
    const seconds = AGAIN_S[Math.min(failures, AGAIN_S.length - 1)];
    const now = () => {
      clearTimeout(this.#timer);
      say("Opening …");
      again(0, { failures: 0 });
    };
    const when = navigator.onLine === false ? "This device is offline. It goes on when it is not." : `Trying again in ${seconds} seconds.`;
    say(heading, `${text} ${when}`, { button: "Try now", act: now });
    again(seconds, { failures: failures + 1 });
  }

  #later(seconds, act) {
    clearTimeout(this.#timer);
    this.#due = () => {
      clearTimeout(this.#timer);
      this.#due = null;
      act();
    };
    this.#timer = setTimeout(this.#due, 1000 * seconds);
  }
  #due = null;

  #wake() {
    this.#playback?.wake();
    if (!byId("notice").hidden) this.#due?.();
  }

  async #play(id, { name, hls, poster, duration, reports = 0 }, visit, { asked, position, failures, paused }) {
    this.#name(name);
    if (!byId("watch-facts").textContent) byId("watch-facts").textContent = clock(duration);
    hush();
    this.#spin(true);
    this.#setPoster(api.path(poster), visit);
    this.#measuring.begin(asked);
    const { meter } = this.#measuring;
    const session = sessionOfView();
    this.#panel.view(session);
    this.#beacon.begin({ title: id, session }, reports, () => ({ ...meter.until(performance.now()), kbps: this.#playback?.kbps() ?? 0 }));
    this.#device.show(name, api.path(poster));

    const current = (act) => (...values) => visit === this.#visit && act(...values);
    const failed = (reason) => {
      this.#beacon.failed(String(reason));
      const at = this.#stop();
      this.#spin(false);
      const again = (seconds, counts) => this.#later(seconds, () => this.#ask(id, visit, { position: at ?? position, paused, ...counts }));
      this.#trouble("Playback stopped", "The video could not be loaded, though it was asked for several times.", failures, again);
    };
    const heard = (index) => this.#sounds.find((sound) => sound.index === index)?.lang ?? null;
    const playback = await startPlayback(
      this.#video,
      { url: api.path(hls), position },
      {
        request: current((answer) => {
          this.#panel.request(answer);
          if (answer.region) this.#beacon.servedFrom(answer.region);
        }),
        manifest: current((text, url) => this.#previews.load(text, url)),
        rungs: current((rungs) => this.#settings.setRungs(rungs)),
        rung: current((label) => {
          failures = 0;
          this.#settings.setRung(label);
          this.#panel.rung(label);
          this.#beacon.switched();
        }),
        sounds: current((tracks, index) => {
          this.#sounds = named(tracks);
          this.#settings.setSounds(this.#sounds, index);
          this.#captions.setSound(heard(index));
        }),
        captions: current((tracks) => this.#captions.setTracks(tracks)),
        recovering: current(() => this.#spin(true)),
        failed: current(failed),
        renew: async () => {
          const answer = await api.play(id);
          return answer.kind === "ready" ? api.path(answer.hls) : null;
        },
        moved: current(() => {
          const wasPaused = this.#video.paused;
          const at = this.#stop();
          this.#ask(id, visit, { position: at ?? position, paused: wasPaused });
        }),
      },
    ).catch(current(failed)); // hls.js itself could not be loaded.
    if (visit !== this.#visit) return playback?.stop();
    if (!playback) return undefined;
    this.#playback = playback;
    this.#actions.ready = true;
    this.#settings.attach(playback);
    this.#captions.attach(playback);
    this.#controls.attach(true);
    this.#seekbar.show();
    if (playback.native) this.#panel.native();
    if (position > 0 && linkedTo() === null && !failures) this.#mentionPlace(id, position);
    if (paused) return this.#spin(false);
    return this.#begin(visit);
  }

  /** Ends the playback. Returns its position in seconds, or null if it had not begun. */
  #stop() {
    const at = this.#video.readyState ? this.#video.currentTime : null;
    this.#playback?.stop();
    this.#playback = null;
    this.#actions.ready = false;
    this.#controls.attach(false);
    this.#settings.attach(null);
    this.#captions.attach(null);
    this.#previews.clear();
    return at;
  }

  #mentionPlace(id, position) {
    mention(`Going on at ${clock(position)}.`, "From the start", () => {
      forgetPlace(id);
      this.#actions.seekTo(0);
    });
  }

  #keep() {
    const { currentTime } = this.#video;
    if (this.#id && this.#playback && this.#actions.length) keepPlace(this.#id, currentTime, this.#actions.length);
  }

  /** Shows the poster until the first frame, and its colours behind the stage. Its download gives way to the film's. */
  #setPoster(image, visit) {
    this.#video.removeAttribute("poster");
    if (!image) return;
    // Drawn onto a few pixels and stretched, it looks blurred. A real blur would be computed again for every frame.
    const glow = byId("glow");
    const picture = el("img", { fetchpriority: "low", src: image });
    picture.addEventListener("load", () => {
      if (visit !== this.#visit) return;
      if (!this.#measuring.meter?.started) this.#video.poster = image;
      glow.getContext("2d").drawImage(picture, 0, 0, glow.width, glow.height);
      glow.hidden = false;
    });
  }

  /** Plays with sound if the browser allows it, else muted, else after the viewer's click. */
  async #begin(visit) {
    const video = this.#video;
    const refused = (error) => error.name === "NotAllowedError" && visit === this.#visit;
    try {
      await video.play();
    } catch (error) {
      if (!refused(error)) return;
      const muted = video.muted;
      video.muted = true;
      try {
        await video.play();
        byId("unmute").hidden = muted;
      } catch (again) {
        if (!refused(again)) return;
        video.muted = muted;
        this.#spin(false);
        byId("begin").hidden = false;
        // The time to the first frame is then measured from the viewer's click on.
        on(byId("begin"), "click", () => this.#measuring.begin(performance.now()), { once: true });
      }
    }
  }

  #spin(shown) {
    byId("spinner").hidden = !shown;
  }

  #describe({ name, duration, description, renditions = [], width, height }) {
    this.#name(name);
    const shape = width && height ? `${width} × ${height}` : null;
    const facts = [duration && clock(duration), shape, renditions.join(", ")];
    byId("watch-facts").textContent = facts.filter(Boolean).join("  ·  ");
    byId("watch-about").textContent = description ?? "";
    if (shape) this.#fit(width, height);
  }

  #name(name) {
    byId("watch-heading").textContent = name || "Opening …";
    document.title = name ? `${name} · Headend` : "Headend";
  }

  #fit(width, height) {
    if (width && height) byId("stage").style.setProperty("--shape", `${width} / ${height}`);
  }
}
