/**
 * What a view reports to its operator: that it started and how fast, what was watched and how long it stood still, that it
 * failed, or that its viewer left before it began. A handful of requests a view. The contract is that of
 * lambdas/experience/core.py: POST /api/events takes {session, title, event, ...}, times since the last report.
 *
 * The session is random, new for each view, and kept nowhere: nobody can tell whose it is. A share of the views reports
 * (`reports` in the answer to play, drawn once a view; no share, no reports), and a 410 silences this page for good.
 */

import { on } from "./common/dom.js";

const ADDRESS = "/api/events";
const KEEPALIVE_MS = 240_000;

let silenced = false;

export class Beacon {
  #view = null; // {session, title, started, watched, stalled, switches, meter, kbps}
  #draw;

  /** `draw` gives numbers from 0 to 1, as Math.random does. */
  constructor(draw = Math.random) {
    this.#draw = draw;
    on(window, "pagehide", () => this.end());
    // A phone may end a page that is out of sight, and not tell it.
    on(document, "visibilitychange", () => document.hidden && this.#keepAlive());
    setInterval(() => this.#keepAlive(), KEEPALIVE_MS);
  }

  /** A view begins. `share` of all views report; `figures()` gives {watched, stalled} in ms and {kbps}. */
  begin(title, share, figures) {
    this.end();
    if (silenced || !(this.#draw() < share)) return;
    const session = [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    this.#view = { session, title, started: false, watched: 0, stalled: 0, switches: 0, figures };
  }

  /** Another rung is on screen. */
  switched() {
    if (this.#view) this.#view.switches += 1;
  }

  /** The first frame was shown after `ms`; null where that could not be measured. */
  started(ms) {
    if (!this.#view || this.#view.started) return;
    this.#view.started = true;
    this.#send("start", ms === null ? {} : { start_ms: Math.round(ms) });
  }

  /** An error ended the view. */
  failed(reason) {
    this.#send("fail", { ...this.#since(), reason });
    this.#view = null;
  }

  /** The viewer left, or the film ended. */
  end() {
    if (!this.#view) return;
    if (this.#view.started) this.#send("end", this.#since());
    else this.#send("exit");
    this.#view = null;
  }

  #keepAlive() {
    if (!this.#view?.started) return;
    const since = this.#since();
    if (since.watched_s + since.stalled_s > 0) this.#send("keepalive", since);
  }

  /** What has been since the last report. */
  #since() {
    const view = this.#view;
    if (!view) return {};
    const { watched, stalled, kbps } = view.figures();
    const tenths = (ms) => Math.max(0, Math.round(ms / 100) / 10);
    const said = { watched_s: tenths(watched - view.watched), stalled_s: tenths(stalled - view.stalled), switches: view.switches };
    Object.assign(view, { watched, stalled, switches: 0 });
    return kbps ? { ...said, kbps } : said;
  }

  async #send(event, more = {}) {
    if (!this.#view || silenced) return;
    const { session, title } = this.#view;
    const body = JSON.stringify({ session, title, event, ...more });
    // It outlives the page; and unlike sendBeacon it hears the answer.
    const options = { method: "POST", body, keepalive: true, headers: { "Content-Type": "application/json" } };
    const answer = await fetch(ADDRESS, options).catch(() => null);
    if (answer?.status === 410) silenced = true;
  }
}
