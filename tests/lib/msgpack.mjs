// Just enough msgpack to write a message of the bus by hand: one map of texts, whole numbers, truth values and bytes.

function head(code8, code16, code32, length) {
  if (length < 256 && code8 !== null) return Buffer.from([code8, length]);
  if (length < 65536) return Buffer.from([code16, length >> 8, length & 255]);
  const out = Buffer.alloc(5);
  out[0] = code32;
  out.writeUInt32BE(length, 1);
  return out;
}

function value(v) {
  if (v === null) return Buffer.from([0xc0]);
  if (typeof v === 'boolean') return Buffer.from([v ? 0xc3 : 0xc2]);
  if (typeof v === 'number' && v >= 0 && v < 128) return Buffer.from([v]);
  if (typeof v === 'number' || typeof v === 'bigint') {
    const out = Buffer.alloc(9);
    out[0] = 0xd3;
    out.writeBigInt64BE(BigInt(v), 1);
    return out;
  }
  if (Buffer.isBuffer(v)) return Buffer.concat([head(0xc4, 0xc5, 0xc6, v.length), v]);
  if (typeof v !== 'string') throw new Error(`cannot write ${typeof v} as msgpack`);
  const bytes = Buffer.from(v);
  return Buffer.concat([bytes.length < 32 ? Buffer.from([0xa0 | bytes.length]) : head(0xd9, 0xda, 0xdb, bytes.length), bytes]);
}

// { name: value, … } as bytes; fields that are undefined are left out.
export function packRecord(record) {
  const pairs = Object.entries(record).filter(([, v]) => v !== undefined);
  const size = pairs.length < 16 ? Buffer.from([0x80 | pairs.length]) : head(null, 0xde, 0xdf, pairs.length);
  return Buffer.concat([size, ...pairs.flatMap(([name, v]) => [value(name), value(v)])]);
}
