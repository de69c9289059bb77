/** Where a view begins: at the second that the address names, else where this viewer left the title. */

import { placeOf } from "../common/places.js";
import { seconds } from "../common/words.js";

/** `?t=` of this address in seconds, or null. */
export const linkedTo = () => seconds(new URLSearchParams(location.search).get("t") ?? "");

/** Takes `?t=` out of this address: whoever loads the page again, or comes back to it, goes on where the film was. */
export function forgetLink() {
  const query = new URLSearchParams(location.search);
  if (!query.has("t")) return;
  query.delete("t");
  history.replaceState(history.state, "", `?${query}`);
}

/** The second to begin `id` at. */
export const whereToBegin = (id) => linkedTo() ?? placeOf(id);
