/** The first script of the page, and a small one: a title that the address names is asked for before all else is here. */

import { headStart } from "./engine/ahead.js";
import { library } from "./engine/library.js";
import { whereToBegin } from "./watch/beginning.js";

const id = new URLSearchParams(location.search).get("title");
if (id !== null) {
  headStart(id, whereToBegin(id));
  library().catch(() => {});
}
