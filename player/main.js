/** Chooses the view: `/` offers the titles, `/?title=<id>` plays one. A query needs no rewriting at the edge. */

import { byId, on } from "./common/dom.js";
import { operator, setOperator } from "./common/operator.js";
import { Catalogue } from "./titles/catalogue.js";
import { Watch } from "./watch/watch.js";

const catalogue = new Catalogue();
const watch = new Watch();

const open = () => new URLSearchParams(location.search).get("title");

function show() {
  const id = open();
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

function showOperator() {
  for (const button of document.querySelectorAll(".operator")) button.setAttribute("aria-pressed", String(operator()));
  for (const part of ["panel", "ledger"]) byId(part).hidden = !operator();
  document.body.classList.toggle("told", operator());
}

on(document, "click", (event) => {
  const link = event.target.closest("a[data-view]");
  if (!link || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  history.pushState(null, "", link.href);
  show();
  scrollTo(0, 0);
  // A screen reader then says which view was opened.
  byId(`${link.dataset.view}-heading`).focus();
});
for (const button of document.querySelectorAll(".operator"))
  on(button, "click", () => {
    setOperator(!operator());
    showOperator();
  });
on(window, "popstate", show);
// A page that the browser restores from its back/forward cache has lost its connections.
on(window, "pageshow", ({ persisted }) => persisted && (open() === null ? show() : watch.comeBack()));
byId("loading").remove();
showOperator();
show();
