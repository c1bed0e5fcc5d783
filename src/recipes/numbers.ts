import { z } from "zod";

/** Kinds of numbers that recipes are made of. */
export const count = z.int().positive();
export const rate = z.number().positive();
export const share = z.number().min(0).max(1);
export const weight = z.number().min(0);
export const perChannel = z.tuple([z.number(), z.number(), z.number()]);
