/** The panel beside the player: which tier answered each request of this view, and how the playback is doing. */

import { el } from "../common/dom.js";
import { size } from "../common/words.js";
import { TIERS, tell } from "./served.js";
import { Tower } from "./tower.js";
import { whereabouts } from "./whereabouts.js";

const BARS = 60;
const ROWS = 200;
// Figures that need a line of their own.
const WIDE = new Set(["reports", "view"]);
const SOURCE =
  "Read from X-Cache and the X-Node headers of each response. The edge keeps a node’s headers with what it stores, " +
  "so on an edge hit the node named is the one that filled it.";
const NATIVE = "This browser plays HLS by itself and shows no page the headers, so who served it cannot be told here.";

export class Panel {
  #root;
  #rows;
  #tower;
  #latest;
  #strip;
  #total;
  #figures;
  #counts;
  #nodes;
  #tallest;
  #failed;
  #reports;
  #regions;

  /** `root` is filled with the panel, `rows` (a <tbody>) with one row for each request. */
  constructor(root, rows) {
    this.#root = root;
    this.#rows = rows;
  }

  /** Empties the panel for a new view. */
  reset() {
    this.#counts = Object.fromEntries(Object.keys(TIERS).map((tier) => [tier, { requests: 0, bytes: 0 }]));
    this.#nodes = new Set();
    this.#regions = new Set();
    this.#tallest = 1;
    this.#failed = 0;
    this.#reports = [];
    this.#tower = new Tower();
    this.#latest = el("p", { class: "latest" }, "Nothing has been asked for yet.");
    this.#strip = el("div", { class: "strip", "aria-hidden": "true" });
    this.#total = el("p", { class: "total" });
    this.#figures = {};
    const list = el("dl", { class: "figures" });
    const names = { first: "First frame", stalls: "Stalls", rung: "On screen", dropped: "Frames dropped", reports: "Reported", view: "View" };
    for (const [id, name] of Object.entries(names)) {
      this.#figures[id] = el("dd", { "data-figure": id }, "–");
      list.append(el("div", { class: WIDE.has(id) && "wide" }, el("dt", {}, name), this.#figures[id]));
    }
    this.#rows.replaceChildren();
    this.#root.classList.remove("native");
    this.#root.replaceChildren(...[
      el("h2", { id: "panel-heading" }, "Who served it"),
      whereabouts(),
      this.#tower.element,
      this.#latest,
      this.#strip,
      this.#total,
      el("h2", {}, "How it plays"),
      list,
      el("p", { class: "source" }, SOURCE),
    ].filter(Boolean));
  }

  /** Says that this browser plays HLS by itself, where no page can read a header. */
  native() {
    this.#root.classList.add("native");
    this.#latest.textContent = NATIVE;
  }

  /** One finished request, as startPlayback reports it. */
  request(answer) {
    const { label, tier, bytes, ms, region, status } = answer;
    if (status) this.#failed += 1;
    else {
      this.#counts[tier].requests += 1;
      this.#counts[tier].bytes += bytes;
      this.#failed += answer.retries;
      if (tier === "node" || tier === "fill") this.#nodes.add(answer.node);
      if (region) this.#regions.add(region);
      this.#tower.light(tier);
    }
    const figures = status ? "" : ` · ${size(bytes)} in ${Math.round(ms)} ms`;
    const [before, after] = tell(answer).split(answer.node ?? "\n");
    const named = after === undefined ? [before] : [before, el("span", { class: "id" }, answer.node), after];
    this.#latest.replaceChildren(el("strong", {}, label), figures, el("br"), ...named);
    this.#latest.dataset.tier = tier ?? "failed";
    this.#mark(answer);
    this.#record(answer);
    this.#count(answer.pop);
  }

  /** Start-up: milliseconds from asking to play until a frame was painted; null where that was not measured. */
  firstFrame(ms) {
    this.#figures.first.textContent = ms === null ? "–" : `${(ms / 1000).toFixed(2)} s`;
  }

  /** What the logs of every tier call this view. */
  view(session) {
    this.#figures.view.textContent = session;
  }

  /** What this view told its operator. */
  reported(event) {
    this.#reports.push(event);
    this.#figures.reports.textContent = this.#reports.join(", ");
  }

  /** The rung on screen. */
  rung(label) {
    this.#figures.rung.textContent = label;
  }

  /** How often the picture stood still for lack of data, for which share of the time, and how many frames were dropped. */
  flow({ stalls, stalled, watched }, { droppedVideoFrames, totalVideoFrames }) {
    const share = stalls ? (100 * stalled) / (stalled + watched) : 0;
    this.#figures.stalls.textContent = `${stalls} · ${share.toFixed(1)} %`;
    this.#figures.dropped.textContent = `${droppedVideoFrames} of ${totalVideoFrames}`;
  }

  /** Adds a bar to the strip, as tall as the square root of its bytes: a playlist stays visible beside a segment. */
  #mark({ label, tier, bytes = 0, status }) {
    const root = Math.sqrt(bytes);
    this.#tallest = Math.max(this.#tallest, root);
    const bar = el("i", { "data-tier": tier ?? "failed", title: `${label}: ${TIERS[tier]?.name ?? status}` });
    bar.style.setProperty("--root", root);
    this.#strip.style.setProperty("--tallest", this.#tallest);
    this.#strip.append(bar);
    if (this.#strip.childElementCount > BARS) this.#strip.firstChild.remove();
  }

  /** Adds a row to the table of all requests, the latest first. */
  #record({ label, tier, node, bytes, ms, status }) {
    const named = tier === "browser" || !node ? "–" : tier === "edge" ? `${node} (earlier)` : node;
    const number = (text) => el("td", { class: "number" }, status ? "–" : text);
    const row = el("tr", { "data-tier": tier ?? "failed" });
    row.append(el("td", {}, label), el("td", {}, TIERS[tier]?.name ?? `Failed: ${status}`), el("td", {}, named));
    row.append(number(size(bytes)), number(`${Math.round(ms)} ms`));
    this.#rows.prepend(row);
    if (this.#rows.childElementCount > ROWS) this.#rows.lastChild.remove();
  }

  #count(pop) {
    const at = this.#counts;
    const sum = (figure, ...tiers) => tiers.reduce((all, tier) => all + at[tier][figure], 0);
    const asked = sum("requests", "edge", "node", "fill", "failover");
    const passed = sum("requests", "node", "fill");
    const idle = "not needed yet";
    const nodes = this.#nodes.size > 1 ? `, by ${this.#nodes.size} nodes` : "";
    const where = this.#regions.size ? `, in ${[...this.#regions].join(" and ")}` : "";
    const bucket = [
      at.fill.requests && `${at.fill.requests} filled a node`,
      at.failover.requests && `${at.failover.requests} direct`,
    ].filter(Boolean);
    this.#tower.say("you", at.browser.requests ? `${at.browser.requests} kept by this browser` : "");
    this.#tower.say("edge", asked ? `${at.edge.requests} of ${asked} answered${pop ? `, ${pop}` : ""}` : idle, at.edge.bytes);
    this.#tower.say("balancer", passed ? `passed ${passed} on` : idle);
    this.#tower.say("node", passed ? `${at.node.requests} of ${passed} answered${nodes}${where}` : idle, at.node.bytes);
    this.#tower.say("bucket", bucket.join(", ") || idle, sum("bytes", "fill", "failover"));

    const sent = ["edge", "node", "fill", "failover", "unknown"];
    const all = sum("requests", ...sent);
    const parts = [
      all ? `${all} responses, ${size(sum("bytes", ...sent))}` : "Nothing was sent: this browser had it all",
    ];
    if (asked) parts.push(`${Math.round((100 * sum("requests", "edge", "node")) / asked)} % from caches`);
    if (at.unknown.requests) parts.push(`${at.unknown.requests} do not say`);
    if (this.#failed) parts.push(`${this.#failed} failed`);
    this.#total.textContent = parts.join(" · ");
  }
}
