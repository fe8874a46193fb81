import { expect } from 'chai';
import {
  formatBytes,
  formatCount,
  formatLatency,
  formatNumber,
  formatShare,
} from '../../load/report/figure-format.js';

describe('figures of a load report', () => {
  const table = <T>(title: string, write: (value: T) => string, rows: readonly (readonly [T, string])[]) => {
    for (const [value, text] of rows) {
      it(`${title} ${String(value)} is written ${text}`, () => {
        expect(write(value)).to.equal(text);
      });
    }
  };

  table<number | null>('latency', formatLatency, [
    [null, '–'],
    [0, '0 ms'],
    [-0, '0 ms'],
    [0.0004, '0.4 µs'],
    [0.31, '310 µs'],
    [0.9994, '999 µs'],
    [0.9996, '1 ms'],
    [1.2345, '1.23 ms'],
    [12.345, '12.3 ms'],
    [123.45, '123 ms'],
    [999.4, '999 ms'],
    [999.6, '1 s'],
    [1_234, '1.23 s'],
    [59_940, '59.9 s'],
    [59_960, '1 min'],
    [90_000, '1.5 min'],
    [5_400_000, '1.5 h'],
    [-2.5, '-2.5 ms'],
  ]);

  table<number | null>('memory', formatBytes, [
    [null, '–'],
    [0, '0 B'],
    [512, '512 B'],
    [1_010, '1,010 B'],
    [1_023.9, '1 KiB'],
    [1_024, '1 KiB'],
    [1_536, '1.5 KiB'],
    [1_034_240, '1,010 KiB'],
    [2 ** 20 - 1, '1 MiB'],
    [7.4 * 2 ** 20, '7.4 MiB'],
    [943_718_400, '900 MiB'],
    [3 * 2 ** 30, '3 GiB'],
    [2 ** 61, '2,097,152 TiB'],
    [-1_536, '-1.5 KiB'],
  ]);

  table<number>('the count', formatCount, [
    [0, '0'],
    [999, '999'],
    [1_234_567, '1,234,567'],
  ]);

  table<number | null>('the number', formatNumber, [
    [null, '–'],
    [0.1 + 0.2, '0.3'],
    [499.96, '500'],
    [12_345.6, '12,346'],
    [0.0000001, '0.0000001'],
  ]);

  it('writes a share only where there is a whole', () => {
    expect(formatShare(1, 400)).to.equal('0.25 %');
    expect(formatShare(0, 0)).to.equal('–');
  });
});
