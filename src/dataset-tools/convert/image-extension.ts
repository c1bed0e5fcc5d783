import type { ImageFile } from "./image-writer.js";

/** What an image file is by its first bytes; undefined for other content. */
export function imageExtension(bytes: Uint8Array): ImageFile["extension"] | undefined {
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(12, bytes.length)).toString("latin1");
  if (start.startsWith("\xff\xd8\xff")) return ".jpg";
  if (start.startsWith("\x89PNG\r\n\x1a\n")) return ".png";
  return start.startsWith("RIFF") && start.endsWith("WEBP") ? ".webp" : undefined;
}
