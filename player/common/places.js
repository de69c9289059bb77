/** Where a viewer left each title, on this device. */

import { remember, remembered } from "./remembered.js";

const KEPT = 100;
// A place near the start is not worth keeping. Near the end, the title counts as watched.
const STARTED_S = 5;
const CREDITS = 0.04;

/** The places, the latest first: [{id, position, duration}], in seconds. */
export const places = () => remembered("places", []).filter((place) => place?.position >= 0 && place.duration > 0);

/** Where `id` was left, in seconds; 0 if it was not begun, or was watched to the end. */
export const placeOf = (id) => places().find((place) => place.id === id)?.position ?? 0;

let told = null; // What this tab has said last: {id, position}.

/** Keeps where `id` is now; forgets it at the start and at the end. A film that stood still may have gone on in another tab. */
export function keepPlace(id, position, duration) {
  if (told?.id === id && told.position === position) return;
  told = { id, position };
  const others = places().filter((place) => place.id !== id);
  const under = position >= STARTED_S && duration - position > Math.max(STARTED_S, CREDITS * duration);
  remember("places", under ? [{ id, position, duration }, ...others].slice(0, KEPT) : others);
}

/** Forgets where `id` was left. */
export const forgetPlace = (id) => remember("places", places().filter((place) => place.id !== id));
