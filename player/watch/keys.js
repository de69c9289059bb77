/** The keys, as people know them from elsewhere, and the list of them that `?` opens. */

import { byId, el, on } from "../common/dom.js";

const STEP_S = 5;
const LEAP_S = 10;
const LOUDER = 0.1;

export class Keys {
  #dialog = byId("keys");
  #stage = byId("stage");
  #table;

  /** `did(key)` is called after a key has done something. */
  constructor(actions, captions, seekbar, did) {
    const seek = (by) => () => {
      actions.seekBy(by);
      seekbar.glance();
    };
    const held = { held: true }; // It acts again and again while the key is held. The others would flicker.
    const to = (share) => () => {
      actions.seekTo(share * actions.length);
      seekbar.glance();
    };
    this.#table = [
      { keys: [" ", "k"], shown: "Space or K", does: "Play, pause", act: () => actions.toggle() },
      { keys: ["ArrowLeft"], shown: "←", does: `Back ${STEP_S} seconds`, act: seek(-STEP_S), ...held },
      { keys: ["ArrowRight"], shown: "→", does: `On ${STEP_S} seconds`, act: seek(STEP_S), ...held },
      { keys: ["j"], shown: "J", does: `Back ${LEAP_S} seconds`, act: seek(-LEAP_S), ...held },
      { keys: ["l"], shown: "L", does: `On ${LEAP_S} seconds`, act: seek(LEAP_S), ...held },
      { keys: ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"], shown: "0 to 9", does: "To 0 %, 10 % … 90 % of the film", act: (key) => to(Number(key) / 10)() },
      { keys: ["Home"], shown: "Home", does: "To the start", act: to(0), inside: true },
      { keys: ["End"], shown: "End", does: "To the end", act: to(1), inside: true },
      { keys: ["ArrowUp"], shown: "↑", does: "Louder", act: () => actions.louder(LOUDER), inside: true, ...held },
      { keys: ["ArrowDown"], shown: "↓", does: "Quieter", act: () => actions.louder(-LOUDER), inside: true, ...held },
      { keys: ["m"], shown: "M", does: "Sound off, on", act: () => actions.setMuted(!byId("video").muted) },
      { keys: ["c"], shown: "C", does: "Captions on, off", act: () => captions.toggle() },
      { keys: ["f"], shown: "F", does: "Full screen", act: () => actions.fullscreen() },
      { keys: ["<"], shown: "<", does: "Slower", act: () => actions.faster(-1) },
      { keys: [">"], shown: ">", does: "Faster", act: () => actions.faster(1) },
      { keys: ["?"], shown: "?", does: "This list", act: () => this.list() },
    ];
    on(document, "keydown", (event) => actions.ready && this.#pressed(event, did));
    on(byId("keys-open"), "click", () => this.list());
    on(byId("keys-close"), "click", () => this.#dialog.close());
    byId("keys-list").replaceChildren(
      ...this.#table.flatMap(({ shown, does }) => [el("dt", {}, el("kbd", {}, shown)), el("dd", {}, does)]),
    );
  }

  /** Shows the list of keys. */
  list() {
    this.#dialog.showModal();
  }

  #pressed(event, did) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || this.#dialog.open) return;
    const { target } = event;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (target.closest("input:not([type=range]), textarea, select, [role=menu]")) return;
    if (key === " " && target.closest("button, a, summary")) return;
    if (target.id === "volume" && /^(Arrow|Home|End)/.test(key)) return;
    const found = this.#table.find(({ keys }) => keys.includes(key));
    // Outside of the player some keys scroll the page.
    if (!found || (found.inside && !this.#stage.contains(target) && !document.fullscreenElement)) return;
    event.preventDefault();
    if (event.repeat && !found.held) return;
    found.act(key);
    did(key);
  }
}
