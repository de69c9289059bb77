/** Arrows among the posters, as on a television: to the next one in that direction. Tab goes through all of them as ever. */

import { byId, on } from "../common/dom.js";

// [along, across]: which way is forward, and which way aside.
const WAYS = {
  ArrowRight: [({ x }) => x, ({ y }) => y],
  ArrowLeft: [({ x }) => -x, ({ y }) => y],
  ArrowDown: [({ y }) => y, ({ x }) => x],
  ArrowUp: [({ y }) => -y, ({ x }) => x],
};
const ASIDE = 3;

/** Listens in the list. */
export function arrows() {
  on(byId("list"), "keydown", (event) => {
    const way = WAYS[event.key];
    const here = event.target.closest("#list a");
    if (!way || !here || event.altKey || event.ctrlKey || event.metaKey) return;
    const [along, across] = way;
    const middle = (node) => {
      const { left, top, width, height } = node.getBoundingClientRect();
      return { x: left + width / 2, y: top + height / 2 };
    };
    const from = middle(here);
    const far = (node) => {
      const to = middle(node);
      const forward = along(to) - along(from);
      return forward > 1 ? forward + ASIDE * Math.abs(across(to) - across(from)) : Infinity;
    };
    const others = [...byId("list").querySelectorAll("a")].filter((node) => node.checkVisibility());
    const nearest = others.reduce((best, node) => (far(node) < far(best) ? node : best), here);
    if (nearest === here) return;
    event.preventDefault();
    nearest.focus();
  });
}
