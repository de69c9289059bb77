/**
 * hls.js, which is most of this page's bytes. It runs only when a title is opened; the HTML preloads it.
 *
 * This is the full build, since the light one plays neither other languages nor captions. The module form makes no global,
 * and has no worker inside.
 */
export const library = () => import("hls.js/dist/hls.min.mjs");
