let failures = 0;

/**
 * hls.js, which is most of this page's bytes. It runs only when a title is opened; the HTML preloads it.
 *
 * This is the full build, since the light one plays neither other languages nor captions. The module form makes no global,
 * and has no worker inside.
 *
 * A browser may remember that a module did not load (Firefox does), so the next try has another address.
 */
export async function library() {
  try {
    return await (failures ? import(`${preloaded()}?again=${failures}`) : import("hls.js/dist/hls.min.mjs"));
  } catch (error) {
    failures += 1;
    throw error;
  }
}

const preloaded = () => document.querySelector('link[href*="/hls.min"]').href;

/** Resolves once hls.js is fetched, which is before it has run, or at the latest once it has. */
export const libraryFetched = () =>
  Promise.race([
    library().catch(() => {}),
    new Promise((resolve) => {
      const seen = (list, observer) => {
        if (!list.getEntries().some(({ name }) => name.includes("/hls.min"))) return;
        observer.disconnect();
        resolve();
      };
      new PerformanceObserver(seen).observe({ type: "resource", buffered: true });
    }),
  ]);
