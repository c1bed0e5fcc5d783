/** The same transforms on a processor without AVX2. */
process.env["LONGTAIL_SIMD"] = "portable"; // read with the first image
await import("./views.golden.test.js");
