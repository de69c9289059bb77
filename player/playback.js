/**
 * Plays one HLS address in a <video>: hls.js where the browser has Media Source Extensions, else the browser's own HLS.
 *
 * hls.js plays wherever it can, Safari included, because a page cannot read the headers of what a browser fetches by
 * itself, and with them goes the panel. It retries single requests (a segment cut in flight too) by itself; what is
 * handled here is what it calls fatal, in the way its documentation asks for and a bounded number of times.
 */

import { BrowserStore, whoServed } from "/served.js";

// Fatal errors in a row, without this much played between them, before the viewer is told.
const RECOVERIES = 3;
const PROGRESS_S = 5;

const OPTIONS = {
  // CMAF needs no transmuxing, so a worker would only cost start-up time and a `worker-src blob:` in the policy.
  enableWorker: false,
  // No more lines than the stage can show, counted in real pixels: the viewer's data, and the platform's bill.
  capLevelToPlayerSize: true,
  // A guess for the first segment only; the default of 0.5 Mb/s starts every viewer on the lowest rung.
  abrEwmaDefaultEstimate: 2_000_000,
  // What was watched stays for a minute, so that phones keep their memory.
  backBufferLength: 60,
  // A segment cut in flight by a node that dies is asked for again at once, and the edge finds another way. hls.js takes
  // a cut (no status) for a refusal by CORS, and would leave the rung; it also goes on for half a minute by default,
  // which is long for someone who waits.
  fragLoadPolicy: {
    default: {
      maxTimeToFirstByteMs: 10_000,
      maxLoadTimeMs: 60_000,
      timeoutRetry: { maxNumRetry: 2, retryDelayMs: 0, maxRetryDelayMs: 0 },
      errorRetry: {
        maxNumRetry: 4,
        retryDelayMs: 250,
        maxRetryDelayMs: 4_000,
        backoff: "exponential",
        shouldRetry: ({ maxNumRetry }, count, _, response, retry) =>
          retry || (response?.code === 0 && count < maxNumRetry),
      },
    },
  },
};

// The full build: the light one plays no alternate audio, and the sound of our titles is a rendition of its own. Its
// module form makes no global, and carries no worker inside.
const library = () => import("/vendor/hls.min.mjs");

/** Fetches hls.js ahead of need: it is most of this page's bytes, and the API can be asked meanwhile. */
export const preparePlayback = () => void library().catch(() => {});

/**
 * Starts playback. `on` receives:
 *   request({label, bytes, ms, retries, tier, node, cache, pop} | {label, status}): one finished request (hls.js only);
 *     `retries` are failures that hls.js's loader kept to itself, as it does for playlists;
 *   rungs([{index, label}]), rung(label): the ladder, and the rung on screen;
 *   recovering(): a fatal error is being dealt with; failed(): it could not be.
 * Returns {native, setRung(index), rung(), stop()}.
 */
export async function startPlayback(video, { url, position }, on) {
  const { default: Hls } = await library();
  if (!Hls.isSupported()) return startNative(video, { url, position }, on);

  const store = new BrowserStore();
  class ReportingLoader extends Hls.DefaultConfig.loader {
    load(context, config, callbacks) {
      const label = () => describe(context, hls);
      const { onSuccess, onError, onTimeout } = callbacks;
      super.load(context, config, {
        ...callbacks,
        onSuccess(response, stats, context, xhr) {
          const { loading, loaded, retry } = stats;
          report(label(), xhr, { bytes: loaded, ms: loading.end - loading.start, retries: retry });
          onSuccess(response, stats, context, xhr);
        },
        onError(error, context, xhr, stats) {
          on.request({ label: label(), status: error.code || "cut off" });
          onError(error, context, xhr, stats);
        },
        onTimeout(stats, context, xhr) {
          on.request({ label: label(), status: "timed out" });
          onTimeout(stats, context, xhr);
        },
      });
    }
  }
  async function report(label, xhr, figures) {
    const header = (name) => xhr.getResponseHeader(name);
    on.request({ label, ...figures, ...whoServed(header, await store.answered(xhr.responseURL)) });
  }

  const hls = new Hls({ ...OPTIONS, startPosition: position ?? -1, loader: ReportingLoader });
  let recoveries = 0;
  let troubleAt = 0;
  let swapped = false;
  let timer = 0;

  hls.on(Hls.Events.MANIFEST_PARSED, () =>
    on.rungs(hls.levels.map((level, index) => ({ index, label: rungName(level) })).reverse()),
  );
  hls.on(Hls.Events.LEVEL_SWITCHED, (_, { level }) => on.rung(rungName(hls.levels[level])));
  hls.on(Hls.Events.ERROR, (_, { fatal, type, details }) => {
    if (!fatal) return;
    // What counts is what the viewer sees: while the film goes on, so does trying.
    if (Math.abs(video.currentTime - troubleAt) > PROGRESS_S) recoveries = 0;
    troubleAt = video.currentTime;
    recoveries += 1;
    if (recoveries > RECOVERIES || ![Hls.ErrorTypes.NETWORK_ERROR, Hls.ErrorTypes.MEDIA_ERROR].includes(type)) {
      on.failed();
      return;
    }
    on.recovering();
    clearTimeout(timer);
    timer = setTimeout(() => recover(type, details), 500 * 2 ** (recoveries - 1));
  });

  function recover(type, details) {
    if (type === Hls.ErrorTypes.MEDIA_ERROR) {
      // The second of two in a row may be an audio codec that the manifest names wrongly.
      if (recoveries === 2 && !swapped) {
        swapped = true;
        hls.swapAudioCodec();
      }
      hls.recoverMediaError();
    } else if (details.startsWith("manifest")) hls.loadSource(url);
    else hls.startLoad();
  }

  hls.loadSource(url);
  hls.attachMedia(video);
  return {
    native: false,
    rung: () => (hls.autoLevelEnabled ? -1 : hls.loadLevel),
    setRung(index) {
      // To a rung: what is buffered ahead is replaced, so that the choice is seen within a segment. To automatic: nothing is thrown away.
      if (index < 0) hls.loadLevel = -1;
      else hls.nextLevel = index;
    },
    stop() {
      clearTimeout(timer);
      hls.destroy();
    },
  };
}

function startNative(video, { url, position }, on) {
  const failed = () => on.failed();
  video.addEventListener("error", failed);
  video.addEventListener("resize", sized);
  video.src = url;
  if (position) video.addEventListener("loadedmetadata", () => (video.currentTime = position), { once: true });
  function sized() {
    if (video.videoWidth) on.rung(rungName({ width: video.videoWidth, height: video.videoHeight }));
  }
  return {
    native: true,
    rung: () => -1,
    setRung() {},
    stop() {
      video.removeEventListener("error", failed);
      video.removeEventListener("resize", sized);
      video.removeAttribute("src");
      video.load();
    },
  };
}

/** A rung is named after its short side, so that a portrait 1080 × 1920 is 1080p too. */
const rungName = ({ width, height }) => `${Math.min(width || height, height)}p`;

/** What a request was for, in words. */
function describe({ type, frag, level }, hls) {
  if (!frag) {
    if (type === "manifest") return "Manifest";
    return type === "audioTrack" ? "Playlist, sound" : `Playlist, ${rungName(hls.levels[level])}`;
  }
  const what = frag.type === "audio" ? "sound" : rungName(hls.levels[frag.level]);
  return frag.sn === "initSegment" ? `Header, ${what}` : `Segment ${frag.sn + 1}, ${what}`;
}
