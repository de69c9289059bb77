/**
 * The switch between a viewer's page and an operator's: who served each request.
 * `?served` in an address turns it on, `?served=0` off; this browser remembers it.
 */

import { remember, remembered } from "./remembered.js";

const asked = new URLSearchParams(location.search).get("served");
if (asked !== null) remember("operator", asked !== "0" || null);

/** Is the operator's side shown? */
export const operator = () => remembered("operator", false);

/** Shows it, or hides it. */
export const setOperator = (shown) => remember("operator", shown || null);
