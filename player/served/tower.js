/** The drawing of the tiers: a tower of stations from the viewer to the bucket, which lights up along a response's way. */

import { el, icon, svg } from "../common/dom.js";
import { size } from "../common/words.js";
import { TIERS } from "./served.js";

const STATIONS = { you: "You", edge: "Edge", balancer: "Load balancer", node: "Cache node", bucket: "Bucket" };

// In pixels; style.css gives the rows beside the drawing the same height.
const ROW = 62;
const SPINE = 40;
const y = (station) => ROW / 2 + ROW * Object.keys(STATIONS).indexOf(station);

// A burst of responses needs no more lights than an eye can follow.
const FLIGHTS = 4;

const calm = matchMedia("(prefers-reduced-motion: reduce)");

export class Tower {
  element;
  #rows = {};
  #ways = svg("g");
  #flights = svg("g");

  constructor() {
    const height = ROW * Object.keys(STATIONS).length;
    const drawing = svg("svg", { viewBox: `0 0 72 ${height}`, width: 72, height, "aria-hidden": "true" });
    const spine = svg("path", { class: "spine", d: `M${SPINE} ${y("you")}V${y("bucket")}` });
    drawing.append(spine, svg("path", { class: "spine", d: bypass() }), this.#ways, this.#flights);
    const list = el("ol");
    for (const [id, name] of Object.entries(STATIONS)) {
      const place = { "data-station": id, class: "station", transform: `translate(${SPINE} ${y(id)})` };
      const picture = icon(id, { x: -10, y: -10, width: 20, height: 20 });
      drawing.append(svg("g", place, svg("circle", { r: 17 }), picture));
      const row = el("li", { "data-station": id }, el("b", {}, name), el("span", { class: "does" }));
      row.append(el("span", { class: "bytes" }));
      this.#rows[id] = row;
      list.append(row);
    }
    this.element = el("div", { class: "tower" }, drawing, list);
  }

  /** Writes beside a station what it has done so far. */
  say(station, text, bytes = 0) {
    this.#rows[station].querySelector(".does").textContent = text;
    this.#rows[station].querySelector(".bytes").textContent = bytes ? size(bytes) : "";
  }

  /** Lights the way of the latest response, and lets a light run along it from the tier that answered to the viewer. */
  light(tier) {
    const { way } = TIERS[tier];
    const answered = way.at(-1) ?? (tier === "browser" ? "you" : null);
    for (const part of this.element.querySelectorAll("[data-station]")) {
      const { station } = part.dataset;
      part.dataset.tier = tier;
      part.classList.toggle("lit", station === "you" || way.includes(station));
      part.classList.toggle("answered", station === answered);
    }
    this.#ways.replaceChildren();
    if (!way.length) return;
    const d = tier === "failover" ? `${bypass()}V${y("you")}` : `M${SPINE} ${y(answered)}V${y("you")}`;
    this.#ways.append(svg("path", { class: "way", "data-tier": tier, d }));
    if (calm.matches || this.#flights.childElementCount >= FLIGHTS) return;
    const flight = svg("path", { class: "flight", "data-tier": tier, d, pathLength: 1 });
    this.#flights.append(flight);
    const along = [{ strokeDashoffset: 0.16 }, { strokeDashoffset: -1 }];
    const animation = flight.animate(along, { duration: 320 + 170 * way.length, easing: "ease-in-out" });
    animation.onfinish = () => flight.remove();
  }
}

/** From the bucket straight to the edge, around the balancer and the node. */
function bypass() {
  const [from, to] = [y("bucket"), y("edge")];
  return `M${SPINE} ${from}C4 ${from} 8 ${from - 40} 8 ${(from + to) / 2}S4 ${to} ${SPINE} ${to}`;
}
