// Holds the declared types of the package to the code: compiling this file is the test.

import * as actual from "../../js/index.js";

/** @type {typeof import("../../js/public.js")} */
export const declared = actual;
