/** The view that plays one title: asks the API, waits while it is prepared, plays, and goes on after interruptions. */

import { Beacon } from "../beacon.js";
import * as api from "../common/api.js";
import { byId, el, on } from "../common/dom.js";
import { forgetPlace, keepPlace } from "../common/places.js";
import { clock } from "../common/words.js";
import { inside, takeAnswer } from "../engine/ahead.js";
import { library } from "../engine/library.js";
import { startPlayback } from "../engine/playback.js";
import { named } from "../engine/tracks.js";
import { sessionOfView } from "../engine/view.js";
import { Panel } from "../served/panel.js";
import { Actions } from "./actions.js";
import { forgetLink, linkedTo, whereToBegin } from "./beginning.js";
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
import { Waiting, WORDS_MS } from "./waiting.js";

// Seconds before an API that gave no answer, or a film that cannot be loaded, is asked for again; the last one repeats.
const AGAIN_S = [2, 4, 8, 15];
// The longer a title takes to prepare, the more seldom the page asks.
const SLOWER = 1.4;
const SLOWEST_S = 60;
const KEEP_MS = 5_000;
// Some more than the start of a view may take.
const POSTER_MS = 2_500;
const { HAVE_FUTURE_DATA } = HTMLMediaElement;

export class Watch {
  #video = byId("video");
  #actions = new Actions();
  #panel = new Panel(byId("panel"), byId("ledger-rows"));
  #measuring = new Measuring({
    firstFrame: (ms) => {
      this.#begun = true;
      forgetLink();
      this.#panel.firstFrame(ms);
      this.#beacon.started(ms);
    },
    flow: (meter, quality) => this.#panel.flow(meter, quality),
  });
  // Made after the measuring, it hears later that the viewer leaves, and its last report has all that was measured.
  #beacon = new Beacon((event) => this.#panel.reported(event));
  #device = new Device(this.#actions);
  #previews = new Previews();
  #seekbar = new Seekbar(this.#actions, this.#previews);
  #captions = new Captions(() => this.#settings?.changed());
  #settings = new Settings(this.#actions, this.#captions);
  #controls = new Controls(this.#actions, () => this.#settings.open || this.#seekbar.held);
  #ending = new Ending(() => this.#actions.play());
  #waiting = new Waiting(() => this.#restart({}));
  #playback = null;
  #restart = () => {};
  #begun = false; // Has this visit shown the film?
  #id = null;
  #sounds = [];
  #visit = 0;
  #timer = 0;

  constructor() {
    const video = this.#video;
    new Keys(this.#actions, this.#captions, this.#seekbar, () => this.#controls.wake());
    touchable(this.#actions, this.#controls);
    shareable(() => ({ id: this.#id, position: video.currentTime }));
    on(video, "waiting", () => this.#wait());
    on(video, "seeking", () => video.readyState < HAVE_FUTURE_DATA && this.#wait());
    on(video, "canplay playing seeked ended", () => this.#waiting.show(false));
    on(video, "loadedmetadata resize", () => this.#fit(video.videoWidth, video.videoHeight));
    on(video, "ended", () => {
      if (!this.#playback) return;
      this.#ending.show(this.#id);
      this.#beacon.pause();
    });
    on(video, "play seeking", () => video.ended || this.#ending.hide());
    on(video, "pause", () => this.#keep());
    on(window, "pagehide", () => this.#leave());
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
    this.#begun = false;
    for (const tool of ["share", "keys-open"]) byId(tool).hidden = false;
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
    this.#waiting.show(false);
    hush();
    for (const id of ["glow", "begin", "unmute"]) byId(id).hidden = true;
  }

  /** The page was left, and may come back. */
  #leave() {
    this.#keep();
    const { currentTime, paused, ended } = this.#video;
    this.#left = this.#playback && this.#begun ? { position: currentTime, paused, ended } : null;
  }

  /** The browser brought the page back as it was left. The film goes on there, and is the same view. */
  comeBack() {
    if (this.#left === null) this.open(this.#id);
    else if (!this.#left.ended) this.#restart(this.#left);
  }
  #left = null;

  /** The film stands still. */
  #wait() {
    if (!this.#playback || this.#video.ended) return;
    this.#measuring.stalled();
    this.#waiting.show(true);
  }

  /**
   * Asks to play until there is an answer to act on. `position` is where to go on, in seconds. `failed` is whether this
   * visit was already reported as one that failed. `since` is when the viewer began to wait, and `sameView` whether it goes on.
   */
  async #ask(id, visit, { position, failures = 0, looks = 0, paused = false, failed = false, since = performance.now(), sameView = false }) {
    const first = !failures && !looks;
    const slow = setTimeout(() => first && visit === this.#visit && say("Opening …", "The service takes long to answer."), WORDS_MS);
    const answer = await takeAnswer(id, position, { sameView: sameView || this.#begun });
    clearTimeout(slow);
    if (visit !== this.#visit) return;
    this.#waiting.show(false);
    const again = (seconds, counts) => this.#later(seconds, () => this.#ask(id, visit, { position, paused, failed, ...counts }));
    const act = {
      ready: () => this.#play(id, answer, visit, { since, position, failures, paused, failed }),
      preparing: () => {
        say("Being prepared", "This title is being encoded. It starts here by itself as soon as it is ready.", { working: true });
        again(Math.min(SLOWEST_S, answer.seconds * SLOWER ** looks), { looks: looks + 1 });
      },
      // What is wrong with a file is its operators' to know. A viewer who waited for it learns that waiting is over.
      missing: () => {
        const [heading, text] = this.#begun
          ? ["This title was taken down", "It can no longer be watched."]
          : looks
            ? ["This title could not be prepared", "Its operators can see why."]
            : ["No such title", "It may have been taken down, or the address is not complete."];
        this.#name(heading);
        byId("watch-facts").textContent = byId("watch-about").textContent = "";
        for (const tool of ["share", "keys-open"]) byId(tool).hidden = true;
        say(heading, text);
      },
      // Whoever waits for the service waits for the film.
      trouble: () =>
        this.#trouble("No answer", "The service could not be reached.", failures, (seconds, counts) =>
          again(seconds, { since, ...counts }),
        ),
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
    const when = navigator.onLine === false ? "This device is offline. It goes on when it is not." : "Trying again …";
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

  async #play(id, { name, hls, poster, duration, reports = 0 }, visit, { since, position, failures, paused, failed }) {
    position = inside(position, duration);
    this.#name(name);
    if (!byId("watch-facts").textContent) byId("watch-facts").textContent = clock(duration);
    hush();
    this.#waiting.show(true);
    this.#setPoster(api.path(poster), visit, this.#measuring.begin(since));
    const { meter } = this.#measuring;
    const session = sessionOfView();
    this.#panel.view(session);
    const figures = () => ({ ...meter.until(performance.now()), kbps: this.#playback?.kbps() ?? 0 });
    this.#beacon.begin({ title: id, session, failed, started: this.#begun }, reports, figures);
    this.#device.show(name, api.path(poster));

    const current = (act) => (...values) => visit === this.#visit && act(...values);
    const halt = () => {
      // A browser says "paused" too when it has dropped the film.
      if (this.#playback && this.#video.readyState) paused = this.#video.paused;
      position = this.#stop() ?? position;
    };
    const goOn = (more) => {
      halt();
      if (byId("notice").hidden) this.#waiting.show(true);
      // A view that was reported as failed is over. Any other one goes on, and so does the wait for its first picture.
      const same = more.failed ? {} : { since: this.#begun ? undefined : since, sameView: true };
      this.#ask(id, visit, { position, paused, failed, ...same, ...more });
    };
    const fail = (reason) => {
      this.#beacon.failed(String(reason));
      halt();
      const heading = this.#begun ? "Playback stopped" : "The film does not start";
      const again = (seconds, counts) => this.#later(seconds, () => goOn({ failed: true, ...counts }));
      this.#trouble(heading, "It could not be loaded, though it was asked for several times.", failures, again);
    };
    this.#restart = current(goOn);
    const heard = (index) => this.#sounds.find((sound) => sound.index === index)?.lang ?? null;
    const playback = await startPlayback(
      this.#video,
      { url: api.path(hls), position },
      {
        request: current((answer) => {
          this.#panel.request(answer);
          if (answer.status) this.#waiting.failed();
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
        recovering: current(() => this.#waiting.show(true)),
        failed: current(fail),
        renew: async () => {
          const answer = await api.play(id);
          return { ready: api.path(answer.hls), missing: "" }[answer.kind] ?? null;
        },
        lost: current(() => (failures ? fail("lost") : goOn({ failures: 1 }))),
        moved: current(() => goOn({})),
      },
    ).catch(current(fail)); // hls.js itself could not be loaded.
    if (visit !== this.#visit) return playback?.stop();
    if (!playback) return undefined;
    this.#playback = playback;
    this.#actions.ready = true;
    this.#settings.attach(playback);
    this.#captions.attach(playback);
    this.#controls.attach(true);
    this.#seekbar.show();
    if (playback.native) this.#panel.native();
    if (position > 0 && linkedTo() === null && !failures && !this.#begun) this.#mentionPlace(id, position);
    if (paused) return this.#waiting.show(false);
    return this.#begin(visit);
  }

  /** Ends the playback. Returns its position in seconds, or null if it had not come to the place where it was to begin. */
  #stop() {
    const there = this.#playback && (this.#video.currentTime > 0 || this.#measuring.meter?.started);
    const at = there ? this.#video.currentTime : null;
    this.#waiting.show(false);
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

  /**
   * Shows the poster until the first frame, and its colours behind the stage. A first frame that comes in time does not
   * share the network with it: it is fetched after `painted`, or when that takes too long.
   */
  async #setPoster(image, visit, painted) {
    this.#video.removeAttribute("poster");
    if (!image) return;
    await Promise.race([painted, new Promise((resolve) => setTimeout(resolve, POSTER_MS))]);
    if (visit !== this.#visit) return;
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
        this.#waiting.show(false);
        byId("begin").hidden = false;
        // The time to the first frame is then measured from the viewer's click on.
        on(byId("begin"), "click", () => this.#measuring.begin(performance.now()), { once: true });
      }
    }
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
