import { LongtailError } from "../support/errors.js";

/** The end of a command that did all of its work, and has said what it found to be wrong: exit code 1, nothing more to print. */
export class FailedCheck extends LongtailError {}
