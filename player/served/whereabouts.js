/** Lets a viewer choose the country to watch from. Only an edge that cannot know offers it: the laptop's, by a cookie. */

import { el } from "../common/dom.js";

const CHOICE = "laptop-country";

/** The menu, or null where the edge offers none. */
export function whereabouts() {
  const cookies = Object.fromEntries(document.cookie.split("; ").map((pair) => pair.split("=")));
  if (!cookies["laptop-countries"]) return null;
  const offered = cookies["laptop-countries"].split(".");
  const address = new URL(location.href);
  const now = address.searchParams.get(CHOICE) ?? cookies[CHOICE] ?? offered[0];
  const names = new Intl.DisplayNames(["en"], { type: "region" });
  const options = [...new Set([...offered, now])].map((code) => el("option", { value: code, selected: code === now }, names.of(code)));
  const choose = ({ target }) => {
    address.searchParams.set(CHOICE, target.value);
    location.assign(address);
  };
  return el("label", { class: "field whereabouts" }, "Watch from", el("select", { change: choose }, ...options));
}
