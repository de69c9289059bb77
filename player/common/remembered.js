/** What this browser remembers for its viewer. Nothing of it is sent anywhere. */

const PREFIX = "headend.";

/** What was remembered under `key`; `fallback` where there is nothing, or the browser keeps nothing. */
export function remembered(key, fallback = null) {
  try {
    return JSON.parse(localStorage.getItem(PREFIX + key)) ?? fallback;
  } catch {
    return fallback;
  }
}

/** Remembers a plain value; null forgets. A browser that keeps nothing (private, full) is left in peace. */
export function remember(key, value) {
  try {
    if (value === null) localStorage.removeItem(PREFIX + key);
    else localStorage.setItem(PREFIX + key, JSON.stringify(value));
  } catch {
    // The page works without a memory.
  }
}
