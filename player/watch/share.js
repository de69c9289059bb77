/** The button that copies the address of this title at this second. */

import { byId, on } from "../common/dom.js";
import { clock } from "../common/words.js";
import { mention } from "./notice.js";

/** Copies on a click; `place()` gives {id, position}. */
export function shareable(place) {
  on(byId("share"), "click", async () => {
    const { id, position } = place();
    const second = Math.floor(position);
    const query = new URLSearchParams(second > 0 ? { title: id, t: second } : { title: id });
    const address = `${location.origin}/?${query}`;
    try {
      await navigator.clipboard.writeText(address);
      mention(second > 0 ? `The link to ${clock(second)} is copied.` : "The link is copied.");
    } catch {
      mention(address); // Without a secure connection a page may not copy; the viewer can.
    }
  });
}
