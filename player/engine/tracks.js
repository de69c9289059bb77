/** The tracks of a title under the names that a menu shows. Pure. */

import { language } from "../common/words.js";

const DESCRIBED = "public.accessibility.describes-video";
const FOR_DEAF = ["public.accessibility.describes-music-and-sound", "public.accessibility.transcribes-spoken-dialog"];

/**
 * Tracks as {index, lang, label, forced}: each in its own language's name, with what marks it ("English, audio
 * description"). Where two would be called the same, or no language is given, the maker's own name stands too.
 */
export function named(tracks) {
  const plain = tracks.map((track, index) => {
    const roles = new Set((track.characteristics ?? "").split(","));
    const marks = [roles.has(DESCRIBED) && "audio description", FOR_DEAF.some((role) => roles.has(role)) && "SDH"];
    const own = language(track.lang);
    const name = track.name?.trim() || null;
    const parts = [own ?? name ?? "Unknown language", ...marks.filter(Boolean)];
    return { index, lang: track.lang ?? null, label: parts.join(", "), forced: Boolean(track.forced), name: own ? name : null };
  });
  return plain.map(({ name, ...track }) => {
    const twin = plain.some(({ label, index }) => label === track.label && index !== track.index);
    return twin && name ? { ...track, label: `${track.label} (${name})` } : track;
  });
}

/** A rung is named after its short side, so that a portrait 1080 × 1920 is 1080p too. */
export const rungName = ({ width, height }) => `${Math.min(width || height, height)}p`;

/** The captions to show: the viewer's language if captions are on, else those that the film cannot do without; or -1. */
export function captionsFor(tracks, { on, lang }, soundLang) {
  const open = tracks.filter(({ forced }) => !forced);
  if (on && open.length) return (open.find((track) => track.lang === lang) ?? open[0]).index;
  return tracks.find((track) => track.forced && track.lang === soundLang)?.index ?? -1;
}
