/** How one title looks: on a poster, and at the top of the page. */

import { path } from "../common/api.js";
import { el, icon } from "../common/dom.js";
import { places } from "../common/places.js";
import { clock, spoken } from "../common/words.js";

const link = (id) => ({ href: `/?title=${encodeURIComponent(id)}`, "data-view": "watch" });

/** The picture of a title, with its length and how far this viewer has come. */
export function poster({ id, poster, duration }) {
  const art = el("span", { class: "poster" });
  const image = path(poster);
  if (image) art.append(el("img", { src: image, alt: "", loading: "lazy", decoding: "async" }));
  else art.append(el("span", { class: "blank" }, icon("play")));
  if (duration) {
    const length = [el("span", { "aria-hidden": "true" }, clock(duration)), el("span", { class: "quiet" }, spoken(duration))];
    art.append(el("span", { class: "length" }, ...length));
  }
  const place = places().find((other) => other.id === id);
  if (place) {
    const bar = el("span", { class: "watched" }, el("span", { class: "quiet" }, `watched to ${spoken(place.position)}`));
    bar.style.setProperty("--share", place.position / place.duration);
    art.append(bar);
  }
  return art;
}

/** The newest title, over the whole width. */
export function hero({ id, name, description, duration, poster }) {
  const play = el("a", { class: "solid", ...link(id) }, icon("play"), "Play", el("span", { class: "quiet" }, ` ${name}`));
  const about = description ? el("p", { class: "about" }, description) : null;
  const words = el("div", {}, el("h2", {}, name), el("p", { class: "facts" }, clock(duration)), about, play);
  const image = path(poster);
  return el("article", { class: "hero" }, image ? el("img", { src: image, alt: "", fetchpriority: "high" }) : null, words);
}

/** A title that plays. */
export const published = (title) => card(title, poster(title), "");

/** A title that is made when somebody asks for it. */
export const registered = (title) =>
  card(title, el("span", { class: "poster asleep" }, icon("play")), "Open it to have it prepared");

function card({ id, name }, art, line) {
  const words = line ? el("p", {}, line) : null;
  return el("li", { class: "card", "data-id": id }, el("a", link(id), art, el("h3", {}, name)), words);
}

/** What a page without titles says. */
export function empty() {
  const how = "Put a video into the uploads bucket. It appears here as soon as it is ready.";
  const mark = el("img", { src: document.querySelector(".brand img").src, alt: "", width: "64", height: "64" });
  return el("div", { class: "empty" }, mark, el("h2", {}, "Nothing to watch yet"), el("p", {}, how));
}
