/**
 * The loaders that hls.js fetches with: each tells of its answers, takes what was asked for ahead, and hands a fragment on
 * in pieces while there is nothing to show.
 */

import { takeEarly } from "./ahead.js";

// A CMAF segment of the platform is three fragments of two seconds. Pieces of this many bytes are enough for hls.js to
// find where the first of them ends.
const PIECE = 32_768;

/**
 * {pLoader, fLoader} for hls.js's settings. `tell` hears of every request: tell.answer(context, response, stats, data),
 * tell.failure(context, what). `hungry()` is whether the viewer waits for a picture.
 */
export function loaders({ FetchLoader }, tell, hungry) {
  class Loader extends FetchLoader {
    constructor(config) {
      super(config);
      // hls.js hands a promise of a Request to fetch. This one has been fetched already.
      this.fetchSetup = (context, init) => {
        const entry = context.rangeEnd ? null : takeEarly(context.url);
        if (!entry) return new Request(context.url, init);
        // Measured from when it was asked for, or the network would look faster than it is.
        this.stats.loading.start = entry.since;
        return { then: () => entry.response };
      };
    }

    load(context, config, callbacks) {
      super.load(context, config, {
        ...callbacks,
        onSuccess(response, stats, context, details) {
          tell.answer(context, details, stats, response.data);
          callbacks.onSuccess(response, stats, context, details);
        },
        onError(error, context, details, stats) {
          tell.failure(context, error.code || "cut off");
          callbacks.onError(error, context, details, stats);
        },
        onTimeout(stats, context, details) {
          tell.failure(context, "timed out");
          callbacks.onTimeout(stats, context, details);
        },
      });
    }
  }

  class FragmentLoader extends Loader {
    load(context, config, callbacks) {
      super.load(context, { ...config, highWaterMark: hungry() ? PIECE : Infinity }, callbacks);
    }
  }

  return { pLoader: Loader, fLoader: FragmentLoader };
}
