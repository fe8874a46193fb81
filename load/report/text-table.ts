/**
 * Columns of text: texts aligned to the left, numbers to the right. Every row has the same length as the first.
 * @param before stands before each row
 * @param isText whether a column has texts; by default the first one does
 */
export function aligned(
  rows: readonly (readonly string[])[],
  before: string,
  isText: (column: number) => boolean = (column) => column === 0,
): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) => {
    const cells = row.map((cell, column) => {
      const width = widths[column] ?? 0;
      return isText(column) ? cell.padEnd(width) : cell.padStart(width);
    });
    return `${before}${cells.join('  ')}`.trimEnd();
  });
}
