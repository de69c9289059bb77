/**
 * How long to go on trying, which is for as long as the viewer sees the film. Pure: what is buffered and where the film
 * is are passed in. Seconds throughout.
 */

/** Less than this ahead, and the viewer is waiting. */
export const EMPTY_S = 0.5;

// Of one request, in a row. hls.js spaces them (see options.js); then it tries another rung, and then it gives up.
const TIMES_WAITING = 5;
const TIMES_WATCHING = 40;
const TIMES_MISSING = 2;
const MISSING = [404, 410];

// After hls.js gave up while the viewer waits: how long before each new beginning. All of it is told as "loading".
const BEGINNINGS_S = [0.5, 1, 2, 4, 8];
// While the viewer still watches, nothing is counted, and nothing is hurried.
const CALM_S = 4;
const PROGRESS_S = 5;

/** Is a request that failed `count` times before worth another try? `code` is its HTTP status, 0 where it was cut. */
export function again(count, code, ahead) {
  if (MISSING.includes(code)) return count < TIMES_MISSING;
  return count < (ahead > EMPTY_S ? TIMES_WATCHING : TIMES_WAITING);
}

/** Counts the new beginnings that a viewer had to wait for. */
export class Patience {
  #used = 0;
  #place = 0;

  /** Seconds until the next beginning, or null when the viewer should be told. */
  next(position, ahead) {
    if (Math.abs(position - this.#place) > PROGRESS_S) this.#used = 0;
    this.#place = position;
    if (ahead > EMPTY_S) return Math.min(CALM_S, ahead / 2);
    this.#used += 1;
    return BEGINNINGS_S[this.#used - 1] ?? null;
  }
}
