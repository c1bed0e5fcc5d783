import { maskedCrc32c } from "./crc32c.js";

/** A record's frame: length (uint64), its checksum (uint32), the data, the data's checksum; little-endian. */
export const LENGTH_BYTES = 8;
export const CHECKSUM_BYTES = 4;
export const HEADER_BYTES = LENGTH_BYTES + CHECKSUM_BYTES;

/** A TFRecord: the data in its frame. The format: TensorFlow's guide "TFRecord and tf.train.Example". */
export function tfRecord(data: Uint8Array): Buffer {
  const record = Buffer.alloc(HEADER_BYTES + data.length + CHECKSUM_BYTES);
  record.writeBigUInt64LE(BigInt(data.length));
  record.writeUInt32LE(maskedCrc32c(record.subarray(0, LENGTH_BYTES)), LENGTH_BYTES);
  record.set(data, HEADER_BYTES);
  record.writeUInt32LE(maskedCrc32c(data), HEADER_BYTES + data.length);
  return record;
}
