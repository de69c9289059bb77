/**
 * The head start. While hls.js is still loading, the page asks the API, and then fetches what hls.js will need first. One
 * after the other, API, manifest, playlist and segment would cost four round trips. The API's answer names the first
 * files of each rendition, so that none of them waits for another.
 */

import { path, play } from "../common/api.js";
import { remembered } from "../common/remembered.js";
import { libraryFetched } from "./library.js";
import { beginning, soundOf, variants } from "./master.js";
import { beginView, cmcdHeaders, referrer } from "./view.js";

// A viewer likes a first second in low quality better than a late one. The first rung may take this share of what the
// network gave last time: two seconds of film then come in a quarter of a second.
const SHARE = 1 / 8;

let begun = null; // {id, answer}: the API was asked, and nobody has taken the answer yet
const early = new Map(); // url -> {since, response, drop}: fetched, and not taken yet
let rung = null;

/**
 * Begins a view of `id`, or goes on with the same one: asks to play it, as api.play does, and runs ahead to `position` seconds
 * once the answer is there.
 */
export function headStart(id, position, { sameView = false } = {}) {
  if (!sameView) beginView(id);
  const answer = play(id);
  begun = { id, answer };
  answer.then((given) => given.kind === "ready" && runAhead(given, inside(position, given.duration)).catch(() => {}));
  return answer;
}

/** The API's answer for this title: that of the head start, or of a new request. */
export function takeAnswer(id, position, options) {
  const answer = begun?.id === id ? begun.answer : headStart(id, position, options);
  begun = null;
  return answer;
}

/** The second to begin at: 0 for one that the film does not have. */
export const inside = (position, duration) => (duration > 0 && position >= duration ? 0 : position);

/** The address of the playlist that the head start fetched, or null. */
export const firstRung = () => rung;

/** What the head start fetched from this address: {since, response, drop()}, or null. Each can be taken once. */
export function takeEarly(url) {
  const { href } = new URL(url, location.href);
  const entry = early.get(href) ?? null;
  early.delete(href);
  return entry;
}

/** Drops what was not taken. */
export function dropEarly() {
  early.forEach(({ drop }) => drop());
  early.clear();
  rung = null;
}

async function runAhead({ hls, opening }, position) {
  dropEarly();
  const base = new URL(path(hls), location.href).href;
  const estimate = remembered("estimate", 0);
  if (opening && !position) {
    const files = ({ files }) => files.map((name) => new URL(name, new URL(path(opening.base), location.href)).href);
    const sound = opening.sounds.find(({ language }) => language === remembered("sound")) ?? opening.sounds[0];
    const first = [firstVariant(opening.rungs, estimate), ...(sound ? [sound] : [])].map(files);
    const begun = (rung = first[0][0]);
    const playlists = [base, ...first.map(([playlist]) => playlist)].map(ask);
    // Nothing can be shown without hls.js, so it should not share a slow network with the segments. But a network that
    // waits for them for a round trip is not used. Most of hls.js is there when the playlists answer.
    await Promise.race([libraryFetched(), Promise.allSettled(playlists)]);
    if (rung === begun) first.flatMap(([, ...segments]) => segments).forEach(ask);
    return;
  }
  const text = await read(base);
  const choice = firstVariant(variants(text, base), estimate);
  if (!choice) return;
  rung = choice.url;
  const sound = soundOf(choice, text, base, remembered("sound"));
  await Promise.all([choice.url, sound].filter(Boolean).map((url) => begin(url, position)));
}

async function begin(playlist, position) {
  for (const url of beginning(await read(playlist), playlist, position)) ask(url);
}

/** The rung to begin with. `found` are the variants, the lightest first; `estimate` is in bits a second. */
export const firstVariant = (found, estimate) =>
  found.findLast(({ bandwidth }) => bandwidth <= SHARE * estimate) ?? found[0];

/** Fetches a text, and keeps a copy of the response to be taken. */
async function read(url) {
  const response = ask(url);
  const copy = response.then((answer) => answer.clone());
  copy.catch(() => {});
  early.get(url).response = copy;
  const answer = await response;
  await copy;
  return answer.ok ? answer.text() : "";
}

function ask(url) {
  const dropped = new AbortController();
  const response = fetch(url, { referrer: referrer(), headers: cmcdHeaders(), signal: dropped.signal });
  response.catch(() => {}); // Whoever takes the response sees the error.
  early.set(url, { since: performance.now(), response, drop: () => dropped.abort() });
  return response;
}
