import type { Inspection } from "./inspection-cache.js";

/** A sound photograph's inspection, with changes. */
export function inspection(changes: Partial<Inspection> = {}): Inspection {
  return {
    error: null,
    warning: null,
    truncated: false,
    huge: false,
    format: "jpeg",
    width: 200,
    height: 150,
    bits: 8,
    color: "rgb",
    alpha: false,
    orientation: 1,
    bytes: 9000,
    fileHash: "0000000000000000",
    pixelHash: "0000000000000000",
    hash: "00000000ffffffff",
    mirrored: "aaaaaaaa55555555",
    contrast: 40,
    colors: Buffer.alloc(192, 120).toString("base64"),
    ...changes,
  };
}
