/** The same operations on a processor without AVX2. */
process.env["LONGTAIL_SIMD"] = "portable"; // read with the first image
await import("./operations.golden.test.js");
