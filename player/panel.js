/**
 * The panel beside the player: which tier answered each request, drawn as a tower of stations that lights up along the
 * way of the latest one, and how the playback itself is doing.
 */

import { el, icon, size, svg } from "/dom.js";
import { TIERS, tell } from "/served.js";

const STATIONS = [
  { id: "you", name: "You" },
  { id: "edge", name: "Edge" },
  { id: "balancer", name: "Load balancer" },
  { id: "node", name: "Cache node" },
  { id: "bucket", name: "Bucket" },
];

// Geometry of the tower, in pixels: style.css gives the rows beside it the same height.
const ROW = 62;
const SPINE = 40;
const y = (station) => ROW / 2 + ROW * STATIONS.findIndex(({ id }) => id === station);

const STRIP = 60;
const LEDGER = 200;
const FLIGHTS = 4;

const calm = matchMedia("(prefers-reduced-motion: reduce)");

export class Panel {
  #root;
  #rows;
  #counts = new Map(Object.keys(TIERS).map((tier) => [tier, { requests: 0, bytes: 0 }]));
  #failed = 0;
  #retried = 0;
  #flying = 0;
  #parts = {};

  constructor(root, rows) {
    this.#root = root;
    this.#rows = rows;
  }

  /** Empties the panel for a new view. */
  reset() {
    for (const count of this.#counts.values()) Object.assign(count, { requests: 0, bytes: 0 });
    this.#failed = this.#retried = 0;
    this.#rows.replaceChildren();
    const station = (id, text, dot = false) => {
      const value = el("dd", { "data-value": id }, "–");
      this.#parts[id] = value;
      return el("div", dot ? { "data-tier": dot } : {}, el("dt", {}, text), value);
    };
    this.#parts = {};
    const tower = this.#drawTower();
    this.#parts.latest = el("p", { class: "latest" }, "Waiting for the first response.");
    this.#parts.strip = el("div", { class: "strip", "aria-hidden": "true" });
    this.#parts.total = el("p", { class: "total" });
    this.#root.replaceChildren(
      el("h2", { id: "panel-heading" }, "Who served it"),
      tower,
      this.#parts.latest,
      this.#parts.strip,
      this.#parts.total,
      el("h2", {}, "How it plays"),
      el("dl", { class: "figures" }, station("first", "First frame"), station("stalls", "Stalls"), station("rung", "On screen"), station("dropped", "Frames dropped")),
      el(
        "p",
        { class: "source" },
        "Read from X-Cache, X-Node and X-Node-Cache of each response. The edge keeps a node’s headers with what it stores, so on an edge hit the node named is the one that filled it.",
      ),
    );
    this.#root.removeAttribute("data-native");
  }

  /** Says that this browser plays HLS by itself, where no page can read a header. */
  native() {
    this.#root.setAttribute("data-native", "");
    this.#parts.latest.textContent = "This browser plays HLS by itself and shows no page the headers, so who served it cannot be told here.";
  }

  /** One finished request, as startPlayback reports it. */
  request(answer) {
    if (answer.status) this.#failed += 1;
    else {
      const count = this.#counts.get(answer.tier);
      count.requests += 1;
      count.bytes += answer.bytes;
      this.#retried += answer.retries;
      this.#light(answer.tier);
    }
    this.#parts.latest.replaceChildren(el("strong", {}, answer.label), answer.status ? "" : ` · ${size(answer.bytes)} in ${Math.round(answer.ms)} ms`, el("br"), tell(answer));
    const tier = answer.status ? "failed" : answer.tier;
    this.#parts.latest.dataset.tier = tier;
    const bar = el("i", { "data-tier": tier, title: `${answer.label}: ${TIERS[tier]?.short ?? answer.status}` });
    // Square root: a playlist stays visible beside a segment a thousand times its size.
    bar.style.setProperty("--tall", Math.min(1, Math.sqrt((answer.bytes ?? 0) / 2e6)).toFixed(3));
    this.#parts.strip.append(bar);
    if (this.#parts.strip.childElementCount > STRIP) this.#parts.strip.firstChild.remove();
    this.#record(answer, tier);
    this.#count(answer);
  }

  /** Figures of the playback: any of {first (ms), stalls, stalled (s), watched (s), rung, dropped, frames}. */
  figures({ first, stalls, stalled, watched, rung, dropped, frames }) {
    const { first: f, stalls: s, rung: r, dropped: d } = this.#parts;
    if (first !== undefined) f.textContent = `${(first / 1000).toFixed(2)} s`;
    if (stalls !== undefined) s.textContent = `${stalls} · ${((100 * stalled) / Math.max(stalled + watched, 0.001)).toFixed(1)} %`;
    if (rung !== undefined) r.textContent = rung;
    if (dropped !== undefined) d.textContent = `${dropped} of ${frames}`;
  }

  #record(answer, tier) {
    const node = answer.tier === "edge" && answer.node ? `${answer.node} (earlier)` : (answer.node ?? "–");
    const cells = [answer.label, TIERS[tier]?.name ?? `Failed (${answer.status})`, answer.tier === "browser" ? "–" : node];
    const row = el("tr", { "data-tier": tier }, ...cells.map((text) => el("td", {}, text)));
    row.append(el("td", { class: "number" }, answer.status ? "–" : size(answer.bytes)), el("td", { class: "number" }, answer.status ? "–" : `${Math.round(answer.ms)} ms`));
    this.#rows.prepend(row);
    if (this.#rows.childElementCount > LEDGER) this.#rows.lastChild.remove();
  }

  #count({ pop, node, tier }) {
    const at = (name) => this.#counts.get(name);
    const sum = (...names) => names.reduce((all, name) => ({ requests: all.requests + at(name).requests, bytes: all.bytes + at(name).bytes }), { requests: 0, bytes: 0 });
    const asked = sum("edge", "node", "fill", "failover");
    const passed = sum("node", "fill");
    const bucket = sum("fill", "failover");
    this.#say("you", at("browser").requests ? `${at("browser").requests} kept by this browser` : "", "");
    this.#say("edge", `${at("edge").requests} of ${asked.requests} answered${pop ? `, ${pop}` : ""}`, at("edge").bytes);
    this.#say("balancer", passed.requests ? `passed ${passed.requests} on` : "not needed yet", "");
    const named = node && (tier === "node" || tier === "fill") ? `, last ${node}` : "";
    this.#say("node", `${at("node").requests} of ${passed.requests} answered`, at("node").bytes, named);
    this.#say("bucket", bucket.requests ? [at("fill").requests && `${at("fill").requests} to fill a node`, at("failover").requests && `${at("failover").requests} past the nodes`].filter(Boolean).join(", ") : "not needed yet", bucket.bytes);
    const all = asked.requests + at("unknown").requests;
    const cached = asked.requests ? Math.round((100 * sum("edge", "node").requests) / asked.requests) : 0;
    const parts = [`${all} responses, ${size(asked.bytes + at("unknown").bytes)}`];
    if (asked.requests) parts.push(`${cached} % from caches`);
    if (at("unknown").requests) parts.push(`${at("unknown").requests} do not say`);
    if (this.#retried) parts.push(`${this.#retried} repeated`);
    if (this.#failed) parts.push(`${this.#failed} failed`);
    this.#parts.total.textContent = parts.join(" · ");
  }

  #say(station, text, bytes, extra = "") {
    const row = this.#parts[station];
    row.dataset.requests = text;
    row.querySelector(".does").textContent = text + extra;
    row.querySelector(".bytes").textContent = bytes ? size(bytes) : "";
  }

  #drawTower() {
    const height = ROW * STATIONS.length;
    this.#parts.ways = svg("g", {});
    const spine = svg("path", { class: "spine", d: `M${SPINE} ${y("you")}V${y("bucket")}` });
    const arc = svg("path", { class: "spine", d: bypass() });
    const drawing = svg("svg", { class: "drawing", viewBox: `0 0 72 ${height}`, width: 72, height, "aria-hidden": "true" }, spine, arc, this.#parts.ways);
    const rows = STATIONS.map(({ id, name }) => {
      const disc = svg("g", { class: "station", "data-station": id, transform: `translate(${SPINE} ${y(id)})` }, svg("circle", { r: 17 }), icon(id, { x: -10, y: -10, width: 20, height: 20 }));
      drawing.append(disc);
      const row = el("li", { "data-station": id }, el("b", {}, name), el("span", { class: "does" }), el("span", { class: "bytes" }));
      this.#parts[id] = row;
      return row;
    });
    return el("div", { class: "tower" }, drawing, el("ol", {}, ...rows));
  }

  /** Lights the way of the latest response, and lets a light run along it from the tier that answered to the viewer. */
  #light(tier) {
    const { way } = TIERS[tier];
    const lit = new Set(["you", ...way]);
    for (const node of this.#root.querySelectorAll("[data-station]")) {
      node.classList.toggle("lit", lit.has(node.dataset.station));
      node.dataset.tier = tier;
      node.classList.toggle("answered", node.dataset.station === (way.at(-1) ?? (tier === "browser" ? "you" : null)));
    }
    const flying = [...this.#parts.ways.children].filter((path) => path.classList.contains("flight"));
    this.#parts.ways.replaceChildren(...flying);
    if (!way.length) return;
    const d = tier === "failover" ? `${bypass()}V${y("you")}` : `M${SPINE} ${y(way.at(-1))}V${y("you")}`;
    this.#parts.ways.prepend(svg("path", { class: "way", "data-tier": tier, d }));
    // A burst of requests needs no more lights than an eye can follow.
    if (calm.matches || this.#flying >= FLIGHTS) return;
    const flight = svg("path", { class: "flight", "data-tier": tier, d, pathLength: 1 });
    this.#parts.ways.append(flight);
    this.#flying += 1;
    flight.animate([{ strokeDashoffset: 0.16 }, { strokeDashoffset: -1 }], { duration: 320 + 170 * way.length, easing: "ease-in-out" }).finished.finally(() => {
      flight.remove();
      this.#flying -= 1;
    });
  }
}

/** From the bucket straight to the edge, around the balancer and the node. */
function bypass() {
  const [from, to] = [y("bucket"), y("edge")];
  return `M${SPINE} ${from}C4 ${from} 8 ${from - 40} 8 ${(from + to) / 2}S4 ${to} ${SPINE} ${to}`;
}
