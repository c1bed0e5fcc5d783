import { imageSize } from "image-size";

/** What an image's header declares, in pixels. Null for what is no image, or a damaged one: who decodes it says in what way. */
export function declaredSize(image: Uint8Array): { readonly width: number; readonly height: number } | null {
  try {
    return imageSize(alone(image));
  } catch {
    return null;
  }
}

/** image-size reads beyond a few bytes that share their memory with others, as small Buffers do: of other uploads, too. */
function alone(bytes: Uint8Array): Uint8Array {
  return bytes.byteLength === bytes.buffer.byteLength ? bytes : Uint8Array.from(bytes);
}
