/** Adds up time watched and time spent waiting, in milliseconds. Time is passed in. */
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
    if (this.#state === "stalled") this.stalled += now - this.#since;
    else if (this.#state === "flowing") this.watched += now - this.#since;
    this.#since = now;
  }
}
