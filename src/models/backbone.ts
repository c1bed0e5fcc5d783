import { Layer } from "../nn/module.js";

/** What turns images [N, 3, H, W] into one feature vector each: [N, features]. */
export abstract class Backbone extends Layer {
  abstract readonly features: number;
}
