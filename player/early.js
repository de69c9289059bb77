/** The page's first and smallest script. It fetches the beginning of the title in the address while the rest of the page is loading. */

import { headStart } from "./engine/ahead.js";
import { library } from "./engine/library.js";
import { whereToBegin } from "./watch/beginning.js";

const id = new URLSearchParams(location.search).get("title");
if (id !== null) {
  headStart(id, whereToBegin(id));
  library().catch(() => {});
}
