/** Where a view begins: at the second that the address names, else where this viewer left the title. */

import { placeOf } from "../common/places.js";
import { seconds } from "../common/words.js";

/** `?t=` of this address in seconds, or null. */
export const linkedTo = () => seconds(new URLSearchParams(location.search).get("t") ?? "");

/** The second to begin `id` at. */
export const whereToBegin = (id) => linkedTo() ?? placeOf(id);
