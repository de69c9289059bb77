/**
 * Plays one HLS address in a <video>: hls.js where the browser has Media Source Extensions, else the browser's own HLS.
 *
 * hls.js plays wherever it can, Safari included, because a page cannot read the headers of what a browser fetches by
 * itself, and with them goes the panel. Single requests are tried again by hls.js, as options.js has it; what is handled
 * here is what hls.js calls fatal, in the way its documentation asks for, and answers that want new cookies.
 */

import { remember, remembered } from "../common/remembered.js";
import { BrowserStore, whoServed } from "../served/served.js";
import { dropEarly, firstRung } from "./ahead.js";
import { library } from "./library.js";
import { loaders } from "./loaders.js";
import { startNative } from "./native.js";
import { MOVED, options } from "./options.js";
import { EMPTY_S, Patience } from "./patience.js";
import { rungName } from "./tracks.js";

// New cookies that are refused too are not asked for again at once.
const RENEWAL_MS = 20_000;
// Two media errors within this are one trouble.
const MEDIA_TROUBLE_MS = 10_000;

/** Seconds that are buffered from here on without a hole. */
export function aheadOf({ buffered, currentTime }) {
  for (let i = 0; i < buffered.length; i += 1)
    if (buffered.start(i) <= currentTime + 0.1 && buffered.end(i) > currentTime) return buffered.end(i) - currentTime;
  return 0;
}

/**
 * Starts playback. `on` receives:
 *   request({label, bytes, ms, retries, tier, node, cache, pop} | {label, status}): one finished request (hls.js only);
 *     `retries` are failures that hls.js's loader kept to itself;
 *   manifest(text, url): the multivariant playlist as it came;
 *   rungs([{index, label}]), rung(label): the ladder, and the rung on screen;
 *   sounds(tracks, index), captions(tracks): what there is to hear and read, as the manifest names it;
 *   recovering(): the viewer waits for a new beginning; failed(reason): there is none left, and why in a word;
 *   renew(): asks for new cookies, and resolves to the address that they open, or to null where there is none.
 *   moved(): the title has another address now, so playback must be started again.
 * Returns {native, rung(), setRung(index), kbps(), setSound(index), setCaptions(index), wake(), stop()}.
 */
export async function startPlayback(video, { url, position }, on) {
  const lib = await library();
  const Hls = lib.default;
  if (!Hls.isSupported()) return startNative(video, { url, position }, on);

  const store = new BrowserStore();
  const patience = new Patience();
  const ahead = () => aheadOf(video);
  let timer = 0;
  let renewed = -Infinity;
  let mediaTrouble = -Infinity;
  let again = null; // The beginning that is waited for.

  async function answer(context, response, stats, data) {
    const label = describe(context, hls);
    if (context.type === "manifest") on.manifest(data, response.url);
    const header = (name) => response.headers.get(name);
    const { loading, loaded, retry } = stats;
    const figures = { bytes: loaded, ms: loading.end - loading.start, retries: retry };
    on.request({ label, ...figures, ...whoServed(header, await store.answered(response.url)) });
  }
  const failure = (context, status) => on.request({ label: describe(context, hls), status });

  /** The cookies that open the title have run out, or its version is gone: one question to the API tells. */
  async function refused() {
    if (performance.now() - renewed < RENEWAL_MS) return;
    renewed = performance.now();
    const now = await on.renew();
    if (now !== null && now !== url) on.moved();
  }

  const hungry = () => ahead() < EMPTY_S;
  const remembers = { estimate: remembered("estimate", 0), audio: remembered("sound") };
  const fetching = loaders(lib, { answer, failure }, hungry);
  const hls = new Hls(options({ ahead, refused, position, ...remembers, loaders: fetching }));
  hls.subtitleDisplay = false; // The page draws captions itself: captions.js.

  hls.on(Hls.Events.MANIFEST_PARSED, () => {
    // The rung whose playlist is on its way already; else the lightest.
    const begun = hls.levels.findIndex((level) => level.uri === firstRung());
    hls.startLevel = Math.max(0, begun);
    on.rungs(hls.levels.map((level, index) => ({ index, label: rungName(level) })).reverse());
  });
  hls.on(Hls.Events.LEVEL_SWITCHED, (_, { level }) => on.rung(rungName(hls.levels[level])));
  hls.on(Hls.Events.AUDIO_TRACKS_UPDATED, () => on.sounds(hls.audioTracks, hls.audioTrack));
  hls.on(Hls.Events.AUDIO_TRACK_SWITCHED, () => on.sounds(hls.audioTracks, hls.audioTrack));
  hls.on(Hls.Events.SUBTITLE_TRACKS_UPDATED, () => on.captions(hls.subtitleTracks));
  hls.on(Hls.Events.FRAG_BUFFERED, () => remember("estimate", Math.round(hls.bandwidthEstimate) || null));
  hls.on(Hls.Events.ERROR, (_, { fatal, type, details, response }) => {
    if (!fatal) return;
    if (MOVED.includes(response?.code)) refused();
    const [network, media] = [Hls.ErrorTypes.NETWORK_ERROR, Hls.ErrorTypes.MEDIA_ERROR];
    const wait = type === network || type === media ? patience.next(video.currentTime, ahead()) : null;
    if (wait === null) {
      on.failed(details);
      return;
    }
    if (hungry()) on.recovering();
    clearTimeout(timer);
    again = () => recover(type === media, details);
    timer = setTimeout(again, 1000 * wait);
  });

  function recover(media, details) {
    clearTimeout(timer);
    again = null;
    if (media) {
      // The second in a row may be an audio codec that the manifest names wrongly.
      if (performance.now() - mediaTrouble < MEDIA_TROUBLE_MS) hls.swapAudioCodec();
      mediaTrouble = performance.now();
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
    kbps: () => Math.round((hls.levels[hls.currentLevel]?.bitrate ?? 0) / 1000),
    setSound: (index) => (hls.audioTrack = index),
    setCaptions: (index) => (hls.subtitleTrack = index),
    /** The network is back, or the viewer: what is waited for begins at once. */
    wake: () => again?.(),
    stop() {
      clearTimeout(timer);
      dropEarly();
      hls.destroy();
    },
  };
}

/** What a request was for, in words. */
function describe({ type, frag, level, url }, hls) {
  if (!frag) {
    if (type === "manifest") return "Manifest";
    if (type === "audioTrack") return "Playlist, sound";
    if (type === "subtitleTrack") return "Playlist, captions";
    const rung = hls.levels[level];
    return rung ? `Playlist, ${rungName(rung)}` : `Playlist ${url.split("/").at(-1)}`;
  }
  const what = { audio: "sound", subtitle: "captions" }[frag.type] ?? rungName(hls.levels[frag.level]);
  return frag.sn === "initSegment" ? `Header, ${what}` : `Segment ${frag.sn + 1}, ${what}`;
}
