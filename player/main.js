/** Chooses the view: `/` offers the titles, `/?title=<id>` plays one. A query needs no rewriting at the edge. */

import { Catalogue } from "/catalogue.js";
import { byId } from "/dom.js";
import { Watch } from "/watch.js";

const catalogue = new Catalogue();
const watch = new Watch();

function show() {
  const id = new URLSearchParams(location.search).get("title");
  byId("list").hidden = id !== null;
  byId("watch").hidden = id === null;
  if (id === null) {
    watch.close();
    document.title = "Headend";
    catalogue.open();
  } else {
    catalogue.close();
    watch.open(id);
  }
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-view]");
  if (!link || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  history.pushState(null, "", link.href);
  show();
  scrollTo(0, 0);
  // A reader of the screen hears where it has come to.
  byId(`${link.dataset.view}-heading`).focus();
});
addEventListener("popstate", show);
show();
