import type { ByteStore } from '../../src/layers/redis.ts';

/** Bytes in a map, and a note of every use. */
export class FakeByteStore implements ByteStore {
  readonly bytes = new Map<string, Buffer>();
  readonly uses: string[] = [];
  ttlMs: number | undefined;
  set = async (key: string, value: Buffer, ttlMs: number): Promise<void> => {
    this.uses.push('set');
    this.bytes.set(key, value);
    this.ttlMs = ttlMs;
  };
  get = async (key: string): Promise<Buffer | undefined> => {
    this.uses.push('get');
    return this.bytes.get(key);
  };
}
