/** How hls.js is set up, and why. */

import { again } from "./patience.js";
import { cmcd } from "./view.js";

const SECOND = 1_000;
// Answers when cookies have expired or a version is gone. The API then gives new cookies or another address.
export const MOVED = [401, 403, 404, 410];

/**
 * hls.js's settings. `ahead()` gives the seconds that are buffered. `refused()` is called after one of the MOVED answers.
 * `estimate` is what the network gave last time, in bits a second.
 */
export function options({ ahead, refused, estimate, position, audio, loaders }) {
  const shouldRetry = (_, count, isTimeout, response) => {
    const code = isTimeout ? 0 : (response?.code ?? 0);
    if (MOVED.includes(code)) refused();
    return again(count, code, ahead());
  };
  // By default hls.js does not retry a connection that was cut (no status) or a 403.
  const errorRetry = { maxNumRetry: 1, retryDelayMs: 250, maxRetryDelayMs: 4 * SECOND, backoff: "exponential", shouldRetry };
  const timeoutRetry = { maxNumRetry: 1, retryDelayMs: 0, maxRetryDelayMs: 0 };
  const policy = (first, whole) => ({
    default: { maxTimeToFirstByteMs: first * SECOND, maxLoadTimeMs: whole * SECOND, timeoutRetry, errorRetry },
  });
  return {
    // CMAF needs no transmuxing, so a worker would only cost start-up time and a `worker-src blob:` in the policy.
    enableWorker: false,
    // No rung with more lines than the stage shows, in device pixels: it would cost the viewer data, and the platform money.
    capLevelToPlayerSize: true,
    // At most a minute ahead, with the segment that is being fetched: much of what is fetched is never watched.
    maxBufferLength: 30,
    maxMaxBufferLength: 54,
    // What was watched is dropped after a minute, because phones have little memory.
    backBufferLength: 60,
    // Until the first segment was measured.
    abrEwmaDefaultEstimate: estimate || 2_000_000,
    startPosition: position || -1,
    // A segment has several fragments, and the first one is enough to show a picture: see loaders.js.
    progressive: true,
    // The platform's captions are renditions. There are none inside of its pictures.
    enableCEA708Captions: false,
    ...(audio ? { audioPreference: { lang: audio } } : {}),
    cmcd: cmcd(),
    ...loaders,
    fragLoadPolicy: policy(10, 60),
    playlistLoadPolicy: policy(10, 20),
    manifestLoadPolicy: policy(10, 20),
  };
}
