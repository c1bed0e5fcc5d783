import { expect, test } from "vitest";
import { readDescription } from "../runs/read-run.js";
import { executionFrom } from "./settings.js";
import { toyFolder } from "./toy-folder.fixture.js";
import { toyRecipe } from "./toy.fixture.js";
import { trainToy } from "./train-toy.fixture.js";

const at = toyFolder("file");

test("settings say how steps are executed, else the environment, else CUDA graphs without streams", () => {
  const environment = { LONGTAIL_CUDA_GRAPHS: "off", LONGTAIL_EXPERT_STREAMS: "on" };
  expect(executionFrom({}, {})).toEqual({ cudaGraphs: true, expertStreams: false });
  expect(executionFrom({}, environment)).toEqual({ cudaGraphs: false, expertStreams: true });
  expect(executionFrom({ cudaGraphs: true, expertStreams: false }, environment)).toEqual({
    cudaGraphs: true,
    expertStreams: false,
  });
});

test("a run says how its steps were executed", async () => {
  const { result } = await trainToy(toyRecipe(at("data"), { epochs: 1 }), at("run"), {
    cudaGraphs: false,
    expertStreams: true,
  });
  expect(readDescription(result.folder.path).execution).toEqual({ cudaGraphs: false, expertStreams: true });
});
