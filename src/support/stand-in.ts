/** What a download or version control leaves in place of a file: every reader names it, since no parser's error would. */

export interface StandIn {
  /** Words for people: "an HTML page". */
  readonly name: string;
  /** What to do about it. */
  readonly remedy: string;
}

/** Bytes of a file that show what it is. */
export const START_BYTES = 512;

const AGAIN = "a download that failed, or of another address: get the file again";

const KINDS: readonly (readonly [RegExp, StandIn])[] = [
  [/^$/, { name: "an empty file", remedy: "get it again or remove it" }],
  [
    /^version https:\/\/git-lfs\.github\.com\/spec\//,
    { name: "a Git LFS pointer", remedy: "`git lfs pull` gets the file itself" },
  ],
  [/^\s*(?:<!doctype html|<html|<head|<body)/i, { name: "an HTML page", remedy: AGAIN }],
];

/** What stands in a file's place, by its first bytes; undefined for any other content. */
export function standInOf(bytes: Uint8Array): StandIn | undefined {
  const text = new TextDecoder("latin1").decode(bytes.subarray(0, START_BYTES)).replace(/^\xef\xbb\xbf/, "");
  return KINDS.find(([mark]) => mark.test(text))?.[1];
}

/** "an HTML page; a download that failed …" */
export function standInText({ name, remedy }: StandIn): string {
  return `${name}; ${remedy}`;
}
