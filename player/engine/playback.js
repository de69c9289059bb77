/**
 * Plays one HLS address in a <video>: hls.js where the browser has Media Source Extensions, else the browser's own HLS.
 *
 * hls.js plays wherever it can, Safari included. If the browser fetched by itself, the page could not read the headers,
 * and the panel would be empty. hls.js repeats single requests (options.js). This file handles the errors that hls.js
 * calls fatal, as its documentation says, and the answers that need new cookies.
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

// The API is asked for new cookies at most once in this time.
const RENEWAL_MS = 20_000;
// A second media error within this time has the same cause.
const MEDIA_TROUBLE_MS = 10_000;
// hls.js has something to fetch while the viewer waits. If it fetches nothing for so long, it has lost its way.
const LOST_S = 8;
// A film may stop so long before its stated end: the last segments can hold less than they say.
const SHORT_S = 0.5;
const { HAVE_FUTURE_DATA } = HTMLMediaElement;

/** Seconds that are buffered without a gap from the current position on. */
export function aheadOf({ buffered, currentTime }) {
  for (let i = 0; i < buffered.length; i += 1)
    if (buffered.start(i) <= currentTime + 0.1 && buffered.end(i) > currentTime) return buffered.end(i) - currentTime;
  return 0;
}

/**
 * Starts playback. `on` receives:
 *   request({label, bytes, ms, retries, tier, node, region, cache, pop} | {label, status}): one finished request (hls.js only);
 *     `retries` are failures that hls.js's loader kept to itself;
 *   manifest(text, url): the multivariant playlist as it came;
 *   rungs([{index, label}]), rung(label): the ladder, and the rung on screen;
 *   sounds(tracks, index), captions(tracks): what there is to hear and read, as the manifest names it;
 *   recovering(): playback restarts, and the viewer waits; failed(reason): no restart is left;
 *   renew(): asks for new cookies, and resolves to the address that they open; "" if the title is gone; null without an answer.
 *   lost(): the viewer waits, and nothing is fetched: playback must be started again.
 *   moved(): the title has another address now, or none, so playback must be started again.
 * Returns {native, rung(), setRung(index), kbps(), setSound(index), setCaptions(index), wake(), stop()}.
 */
export async function startPlayback(video, { url, position }, on) {
  const lib = await library();
  const Hls = lib.default;
  if (!Hls.isSupported()) return startNative(video, { url, position }, on);

  const address = new URL(url, location.href).href; // hls.js writes no CMCD for a path alone.
  const store = new BrowserStore();
  const patience = new Patience();
  const ahead = () => aheadOf(video);
  let timer = 0;
  let renewed = -Infinity;
  let mediaTrouble = -Infinity;
  let again = null; // The restart that is planned.

  async function answer(context, response, stats, data) {
    const label = describe(context, hls);
    if (context.type === "manifest") on.manifest(data, response.url);
    const header = (name) => response.headers.get(name);
    const { loading, loaded, retry } = stats;
    const figures = { bytes: loaded, ms: loading.end - loading.start, retries: retry };
    on.request({ label, ...figures, ...whoServed(header, await store.answered(response.url)) });
  }
  const failure = (context, status) => on.request({ label: describe(context, hls), status });

  /** The cookies have expired, or the version is gone. The API is asked which. */
  async function refused() {
    if (performance.now() - renewed < RENEWAL_MS) return;
    renewed = performance.now();
    const now = await on.renew();
    if (now !== null && now !== url) on.moved();
  }

  const hungry = () => ahead() < EMPTY_S;
  const remembers = { estimate: remembered("estimate", 0), audio: remembered("sound") };
  let known;
  let clock;
  const { idle, ...fetching } = loaders(lib, { answer, failure }, hungry, () => clock);
  const hls = new Hls(options({ ahead, refused, position, ...remembers, loaders: fetching }));
  hls.subtitleDisplay = false; // The page draws captions itself: captions.js.

  hls.on(Hls.Events.MANIFEST_PARSED, () => {
    // The rung whose playlist was fetched ahead; else the lightest.
    const begun = hls.levels.findIndex((level) => level.uri === firstRung());
    hls.startLevel = Math.max(0, begun);
    on.rungs(hls.levels.map((level, index) => ({ index, label: rungName(level) })).reverse());
  });
  hls.on(Hls.Events.LEVEL_SWITCHED, (_, { level }) => on.rung(rungName(hls.levels[level])));
  hls.on(Hls.Events.AUDIO_TRACKS_UPDATED, () => on.sounds(hls.audioTracks, hls.audioTrack));
  hls.on(Hls.Events.AUDIO_TRACK_SWITCHED, () => on.sounds(hls.audioTracks, hls.audioTrack));
  hls.on(Hls.Events.SUBTITLE_TRACKS_UPDATED, () => on.captions(hls.subtitleTracks));
  hls.on(Hls.Events.MANIFEST_LOADING, () => (clock = new Promise((resolve) => (known = resolve))));
  hls.on(Hls.Events.INIT_PTS_FOUND, () => known());
  hls.on(Hls.Events.FRAG_BUFFERED, () => remember("estimate", Math.round(hls.bandwidthEstimate) || null));
  hls.on(Hls.Events.ERROR, (_, { fatal, type, details, response }) => {
    if (!fatal) return;
    if (MOVED.includes(response?.code)) refused();
    const [network, media] = [Hls.ErrorTypes.NETWORK_ERROR, Hls.ErrorTypes.MEDIA_ERROR];
    const wait = type === network || type === media ? patience.next(video.currentTime, ahead(), performance.now() / 1000) : null;
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
      // A second error in a row may come from an audio codec that the manifest names wrongly.
      if (performance.now() - mediaTrouble < MEDIA_TROUBLE_MS) hls.swapAudioCodec();
      mediaTrouble = performance.now();
      hls.recoverMediaError();
    } else if (details.startsWith("manifest")) hls.loadSource(address);
    // Before the first picture hls.js would forget where to begin, and then fetch nothing.
    else hls.startLoad(video.currentTime || (video.played.length ? -1 : position || -1));
  }

  // hls.js treats a last segment that adds nothing to the buffer as a gap, and then never ends the film. This does: if
  // all last segments were fetched, and the viewer is just before the end, nothing else comes.
  const last = new Set();
  const endIfOver = () => {
    const all = last.has("main") && (last.has("audio") || !hls.audioTracks.length);
    const { buffered, currentTime, duration, ended } = video;
    const there = Math.min(currentTime, buffered.length ? buffered.end(buffered.length - 1) : 0) > duration - SHORT_S;
    if (all && there && !ended) hls.trigger(Hls.Events.BUFFER_EOS, {});
  };
  hls.on(Hls.Events.FRAG_BUFFERED, (_, { frag }) => {
    if (frag.endList) last.add(frag.type);
    endIfOver();
  });
  const looksForEnd = ["waiting", "seeking"];
  for (const event of looksForEnd) video.addEventListener(event, endIfOver);

  let lost = 0;
  const look = () => {
    const waits = video.readyState < HAVE_FUTURE_DATA && !video.ended && !document.hidden;
    lost = waits && idle() && !again ? lost + 1 : 0;
    if (lost === LOST_S) on.lost();
  };
  const looks = setInterval(look, 1000);

  hls.loadSource(address);
  hls.attachMedia(video);
  return {
    native: false,
    rung: () => (hls.autoLevelEnabled ? -1 : hls.loadLevel),
    setRung(index) {
      // A chosen rung replaces what is buffered ahead, so that it is seen within a segment. "Auto" throws nothing away.
      if (index < 0) hls.loadLevel = -1;
      else hls.nextLevel = index;
    },
    kbps: () => Math.round((hls.levels[hls.currentLevel]?.bitrate ?? 0) / 1000),
    setSound: (index) => (hls.audioTrack = index),
    setCaptions: (index) => (hls.subtitleTrack = index),
    /** The network or the viewer is back: a planned restart happens now. */
    wake: () => again?.(),
    stop() {
      clearTimeout(timer);
      clearInterval(looks);
      for (const event of looksForEnd) video.removeEventListener(event, endIfOver);
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
