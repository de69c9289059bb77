/**
 * hls.js, which is most of this page's bytes. It runs only when a title is opened; the HTML preloads it.
 *
 * This is the full build, since the light one plays neither other languages nor captions. The module form makes no global,
 * and has no worker inside.
 */
export const library = () => import("hls.js/dist/hls.min.mjs");

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
