// A browser wakes a page in the background at least once a minute. If more time has passed, the device slept.
const LONGEST_MS = 90_000;

/** Adds up time watched and time spent waiting, in milliseconds. Time is passed in, at least once a minute. */
export class Meter {
  started = false;
  stalls = 0;
  stalled = 0;
  watched = 0;
  #state = "still";
  #since = 0;

  stall(now) {
    if (this.#state === "stalled") return;
    this.tick(now);
    this.#state = "stalled";
    this.stalls += 1;
  }

  flow(now) {
    this.tick(now);
    this.#state = "flowing";
  }

  stop(now) {
    this.tick(now);
    this.#state = "still";
  }

  /** The sums up to now: {watched, stalled}. */
  until(now) {
    this.tick(now);
    return { watched: this.watched, stalled: this.stalled };
  }

  tick(now) {
    const passed = now - this.#since;
    this.#since = now;
    if (passed > LONGEST_MS) return;
    if (this.#state === "stalled") this.stalled += passed;
    else if (this.#state === "flowing") this.watched += passed;
  }
}
