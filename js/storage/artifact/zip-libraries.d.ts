// The parts of the archive libraries that are used; they bring no types of their own.

declare module "yauzl" {
  interface Entry {
    /** Checked by the library: relative, with no way out. */
    fileName: string;
    compressedSize: number;
    uncompressedSize: number;
    crc32: number;
    /** Whether it is neither encrypted nor packed by an uncommon method. */
    canDecodeFileData(): boolean;
  }
  interface ZipFile {
    entryCount: number;
    eachEntry(): AsyncIterable<Entry>;
    openReadStreamPromise(entry: Entry): Promise<import("node:stream").Readable>;
  }
  export function fromBufferPromise(
    buffer: Buffer,
    options: { strictFileNames: boolean; validateEntrySizes: boolean },
  ): Promise<ZipFile>;
}

declare module "yazl" {
  export class ZipFile {
    addBuffer(buffer: Buffer, name: string, options: { mtime: Date; mode: number }): void;
    end(): void;
    outputStream: import("node:stream").Readable;
  }
}
