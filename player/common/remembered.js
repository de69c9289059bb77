/** What this browser remembers for its viewer. Nothing of it is sent anywhere. */

const PREFIX = "headend.";

/** What was remembered under `key`; `fallback` if there is nothing. */
export function remembered(key, fallback = null) {
  try {
    return JSON.parse(localStorage.getItem(PREFIX + key)) ?? fallback;
  } catch {
    return fallback;
  }
}

/** Remembers a plain value; null forgets. Does nothing where the browser stores nothing (private window, full disk). */
export function remember(key, value) {
  try {
    if (value === null) localStorage.removeItem(PREFIX + key);
    else localStorage.setItem(PREFIX + key, JSON.stringify(value));
  } catch {
    // The page works without a memory.
  }
}
