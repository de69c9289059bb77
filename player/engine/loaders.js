/**
 * The loaders that hls.js fetches with. They report each answer, take what was fetched ahead, and pass a fragment on in
 * small pieces while there is nothing to show.
 */

import { takeEarly } from "./ahead.js";
import { referrer } from "./view.js";

// A CMAF segment of the platform is three fragments of two seconds. hls.js looks for the end of the first one in pieces
// of this many bytes. In larger pieces the first picture would wait for bytes of the second fragment.
const PIECE = 8_192;

/**
 * {pLoader, fLoader} for hls.js's settings, and `idle()`: no request is on its way. `tell` hears of every request:
 * tell.answer(context, response, stats, data), tell.failure(context, what). `hungry()` is whether the viewer waits for a
 * picture. `clock()` is a promise that resolves when hls.js knows the picture's clock.
 */
export function loaders({ FetchLoader }, tell, hungry, clock) {
  const busy = new Set();

  class Loader extends FetchLoader {
    constructor(config) {
      super(config);
      // hls.js expects a promise of a Request. What it gets here is a response that was fetched already.
      this.fetchSetup = (context, init) => {
        const entry = context.rangeEnd ? null : takeEarly(context.url);
        if (!entry) return new Request(context.url, { ...init, referrer: referrer() });
        init.signal.addEventListener("abort", entry.drop);
        // The time is measured from the earlier fetch on. Else the network would look faster than it is.
        this.stats.loading.start = entry.since;
        return { then: () => entry.response };
      };
    }

    load(context, config, callbacks) {
      const done = () => busy.delete(this);
      busy.add(this);
      super.load(context, config, {
        ...callbacks,
        onSuccess(response, stats, context, details) {
          done();
          tell.answer(context, details, stats, response.data);
          callbacks.onSuccess(response, stats, context, details);
        },
        onError(error, context, details, stats) {
          done();
          tell.failure(context, error.code || "cut off");
          callbacks.onError(error, context, details, stats);
        },
        onTimeout(stats, context, details) {
          done();
          tell.failure(context, "timed out");
          callbacks.onTimeout(stats, context, details);
        },
      });
    }

    abort() {
      busy.delete(this);
      super.abort();
    }

    destroy() {
      busy.delete(this);
      super.destroy();
    }
  }

  class FragmentLoader extends Loader {
    load(context, config, callbacks) {
      const sound = context.frag.type === "audio" && context.frag.sn !== "initSegment";
      super.load(context, { ...config, highWaterMark: hungry() ? PIECE : Infinity }, sound ? after(clock(), callbacks) : callbacks);
    }

    // hls.js gives up a header when it asks for one again. If it heard of that, it would give up the segment of the new one
    // too, and ask for both again: for good, if headers take longer than its next look.
    abort() {
      if (this.context?.frag.sn === "initSegment") this.callbacks = null;
      super.abort();
    }
  }

  return { pLoader: Loader, fLoader: FragmentLoader, idle: () => !busy.size };
}

/**
 * The callbacks of a request for sound, none of which hears of bytes before the picture's clock is known. hls.js would keep
 * these bytes. Later ones could overtake them, and if the request then broke off, the film would never begin.
 */
function after(clock, callbacks) {
  let over = false;
  const wait = (act) => (...args) => void clock.then(() => over || act(...args));
  const end = (act) => (...args) => {
    over = true;
    act(...args);
  };
  return {
    onProgress: wait(callbacks.onProgress),
    onSuccess: wait(callbacks.onSuccess),
    onError: end(callbacks.onError),
    onTimeout: end(callbacks.onTimeout),
    onAbort: end(callbacks.onAbort),
  };
}
