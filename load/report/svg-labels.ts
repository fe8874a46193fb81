/** Where the values of points are written in a chart, so that no two cover each other. */
import { textWidth } from './svg-frame.js';

/** The part of the chart in which labels may be, in pixels. */
export interface Room {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** A point in pixels, and what is to be written beside it. */
export interface PointLabel {
  readonly x: number;
  readonly y: number;
  readonly text: string;
  readonly style: number;
}

interface Placed {
  readonly label: PointLabel;
  /** The middle of its baseline. */
  readonly at: { readonly x: number; readonly y: number };
}

const HEIGHT = 13;
const GAP = 8;

/** The earlier ones have precedence. One that fits nowhere beside its point is left out. */
export function placeLabels(labels: readonly PointLabel[], room: Room): readonly Placed[] {
  const taken: Room[] = [];
  const placed: Placed[] = [];
  for (const label of labels) {
    const half = textWidth(label.text) / 2 + 2;
    const middle = Math.min(Math.max(label.x, room.left + half), room.right - half);
    const candidates = [
      { x: middle, y: label.y - GAP },
      { x: middle, y: label.y + GAP + HEIGHT - 3 },
      { x: label.x + half + GAP, y: label.y + 4 },
      { x: label.x - half - GAP, y: label.y + 4 },
    ];
    const at = candidates.find(({ x, y }) => {
      const box = boxOf(x, y, half);
      return isInside(box, room) && !taken.some((other) => overlaps(box, other));
    });
    if (at === undefined) continue;
    taken.push(boxOf(at.x, at.y, half));
    placed.push({ label, at });
  }
  return placed;
}

function boxOf(x: number, y: number, half: number): Room {
  return { left: x - half, right: x + half, top: y - HEIGHT + 4, bottom: y + 3 };
}

function isInside(box: Room, room: Room): boolean {
  return box.left >= room.left && box.right <= room.right && box.top >= room.top && box.bottom <= room.bottom;
}

function overlaps(one: Room, other: Room): boolean {
  return one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom;
}
