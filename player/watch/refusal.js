/** What a viewer is told about a title that will not play: heading and text. */
export function refusal({ state, reason }) {
  if (state === "REJECTED")
    return ["This file cannot be played", reason || "The file that was uploaded is not a video that can be prepared."];
  return ["This title could not be prepared", reason || "Something went wrong on our side. The uploaded file is kept."];
}
