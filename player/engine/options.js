/** How hls.js is set up, and why. */

import { again } from "./patience.js";

const SECOND = 1_000;
// What is answered where cookies have run out, or a version is gone: the API knows the way on.
export const MOVED = [401, 403, 404, 410];

/**
 * hls.js's settings. `ahead()` tells the seconds that are buffered; `refused()` hears of answers that
 * the API may know a way around; `estimate` is what the network gave last time, in bits a second.
 */
export function options({ ahead, refused, estimate, position, audio, loaders }) {
  const shouldRetry = (_, count, isTimeout, response) => {
    const code = isTimeout ? 0 : (response?.code ?? 0);
    if (MOVED.includes(code)) refused();
    return again(count, code, ahead());
  };
  // hls.js takes a connection that was cut (no status) for a refusal by CORS, and a 403 for the last word.
  const errorRetry = { maxNumRetry: 1, retryDelayMs: 250, maxRetryDelayMs: 4 * SECOND, backoff: "exponential", shouldRetry };
  const timeoutRetry = { maxNumRetry: 2, retryDelayMs: 0, maxRetryDelayMs: 0 };
  const policy = (first, whole) => ({
    default: { maxTimeToFirstByteMs: first * SECOND, maxLoadTimeMs: whole * SECOND, timeoutRetry, errorRetry },
  });
  return {
    // CMAF needs no transmuxing, so a worker would only cost start-up time and a `worker-src blob:` in the policy.
    enableWorker: false,
    // No more lines than the stage can show, counted in real pixels: the viewer's data, and the platform's bill.
    capLevelToPlayerSize: true,
    // The same for what is never watched: a minute ahead, the segment that is on its way counted.
    maxBufferLength: 30,
    maxMaxBufferLength: 54,
    // What was watched stays for a minute, so that phones keep their memory.
    backBufferLength: 60,
    // Until the first segment tells better.
    abrEwmaDefaultEstimate: estimate || 2_000_000,
    startPosition: position || -1,
    // A segment is several fragments, and the first of them shows a picture: see loaders.js.
    progressive: true,
    // The platform's captions are renditions; those inside of the picture were taken out by the encoder.
    enableCEA708Captions: false,
    ...(audio ? { audioPreference: { lang: audio } } : {}),
    ...loaders,
    fragLoadPolicy: policy(10, 60),
    playlistLoadPolicy: policy(10, 20),
    manifestLoadPolicy: policy(10, 20),
  };
}
