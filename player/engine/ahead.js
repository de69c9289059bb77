/**
 * The head start: while hls.js is on its way, the API is asked, and then what hls.js will ask for first is asked for in
 * its place. A first frame is four questions deep (API, manifest, playlist, segment), and each costs a round trip.
 */

import { path, play } from "../common/api.js";
import { remembered } from "../common/remembered.js";
import { beginning, soundOf, variants } from "./master.js";

// A viewer is better served by a first second in fewer lines than by one that is late. Of what the network gave last
// time, the first rung may take this share: two seconds of film then come in a quarter of a second.
const SHARE = 1 / 8;

let begun = null; // {id, answer}: the question that is out
const early = new Map(); // url -> {since, response}: asked for, and not taken yet
let rung = null;

/** Asks to play `id`, as api.play does, and runs ahead to `position` seconds once the answer is there. */
export function headStart(id, position) {
  const answer = play(id);
  begun = { id, answer };
  answer.then((given) => given.kind === "ready" && runAhead(path(given.hls), position).catch(() => {}));
  return answer;
}

/** The answer to a head start of this title, once; without one, it starts now. */
export function takeAnswer(id, position) {
  const answer = begun?.id === id ? begun.answer : headStart(id, position);
  begun = null;
  return answer;
}

/** The address of the playlist that was begun with, or null. */
export const firstRung = () => rung;

/** What was asked for ahead under this address, once: {since, response}, or null. */
export function takeEarly(url) {
  const { href } = new URL(url, location.href);
  const entry = early.get(href) ?? null;
  early.delete(href);
  return entry;
}

/** Forgets what was not taken: the next title is another. */
export function dropEarly() {
  early.clear();
  rung = null;
}

async function runAhead(manifest, position) {
  dropEarly();
  const base = new URL(manifest, location.href).href;
  const text = await read(base);
  const choice = firstVariant(variants(text, base), remembered("estimate", 0));
  if (!choice) return;
  rung = choice.url;
  const sound = soundOf(choice, text, base, remembered("sound"));
  await Promise.all([choice.url, sound].filter(Boolean).map((url) => begin(url, position)));
}

async function begin(playlist, position) {
  for (const url of beginning(await read(playlist), playlist, position)) ask(url);
}

/** The rung to begin with at an estimate of so many bits a second; `found` has the lightest first. */
export const firstVariant = (found, estimate) =>
  found.findLast(({ bandwidth }) => bandwidth <= SHARE * estimate) ?? found[0];

/** Asks for a text, and leaves a second copy of it to be taken. */
async function read(url) {
  const response = ask(url);
  const copy = response.then((answer) => answer.clone());
  early.get(url).response = copy;
  const answer = await response;
  await copy;
  return answer.ok ? answer.text() : "";
}

function ask(url) {
  const response = fetch(url);
  response.catch(() => {}); // Whoever takes it hears of it.
  early.set(url, { since: performance.now(), response });
  return response;
}
