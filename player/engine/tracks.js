/** The tracks of a title under the names that a menu shows. Pure. */

import { language } from "../common/words.js";

const DESCRIBED = "public.accessibility.describes-video";
const FOR_DEAF = ["public.accessibility.describes-music-and-sound", "public.accessibility.transcribes-spoken-dialog"];

/**
 * Tracks as {index, lang, label, forced}: each in its own language's name, with what marks it ("English, audio
 * description"). Where two would be called the same, or no language is given, the maker's own name tells them apart
 * ("English", "English 2").
 */
export function named(tracks) {
  const plain = tracks.map((track, index) => {
    const roles = new Set((track.characteristics ?? "").split(","));
    const marks = [roles.has(DESCRIBED) && "audio description", FOR_DEAF.some((role) => roles.has(role)) && "SDH"];
    const own = language(track.lang);
    const name = track.name?.trim() || null;
    const said = own ?? name ?? "Unknown language";
    const parts = [said, ...marks.filter((mark) => mark && !said.includes(mark))];
    return { index, lang: track.lang ?? null, label: parts.join(", "), forced: Boolean(track.forced), name: own ? name : null };
  });
  return plain.map(({ name, ...track }) => {
    const twin = plain.some(({ label, index }) => label === track.label && index !== track.index);
    if (!twin || !name) return track;
    return { ...track, label: name.startsWith(track.label) ? name : `${track.label} (${name})` };
  });
}

/** A rung is named after its short side, so that a portrait 1080 × 1920 is 1080p too. */
export const rungName = ({ width, height }) => `${Math.min(width || height, height)}p`;

/** Which captions to show: the viewer's language if captions are on, else the forced ones of the sound's language; or -1. */
export function captionsFor(tracks, { on, lang }, soundLang) {
  const open = tracks.filter(({ forced }) => !forced);
  if (on && open.length) return (open.find((track) => track.lang === lang) ?? open[0]).index;
  return tracks.find((track) => track.forced && track.lang === soundLang)?.index ?? -1;
}
