import { crc32, deflateRawSync } from 'node:zlib';

/** An entry of an archive, and what is wrong with it on purpose. */
export interface ZipEntry {
  readonly name: string;
  readonly data?: string | Buffer;
  /** Unix mode, with the type of the file. */
  readonly mode?: number;
  /** What the headers say instead of the size that the data has. */
  readonly claims?: number;
}

/** Makes a zip (PKWARE APPNOTE 4.3), also one that no archiver would make. */
export function zipOf(entries: readonly ZipEntry[]): Buffer {
  const files: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, data = '', mode = 0o100644, claims } of entries) {
    const raw = Buffer.from(data);
    const packed = deflateRawSync(raw);
    const path = Buffer.from(name);
    // From "version needed" on to the length of the name both headers are the same.
    const common = Buffer.alloc(24);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(0x0800, 2);
    common.writeUInt16LE(8, 4);
    common.writeUInt32LE(crc32(raw), 10);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(claims ?? raw.length, 18);
    common.writeUInt16LE(path.length, 22);
    const file = Buffer.concat([Buffer.from('PK\x03\x04'), common, Buffer.alloc(2), path, packed]);
    const rest = Buffer.alloc(16);
    rest.writeUInt32LE(mode * 0x10000, 8);
    rest.writeUInt32LE(offset, 12);
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02'), Buffer.from([20, 3]), common, rest, path]));
    files.push(file);
    offset += file.length;
  }
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(Buffer.concat(directory).length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...files, ...directory, end]);
}
