/**
 * How long to try again after failures. As long as the viewer still sees the film, the page goes on trying. Pure: what is
 * buffered and the film's position are passed in. All times are in seconds.
 */

/** With less than this buffered, the viewer is waiting. */
export const EMPTY_S = 0.5;

// Tries of one request. hls.js waits between them (see options.js). Then it tries another rung, and then it gives up.
const TIMES_WAITING = 3;
const TIMES_WATCHING = 40;
const TIMES_MISSING = 2;
const MISSING = [404, 410];

// Waits before each restart, when hls.js gave up while the viewer waits; the last one repeats. After LONGEST_S without a
// picture the page says that it does not work, and begins anew from the API.
const BEGINNINGS_S = [0.5, 1, 2, 4];
const LONGEST_S = 20;
// While the viewer still watches, restarts are not counted, and come more slowly.
const CALM_S = 4;
const PROGRESS_S = 5;

/** Is a request that failed `count` times before worth another try? `code` is its HTTP status, 0 where it was cut. */
export function again(count, code, ahead) {
  if (MISSING.includes(code)) return count < TIMES_MISSING;
  return count < (ahead > EMPTY_S ? TIMES_WATCHING : TIMES_WAITING);
}

/** Counts the restarts that a viewer had to wait for. */
export class Patience {
  #used = 0;
  #place = 0;
  #since = 0;

  /** Seconds until the next restart, or null when it is time to tell the viewer. `now` is the time in seconds. */
  next(position, ahead, now) {
    if (Math.abs(position - this.#place) > PROGRESS_S) this.#used = 0;
    this.#place = position;
    if (ahead > EMPTY_S) return Math.min(CALM_S, ahead / 2);
    if (!this.#used) this.#since = now;
    this.#used += 1;
    return now - this.#since > LONGEST_S ? null : (BEGINNINGS_S[this.#used - 1] ?? BEGINNINGS_S.at(-1));
  }
}
