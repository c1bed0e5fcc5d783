/**
 * The engine's version, here and nowhere else. The addon is compiled against exactly this libtorch: its C++
 * interface promises nothing to any other.
 */
export const LIBTORCH_VERSION = "2.11.0";

/** Free space that an installation takes while it runs: what is downloaded and what is unpacked of it. */
export const NEEDED_BYTES = { cpu: 2e9, cuda: 8e9 } as const;
