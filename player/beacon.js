/**
 * The reports of a view to its operator: it started after so many milliseconds, so many seconds were watched, the picture
 * stood still for so long, it failed, or the viewer left before the first frame. A view sends a handful. The contract is
 * in lambdas/experience/core.py: POST /api/events takes {session, title, event, ...}, with times since the last report.
 *
 * Only a share of the views reports: `reports` in the answer to play, from 0 to 1. After a 410 the page sends no more.
 */

import { on } from "./common/dom.js";

const ADDRESS = "/api/events";
const KEEPALIVE_MS = 240_000;

let silenced = false;

export class Beacon {
  #view = null; // {session, title, failed, started, seen, paused, watched, stalled, switches, figures, region}
  #drawn = {}; // {session, reports}: whether the view of this session is one of those that report
  #sent;

  /** `sent(event)` hears of each report. */
  constructor(sent) {
    this.#sent = sent;
    on(window, "pagehide", () => this.pause());
    // A phone may end a hidden page without telling it.
    on(document, "visibilitychange", () => {
      if (document.hidden) this.#keepAlive();
      else if (this.#view) this.#view.seen = true;
    });
    setInterval(() => this.#keepAlive(), KEEPALIVE_MS);
  }

  /**
   * A view {title, session, failed, started} begins, or goes on. `share` of all views report; `figures()` gives {watched,
   * stalled} in ms and {kbps}. `failed`: its failure was reported, and the next one is worth a report only after a picture.
   * `started`: its start was.
   */
  begin(view, share, figures) {
    const { session } = view;
    // A start that is tried once more is no exit.
    if (this.#view?.session !== session || this.#view.started) this.end();
    if (this.#drawn.session !== session) this.#drawn = { session, reports: Math.random() < share };
    if (silenced || !this.#drawn.reports) return;
    const seen = this.#view?.seen || !document.hidden;
    this.#view = { ...view, seen, watched: 0, stalled: 0, switches: 0, figures, region: null };
  }

  /** A node of this region has served a part of the view. */
  servedFrom(region) {
    if (this.#view) this.#view.region = region;
  }

  /** Another rung is on screen. */
  switched() {
    if (this.#view) this.#view.switches += 1;
  }

  /** The first frame was shown after `ms`; null where that could not be measured. */
  started(ms) {
    if (!this.#view) return;
    this.#view.failed = false;
    if (this.#view.started) return;
    this.#view.started = true;
    this.#send("start", ms === null ? {} : { start_ms: Math.round(ms) });
  }

  /** An error ended the view. */
  failed(reason) {
    if (!this.#view?.failed) this.#send("fail", { ...this.#since(), reason });
    this.#view = null;
  }

  /** The viewer left, or the film ended. The view may go on: the page comes back, or the film is played again. */
  pause() {
    const view = this.#view;
    if (!view || view.failed) return;
    const since = this.#since();
    if (view.paused && !(since.watched_s + since.stalled_s > 0)) return;
    view.paused = true;
    if (view.started) this.#send("end", since);
    // A browser does not begin a film in a tab that nobody has looked at.
    else if (view.seen) this.#send("exit");
  }

  /** The view is over. */
  end() {
    this.pause();
    this.#view = null;
  }

  #keepAlive() {
    if (!this.#view?.started) return;
    const since = this.#since();
    if (since.watched_s + since.stalled_s > 0) this.#send("keepalive", since);
  }

  /** What happened since the last report. */
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
    const { session, title, region } = this.#view;
    const body = JSON.stringify({ session, title, event, ...(region && { region }), ...more });
    this.#sent(event);
    // It is sent even if the page closes. sendBeacon would not tell the answer.
    const options = { method: "POST", body, keepalive: true, headers: { "Content-Type": "application/json" } };
    const answer = await fetch(ADDRESS, options).catch(() => null);
    if (answer?.status === 410) silenced = true;
  }
}
