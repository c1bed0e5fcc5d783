import { cifar100Guide, cifar10Guide } from "./cifar.js";
import type { Guide } from "./guide.js";
import { imagenetGuide } from "./imagenet-lt.js";
import { inat18Guide } from "./inat18.js";
import { placesGuide } from "./places-lt.js";

export const guides: readonly Guide[] = [
  cifar10Guide,
  cifar100Guide,
  imagenetGuide,
  inat18Guide,
  placesGuide,
];
