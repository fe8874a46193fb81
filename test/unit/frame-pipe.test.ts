import { expect } from 'chai';
import { FrameReader, type PipeFrame, packFrame } from '../../workers/frame-pipe.js';

const FRAMES: readonly PipeFrame[] = [
  { kind: 'counter' },
  { kind: 'text', content: '' },
  { kind: 'text', content: 'r-1\n{"text":"h\u00e9llo \u{1f389}"}' },
  {
    kind: 'value',
    content: { type: 'log', fields: { at: new Date(0), map: new Map([['a', 1]]) }, key: undefined },
  },
  { kind: 'value', content: undefined },
  { kind: 'child', content: { type: 'stdin', child: 1, bytes: new Uint8Array([1, 2, 3]) } },
  { kind: 'text', content: 'x'.repeat(300_000) },
];

/** What is read when these chunks are. */
function read(chunks: readonly Buffer[]) {
  const read: { frame: PipeFrame; counter: number }[] = [];
  const reader = new FrameReader({ onFrame: (frame, counter) => void read.push({ frame, counter }) });
  for (const chunk of chunks) reader.push(chunk);
  return { read, missing: reader.missing };
}

function inChunksOf(bytes: Buffer, size: number): Buffer[] {
  const chunks: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size));
  return chunks;
}

/** A head: length, kind, counter 0. */
function head(length: number, kind: number): Buffer {
  const bytes = Buffer.alloc(9);
  bytes.writeUInt32LE(length, 0);
  bytes.writeUInt8(kind, 4);
  return bytes;
}

describe('Frames over a pipe', () => {
  const packed = Buffer.concat(FRAMES.map((frame, index) => packFrame(frame, index)));

  for (const size of [1, 2, 7, 9, 10, 65_536, packed.length]) {
    it(`are read as they were written, with their counters, in chunks of ${size} bytes`, () => {
      const { read: frames, missing } = read(inChunksOf(packed, size));
      expect(frames.map(({ frame }) => frame)).to.deep.equal(FRAMES);
      expect(frames.map(({ counter }) => counter)).to.deep.equal(FRAMES.map((_, index) => index));
      // The next head.
      expect(missing).to.equal(9);
    });
  }

  it('say how many bytes are missing, so that no more need be read', () => {
    const frame = packFrame({ kind: 'text', content: 'hello' }, 0);
    expect(read([]).missing).to.equal(9);
    expect(read([frame.subarray(0, 9)]).missing).to.equal(5);
    expect(read([frame.subarray(0, 11)]).missing).to.equal(3);
  });

  it('have counters that wrap around at 32 bits', () => {
    for (const [counter, read32] of [
      [2 ** 31 - 1, 2 ** 31 - 1],
      [2 ** 31, -(2 ** 31)],
      [-1, -1],
    ] as const) {
      expect(read([packFrame({ kind: 'counter' }, counter)]).read[0]?.counter).to.equal(read32);
    }
  });

  for (const [what, bytes] of [
    ['one that is longer than any', head(2 ** 32 - 1, 1)],
    ['one of no known kind', Buffer.concat([head(1, 9), Buffer.from('a')])],
    ['a value that is none', Buffer.concat([head(4, 2), Buffer.from('{"a"')])],
    [
      'a value that claims to be longer than its frame',
      Buffer.concat([head(4, 2), Buffer.from([0xff, 0x0f, 0x22, 0x7f])]),
    ],
  ] as const) {
    it(`are refused: ${what}`, () => {
      expect(() => read([bytes])).to.throw(Error);
    });
  }

  it('cannot carry what cannot be cloned', () => {
    expect(() => packFrame({ kind: 'value', content: () => {} }, 0)).to.throw(/could not be cloned/);
  });
});
