/** Plays with the browser's own HLS, where there are no Media Source Extensions. It has startPlayback's contract. */

import { rungName } from "./tracks.js";

/** Starts playback by the browser itself: no rungs to choose, and no headers to read. */
export function startNative(video, { url, position }, on) {
  const listen = {
    error: () => on.failed(`media error ${video.error?.code}`),
    resize: () => video.videoWidth && on.rung(rungName({ width: video.videoWidth, height: video.videoHeight })),
    loadedmetadata: () => position && (video.currentTime = position),
  };
  const tell = {
    addtrack: () => on.captions(texts().map(({ label, language }) => ({ name: label, lang: language }))),
    sound: () => on.sounds(sounds().map(({ label, language }) => ({ name: label, lang: language })), soundNow()),
  };
  const texts = () => [...video.textTracks].filter(({ kind }) => kind === "subtitles" || kind === "captions");
  const sounds = () => [...(video.audioTracks ?? [])];
  const soundNow = () => sounds().findIndex(({ enabled }) => enabled);
  for (const [event, act] of Object.entries(listen)) video.addEventListener(event, act);
  video.textTracks.addEventListener("addtrack", tell.addtrack);
  video.audioTracks?.addEventListener("addtrack", tell.sound);
  video.src = url;
  return {
    native: true,
    rung: () => -1,
    setRung() {},
    kbps: () => 0,
    setSound: (index) => sounds().forEach((track, at) => (track.enabled = at === index)),
    setCaptions: (index) => texts().forEach((track, at) => (track.mode = at === index ? "hidden" : "disabled")),
    wake() {},
    stop() {
      for (const [event, act] of Object.entries(listen)) video.removeEventListener(event, act);
      video.textTracks.removeEventListener("addtrack", tell.addtrack);
      video.audioTracks?.removeEventListener("addtrack", tell.sound);
      video.removeAttribute("src");
      video.load();
    },
  };
}
