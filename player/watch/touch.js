/** Fingers and mice on the picture: a tap brings the controls, two taps at a side leap, a click pauses. */

import { byId, on } from "../common/dom.js";

const LEAP_S = 10;
const TWICE_MS = 300;

/** Listens on the picture. `bar` can be shown and asked whether it is shown: {wake(), rest(), shown}. */
export function touchable(actions, bar) {
  const video = byId("video");
  const nudge = byId("nudge");
  let last = 0;
  let leapt = 0;
  let timer = 0;

  on(video, "click", (event) => {
    if (event.pointerType !== "touch") {
      actions.toggle();
      return;
    }
    const { left, width } = video.getBoundingClientRect();
    const side = Math.sign(Math.round(((event.clientX - left) / width - 0.5) * 3));
    const now = performance.now();
    const twice = now - last < TWICE_MS;
    last = now;
    if (!twice) {
      leapt = 0;
      if (bar.shown) bar.rest();
      else bar.wake();
    } else if (side) {
      // Each tap more leaps once more.
      leapt += side * LEAP_S;
      actions.seekBy(side * LEAP_S);
      tell(side, leapt);
    }
  });
  on(video, "dblclick", ({ pointerType }) => pointerType === "touch" || actions.fullscreen());

  function tell(side, seconds) {
    clearTimeout(timer);
    nudge.hidden = false;
    nudge.dataset.side = side < 0 ? "left" : "right";
    nudge.textContent = `${seconds > 0 ? "+" : "−"}${Math.abs(seconds)} s`;
    timer = setTimeout(() => (nudge.hidden = true), 700);
  }
}
