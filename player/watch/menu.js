/**
 * A menu of a button, by the pattern of W3C's authoring practices: arrows, Home and End move, Escape closes, and the focus
 * goes back to where it came from. Pages of choices open from the first page, as on a phone.
 */

import { byId, el, icon, on } from "../common/dom.js";

export class Menu {
  #button;
  #root;
  #pages = null;
  #page = null;

  /** `pages()` gives {first: {label, items}, …}: items are {id, label, value, opens}, {id, label, checked, choose} or {id, label, choose}. */
  constructor(button, root, pages) {
    this.#button = byId(button);
    this.#root = byId(root);
    this.#pages = pages;
    on(this.#button, "click", () => (this.open ? this.close() : this.show("first")));
    on(document, "pointerdown", ({ target }) => {
      if (this.open && !this.#root.contains(target) && !this.#button.contains(target)) this.close(false);
    });
    on(this.#root, "keydown", (event) => this.#key(event));
  }

  get open() {
    return !this.#root.hidden;
  }

  /** Opens a page of the menu, with the focus on what is chosen. */
  show(page) {
    this.#page = page;
    this.#root.hidden = false;
    this.#button.setAttribute("aria-expanded", "true");
    this.#draw();
    (this.#root.querySelector("[aria-checked=true]") ?? this.#items()[0])?.focus();
  }

  close(focus = true) {
    if (!this.open) return;
    const inside = this.#root.contains(document.activeElement);
    this.#root.hidden = true;
    this.#button.setAttribute("aria-expanded", "false");
    if (focus && inside) this.#button.focus();
  }

  /** What there is to choose has changed: an open menu shows it, and the focus stays. */
  refresh() {
    if (!this.open) return;
    const focused = document.activeElement?.dataset?.item;
    const inside = this.#root.contains(document.activeElement);
    this.#draw();
    if (inside) (this.#items().find((item) => item.dataset.item === focused) ?? this.#items()[0])?.focus();
  }

  #items() {
    return [...this.#root.querySelectorAll("[role^=menuitem]")];
  }

  #draw() {
    const pages = this.#pages();
    const { label, items } = pages[this.#page] ?? pages.first;
    this.#root.setAttribute("aria-label", label);
    const back = { type: "button", role: "menuitem", class: "up", "data-item": "back", click: () => this.#back() };
    const top = this.#page === "first" ? [] : [el("button", back, icon("back"), label)];
    this.#root.replaceChildren(...top, ...items.map((item) => this.#item(item)));
  }

  #item({ id, label, value = null, opens = null, checked = null, choose }) {
    const act = () => (opens ? this.show(opens) : choose());
    const shape = { type: "button", "data-item": id, tabindex: "-1", click: act };
    if (opens) return el("button", { ...shape, role: "menuitem", "aria-haspopup": "menu" }, el("span", {}, label), el("span", { class: "value" }, value));
    if (checked === null) return el("button", { ...shape, role: "menuitem" }, label);
    return el("button", { ...shape, role: "menuitemradio", "aria-checked": String(checked) }, label);
  }

  #back() {
    const from = this.#page;
    this.show("first");
    this.#items().find((item) => item.dataset.item === from)?.focus();
  }

  #key(event) {
    const items = this.#items();
    const at = items.indexOf(document.activeElement);
    const focused = items[at];
    const act = {
      ArrowDown: () => items[(at + 1) % items.length].focus(),
      ArrowUp: () => items.at(at - 1).focus(),
      Home: () => items[0].focus(),
      End: () => items.at(-1).focus(),
      ArrowRight: () => focused?.ariaHasPopup && focused.click(),
      ArrowLeft: () => this.#page !== "first" && this.#back(),
      Escape: () => this.close(),
      Tab: () => this.close(),
    }[event.key];
    // Every key is the menu's own: a letter must not reach the film.
    event.stopPropagation();
    if (!act || !items.length) return;
    if (event.key !== "Tab") event.preventDefault();
    act();
  }
}
