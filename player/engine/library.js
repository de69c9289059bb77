/**
 * hls.js, which is most of this page's bytes: asked for when a title is about to be played, and not before.
 *
 * The full build: the light one plays neither alternate sound nor captions. Its module form makes no global, and carries
 * no worker inside.
 */
export const library = () => import("hls.js/dist/hls.min.mjs");
