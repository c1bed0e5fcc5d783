/**
 * Where the samplers' streams of random numbers begin; an epoch's own lies as far in. Weights have the streams below,
 * the contrastive branch those from 2 · 2^32 on and splits those from 6 · 2^32 on.
 */
export const ORDER_STREAMS = 2 ** 32;
export const CLASS_STREAMS = 3 * 2 ** 32;
export const IMAGE_STREAMS = 4 * 2 ** 32;
export const REPEAT_STREAMS = 5 * 2 ** 32;
